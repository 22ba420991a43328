"""The directory: tokens, key pairs, changes of the access file, and what it refuses."""

from __future__ import annotations

import asyncio
import logging
import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bucketry import InvalidSettings, Owner, Secret
from bucketry_access import (
    Accounts,
    Directory,
    FixedToken,
    Group,
    Identity,
    KeyPair,
    Request,
    Token,
    User,
    create_token,
    decide,
    read_access_file,
)
from bucketry_access.tokens import hash_of, split_token

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
LATER, EARLIER = NOW + timedelta(seconds=1), NOW - timedelta(seconds=1)
SECRET = "0123456789abcdef"
HASH = hash_of("x")


class Time:
    """Turned by the tests."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.now = NOW

    def directory(self, *users: User, **given: Any) -> Directory:
        accounts = Accounts(users, given.pop("groups", ()))
        return Directory(accounts, clock=lambda: self.seconds, now=lambda: self.now, **given)


@pytest.fixture
def time() -> Time:
    return Time()


def written(path: Path, text: str, *, age: float = 10.0) -> Path:
    """Writes a file that has not changed for some seconds."""
    path.write_text(text)
    path.chmod(0o600)
    os.utime(path, (path.stat().st_atime, path.stat().st_mtime - age))
    return path


# Tokens


def test_a_token_is_random_and_only_its_hash_is_kept() -> None:
    first, second = create_token(), create_token()
    text = first.text.reveal()
    assert text != second.text.reveal()
    assert split_token(text) is not None
    assert text[:17] == f"bkt_{first.token.id}_"
    assert len(text) == 4 + 12 + 1 + 43
    assert text[17:] not in repr(first)
    assert first.token.sha256 == hash_of(text[17:])


def test_a_token_leads_to_its_user(time: Time) -> None:
    made = create_token(description="CI")
    directory = time.directory(User(id="bob"), User(id="alice", tokens=(made.token,)))
    found = directory.token(made.text.reveal())
    assert found is not None
    assert (found[0].id, found[1].description) == ("alice", "CI")


def test_any_other_text_leads_to_nobody(time: Time) -> None:
    made = create_token()
    directory = time.directory(User(id="alice", tokens=(made.token,)))
    text = made.text.reveal()
    others = [
        text[:-1] + ("a" if text[-1] != "a" else "b"),
        text[:-1],
        text + "a",
        text + "\n",
        " " + text,
        text.upper(),
        text.removeprefix("bkt_"),
        "bkt_" + "0" * 12 + text[16:],
        text[:16] + "_" + "0" * 43,
        text[:16] + "_" + made.token.sha256[:43],
        "",
        "bkt__",
    ]
    assert directory.token(text) is not None
    for other in others:
        assert directory.token(other) is None
        assert asyncio.run(directory.identify(other)) is None


def test_tokens_and_key_pairs_end(time: Time) -> None:
    made = create_token(expires_at=LATER)
    pair = KeyPair(access_key="AK", secret_key=Secret(SECRET), expires_at=LATER)
    directory = time.directory(User(id="alice", tokens=(made.token,), keys=(pair,)))
    assert directory.token(made.text.reveal()) is not None
    assert directory.key_pair("AK") is not None
    time.now = LATER
    assert directory.token(made.text.reveal()) is None
    assert directory.key_pair("AK") is None


def test_who_was_found_holds_until_the_token_ends_or_the_users_change(time: Time) -> None:
    made, lasting = create_token(expires_at=LATER), create_token()
    user = User(id="alice", tokens=(made.token, lasting.token))
    directory = time.directory(user)
    found = [asyncio.run(directory.identify(each.text.reveal())) for each in (made, lasting)]
    assert [each is not None and directory.holds(each) for each in found] == [True, True]
    time.now = LATER
    assert [each is not None and directory.holds(each) for each in found] == [False, True]
    directory.replace(Accounts((user,)))
    assert [each is not None and directory.holds(each) for each in found] == [False, False]


def test_an_operator_may_choose_a_token(time: Time) -> None:
    chosen = "0123456789abcdef0123456789abcdef"
    directory = time.directory(User(id="ops"), fixed_tokens=[FixedToken(user_id="ops", secret=Secret(chosen))])
    found = asyncio.run(directory.identify(chosen))
    assert found is not None
    assert (found.user.id, found.credential) == ("ops", "fixed-ops")
    assert asyncio.run(directory.identify(chosen[:-1] + "e")) is None
    with pytest.raises(InvalidSettings, match="shorter than 32 characters"):
        FixedToken(user_id="ops", secret=Secret("0" * 31))
    with pytest.raises(InvalidSettings, match="'ops', who is nowhere defined"):
        time.directory(fixed_tokens=[FixedToken(user_id="ops", secret=Secret(chosen))])


class Issuer:
    """A source of tokens that begin with ``ey``."""

    name = "an issuer"

    def again(self, user: User) -> User | None:
        return user

    def takes(self, token: str) -> bool:
        return token.startswith("ey")

    async def identify(self, token: str) -> Identity | None:
        if token != "eyRight":
            return None
        return Identity(user=User(id="carol", groups=("team", "unknown")), credential="sub-carol")


def test_other_tokens_come_from_sources(time: Time) -> None:
    team = Group(name="team", roles=("read:team-*",))
    directory = time.directory(groups=(team,), sources=[Issuer()])
    found = asyncio.run(directory.identify("eyRight"))
    assert found is not None
    assert found.source == "an issuer"
    assert asyncio.run(directory.identify("eyWrong")) is None
    assert asyncio.run(directory.identify("other")) is None
    principal = directory.principal(found.user)
    assert principal.user_id == "carol"
    assert decide(principal, Request("s3:GetObject", "team-1", "k")).allowed
    assert not decide(principal, Request("s3:PutObject", "team-1", "k")).allowed


# Users


def test_users_are_found_by_id_key_and_address(time: Time) -> None:
    pair = KeyPair(access_key="AK", secret_key=Secret(SECRET))
    alice = User(id="alice", display_name="Alice", email="Alice@example.com", keys=(pair,))
    directory = time.directory(alice)
    assert directory.user("alice") is alice
    assert directory.by_email("aLICE@example.com") is alice
    assert directory.key_pair("AK") == (alice, pair)
    assert directory.owner("alice") == Owner(id="alice", display_name="Alice")
    assert (directory.user("bob"), directory.owner("bob"), directory.key_pair("BK")) == (None, None, None)
    assert directory.by_email("") is None


PAIR = KeyPair(access_key="AK", secret_key=Secret(SECRET))
TOKEN = Token(id="a" * 12, sha256=HASH)


@pytest.mark.parametrize(
    ("users", "given", "words"),
    [
        ((User(id="a"), User(id="a")), {}, "the user 'a' comes twice"),
        ((User(id="a", keys=(PAIR,)), User(id="b", keys=(PAIR,))), {}, "the access key 'AK' comes twice"),
        ((User(id="a", keys=(PAIR, PAIR)),), {}, "the access key 'AK' comes twice"),
        ((User(id="a", tokens=(TOKEN,)), User(id="b", tokens=(TOKEN,))), {}, "the token 'aaaaaaaaaaaa' comes twice"),
        ((User(id="a", email="X@y"), User(id="b", email="x@Y")), {}, "the e-mail address 'x@y' comes twice"),
        ((User(id="a", groups=("g",)),), {}, "the user 'a' is in the group 'g', which is nowhere defined"),
        ((), {"groups": (Group(name="g"), Group(name="g"))}, "the group 'g' comes twice"),
        ((User(id="a"),), {"taken_ids": ["a"]}, "the user 'a' comes twice"),
        ((User(id="a", keys=(PAIR,)),), {"taken_keys": ["AK"]}, "the access key 'AK' comes twice"),
    ],
)
def test_what_comes_twice_is_refused(time: Time, users: tuple[User, ...], given: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidSettings, match=words):
        time.directory(*users, **given)


MALFORMED: list[tuple[Callable[[], object], str]] = [
    (lambda: User(id=""), "the id of a user is"),
    (lambda: User(id="a b"), "the id of a user is"),
    (lambda: User(id="a/b"), "the id of a user is"),
    (lambda: User(id="*"), "the id of a user is"),
    (lambda: User(id="Anonymous"), "means somebody else"),
    (lambda: User(id="a", display_name="x\ny"), "printable"),
    (lambda: User(id="a", policy="{}"), "the policy of the user 'a' is not valid"),
    (lambda: Group(name="g", policy="x"), "the policy of the group 'g' is not valid"),
    (lambda: Group(name=""), "the name of a group"),
    (lambda: KeyPair(access_key="a,b", secret_key=Secret(SECRET)), "an access key is 1 to 256"),
    (lambda: KeyPair(access_key="a", secret_key=Secret("short")), "shorter than 16 characters"),
    (lambda: KeyPair(access_key="a", secret_key=Secret("bucketry-secret")), "published one"),
    (lambda: KeyPair(access_key="a", secret_key=Secret(SECRET), expires_at=datetime(2030, 1, 1)), "no time zone"),  # noqa: DTZ001
    (lambda: Token(id="x", sha256=HASH), "the id of a token is"),
    (lambda: Token(id="a" * 12, sha256="x"), "is not 64 digits"),
    (lambda: Token(id="a" * 12, sha256=HASH, description="x" * 257), "description of the token"),
]


@pytest.mark.parametrize(("make", "words"), MALFORMED, ids=range(len(MALFORMED)))
def test_what_is_malformed_is_refused(make: Callable[[], object], words: str) -> None:
    with pytest.raises(InvalidSettings, match=words):
        make()


# The access file

ALICE = f"""
[[groups]]
name = "team"
roles = ["read:team-*"]

