"""Each operation of the client on the live API, sync and async."""

from __future__ import annotations

import io
import os
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

import bucketry
import httpx
import pytest
from bucketry import (
    ByteRange,
    ContentRange,
    CreateBucketOptions,
    ObjectLockSettings,
    Retention,
    VersioningSettings,
    open_store,
)
from bucketry_client import Client, FormFile, ResponseError
from bucketry_testing import RestServer, rest_server

KEYS = ["a//b", "/a", "a/", "..", "a/../b", ".", "%2F", "+ &?#", "ключ/🎈", "a\nb", "presign", "delete"]


def test_the_service_tells_how_it_is(client: Client, bucket: str) -> None:
    assert (client.get_live().status, client.get_ready().status) == ("live", "ready")
    status = client.get_status()
    assert (status.available, status.region, status.stores) == (True, "us-east-1", ())
    assert client.whoami().kind == "anonymous"
    assert bucket in {report.name for report in client.get_usage_report().buckets}


def test_buckets_come_and_go(client: Client) -> None:
    created = client.create_bucket("client-comes-and-goes")
    assert created.object_count == 0
    with pytest.raises(bucketry.BucketAlreadyExists) as raised:
        client.create_bucket("client-comes-and-goes")
    assert raised.value.bucket == "client-comes-and-goes"
    assert created in client.list_buckets()
    detail = client.get_bucket("client-comes-and-goes")
    assert (detail.name, detail.created_at, detail.usage.source) == (created.name, created.created_at, "index")
    client.delete_bucket("client-comes-and-goes")
    with pytest.raises(bucketry.NoSuchBucket):
        client.get_bucket("client-comes-and-goes")


def test_settings_are_put_read_and_deleted(client: Client, bucket: str) -> None:
    assert client.get_bucket_settings(bucket, VersioningSettings) == VersioningSettings()
    enabled = VersioningSettings(status="Enabled")
    assert client.put_bucket_settings(bucket, enabled) == enabled
    assert client.get_bucket_settings(bucket, VersioningSettings) == enabled
    cors = bucketry.CorsSettings(rules=(bucketry.CorsRule(allowed_origins=("*",), allowed_methods=("GET",)),))
    client.put_bucket_settings(bucket, cors)
    client.delete_bucket_settings(bucket, bucketry.CorsSettings)
    assert client.get_bucket_settings(bucket, bucketry.CorsSettings) == bucketry.CorsSettings()
    with pytest.raises(bucketry.InvalidArgument):
        client.delete_bucket_settings(bucket, str)  # type: ignore[arg-type]


@pytest.mark.parametrize("key", KEYS)
def test_keys_are_byte_exact(client: Client, rest: RestServer, bucket: str, key: str) -> None:
    client.put_object(bucket, key, key.encode())
    assert [info.key for info in rest.store.list_objects(bucket).objects] == [key]
    assert client.get_object(bucket, key).read() == key.encode()
    assert client.head_object(bucket, key).size_bytes == len(key.encode())
    assert [listed.key for listed in client.iter_objects(bucket)] == [key]
    client.delete_object(bucket, key)
    assert not client.list_objects(bucket).objects


def test_an_object_keeps_what_its_writer_says(client: Client, bucket: str) -> None:
    kept = {
        "content_type": "text/plain",
        "cache_control": "no-cache",
        "content_disposition": "inline",
        "content_encoding": "gzip",
        "content_language": "de",
        "expires": "Sun, 06 Nov 1994 08:49:37 GMT",
    }
    put = client.put_object(bucket, "key", b"not gzip", **kept, metadata={"a": "", "b": "1  2"}, tags={"x y": "ü@"})  # type: ignore[arg-type]
    with client.get_object(bucket, "key") as opened:
        assert opened.read() == b"not gzip"
    for info in (client.head_object(bucket, "key"), opened.info):
        assert {name: getattr(info, name) for name in kept} == kept
        assert (info.metadata, info.tag_count, info.etag) == ({"a": "", "b": "1  2"}, 1, put.etag)


def test_the_server_guesses_a_missing_content_type(client: Client, bucket: str) -> None:
    assert client.put_object(bucket, "page.html", b"<p>").content_type == "text/html"


