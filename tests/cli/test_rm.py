from __future__ import annotations

import pytest
from bucketry import Store

from tests.cli.conftest import Run


@pytest.fixture
def filled(store: Store) -> Store:
    for key in ("a", "logs", "logs/1", "logs/2", "logs-old/1"):
        store.put_object("assets", key, b"x")
    return store


def keys(store: Store) -> list[str]:
    return [info.key for info in store.iter_objects("assets")]


def test_rm_deletes_the_named_objects_alone_and_a_missing_one_is_no_error(run: Run, filled: Store) -> None:
    result = run("rm", "assets/logs", "s3://assets/a", "assets/nothing")
    assert result.exit_code == 0
    assert keys(filled) == ["logs-old/1", "logs/1", "logs/2"]


def test_rm_counts_what_existed(run: Run, filled: Store) -> None:
    result = run("rm", "assets/logs", "assets/nothing", "assets/a", "assets/a")
    assert result.exit_code == 0
    assert result.stderr.splitlines() == [
        "no such object: assets/nothing",
        "no such object: assets/a",
        "deleted 2 objects",
    ]
    assert run("rm", "assets/nothing").stderr.splitlines()[-1] == "deleted 0 objects"


def test_rm_of_a_bucket_needs_recursive(run: Run, filled: Store) -> None:
    result = run("rm", "assets/a", "assets")
    assert result.exit_code == 2
    assert "--recursive" in result.stderr
    assert len(keys(filled)) == 5


def test_recursive_deletes_what_ls_lists_after_a_yes(run: Run, filled: Store) -> None:
    result = run("rm", "--recursive", "assets/logs/", stdin="y\n")
    assert "Delete all keys that begin with 'logs/' in bucket assets (2 objects, 2 B)?" in result.stderr
    assert result.exit_code == 0
    assert keys(filled) == ["a", "logs", "logs-old/1"]


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_anything_but_a_yes_deletes_nothing(run: Run, filled: Store, answer: str) -> None:
    result = run("rm", "-r", "assets", stdin=answer)
    assert result.exit_code == 1
    assert "Delete all keys of bucket assets (5 objects, 5 B)?" in result.stderr
    assert "nothing was deleted" in result.stderr
    assert len(keys(filled)) == 5


def test_all_is_asked_before_anything_is_deleted(run: Run, filled: Store) -> None:
    result = run("rm", "-r", "assets/logs/", "assets/logs-old/", stdin="y\nn\n")
    assert result.exit_code == 1
    assert result.stderr.count("Delete all keys") == 2
    assert "nothing was deleted" in result.stderr
    assert len(keys(filled)) == 5


def test_several_prefixes_are_deleted_after_a_yes_for_each(run: Run, filled: Store) -> None:
    result = run("rm", "-r", "assets/logs/", "assets/zzz", "assets/logs-old/", stdin="y\ny\n")
    assert result.exit_code == 0, result.output
    assert "nothing to delete: assets/zzz" in result.stderr
    assert keys(filled) == ["a", "logs"]


def test_yes_does_not_ask(run: Run, filled: Store) -> None:
    result = run("rm", "-r", "--yes", "assets/logs")
    assert result.stderr == "deleted 4 objects from assets/logs\n"
    assert keys(filled) == ["a"]


def test_more_than_a_page_is_deleted(run: Run, store: Store) -> None:
    for number in range(1100):
        store.put_object("assets", f"{number:04}", b"")
    result = run("rm", "-r", "assets", stdin="y\n")
    assert "(more than 1,000 objects, more than 0 B)" in result.stderr
    assert "deleted 1,100 objects" in result.stderr
    assert keys(store) == []


def test_nothing_to_delete_is_said_and_no_error(run: Run, filled: Store) -> None:
    result = run("rm", "-r", "assets/zzz")
    assert result.exit_code == 0
    assert result.stderr == "nothing to delete: assets/zzz matches no object\n"


def test_a_driver_without_batch_delete_deletes_one_by_one(run: Run, filled: Store, store_url: str) -> None:
    result = run("rm", "-r", "-y", "assets/logs", store=store_url.replace("folder", "plain", 1))
    assert result.exit_code == 0, result.output
    assert keys(filled) == ["a"]


def test_keys_that_could_not_be_deleted_are_named_and_the_command_fails(run: Run, filled: Store) -> None:
    filled.put_object("assets", "logs/b.locked", b"")
    result = run("rm", "-r", "-y", "assets/logs/")
    assert result.exit_code == 1
    assert "not deleted: 'logs/b.locked': Access is denied" in result.stderr
    assert "error: 1 object could not be deleted" in result.stderr
    assert keys(filled) == ["a", "logs", "logs-old/1", "logs/b.locked"]


def test_keys_that_could_not_be_deleted_keep_nothing_else(run: Run, filled: Store) -> None:
    filled.put_object("assets", "logs/b.locked", b"")
    result = run("rm", "-r", "-y", "assets/logs/", "assets/logs-old/")
    assert result.exit_code == 1
    assert "error: 1 object could not be deleted" in result.stderr
    assert keys(filled) == ["a", "logs", "logs/b.locked"]


def test_a_failure_in_the_middle_says_how_far_it_came(run: Run, filled: Store) -> None:
    result = run("rm", "assets/a", "nowhere/b", "assets/logs")
    assert result.exit_code == 1
    assert result.stderr.startswith("1 of 3 objects had been deleted\nerror: The bucket does not exist")
    assert keys(filled) == ["logs", "logs-old/1", "logs/1", "logs/2"]
