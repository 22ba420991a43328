"""Changes of buckets' settings, which MinIO loses if two are made at once, and does not always show."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from bucketry import (
    CreateBucketOptions,
    ObjectLockSettings,
    Store,
    Tag,
    TagSettings,
    Unavailable,
    VersioningSettings,
)
from bucketry_minio.bucket_settings import SettingsChanges
from bucketry_s3client import S3ResponseError, parse_xml

ENABLED = VersioningSettings(status="Enabled")
SHOWN = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
NOT_SHOWN = b"<VersioningConfiguration/>"
PATIENCE = 30.0


class Server:
    """Takes what is put, and shows the given documents one after the other."""

    def __init__(self, *shown: bytes | Exception) -> None:
        self.requests: list[str] = []
        self._shown = list(shown)

    def request(self, method: str, bucket: str, *_: object, **__: object) -> tuple[object, bytes]:
        self.requests.append(f"{method} {bucket}")
        if method != "GET":
            return {}, b""
        found = self._shown.pop(0)
        if isinstance(found, Exception):
            raise found
        return {}, found

    def parsed(self, body: bytes, root: str) -> Any:
        document = parse_xml(body)
        assert document.name == root
        return document


def changes_on(server: Any, patience: float = PATIENCE) -> SettingsChanges:
    return SettingsChanges(server, patience)


def test_settings_that_are_not_shown_are_put_again() -> None:
    server = Server(NOT_SHOWN, SHOWN)
    changes_on(server).put("bucket", ENABLED)
    assert server.requests == ["PUT bucket", "GET bucket"] * 2


def test_settings_that_are_never_shown_are_an_error() -> None:
    server = Server(*[NOT_SHOWN] * 3)
    with pytest.raises(Unavailable, match="does not show"):
        changes_on(server).put("bucket", ENABLED)
    assert len(server.requests) == 6


def test_whoever_may_not_read_settings_may_change_them() -> None:
    server = Server(S3ResponseError(method="GET", bucket="bucket", key="", status=403, code="AccessDenied", headers={}))
    changes_on(server).put("bucket", ENABLED)
    assert server.requests == ["PUT bucket", "GET bucket"]


def test_settings_of_a_new_bucket_are_put_only_if_they_are_not_shown() -> None:
    server = Server(SHOWN)
    changes_on(server).confirm("bucket", ENABLED)
    assert server.requests == ["GET bucket"]
    server = Server(NOT_SHOWN, SHOWN)
    changes_on(server).confirm("bucket", ENABLED)
    assert server.requests == ["GET bucket", "PUT bucket", "GET bucket"]


class SlowServer(Server):
    """Keeps changes of one bucket waiting until it is let go on."""

    def __init__(self) -> None:
        super().__init__(*[SHOWN] * 3)
        self.came = threading.Event()
        self.goes_on = threading.Event()

    def request(self, method: str, bucket: str, *_: object, **__: object) -> tuple[object, bytes]:
        if bucket == "slow" and not self.came.is_set():
            self.came.set()
            assert self.goes_on.wait(PATIENCE)
        return super().request(method, bucket)


def test_changes_of_one_bucket_wait_for_each_other_and_others_do_not() -> None:
    server = SlowServer()
    changes = changes_on(server)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(changes.put, "slow", ENABLED)
        assert server.came.wait(PATIENCE)
        second = threads.submit(changes.delete, "slow", TagSettings)
        changes.put("other", ENABLED)
        assert server.requests == ["PUT other", "GET other"]
        server.goes_on.set()
        first.result(PATIENCE)
        second.result(PATIENCE)
    assert server.requests[2:] == ["PUT slow", "GET slow", "DELETE slow"]


def test_a_change_waits_for_another_one_only_so_long() -> None:
    server = SlowServer()
    changes = changes_on(server, patience=0.05)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(changes.put, "slow", ENABLED)
        assert server.came.wait(PATIENCE)
        with pytest.raises(Unavailable, match="takes too long"):
            changes.delete("slow", TagSettings)
        server.goes_on.set()
        first.result(PATIENCE)


def test_a_put_of_settings_costs_two_requests(store: Store, bucket: str, requests_made: list[str]) -> None:
    store.put_bucket_settings(bucket, TagSettings(tags=(Tag(key="a", value="b"),)))
    assert [line.partition(" ")[0] for line in requests_made] == ["PUT", "GET"]


def test_a_bucket_with_object_lock_is_looked_at(store: Store, bucket: str, requests_made: list[str]) -> None:
    locked = f"{bucket}-locked"
    requests_made.clear()
    store.create_bucket(locked, CreateBucketOptions(object_lock=True))
    assert [line.partition(" ")[0] for line in requests_made] == ["PUT", "GET", "GET"]
    assert requests_made[1] == f"GET /{locked}?versioning="
    # What MinIO loses with its memory of a new bucket, a put of versioning brings back: the lock is in its file.
    store.put_bucket_settings(locked, ENABLED)
    assert store.get_bucket_settings(locked, ObjectLockSettings).enabled
    store.delete_bucket(locked)
