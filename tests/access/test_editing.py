"""Changes of the access file: they keep what people wrote, leave a valid file, and never lose one another."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bucketry import InvalidSettings
from bucketry_access import AccessFileEditor, Directory, editing, read_access_file

WRITTEN = """\
# Our team.

[[groups]]
name = "team"   # everybody
roles = ["read:*"]

[[users]]
id = "alice"
groups = ["team"]
"""
EXPIRES = datetime(2030, 1, 31, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "access.toml"
    path.write_text(WRITTEN)
    path.chmod(0o600)
    return path


def test_users_keys_and_tokens_are_added_and_work(path: Path) -> None:
    with editing(path) as file:
        file.add_user("bob", roles=("write:bob-*",), email="bob@example.com", kind="service")
        pair = file.add_key_pair("bob", expires_at=EXPIRES)
        made = file.add_token("alice", description="laptop", expires_at=EXPIRES)
    directory = Directory(access_file=path)
    found = directory.token(made.text.reveal())
    assert found is not None
    assert (found[0].id, found[1].description, found[1].expires_at) == ("alice", "laptop", EXPIRES)
    key = directory.key_pair(pair.access_key)
    assert key is not None
    assert key[1].secret_key == pair.secret_key
    assert (key[0].id, key[0].kind, key[0].roles) == ("bob", "service", ("write:bob-*",))
    assert made.text.reveal()[-43:] not in path.read_text()


def test_what_people_wrote_stays(path: Path) -> None:
    with editing(path) as file:
        file.add_token("alice")
        file.add_user("bob")
    assert path.read_text().startswith(WRITTEN)


def test_what_was_added_can_be_removed(path: Path) -> None:
    with editing(path) as file:
        file.add_user("bob")
        pair, made = file.add_key_pair("bob"), file.add_token("bob")
    with editing(path) as file:
        file.remove_key_pair(pair.access_key)
        file.remove_token(made.token.id)
    (_, bob) = read_access_file(path).users
    assert (bob.keys, bob.tokens) == ((), ())
    with editing(path) as file:
        file.remove_user("bob")
        file.remove_user("alice")
    assert read_access_file(path).users == ()


def test_a_missing_file_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new.toml"
    with pytest.raises(InvalidSettings, match="does not exist"), editing(path):
        pass
    with editing(path, create=True) as file:
        file.add_user("alice", is_root=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_access_file(path).users[0].is_root


@pytest.mark.parametrize("mode", [0o600, 0o640])
def test_the_mode_stays(path: Path, mode: int) -> None:
    path.chmod(mode)
    with editing(path) as file:
        file.add_user("bob")
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_file_that_everybody_may_read_gets_no_secret(path: Path) -> None:
    path.chmod(0o644)
    with pytest.raises(InvalidSettings, match="everybody may read"), editing(path) as file:
        file.add_key_pair("alice")


def test_a_link_stays_a_link(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.toml"
    link.symlink_to(path)
    with editing(link) as file:
        file.add_user("bob")
    assert link.is_symlink()
    assert len(read_access_file(path).users) == 2


def test_a_change_that_is_not_valid_changes_nothing(path: Path) -> None:
    changes: tuple[tuple[str, Callable[[AccessFileEditor], object]], ...] = (
        ("there is a user 'alice' already", lambda file: file.add_user("alice")),
        ("there is no user 'bob'", lambda file: file.add_token("bob")),
        ("there is no user 'bob'", lambda file: file.remove_user("bob")),
        ("there is no token 'x'", lambda file: file.remove_token("x")),
        ("there is no access key 'x'", lambda file: file.remove_key_pair("x")),
        ("is no role", lambda file: file.add_user("bob", roles=("owner:*",))),
        ("nowhere defined", lambda file: file.add_user("bob", groups=("nobody",))),
        ("the id of a user", lambda file: file.add_user("a b")),
        ("description", lambda file: file.add_token("alice", description="x" * 300)),
    )
    for words, change in changes:
        with pytest.raises(InvalidSettings, match=words), editing(path) as file:
            change(file)
        assert path.read_text() == WRITTEN
    assert sorted(os.listdir(path.parent)) == [".access.toml.lock", "access.toml"]


def test_a_broken_file_is_not_touched(path: Path) -> None:
    path.write_text("[[users")
    with pytest.raises(InvalidSettings, match="cannot be used"), editing(path) as file:
        file.add_user("bob")
    assert path.read_text() == "[[users"


def test_changes_at_once_all_last(path: Path) -> None:
    def add(number: int) -> None:
        for each in range(5):
            with editing(path) as file:
                file.add_user(f"user-{number}-{each}")

    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read_access_file(path).users) == 21
