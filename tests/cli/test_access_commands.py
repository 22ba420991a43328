"""``bucketry user``, ``token`` and ``key``: changes of the access file."""

from __future__ import annotations

import asyncio
import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from bucketry_access import Directory
from click.testing import Result

from tests.cli.conftest import Run

FILE = "access.toml"


@pytest.fixture
def access(run: Run) -> Run:
    """Runs a command on an access file that has the user alice."""

    def call(*arguments: str) -> Result:
        group, command, *rest = arguments
        return run(group, command, "--access-file", FILE, *rest)

    assert call("user", "create", "alice", "--role", "write:team-a-*", "--email", "a@example.com").exit_code == 0
    return call


def directory() -> Directory:
    return Directory(access_file=Path(FILE))


def test_a_user_is_made_with_all_that_is_said(access: Run) -> None:
    assert stat.S_IMODE(Path(FILE).stat().st_mode) == 0o600
    result = access(
        "user", "create", "ci", "--service", "--role", "read:*", "--role", "write:team-b/c/", "--display-name", "C I"
    )
    assert result.exit_code == 0
    (alice, ci) = directory().users
    assert (alice.kind, alice.roles, alice.email) == ("user", ("write:team-a-*",), "a@example.com")
    assert (ci.kind, ci.roles, ci.display_name) == ("service", ("read:*", "write:team-b/c/"), "C I")
    assert access("user", "create", "boss", "--root").exit_code == 0
    lines = access("user", "list", "--json").stdout.splitlines()
    assert [json.loads(line)["root"] for line in lines] == [False, False, True]
    assert "write:team-a-*" in access("user", "list").stdout


def test_a_token_is_shown_once_and_works_until_it_is_revoked(access: Run) -> None:
    made = access("token", "create", "alice", "--description", "laptop")
    token = made.stdout.strip()
    assert made.exit_code == 0
    assert "shown only now" in made.stderr
    assert token not in made.stderr
    assert token[17:] not in Path(FILE).read_text()
    found = asyncio.run(directory().identify(token))
    assert found is not None
    assert found.user.id == "alice"
    (listed,) = map(json.loads, access("token", "list", "--json").stdout.splitlines())
    assert (listed["id"], listed["user"], listed["state"], listed["description"]) == (
        token[4:16],
        "alice",
        "valid",
        "laptop",
    )
    assert token[17:] not in access("token", "list").stdout
    assert access("token", "list", "bob").stdout.count("\n") <= 1
    assert access("token", "revoke", listed["id"]).exit_code == 0
    assert asyncio.run(directory().identify(token)) is None
    assert access("token", "revoke", listed["id"]).exit_code == 1


def test_a_whole_token_can_be_revoked_and_is_not_repeated(access: Run) -> None:
    token = access("token", "create", "alice").stdout.strip()
    result = access("token", "revoke", token)
    assert result.exit_code == 0
    assert token[17:] not in result.output
    result = access("token", "revoke", token)
    assert result.exit_code == 1
    assert token[17:] not in result.output


def test_a_key_pair_signs_until_it_is_revoked(access: Run) -> None:
    made = dict(line.split(" = ") for line in access("key", "create", "alice").stdout.splitlines())
    found = directory().key_pair(made["aws_access_key_id"])
    assert found is not None
    assert found[1].secret_key.reveal() == made["aws_secret_access_key"]
    listed = access("key", "list").stdout
    assert made["aws_access_key_id"] in listed
    assert made["aws_secret_access_key"] not in listed
    assert access("key", "revoke", made["aws_access_key_id"]).exit_code == 0
    assert directory().key_pair(made["aws_access_key_id"]) is None


def test_deleting_a_user_ends_its_tokens(access: Run) -> None:
    token = access("token", "create", "alice").stdout.strip()
    assert access("user", "delete", "alice").exit_code == 0
    assert asyncio.run(directory().identify(token)) is None


@pytest.mark.parametrize(
    ("text", "after"),
    [("12h", timedelta(hours=12)), ("90d", timedelta(days=90)), ("2w", timedelta(weeks=2)), ("never", None)],
)
def test_how_long_a_token_works(access: Run, text: str, after: timedelta | None) -> None:
    assert access("token", "create", "alice", "--expires", text).exit_code == 0
    (token,) = directory().users[0].tokens
    if after is None:
        assert token.expires_at is None
    else:
        assert token.expires_at is not None
        assert abs(token.expires_at - datetime.now(UTC) - after) < timedelta(hours=1)


def test_a_token_ends_after_ninety_days_unless_told(access: Run) -> None:
    access("token", "create", "alice")
    access("token", "create", "alice", "--expires", "2090-01-31T00:00:00Z")
    first, second = directory().users[0].tokens
    assert first.expires_at is not None
    assert timedelta(days=89) < first.expires_at - datetime.now(UTC) < timedelta(days=91)
    assert second.expires_at == datetime(2090, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "0d", "-1d", "90", "1y", "1.5d", "999999w9", "2020-01-01", "tomorrow"])
def test_other_times_are_refused(access: Run, text: str) -> None:
    result = access("token", "create", "alice", f"--expires={text}")
    assert (result.exit_code, "--expires" in result.stderr) == (2, True)
    assert directory().users[0].tokens == ()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("user", "create", "alice"), "there is a user 'alice' already"),
        (("user", "create", "a b"), "the id of a user"),
        (("user", "create", "bob", "--role", "owner:*"), "is no role"),
        (("user", "create", "bob", "--group", "none"), "nowhere defined"),
        (("user", "create", "bob", "--root", "--role", "read:*"), "every right"),
        (("user", "delete", "bob"), "there is no user 'bob'"),
        (("token", "create", "bob"), "there is no user 'bob'"),
        (("token", "revoke", "x" * 12), "there is no token"),
        (("token", "revoke", "../x"), "is no id of a token"),
        (("key", "create", "bob"), "there is no user 'bob'"),
        (("key", "revoke", "AK"), "there is no access key 'AK'"),
    ],
)
def test_a_mistake_changes_nothing(access: Run, arguments: tuple[str, ...], words: str) -> None:
    before = Path(FILE).read_text()
    result = access(*arguments)
    assert (result.exit_code, words in result.stderr) == (1, True), result.stderr
    assert "<driver>" not in result.stderr  # These are no settings of one.
    assert Path(FILE).read_text() == before


def test_the_file_is_named_by_option_variable_or_settings(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run("token", "list")
    assert result.exit_code == 2
    assert "give --access-file FILE, set BUCKETRY_ACCESS_FILE" in result.stderr
    assert run("token", "list", "--access-file", "gone.toml").exit_code == 1
    Path("bucketry.toml").write_text('[serve]\naccess_file = "users.toml"\n')
    assert run("user", "create", "alice").exit_code == 0
    assert Path("users.toml").exists()
    monkeypatch.setenv("BUCKETRY_ACCESS_FILE", "others.toml")
    assert run("user", "create", "alice").exit_code == 0
    assert Path("others.toml").exists()
