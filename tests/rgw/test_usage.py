"""Usage from three sources, and the report of facts that only RGW knows."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from bucketry import Store
from bucketry_rgw.admin import AdminApi, BucketStats
from bucketry_rgw.usage import UsageCounter
from bucketry_s3client import S3Client

from tests.http.conftest import client_of
from tests.rgw.backend import store_on
from tests.servers.handles import RgwServer
from tests.servers.looking import raw_client

BUCKETS = 500


@pytest.fixture
def lone_server(rgw_server: RgwServer) -> RgwServer:
    """The run's RGW, as a user of the test's own: nobody else's uploads are in progress there."""
    uid, access_key, secret_key = (f"lone{secrets.token_hex(8)}" for _ in range(3))
    keys = (f"--access-key={access_key}", f"--secret-key={secret_key}")
    rgw_server.run(
        "radosgw-admin", "user", "create", f"--uid={uid}", "--display-name=lone", *keys, "--caps=buckets=read"
    )
    return msgspec.structs.replace(rgw_server, uid=uid, access_key=access_key, secret_key=secret_key)


@pytest.fixture
def many_buckets(lone_server: RgwServer) -> Iterator[list[str]]:
    prefix = f"bucketry-many-{secrets.token_hex(4)}"
    names = [f"{prefix}-{number:03}" for number in range(BUCKETS)]
    client = raw_client(lone_server)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda name: client.create_bucket(Bucket=name), names))
        client.put_object(Bucket=names[7], Key="key", Body=b"12345")
        yield names
        client.delete_object(Bucket=names[7], Key="key")
        list(threads.map(lambda name: client.delete_bucket(Bucket=name), names))
    client.close()


def test_500_buckets_cost_two_requests(
    lone_server: RgwServer, many_buckets: list[str], requests_made: list[str]
) -> None:
    requests_made.clear()
    with store_on(lone_server) as store, client_of(store) as client:
        shown = {bucket["name"]: bucket for bucket in client.get("buckets").json()}
    assert [shown[name]["object_count"] for name in many_buckets] == [int(n == 7) for n in range(BUCKETS)]
    assert shown[many_buckets[7]]["size_bytes"] == 5
    assert requests_made == ["GET /", f"GET /admin/bucket?uid={lone_server.uid}&stats=true"]