[[users]]
id = "alice"
display_name = "Alice"
email = "alice@example.com"
kind = "service"
groups = ["team"]
roles = ["write:alice-*"]

[[users.keys]]
access_key = "AK"
secret_key = "{SECRET}"
expires_at = 2030-01-31T00:00:00Z

[[users.tokens]]
id = "aaaaaaaaaaaa"
sha256 = "{HASH}"
created_at = 2026-11-01T00:00:00Z
description = "laptop"
"""


def test_a_file_holds_all_of_it(time: Time, tmp_path: Path) -> None:
    directory = time.directory(access_file=written(tmp_path / "access.toml", ALICE))
    alice = directory.user("alice")
    assert alice is not None
    assert (alice.kind, alice.groups, alice.roles) == ("service", ("team",), ("write:alice-*",))
    assert alice.tokens[0].description == "laptop"
    found = directory.key_pair("AK")
    assert found is not None
    assert found[1].secret_key == Secret(SECRET)
    assert found[1].expires_at == datetime(2030, 1, 31, tzinfo=UTC)
    principal = directory.principal(alice)
    assert decide(principal, Request("s3:GetObject", "team-1", "k")).allowed
    assert SECRET not in repr(directory.users)


def test_a_secret_key_may_stand_in_a_file_of_its_own_and_change(time: Time, tmp_path: Path) -> None:
    written(tmp_path / "key", SECRET)
    text = '[[users]]\nid = "alice"\n[[users.keys]]\naccess_key = "AK"\nsecret_key_file = "key"\n'
    path = written(tmp_path / "access.toml", text)
    path.chmod(0o644)  # No secret is in it.
    directory = time.directory(access_file=path)
    found = directory.key_pair("AK")
    assert found is not None
    assert found[1].secret_key.reveal() == SECRET
    written(tmp_path / "key", SECRET[::-1], age=5)
    assert found[1].secret_key.reveal() == SECRET[::-1]


def test_a_change_is_seen_within_a_second_of_use(time: Time, tmp_path: Path) -> None:
    path = written(tmp_path / "access.toml", ALICE)
    directory = time.directory(access_file=path)
    before = directory.generation
    written(path, '[[users]]\nid = "bob"\n', age=5)
    assert directory.user("bob") is None
    time.seconds = 1.0
    assert directory.user("bob") is not None
    assert directory.user("alice") is None
    assert directory.key_pair("AK") is None
    assert directory.generation > before
    unchanged = directory.generation
    time.seconds = 9.0
    assert directory.user("bob") is not None
    assert directory.generation == unchanged


def test_a_change_within_the_step_of_the_file_systems_clock_is_seen(time: Time, tmp_path: Path) -> None:
    path = written(tmp_path / "access.toml", '[[users]]\nid = "bob"\n', age=0)
    directory = time.directory(access_file=path)
    stamp = path.stat()
    path.write_text('[[users]]\nid = "eve"\n')
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    time.seconds = 1.0
    assert directory.user("eve") is not None


@pytest.mark.parametrize("spoil", ["text", "missing", "mode", "twice", "unknown"])
def test_a_broken_file_changes_nothing_and_is_an_error_once(
    time: Time, tmp_path: Path, caplog: pytest.LogCaptureFixture, spoil: str
) -> None:
    path = written(tmp_path / "access.toml", ALICE)
    directory = time.directory(access_file=path)
    if spoil == "text":
        written(path, "[[users", age=5)
    elif spoil == "missing":
        path.unlink()
    elif spoil == "mode":
        written(path, ALICE, age=5).chmod(0o666)
    elif spoil == "twice":
        written(path, ALICE + '[[users]]\nid = "alice"\n', age=5)
    else:
        written(path, '[[users]]\nid = "alice"\nrole = "admin:*"\n', age=5)
    with caplog.at_level(logging.ERROR):
        for second in range(1, 5):
            time.seconds = float(second)
            assert directory.user("alice") is not None
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 1
    assert "users and rights stay as they were" in told[0]
    assert str(path) in told[0] or spoil == "twice"
    assert SECRET not in told[0]
    caplog.clear()
    written(path, '[[users]]\nid = "bob"\n', age=4)
    time.seconds = 10.0
    assert directory.user("bob") is not None
    assert not caplog.records


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640, 0o440])
def test_modes_that_keep_others_out(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path / "access.toml", ALICE)
    path.chmod(mode)
    assert read_access_file(path).users


@pytest.mark.parametrize(
    ("mode", "words"),
    [(0o604, "everybody may read the secret keys"), (0o660, "others may write it"), (0o602, "others may write it")],
)
def test_modes_that_let_others_in_are_refused(tmp_path: Path, mode: int, words: str) -> None:
    path = written(tmp_path / "access.toml", ALICE)
    path.chmod(mode)
    with pytest.raises(InvalidSettings, match=rf"has mode {stat.S_IMODE(mode):04o}.*{words}.*chmod 600"):
        read_access_file(path)


KEY = "[[users]]\nid = 'a'\n[[users.keys]]\naccess_key = 'k'\n"
KEPT = "[[users]]\nid = 'a'\n[[users.tokens]]\nid = 'aaaaaaaaaaaa'\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[users", "cannot be used"),
        ("users = 1", "cannot be used"),
        ("[[user]]\nid = 'a'", "`user`"),
        ("[[users]]\nid = 'a'\nrole = 'admin:*'", "`role`"),
        ("[[users]]\nid = 1", "users"),
        ("[[users]]\nid = 'a'\nkind = 'robot'", "robot"),
        ("[[users]]\nid = 'a'\nroles = 'read:*'", "roles"),
        ("[[users]]\nid = 'a'\nis_root = 'yes'", "is_root"),
        (KEY, "has neither"),
        (f"{KEY}secret_key = '{SECRET}'\nsecret_key_file = 'x'", "has both"),
        (f"{KEY}secret_key_file = 'gone'", "cannot be read"),
        (f"{KEPT}sha256 = 'x'", "64 digits"),
        (f"{KEPT}sha256 = '{HASH}'\nexpires_at = 2030-01-01", "expires_at"),
        (f"{KEPT}sha256 = '{HASH}'\nexpires_at = 2030-01-01T00:00:00", "no time zone"),
        ("[[groups]]\nname = 'g'\nmembers = ['a']", "`members`"),
        ("[[groups]]\nname = 'g'\nroles = ['root:*']", "is no role"),
        ("tokens = []", "`tokens`"),
        ("x = " + "[" * 100_000, "cannot be used"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str, words: str) -> None:
    path = written(tmp_path / "access.toml", text)
    with pytest.raises(InvalidSettings) as caught:
        read_access_file(path)
    assert str(path) in str(caught.value)
    assert words in str(caught.value)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    for path in (tmp_path / "gone.toml", tmp_path):
        with pytest.raises(InvalidSettings, match="cannot be read"):
            read_access_file(path)
    (tmp_path / "latin").write_bytes(b'# \xe4\n[[users]]\nid = "a"\n')
    with pytest.raises(InvalidSettings, match="is not UTF-8"):
        read_access_file(tmp_path / "latin")
    (tmp_path / "large").write_bytes(b"#" * (8 * 1024 * 1024 + 1))
    with pytest.raises(InvalidSettings, match="is larger than"):
        read_access_file(tmp_path / "large")