def test_a_range_is_read(client: Client, bucket: str) -> None:
    put = client.put_object(bucket, "key", b"0123456789")
    with client.get_object(bucket, "key", range=ByteRange(2, 4), if_range=put.etag) as opened:
        assert (opened.read(), opened.content_range, opened.length) == (b"234", ContentRange(2, 5, 10), 3)
        assert opened.info.size_bytes == 10
    assert client.get_object(bucket, "key", range=ByteRange(2, 4), if_range="other").read() == b"0123456789"
    with pytest.raises(bucketry.InvalidRange) as raised:
        client.get_object(bucket, "key", range=ByteRange(10))
    assert raised.value.size_bytes == 10


def test_conditions_hold_or_not(client: Client, bucket: str) -> None:
    etag = client.put_object(bucket, "key", b"1", if_none_match="*").etag
    with pytest.raises(bucketry.PreconditionFailed):
        client.put_object(bucket, "key", b"2", if_none_match="*")
    with pytest.raises(bucketry.PreconditionFailed):
        client.put_object(bucket, "key", b"2", if_match="other")
    later = datetime.now(UTC) + timedelta(days=1)
    for read in (client.get_object, client.head_object):
        for condition in ({"if_none_match": etag}, {"if_modified_since": later}):
            with pytest.raises(bucketry.NotModified) as raised:
                read(bucket, "key", **condition)
            assert raised.value.info is not None
            assert raised.value.info.etag == etag
        for condition in ({"if_match": "other"}, {"if_unmodified_since": later - timedelta(days=9)}):
            with pytest.raises(bucketry.PreconditionFailed):
                read(bucket, "key", **condition)
    with pytest.raises(bucketry.PreconditionFailed):
        client.delete_object(bucket, "key", if_match="other")
    client.delete_object(bucket, "key", if_match=etag)


def test_a_wrong_digest_stores_nothing(client: Client, bucket: str) -> None:
    with pytest.raises(bucketry.BadDigest):
        client.put_object(bucket, "key", b"1", content_md5=bytes(16))
    assert not client.list_objects(bucket).objects


