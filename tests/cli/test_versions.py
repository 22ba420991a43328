"""Versions, locks and settings of buckets on the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from bucketry import (
    CreateBucketOptions,
    PutOptions,
    Retention,
    Store,
    VersioningSettings,
)

from tests.cli import kept_driver
from tests.cli.conftest import Install, Run


@pytest.fixture
def store_url(store_url: str, install: Install) -> Iterator[str]:
    """URL of a store with versions, which all commands of a test share."""
    install("kept", "tests.cli.kept_driver:KeptDriver")
    yield "kept://"
    kept_driver.STATE.clear()


@pytest.fixture
def ids(store: Store) -> list[str]:
    """Two versions of assets/a, the newer one first; returns their ids."""
    store.put_bucket_settings("assets", VersioningSettings(status="Enabled"))
    found = [store.put_object("assets", "a", content).version_id or "" for content in (b"one", b"second")]
    return found[::-1]


def test_ls_shows_all_versions(run: Run, store: Store, ids: list[str]) -> None:
    store.delete_object("assets", "a")
    marker, newer, older = [line.split()[1:] for line in run("ls", "--versions", "assets").output.splitlines()]
    assert (marker[0], marker[2:]) == ("(deleted)", ["*", "a"])
    assert newer == ["6", ids[0], "a"]
    assert older == ["3", ids[1], "a"]


def test_ls_shows_versions_as_json(run: Run, store: Store, ids: list[str]) -> None:
    store.delete_object("assets", "a")
    found = [json.loads(line) for line in run("ls", "--versions", "--json", "assets").output.splitlines()]
    assert [each["is_delete_marker"] for each in found] == [True, False, False]
    assert [each["version_id"] for each in found[1:]] == ids
    assert [each["is_latest"] for each in found] == [True, False, False]


def test_versions_of_all_buckets_cannot_be_listed(run: Run) -> None:
    assert run("ls", "--versions").exit_code == 2


def test_get_downloads_a_version(run: Run, ids: list[str], tmp_path: Path) -> None:
    assert run("get", "--version-id", ids[1], "assets/a", str(tmp_path / "old")).exit_code == 0
    assert (tmp_path / "old").read_bytes() == b"one"
    assert run("get", "--version-id", ids[1], "--recursive", "assets", str(tmp_path)).exit_code == 2


def test_get_of_a_version_that_does_not_exist_says_where_to_look(run: Run, store: Store, ids: list[str]) -> None:
    store.put_object("assets", "b", b"")
    result = run("get", "--version-id", ids[0], "assets/b", "-")
    assert result.exit_code == 1
    assert "bucketry ls --versions" in result.stderr


def test_rm_deletes_a_version_for_good(run: Run, store: Store, ids: list[str]) -> None:
    assert run("rm", "--version-id", ids[0], "assets/a").exit_code == 0
    assert store.get_object("assets", "a").read() == b"one"
    assert run("rm", "--version-id", ids[1], "assets/a", "assets/b").exit_code == 2


def test_rm_deletes_all_versions(run: Run, store: Store, ids: list[str]) -> None:
    store.delete_object("assets", "a")
    assert run("rm", "--versions", "assets/a").exit_code == 2
    assert run("rm", "--recursive", "assets", "--yes").exit_code == 0
    assert run("rb", "assets").exit_code == 1
    assert run("rm", "--recursive", "--versions", "--yes", "assets").exit_code == 0
    assert run("rb", "assets").exit_code == 0


def test_a_locked_version_is_deleted_only_past_its_governance(run: Run, store: Store) -> None:
    assert run("mb", "--object-lock", "locked").exit_code == 0
    kept = Retention(mode="GOVERNANCE", until=datetime.now(UTC) + timedelta(days=9000))
    version_id = store.put_object("locked", "a", b"", PutOptions(retention=kept)).version_id or ""
    refused = run("rm", "--version-id", version_id, "locked/a")
    assert refused.exit_code == 1
    assert "--bypass-governance" in refused.stderr
    assert run("rm", "--recursive", "--versions", "--yes", "locked").exit_code == 1
    assert run("rm", "--recursive", "--versions", "--yes", "--bypass-governance", "locked").exit_code == 0


def test_settings_are_put_shown_listed_and_deleted(run: Run, store: Store, tmp_path: Path) -> None:
    cors = {"rules": [{"allowed_origins": ["*"], "allowed_methods": ["GET"]}]}
    (tmp_path / "cors.json").write_text(json.dumps(cors))
    assert run("bucket", "settings", "put", "assets", "cors", f"@{tmp_path}/cors.json").exit_code == 0
    assert run("bucket", "settings", "put", "assets", "versioning", '{"status": "Enabled"}').exit_code == 0
    assert run("bucket", "settings", "list", "assets").output.split() == ["cors", "versioning"]
    shown = run("bucket", "settings", "get", "assets", "cors").output
    assert json.loads(shown)["rules"][0]["allowed_origins"] == ["*"]
    assert run("bucket", "settings", "put", "assets", "cors", shown).exit_code == 0
    assert run("bucket", "settings", "delete", "assets", "cors").exit_code == 0
    assert run("bucket", "settings", "list", "assets").output.split() == ["versioning"]


@pytest.mark.parametrize(
    "document",
    ["", "{", "[]", '{"status": 7}', '{"state": "Enabled"}', "\x00", '{"x":' + "[" * 100_000],
    ids=lambda text: text[:30],
)
def test_settings_that_cannot_be_read_are_refused(run: Run, store: Store, document: str) -> None:
    result = run("bucket", "settings", "put", "assets", "versioning", document)
    assert result.exit_code == 1
    assert "bucketry bucket settings get" in result.stderr


def test_a_bucket_that_can_be_locked(run: Run, store: Store) -> None:
    store.create_bucket("kept", CreateBucketOptions(object_lock=True))
    assert run("bucket", "settings", "list", "kept").output.split() == ["object_lock", "versioning"]