def test_a_bucket_that_goes_while_usage_is_read_is_left_out(
    lone_server: RgwServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store_on(lone_server) as store:
        names = [f"bucketry-goes-{secrets.token_hex(8)}" for _ in range(2)]
        for name in names:
            store.create_bucket(name)
            store.put_object(name, "key", b"12345")
        gone, stays = names
        upload = store.create_multipart_upload(gone, "parts")
        asked = AdminApi.buckets_of

        def buckets_of(admin: AdminApi, uid: str) -> list[BucketStats]:
            found = list(asked(admin, uid))
            if gone in {bucket.name for bucket in store.list_buckets()}:
                store.abort_multipart_upload(gone, "parts", upload.upload_id)
                store.delete_object(gone, "key")
                store.delete_bucket(gone)
            return found

        monkeypatch.setattr(AdminApi, "buckets_of", buckets_of)
        assert list(store.bucket_usages(names)) == [stays]
        assert [told.name for told in store.usage_report().buckets] == [stays]
        store.delete_object(stays, "key")
        store.delete_bucket(stays)


def test_one_bucket_costs_one_request(store: Store, bucket: str, requests_made: list[str]) -> None:
    store.put_object(bucket, "key", b"12345")
    requests_made.clear()
    usage = store.bucket_usage(bucket)
    assert (usage.object_count, usage.size_bytes, usage.source) == (1, 5, "rgw-admin")
    assert requests_made == [f"GET /admin/bucket?bucket={bucket}&stats=true"]


def test_without_the_capability_buckets_are_asked_one_by_one(
    plain_store: Store, plain_bucket: str, requests_made: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    plain_store.put_object(plain_bucket, "key", b"12345")
    requests_made.clear()
    with caplog.at_level(logging.WARNING, "bucketry.rgw"):
        usages = [plain_store.bucket_usage(plain_bucket) for _ in range(3)]
    assert {(usage.object_count, usage.size_bytes, usage.source) for usage in usages} == {(1, 5, "rgw-head")}
    said = [record.getMessage() for record in caplog.records if record.name == "bucketry.rgw"]
    assert len(said) == 1
    assert "buckets=read" in said[0]
    assert [request for request in requests_made if "/admin/" in request] == [
        f"GET /admin/bucket?bucket={plain_bucket}&stats=true"
    ]
    assert f"HEAD /{plain_bucket}?read-stats=true" in requests_made


def test_where_the_gateway_says_nothing_buckets_are_listed(
    rgw_server: RgwServer, plain_bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = S3Client.request

    def silent(self: S3Client, method: str, *args: str, **kwargs: object) -> object:
        headers, body = send(self, method, *args, **kwargs)  # type: ignore[arg-type]
        return {name: value for name, value in headers.items() if not name.lower().startswith("x-rgw-")}, body

    with store_on(rgw_server, plain=True) as store:
        store.put_object(plain_bucket, "a", b"12345")
        store.put_object(plain_bucket, "b", b"1")
        monkeypatch.setattr(S3Client, "request", silent)
        usage = store.bucket_usage(plain_bucket)
    assert (usage.object_count, usage.size_bytes, usage.source) == (2, 6, "listing")


@pytest.mark.parametrize("plain", [False, True], ids=["rgw-admin", "rgw-head"])
def test_parts_in_flight_are_taken_off_what_rgw_counts(rgw_server: RgwServer, plain: bool) -> None:
    with store_on(rgw_server, plain=plain) as store:
        name = f"bucketry-parts-{secrets.token_hex(4)}"
        store.create_bucket(name)
        store.put_object(name, "key", b"12345")
        for key in ("a", "b"):
            upload = store.create_multipart_upload(name, key)
            store.upload_part(name, key, upload.upload_id, 1, b"x" * 1000)
        usage = store.bucket_usage(name)
        assert (usage.object_count, usage.size_bytes) == (1, 5)
        assert usage.source == ("rgw-head" if plain else "rgw-admin")
        store.delete_object(name, "key")
        store.delete_bucket(name)


def test_another_users_bucket_is_counted_where_the_capability_shows_it(
    store: Store, plain_store: Store, plain_bucket: str
) -> None:
    plain_store.put_object(plain_bucket, "key", b"12345")
    usages = store.bucket_usages([plain_bucket, "bucketry-rgw-missing"])
    assert {name: usage.size_bytes for name, usage in usages.items()} == {plain_bucket: 5}


def test_reserved_names_have_no_usage(store: Store) -> None:
    assert store.bucket_usages(["admin", "swift", "auth"]) == {}


def test_a_report_has_what_only_rgw_knows(rgw_server: RgwServer, store: Store, bucket: str) -> None:
    store.put_object(bucket, "key", b"x" * 5000)
    rgw_server.run("radosgw-admin", "quota", "set", "--quota-scope=bucket", f"--bucket={bucket}", "--max-objects=77")
    rgw_server.run("radosgw-admin", "quota", "enable", "--quota-scope=bucket", f"--bucket={bucket}")
    report = store.usage_report()
    (told,) = [told for told in report.buckets if told.name == bucket]
    assert (told.object_count, told.size_bytes, told.owner) == (1, 5000, rgw_server.uid)
    assert told.size_on_disk_bytes == 8192
    assert told.shards == 11
    assert told.placement == "default-placement"
    assert told.quota is not None
    assert (told.quota.max_objects, told.quota.max_size_bytes) == (77, None)
    (user,) = report.users
    assert (user.user, user.max_buckets, user.quota) == (rgw_server.uid, 1000, None)
    assert user.operations is not None
    assert all(operation.category for operation in user.operations)
    assert report.source == "rgw-admin"


def test_a_bucket_that_is_deleted_while_a_report_is_made_fails_nobody(
    lone_server: RgwServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = raw_client(lone_server)
    going, staying = sorted(f"bucketry-report-{secrets.token_hex(4)}" for _ in range(2))
    for name in (going, staying):
        client.create_bucket(Bucket=name)
    asked: list[str] = []
    head = UsageCounter.head

    def head_of_what_may_be_gone(counter: UsageCounter, name: str) -> Mapping[str, str]:
        asked.append(name)
        if name == going:
            client.delete_bucket(Bucket=name)
        return head(counter, name)

    monkeypatch.setattr(UsageCounter, "head", head_of_what_may_be_gone)
    with store_on(lone_server) as store:
        report = store.usage_report()
    client.delete_bucket(Bucket=staying)

    assert asked == [going, staying]
    assert [user.user for user in report.users] == [lone_server.uid]


def test_a_report_holds_no_key_of_anybody(rgw_server: RgwServer, store: Store, requests_made: list[str]) -> None:
    shown = msgspec.json.encode(store.usage_report()).decode()
    keys = (rgw_server.access_key, rgw_server.secret_key, rgw_server.plain_secret_key, rgw_server.swift_secret)
    assert not [key for key in keys if key in shown]
    assert not [
        request for request in requests_made if request.startswith("GET /admin/user") and "quota" not in request
    ]


def test_without_capabilities_a_report_leaves_out_what_it_may_not_see(plain_store: Store, plain_bucket: str) -> None:
    plain_store.put_object(plain_bucket, "key", b"12345")
    report = plain_store.usage_report()
    (told,) = [told for told in report.buckets if told.name == plain_bucket]
    assert (told.object_count, told.size_bytes, told.size_on_disk_bytes, told.shards) == (1, 5, None, None)
    (user,) = report.users
    assert (user.user, user.operations, user.size_on_disk_bytes) == ("plain", None, None)
    assert user.max_buckets == 1000
    assert report.source == "rgw-head"