def test_a_form_uploads_several_files(client: Client, bucket: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    content = os.urandom(600_000)
    file.write_bytes(content)
    with file.open("rb") as opened:
        stored = client.upload_objects(
            bucket,
            [
                FormFile(name="a.txt", content=b"a"),
                FormFile(name="ünï/b", content=opened, content_type="x/y"),
                FormFile(name="empty", content=b""),
                FormFile(name="pieces", content=iter([b"1", b"", b"2"])),
            ],
            prefix="in/",
        )
    assert [view.key for view in stored] == ["in/a.txt", "in/ünï/b", "in/empty", "in/pieces"]
    assert [view.content_type for view in stored[:2]] == ["text/plain", "x/y"]
    assert client.get_object(bucket, "in/ünï/b").read() == content
    assert client.get_object(bucket, "in/pieces").read() == b"12"
    (named,) = client.upload_objects(bucket, [FormFile(name="x", content=b"1")], key='a"key')
    assert named.key == 'a"key'


def test_a_form_that_fails_says_what_it_stored(client: Client, bucket: str) -> None:
    files = [FormFile(name="a", content=b"a"), FormFile(name="x" * 1025, content=b"b")]
    with pytest.raises(bucketry.InvalidKey) as raised:
        client.upload_objects(bucket, files)
    cause = raised.value.__cause__
    assert isinstance(cause, ResponseError)
    assert cause.problem is not None
    assert cause.problem.stored == ("a",)


@pytest.mark.parametrize("name", ['a"b', "a\nb", "a\\b"])
def test_a_name_that_a_form_would_change_is_refused(client: Client, bucket: str, name: str) -> None:
    with pytest.raises(bucketry.InvalidArgument):
        client.upload_objects(bucket, [FormFile(name=name, content=b"")])


def test_listings_come_in_pages_and_whole(client: Client, rest: RestServer, bucket: str) -> None:
    keys = sorted(f"{letter}{number:03}" for letter in "ab" for number in range(7))
    etags = {key: rest.store.put_object(bucket, key, key.encode()).etag for key in keys}
    page = client.list_objects(bucket, prefix="a", limit=3)
    assert [listed.key for listed in page.objects] == keys[:3]
    assert page.objects[0].etag is None
    page = client.list_objects(bucket, prefix="a", limit=3, cursor=page.cursor, etags=True)
    assert {listed.key: listed.etag for listed in page.objects} == {key: etags[key] for key in keys[3:6]}
    page = client.list_objects(bucket, prefix="a", limit=3, cursor=page.cursor)
    assert ([listed.key for listed in page.objects], page.cursor) == ([keys[6]], None)
    assert [listed.key for listed in client.iter_objects(bucket)] == keys


def test_listings_begin_after_a_key(client: Client, rest: RestServer, bucket: str) -> None:
    for key in ("a", "b/1", "b/2", "b/3", "ключ"):
        rest.store.put_object(bucket, key, b"")
    assert [each.key for each in client.iter_objects(bucket, start_after="b/1x")] == ["b/2", "b/3", "ключ"]
    page = client.list_objects(bucket, prefix="b/", start_after="b/1", limit=1)
    assert [each.key for each in page.objects] == ["b/2"]
    page = client.list_objects(bucket, prefix="b/", start_after="b/1", limit=1, cursor=page.cursor)
    assert ([each.key for each in page.objects], page.cursor) == (["b/3"], None)
    assert [each.key for each in client.iter_versions(bucket, start_after="b/3")] == ["ключ"]
    client.put_bucket_settings(bucket, VersioningSettings(status="Enabled"))
    newer = client.put_object(bucket, "a", b"2").version_id
    found = client.iter_versions(bucket, prefix="a", start_after="a", start_after_version=newer or "")
    assert [each.version_id for each in found] == ["null"]
    assert not client.list_versions(bucket, prefix="a", start_after="a").versions


def test_a_listing_longer_than_a_page_is_complete(client: Client, rest: RestServer, bucket: str) -> None:
    keys = [f"{number:05}" for number in range(1001)]
    for key in keys:
        rest.store.put_object(bucket, key, b"")
    assert [listed.key for listed in client.iter_objects(bucket)] == keys
    assert [version.key for version in client.iter_versions(bucket)] == keys


def test_many_objects_are_deleted_at_once(client: Client, bucket: str) -> None:
    for key in "abc":
        client.put_object(bucket, key, b"")
    result = client.delete_objects(bucket, ["a", "b", "missing"])
    assert (sorted(result.deleted), result.failed) == (["a", "b", "missing"], ())
    assert [listed.key for listed in client.iter_objects(bucket)] == ["c"]


def test_versions_are_listed_read_and_deleted(client: Client, bucket: str) -> None:
    client.put_bucket_settings(bucket, VersioningSettings(status="Enabled"))
    first, second = client.put_object(bucket, "key", b"1"), client.put_object(bucket, "key", b"22")
    marker = client.delete_object(bucket, "key")
    assert marker.delete_marker
    found = [(each.version_id, each.is_delete_marker, each.size_bytes) for each in client.iter_versions(bucket)]
    assert found == [(marker.version_id, True, None), (second.version_id, False, 2), (first.version_id, False, 1)]
    page = client.list_versions(bucket, limit=1)
    assert len(page.versions) == 1
    assert len(client.list_versions(bucket, limit=2, cursor=page.cursor).versions) == 2
    with client.get_object(bucket, "key", version_id=first.version_id) as opened:
        assert (opened.read(), opened.info.version_id) == (b"1", first.version_id)
    assert client.head_object(bucket, "key", version_id=second.version_id).size_bytes == 2
    assert client.delete_object(bucket, "key", version_id=marker.version_id).delete_marker
    assert client.get_object(bucket, "key").read() == b"22"
    for read in (client.get_object, client.head_object):
        with pytest.raises(bucketry.NoSuchVersion):
            read(bucket, "key", version_id=marker.version_id)


def test_a_look_says_what_is_missing(client: Client, bucket: str) -> None:
    with pytest.raises(bucketry.NoSuchKey) as missing:
        client.head_object(bucket, "key")
    assert (missing.value.bucket, missing.value.key) == (bucket, "key")
    with pytest.raises(bucketry.NoSuchBucket):
        client.head_object("no-such-bucket", "key")


def test_locks_are_set_and_read(client: Client, bucket: str) -> None:
    client.put_bucket_settings(bucket, VersioningSettings(status="Enabled"))
    client.put_bucket_settings(bucket, ObjectLockSettings(enabled=True))
    version = client.put_object(bucket, "key", b"1").version_id
    assert client.get_retention(bucket, "key") == Retention()
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    kept = Retention(mode="GOVERNANCE", until=until)
    assert client.put_retention(bucket, "key", kept, version_id=version) == kept
    assert client.get_retention(bucket, "key", version_id=version) == kept
    with pytest.raises(bucketry.ObjectLocked):
        client.delete_object(bucket, "key", version_id=version)
    assert client.put_retention(bucket, "key", Retention(), bypass_governance=True) == Retention()
    assert client.put_legal_hold(bucket, "key", True)
    assert client.get_legal_hold(bucket, "key", version_id=version)
    assert not client.put_legal_hold(bucket, "key", False, version_id=version)
    client.put_retention(bucket, "key", kept)
    client.delete_object(bucket, "key", version_id=version, bypass_governance=True)


def test_a_bucket_says_whether_it_has_object_lock(client: Client, bucket: str) -> None:
    locked = f"locked-{secrets.token_hex(4)}"
    client.create_bucket(locked, object_lock=True)
    assert (client.get_bucket(locked).object_lock, client.get_bucket(bucket).object_lock) == (True, False)
    client.delete_bucket(locked)
    with rest_server() as server, open_store(server.url) as store:
        assert store.create_bucket("locked", CreateBucketOptions(object_lock=True)).object_lock
        assert not store.create_bucket("plain").object_lock
        assert (store.head_bucket("locked").object_lock, store.head_bucket("plain").object_lock) == (True, False)


def test_an_object_is_stored_with_its_lock(client: Client) -> None:
    bucket = f"locked-{secrets.token_hex(4)}"
    client.create_bucket(bucket, object_lock=True)
    kept = Retention(mode="GOVERNANCE", until=datetime.now(UTC).replace(microsecond=5000) + timedelta(days=1))
    put = client.put_object(bucket, "key", b"1", retention=kept, legal_hold=True)
    with client.get_object(bucket, "key") as opened:
        opened.read()
    for info in (put, client.head_object(bucket, "key"), opened.info):
        assert (info.retention, info.legal_hold) == (kept, True)
    with pytest.raises(bucketry.InvalidArgument, match="a mode and a time"):
        client.put_object(bucket, "key", b"1", retention=Retention(mode="GOVERNANCE"))
    client.put_legal_hold(bucket, "key", False)
    with pytest.raises(bucketry.ObjectLocked):
        client.delete_object(bucket, "key", version_id=put.version_id)
    client.delete_object(bucket, "key", version_id=put.version_id, bypass_governance=True)
    client.delete_bucket(bucket)


def test_tags_are_put_read_and_deleted(client: Client, bucket: str) -> None:
    client.put_bucket_settings(bucket, VersioningSettings(status="Enabled"))
    first = client.put_object(bucket, "a//b", b"1", tags={"x y": "ü@"}).version_id
    second = client.put_object(bucket, "a//b", b"2").version_id
    assert (client.get_tags(bucket, "a//b"), client.get_tags(bucket, "a//b", version_id=first)) == ({}, {"x y": "ü@"})
    assert client.put_tags(bucket, "a//b", {"new": "", "ключ": "1"}) == {"new": "", "ключ": "1"}
    assert client.get_tags(bucket, "a//b", version_id=second) == {"new": "", "ключ": "1"}
    assert client.head_object(bucket, "a//b").tag_count == 2
    client.delete_tags(bucket, "a//b", version_id=first)
    assert client.get_tags(bucket, "a//b", version_id=first) == {}
    client.delete_tags(bucket, "a//b")
    assert client.get_tags(bucket, "a//b") == {}
    with pytest.raises(bucketry.NoSuchKey):
        client.put_tags(bucket, "gone", {"a": "b"})
    with pytest.raises(bucketry.InvalidArgument, match="at most 10"):
        client.put_tags(bucket, "a//b", {str(number): "" for number in range(11)})


def test_a_form_gives_each_file_its_tags(client: Client, bucket: str) -> None:
    longest = {f"{number}{'é' * 127}": "é" * 256 for number in range(10)}
    files = [FormFile(name=name, content=b"") for name in "ab"]
    client.upload_objects(bucket, files, prefix="in/", tags=longest)
    assert client.get_tags(bucket, "in/a") == client.get_tags(bucket, "in/b") == longest
    client.upload_objects(bucket, files[:1], tags={"x y": "a=b", "+": "/"})
    assert client.get_tags(bucket, "a") == {"x y": "a=b", "+": "/"}


def test_a_presigned_url_works(client: Client, bucket: str) -> None:
    put = client.presign(bucket, "key", method="PUT", expires_in=60)
    assert "Signature" not in repr(put)
    httpx.put(put.url, content=b"1").raise_for_status()
    got = client.presign(bucket, "key", version_id=None)
    assert httpx.get(got.url).content == b"1"


def test_a_file_is_sent_from_where_it_stands(client: Client, bucket: str) -> None:
    file = io.BytesIO(b"0123456789")
    file.seek(4)
    assert client.put_object(bucket, "key", file).size_bytes == 6
    assert client.get_object(bucket, "key").read() == b"456789"
