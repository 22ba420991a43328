"""When probes run, where they write, what they leave behind, and what happens where they cannot run."""

from __future__ import annotations

import logging
import threading
import time
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from bucketry import (
    AccessDenied,
    BackendError,
    BucketInfo,
    BucketryError,
    CorsRule,
    CorsSettings,
    CreateBucketOptions,
    InvalidArgument,
    InvalidBucketName,
    InvalidSettings,
    PutOptions,
    QuotaExceeded,
    Store,
    Unavailable,
    Unsupported,
    VersioningSettings,
    VersionOptions,
)
from bucketry.hookspecs import hookimpl
from bucketry_memory import MemoryDriver, MemorySettings
from bucketry_s3 import cache, left_overs, probing
from bucketry_s3.cache import MAX_UNSURE_AGE
from bucketry_s3.found import CONSERVATIVE
from bucketry_testing import S3Endpoint, s3_endpoint

from tests.s3.backend import reachable, store_on
from tests.servers.handles import Reachable
from tests.servers.secrecy import everything_logged

pytestmark = pytest.mark.usefixtures("no_memory")

LEFT = "bucketry-probe-0123456789abcdef0123"


def test_probes_leave_nothing_behind(served: S3Endpoint) -> None:
    with store_on(reachable(served)) as store:
        assert store.capabilities.features.put_if_match
    assert served.store.list_buckets() == ()


def test_a_server_is_probed_once_in_a_process(own_port: Reachable, requests_made: list[str]) -> None:
    store_on(own_port).close()
    assert len(requests_made) > 100
    requests_made.clear()
    with store_on(own_port) as store:
        assert store.capabilities.features.put_if_match
    assert requests_made == ["GET /"]


