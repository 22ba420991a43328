from __future__ import annotations

import os
from pathlib import Path

import pytest
from bucketry import Store

from tests.cli.conftest import Run


def content(store: Store) -> dict[str, bytes]:
    return {info.key: store.get_object("assets", info.key).read() for info in store.iter_objects("assets")}


@pytest.mark.parametrize(
    ("target", "key"),
    [
        ("assets", "photo.jpg"),
        ("assets/images/", "images/photo.jpg"),
        ("s3://assets/x//y", "x//y"),
        ("assets//", "/photo.jpg"),
    ],
)
def test_a_file_gets_the_key_or_its_own_name_after_it(run: Run, store: Store, target: str, key: str) -> None:
    Path("photo.jpg").write_bytes(b"picture")
    result = run("put", "photo.jpg", target)
    assert result.exit_code == 0, result.output
    assert result.stderr == f"uploaded 1 object to assets/{key} (7 B)\n"
    assert content(store) == {key: b"picture"}
    assert store.head_object("assets", key).content_type == "image/jpeg"


def test_several_files_go_below_a_prefix(run: Run, store: Store) -> None:
    Path("a").write_bytes(b"1")
    Path("b").write_bytes(b"22")
    assert run("put", "a", "b", "assets/below").stderr == "uploaded 2 objects to assets/below (3 B)\n"
    assert content(store) == {"below/a": b"1", "below/b": b"22"}


def test_a_folder_goes_up_with_all_that_is_in_it(run: Run, store: Store) -> None:
    for name in ("site/index.html", "site/css/deep/main.css", "site/ä+%2F b.txt", "site/.hidden"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(name)
    result = run("put", "--recursive", "site", "assets/v2")
    assert result.exit_code == 0, result.output
    assert content(store) == {
        "v2/.hidden": b"site/.hidden",
        "v2/css/deep/main.css": b"site/css/deep/main.css",
        "v2/index.html": b"site/index.html",
        "v2/ä+%2F b.txt": "site/ä+%2F b.txt".encode(),
    }
    assert store.head_object("assets", "v2/css/deep/main.css").content_type == "text/css"


def test_a_folder_needs_recursive(run: Run, store: Store) -> None:
    Path("site").mkdir()
    result = run("put", "site", "assets")
    assert result.exit_code == 2
    assert "--recursive" in result.stderr


def test_links_to_files_are_followed_and_what_is_left_out_is_said(run: Run, store: Store) -> None:
    Path("site").mkdir()
    Path("file").write_bytes(b"x")
    Path("site/link").symlink_to(Path("file").resolve())
    Path("site/loop").symlink_to(Path("site").resolve())
    os.mkfifo("site/pipe")
    result = run("put", "-r", "site", "assets")
    assert content(store) == {"link": b"x"}
    assert "skipped: 'site/loop'" in result.stderr
    assert "skipped: 'site/pipe'" in result.stderr


def test_two_files_for_one_key_are_refused_before_anything_is_uploaded(run: Run, store: Store) -> None:
    for folder in ("one", "two"):
        Path(folder).mkdir()
        Path(folder, "a").write_bytes(folder.encode())
    result = run("put", "one/a", "two/a", "assets")
    assert result.exit_code == 1
    assert "would both get the key 'a'" in result.stderr
    assert content(store) == {}


def test_a_name_that_is_not_utf8_is_refused_before_anything_is_uploaded(run: Run, store: Store) -> None:
    Path("site").mkdir()
    Path("site/a").write_bytes(b"")
    Path(os.fsdecode(b"site/z\xff")).write_bytes(b"")
    result = run("put", "-r", "site", "assets")
    assert result.exit_code == 1
    assert "is not UTF-8" in result.stderr
    assert content(store) == {}


def test_standard_input_needs_a_key_and_its_type_is_guessed_from_that(run: Run, store: Store) -> None:
    assert run("put", "-", "assets/a.json", stdin=b"{}").exit_code == 0
    assert store.get_object("assets", "a.json").info.content_type == "application/json"
    assert content(store) == {"a.json": b"{}"}
    assert run("put", "-", "assets", stdin=b"{}").exit_code == 2
    assert run("put", "-", "-", "assets/a", stdin=b"{}").exit_code == 2


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.tar.gz", "application/gzip"),
        ("a.svg.bz2", "application/x-bzip2"),
        ("noextension", "application/octet-stream"),
        ("c:d?e.png", "image/png"),
        ("data:,x.png", "image/png"),
    ],
)
def test_content_types_come_from_the_name(run: Run, store: Store, name: str, kind: str) -> None:
    Path(name).write_bytes(b"")
    run("put", f"./{name}", "assets")
    assert store.head_object("assets", name).content_type == kind


def test_a_content_type_can_be_given(run: Run, store: Store) -> None:
    Path("a.txt").write_bytes(b"")
    run("put", "--content-type", "text/markdown; charset=utf-8", "a.txt", "assets")
    assert store.head_object("assets", "a.txt").content_type == "text/markdown; charset=utf-8"


def test_a_missing_file_is_one_sentence(run: Run, store: Store) -> None:
    result = run("put", "nothing.txt", "assets")
    assert result.exit_code == 1
    assert result.stderr == "error: No such file or directory: 'nothing.txt'\n"


def test_a_missing_file_is_noticed_before_anything_is_uploaded(run: Run, store: Store) -> None:
    Path("a.txt").write_bytes(b"a")
    result = run("put", "a.txt", "typo.txt", "assets/p/")
    assert result.exit_code == 1
    assert result.stderr == "error: No such file or directory: 'typo.txt'\n"
    assert content(store) == {}


def test_a_file_of_the_kernel_says_that_it_is_empty_and_is_not(run: Run, store: Store) -> None:
    Path("empty").write_bytes(b"")
    result = run("put", "/proc/version", "empty", "assets")
    assert result.exit_code == 0, result.output
    assert content(store) == {"version": Path("/proc/version").read_bytes(), "empty": b""}


def test_a_file_that_cannot_be_read_is_not_blamed_on_the_store(run: Run, store: Store) -> None:
    # Opens as a file of unknown length; reading at its start fails with EIO.
    result = run("put", "/proc/self/mem", "assets/a")
    assert result.exit_code == 1
    assert result.stderr == "error: cannot read '/proc/self/mem': Input/output error\n"
    assert content(store) == {}


def test_a_failure_in_the_middle_says_how_far_it_came(run: Run, store: Store) -> None:
    Path("site").mkdir()
    for name in ("a", "b" * 200, "c"):
        Path("site", name).write_bytes(b"")
    result = run("put", "-r", "site", "assets")  # The driver's own files cannot have names that long.
    assert result.exit_code == 1
    assert "1 of 3 objects had been uploaded" in result.stderr
    assert "Traceback" not in result.output


def test_a_failure_shows_its_traceback_with_debug(run: Run, store: Store) -> None:
    for arguments in (("--debug", "ls", "nowhere"), ("ls", "nowhere", "--debug")):
        result = run(*arguments)
        assert result.exit_code == 1
        assert "Traceback (most recent call last):" in result.stderr
        assert result.stderr.splitlines()[-2] == "error: The bucket does not exist (bucket 'nowhere')"
