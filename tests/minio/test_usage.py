"""Usage: by listing, by the server's own figures, and for users who may not read these."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from bucketry import Quota, Store, Unavailable, UsageReport, open_store
from bucketry_minio.admin import AdminApi
from minio import MinioAdmin
from minio.credentials.providers import StaticProvider

from tests.minio.backend import location, store_on
from tests.servers.handles import MinioServer

AS_OF = "2026-01-15T10:30:00.123456111Z"


def _figures(**buckets: tuple[int, int]) -> bytes:
    infos = {name: {"objectsCount": count, "size": size, "more": {}} for name, (count, size) in buckets.items()}
    return json.dumps({"lastUpdate": AS_OF, "bucketsUsageInfo": infos, "objectsCount": 1}).encode()


@pytest.fixture
def careful(minio_server: MinioServer) -> Iterator[Store]:
    """A store that lists up to two objects."""
    with store_on(minio_server, usage_list_limit=2) as opened:
        yield opened


def test_a_small_bucket_is_listed_and_a_large_one_asked_for(
    careful: Store, bucket: str, monkeypatch: pytest.MonkeyPatch, requests_made: list[str]
) -> None:
    careful.put_object(bucket, "key", b"12345")
    other = f"bucketry-minio-{secrets.token_hex(6)}"
    gone = "bucketry-minio-gone"
    careful.create_bucket(other)
    figures = _figures(**{bucket: (1, 99), other: (3, 1000), gone: (50, 50)})
    monkeypatch.setattr(AdminApi, "_fetch", lambda *_: figures)
    requests_made.clear()
    usages = careful.bucket_usages([bucket, other, gone])
    careful.delete_bucket(other)
    assert set(usages) == {bucket, other}
    assert (usages[bucket].object_count, usages[bucket].size_bytes, usages[bucket].source) == (1, 5, "listing")
    assert (usages[other].object_count, usages[other].size_bytes, usages[other].source) == (3, 1000, "minio-scanner")
    assert usages[other].as_of == datetime(2026, 1, 15, 10, 30, 0, 123456, UTC)
    assert sorted(line.partition(" ")[0] for line in requests_made[:3]) == ["GET", "HEAD", "HEAD"]


@pytest.mark.parametrize(
    "answer", [b"{}", b'{"lastUpdate":"0001-01-01T00:00:00Z","bucketsUsageInfo":null}', b"<html>", b"[]", b""]
)
def test_without_figures_a_large_bucket_is_listed(
    careful: Store, bucket: str, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    for number in range(4):
        careful.put_object(bucket, str(number), b"12")
    monkeypatch.setattr(AdminApi, "_fetch", lambda *_: answer)
    usage = careful.bucket_usage(bucket)
    assert (usage.object_count, usage.size_bytes, usage.source) == (4, 8, "listing")


def test_a_bucket_that_grew_since_the_scanner_came_is_not_listed_for_ever(
    minio_server: MinioServer, bucket: str, monkeypatch: pytest.MonkeyPatch, requests_made: list[str]
) -> None:
    from bucketry_minio import listing

    monkeypatch.setattr(listing, "MAX_PAGE", 3)
    with store_on(minio_server, usage_list_limit=4) as store:
        for number in range(12):
            store.put_object(bucket, f"{number:02}", b"12")
        monkeypatch.setattr(AdminApi, "_fetch", lambda *_: _figures(**{bucket: (2, 4)}))
        requests_made.clear()
        usage = store.bucket_usage(bucket)
        assert (usage.object_count, usage.size_bytes, usage.source) == (2, 4, "minio-scanner")
        assert len(requests_made) == 2


def test_the_servers_own_answer_can_be_read(store: Store, bucket: str) -> None:
    figures = AdminApi(store._chain.bucket_usage.__wrapped__.__self__._connection).figures()  # type: ignore[attr-defined]
    # Before its first scan a server says the year 1, and null or nothing of any bucket.
    assert figures.last_update is not None
    assert not figures.buckets_usage_info or figures.last_update.year > 1


@pytest.fixture
def admin(minio_server: MinioServer) -> MinioAdmin:
    return MinioAdmin(
        endpoint=location(minio_server),
        credentials=StaticProvider(minio_server.access_key, minio_server.secret_key),
        secure=False,
    )


@pytest.fixture
def user(admin: MinioAdmin) -> Iterator[dict[str, str]]:
    """A user who may use all buckets, and is no administrator."""
    keys = {"access_key": f"user-{secrets.token_hex(4)}", "secret_key": secrets.token_hex(20)}
    admin.user_add(access_key=keys["access_key"], secret_key=keys["secret_key"])
    admin.policy_set(policy_name="readwrite", user=keys["access_key"])
    yield keys
    admin.user_remove(access_key=keys["access_key"])


def test_who_is_no_administrator_gets_a_listing(
    minio_server: MinioServer, store: Store, bucket: str, user: dict[str, str]
) -> None:
    store.put_object(bucket, "key", b"12345")
    with open_store(f"minio://{location(minio_server)}", settings=user, environ={}) as plain:
        assert plain.status().available
        usage = plain.bucket_usage(bucket)
        assert (usage.object_count, usage.size_bytes, usage.source) == (1, 5, "listing")


def _report_with_quota(asker: Store, admin: MinioAdmin, bucket: str, size: int) -> UsageReport:
    """Sets a quota until MinIO shows it: a listing that began before the bucket existed can make it forget one."""
    for _ in range(10):
        admin.bucket_quota_set(bucket=bucket, size=size)
        report = asker.usage_report()
        if any(found.name == bucket and found.quota for found in report.buckets):
            return report
    pytest.fail("MinIO does not keep the quota")


def test_a_report_has_the_quotas_for_everybody(
    minio_server: MinioServer, store: Store, bucket: str, admin: MinioAdmin, user: dict[str, str]
) -> None:
    store.put_object(bucket, "key", b"12345")
    other = f"bucketry-minio-{secrets.token_hex(6)}"
    store.create_bucket(other)
    with open_store(f"minio://{location(minio_server)}", settings=user, environ={}) as plain:
        for asker in (store, plain):
            report = _report_with_quota(asker, admin, bucket, 10 * 1024**2)
            told = {found.name: found for found in report.buckets}
            assert told[bucket].quota == Quota(max_size_bytes=10 * 1024**2)
            assert (told[bucket].object_count, told[bucket].size_bytes) == (1, 5)
            assert told[other].quota is None
            assert (told[other].object_count, told[other].size_on_disk_bytes, told[other].owner) == (0, None, "")
            assert report.users == ()
    store.delete_bucket(other)


def test_a_report_shows_a_user_his_own_buckets_alone(
    minio_server: MinioServer, store: Store, bucket: str, admin: MinioAdmin, user: dict[str, str]
) -> None:
    policy = f"only-{bucket}"
    allowed = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    statement = {"Effect": "Allow", "Action": ["s3:*"], "Resource": allowed}
    admin.policy_add(policy_name=policy, policy={"Version": "2012-10-17", "Statement": [statement]})
    admin.policy_unset(policy_name="readwrite", user=user["access_key"])
    admin.policy_set(policy_name=policy, user=user["access_key"])
    other = f"bucketry-minio-{secrets.token_hex(6)}"
    store.create_bucket(other)
    try:
        with open_store(f"minio://{location(minio_server)}", settings=user, environ={}) as plain:
            assert [told.name for told in plain.usage_report().buckets] == [bucket]
        assert {bucket, other} <= {told.name for told in store.usage_report().buckets}
    finally:
        store.delete_bucket(other)
        admin.policy_unset(policy_name=policy, user=user["access_key"])
        admin.policy_remove(policy_name=policy)


def test_a_report_is_as_old_as_its_oldest_figures(careful: Store, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for key in ("a", "b"):
        careful.put_object(bucket, key, b"12345")
    answers = {"datausageinfo": _figures(**{bucket: (3, 1000)}), "accountinfo": b"{}"}
    monkeypatch.setattr(AdminApi, "_fetch", lambda _, what: answers[what])
    report = careful.usage_report()
    (told,) = [told for told in report.buckets if told.name == bucket]
    assert (told.object_count, told.size_bytes) == (3, 1000)
    assert (report.source, report.as_of) == ("minio-scanner", datetime(2026, 1, 15, 10, 30, 0, 123456, UTC))
    before = datetime.now(UTC)
    answers["datausageinfo"] = b"{}"
    report = careful.usage_report()
    assert report.source == "listing"
    assert before <= report.as_of <= datetime.now(UTC)


def test_quotas_that_do_not_arrive_are_not_taken_for_none(
    store: Store, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {"datausageinfo": b"{}", "accountinfo": b""}
    monkeypatch.setattr(AdminApi, "_fetch", lambda _, what: answers[what])
    with pytest.raises(Unavailable):
        store.usage_report()


@pytest.mark.parametrize("answer", [b"<html>", b'{"Buckets":null}', b'{"Buckets":[{"name":"b"}]}', b'{"Buckets":3}'])
def test_where_the_quotas_cannot_be_had_a_report_leaves_them_out(
    store: Store, bucket: str, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    monkeypatch.setattr(AdminApi, "_fetch", lambda *_: answer)
    assert all(told.quota is None for told in store.usage_report().buckets)


def test_an_older_releases_name_of_a_quota_is_known(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    quotas = {"new": {"quota": 7, "size": 8}, "old": {"quota": 7}, "none": {"quota": 0, "size": 0}}
    account = {"Buckets": [{"name": name, "details": {"quota": quota}} for name, quota in quotas.items()]}
    monkeypatch.setattr(AdminApi, "_fetch", lambda *_: json.dumps(account).encode())
    admin = AdminApi(store._chain.bucket_usage.__wrapped__.__self__._connection)  # type: ignore[attr-defined]
    assert admin.quotas() == {"new": Quota(max_size_bytes=8), "old": Quota(max_size_bytes=7)}