def test_stores_that_open_at_once_probe_once(own_port: Reachable, requests_made: list[str]) -> None:
    threads = [threading.Thread(target=lambda: store_on(own_port).close()) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    created = [line for line in requests_made if line.startswith("PUT /bucketry-probe-") and "?" not in line]
    assert len([line for line in created if line.count("/") == 1]) == len({"plain", "full", "versions", "locks"})


def test_without_probes_the_server_is_not_asked_and_no_condition_is_declared(
    own_port: Reachable, requests_made: list[str]
) -> None:
    with store_on(own_port, probe=False) as store:
        assert requests_made == []
        assert store.capabilities.features == CONSERVATIVE.as_features()
        for name in ("put_if_match", "put_if_none_match", "copy_if_match", "complete_if_match", "delete_if_match"):
            assert not getattr(store.capabilities.features, name)
        with pytest.raises(Unsupported, match="put_if_none_match"):
            store.put_object("photos", "cat", b"", PutOptions(if_none_match="*"))
        with pytest.raises(Unsupported, match="this server does not have put_tagging"):
            store.get_object_tagging("photos", "cat")


def test_a_bucket_that_exists_stays_as_it_was(served: S3Endpoint) -> None:
    behind = served.store
    behind.create_bucket("photos")
    behind.put_object("photos", "bucketry-probe/mine", b"one")
    behind.put_object("photos", "cat", b"one")
    rules = CorsSettings(rules=(CorsRule(allowed_methods=("GET",), allowed_origins=("*",)),))
    behind.put_bucket_settings("photos", rules)
    with store_on(reachable(served), probe_bucket="photos") as store:
        features = store.capabilities.features
    assert (features.put_if_match, features.complete_if_none_match, features.put_tagging) == (True, True, True)
    # Settings are not tried on a bucket that others use.
    assert (features.bucket_cors, features.bucket_versioning, features.bucket_object_lock) == (False, False, False)
    assert [info.name for info in behind.list_buckets()] == ["photos"]
    assert [info.key for info in behind.iter_objects("photos")] == ["bucketry-probe/mine", "cat"]
    assert list(behind.iter_multipart_uploads("photos")) == []
    assert behind.get_bucket_settings("photos", CorsSettings) == rules


def test_what_killed_probes_have_left_is_removed(served: S3Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(left_overs, "_LEFT_AFTER", timedelta(seconds=-5))
    behind = served.store
    behind.create_bucket(LEFT, CreateBucketOptions(object_lock=True))
    behind.put_object(LEFT, "bucketry-probe/a", b"one", PutOptions(legal_hold=True))
    behind.create_multipart_upload(LEFT, "bucketry-probe/b")
    behind.create_bucket("bucketry-probe-of-somebody")
    store_on(reachable(served)).close()
    assert [info.name for info in behind.list_buckets()] == ["bucketry-probe-of-somebody"]


def test_what_killed_probes_have_left_in_a_bucket_is_removed(
    served: S3Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(left_overs, "_LEFT_AFTER", timedelta(seconds=-5))
    served.store.create_bucket("photos")
    for key in (f"bucketry-probe/{'0' * 20}/a", "bucketry-probe/mine", "cat"):
        served.store.put_object("photos", key, b"one")
    behind = served.store
    behind.create_multipart_upload("photos", f"bucketry-probe/{'1' * 20}/b")
    mine = behind.create_multipart_upload("photos", "bucketry-probe/mine")
    behind.put_bucket_settings("photos", VersioningSettings(status="Enabled"))
    behind.delete_object("photos", f"bucketry-probe/{'2' * 20}/c")
    store_on(reachable(served), probe_bucket="photos").close()
    assert [version.key for version in behind.iter_object_versions("photos")] == ["bucketry-probe/mine", "cat"]
    assert [upload.upload_id for upload in behind.iter_multipart_uploads("photos")] == [mine.upload_id]


def test_probes_that_run_now_are_left_alone(served: S3Endpoint) -> None:
    served.store.create_bucket(LEFT)
    store_on(reachable(served)).close()
    assert [info.name for info in served.store.list_buckets()] == [LEFT]


class FailsInItself(MemoryDriver):
    @hookimpl
    def get_object_tagging(self, bucket: str, key: str, options: VersionOptions) -> Any:
        raise BackendError("InternalError")


@pytest.mark.parametrize(
    ("kind", "age", "asked"),
    [
        (FailsInItself, MAX_UNSURE_AGE - 60, False),
        (FailsInItself, MAX_UNSURE_AGE + 1, True),
        (MemoryDriver, MAX_UNSURE_AGE + 1, False),
    ],
)
def test_what_may_pass_is_asked_again_sooner(
    requests_made: list[str], monkeypatch: pytest.MonkeyPatch, kind: type[MemoryDriver], age: float, asked: bool
) -> None:
    with Store(kind(MemorySettings())) as behind, s3_endpoint(behind) as served:
        with store_on(reachable(served), retries=0) as store:
            assert store.capabilities.features.put_tagging is (kind is MemoryDriver)
        requests_made.clear()
        now = time.time() + age
        monkeypatch.setattr(cache, "time", SimpleNamespace(time=lambda: now))
        store_on(reachable(served)).close()
    assert (len(requests_made) > 100) is asked


class MakesFewBuckets(MemoryDriver):
    """Refuses to make more than ``most`` buckets."""

    def __init__(self, error: BucketryError, most: int = 0) -> None:
        super().__init__(MemorySettings())
        self._error, self._left = error, most

    @hookimpl
    def create_bucket(self, bucket: str, options: CreateBucketOptions) -> BucketInfo:
        if not self._left:
            raise self._error
        self._left -= 1
        return super().create_bucket(bucket, options)


@pytest.mark.parametrize(
    "error", [AccessDenied(), QuotaExceeded(), Unsupported(), InvalidBucketName(), InvalidArgument()], ids=repr
)
def test_who_may_make_no_bucket_gets_what_is_sure(error: BucketryError, caplog: pytest.LogCaptureFixture) -> None:
    with Store(MakesFewBuckets(error)) as behind, s3_endpoint(behind) as served:
        for _ in range(2):
            with caplog.at_level(logging.WARNING, "bucketry.s3"), store_on(reachable(served)) as store:
                assert store.capabilities.features == CONSERVATIVE.as_features()
    assert caplog.text.count("set probe_bucket") == 1


def test_who_may_make_one_bucket_gets_what_needs_no_more() -> None:
    with Store(MakesFewBuckets(QuotaExceeded(), most=1)) as behind, s3_endpoint(behind) as served:
        with store_on(reachable(served)) as store:
            features = store.capabilities.features
        assert (features.put_if_match, features.bucket_cors, features.bucket_versioning) == (True, True, False)
        assert behind.list_buckets() == ()


def test_a_probe_bucket_that_is_missing_is_said_at_once(own_port: Reachable) -> None:
    with pytest.raises(InvalidSettings, match="there is no bucket 'missing'"):
        store_on(own_port, probe_bucket="missing")


class ShowsNoBuckets(MemoryDriver):
    @hookimpl
    def list_buckets(self) -> tuple[BucketInfo, ...]:
        raise AccessDenied


def test_a_bucket_is_made_where_the_list_of_them_is_not_shown() -> None:
    with (
        Store(ShowsNoBuckets(MemorySettings())) as behind,
        s3_endpoint(behind) as served,
        store_on(reachable(served)) as store,
    ):
        assert store.capabilities.features.put_if_match
        assert store.create_bucket("photos").name == "photos"
        store.delete_bucket("photos")


def test_a_server_that_does_not_respond_is_not_opened(own_port: Reachable) -> None:
    quick: dict[str, Any] = {"connect_timeout": 0.5, "read_timeout": 0.5, "retries": 0}
    with pytest.raises(Unavailable, match="probe=false"):
        store_on(own_port, at="127.0.0.1:1", **quick)


def test_refused_credentials_are_an_error_at_once(own_port: Reachable) -> None:
    with pytest.raises(AccessDenied):
        store_on(own_port, secret_key="another one")


def test_a_server_that_goes_away_meanwhile_is_not_opened(served: S3Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    class Leaves:
        def __getitem__(self, name: str) -> Any:
            raise KeyError(name)

        def items(self) -> Any:
            def leave(ground: Any) -> bool:
                served.close()
                return bool(ground.put("gone"))

            return [("put_if_match", leave)]

    monkeypatch.setattr(probing, "PROBES", Leaves())
    with pytest.raises(Unavailable):
        store_on(reachable(served), connect_timeout=0.5, read_timeout=0.5, retries=0)


def test_no_secret_is_logged(own_port: Reachable) -> None:
    token = "a-session-token-that-nobody-may-see"
    with everything_logged() as lines, pytest.raises(AccessDenied):
        store_on(own_port, session_token=token)
    with everything_logged() as more, store_on(own_port) as store:
        shown = repr(store) + repr(store.sdk())
    text = "\n".join([*lines, *more, shown])
    assert "probed put_if_match" in text
    assert own_port.secret_key not in text
    assert token not in text
