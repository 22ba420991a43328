"""minio-py as it comes."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import httpx
import pytest
from bucketry import Store
from minio import Minio
from minio.commonconfig import ComposeSource, CopySource, Tags
from minio.deleteobjects import DeleteObject
from minio.error import S3Error

from tests.http.s3.serving import ACCESS_KEY, SECRET_KEY, location

MIB = 1024**2


@pytest.fixture(scope="session")
def minio_session_client(s3_url: str) -> Minio:
    return Minio(endpoint=location(s3_url), access_key=ACCESS_KEY, secret_key=SECRET_KEY, secure=False)


@pytest.fixture
def minio(minio_session_client: Minio, store: Store) -> Minio:
    return minio_session_client


def put(minio: Minio, key: str, body: bytes, **more: Any) -> Any:
    return minio.put_object(bucket_name="things", object_name=key, data=io.BytesIO(body), length=len(body), **more)


def get(minio: Minio, key: str, **more: Any) -> bytes:
    response = minio.get_object(bucket_name="things", object_name=key, **more)
    try:
        return response.read()
    finally:
        response.close()
        response.release_conn()


@pytest.mark.parametrize("key", ["a", "a b+c%", "ä/😀", "a//b", "a/"])
@pytest.mark.parametrize("size", [0, 10, 100_000])
def test_objects(minio: Minio, key: str, size: int) -> None:
    body = bytes(size)
    etag = put(minio, key, body, content_type="text/plain", metadata={"x-amz-meta-a": "b"}).etag
    stat = minio.stat_object(bucket_name="things", object_name=key)
    assert (stat.etag, stat.size, stat.content_type) == (etag, size, "text/plain")
    assert stat.metadata is not None
    assert stat.metadata["x-amz-meta-a"] == "b"
    assert get(minio, key) == body
    if size:
        assert get(minio, key, offset=3, length=4) == body[3:7]
    minio.remove_object(bucket_name="things", object_name=key)
    with pytest.raises(S3Error, match="NoSuchKey"):
        minio.stat_object(bucket_name="things", object_name=key)


def test_large_objects_in_parts(minio: Minio) -> None:
    body = b"a" * 5 * MIB + b"b" * 5 * MIB + b"c"
    result = minio.put_object(
        bucket_name="things", object_name="big", data=io.BytesIO(body), length=-1, part_size=5 * MIB
    )
    assert result.etag is not None
    assert result.etag.endswith("-3")
    assert get(minio, "big") == body


def test_copies(minio: Minio) -> None:
    put(minio, "a b", b"a" * 5 * MIB)
    source = CopySource(bucket_name="things", object_name="a b")
    minio.copy_object(bucket_name="things", object_name="copy", source=source)
    parts = [ComposeSource(bucket_name="things", object_name=name) for name in ("a b", "copy")]
    minio.compose_object(bucket_name="things", object_name="both", sources=parts)
    assert get(minio, "both") == b"a" * 10 * MIB


# minio-py 7.2.20 itself does what Python warns of from 3.12 on.
@pytest.mark.filterwarnings("ignore:Testing an element:DeprecationWarning:minio.datatypes")
def test_listings(minio: Minio, store: Store) -> None:
    for key in ("a", "b/1", "b/2", "c d"):
        put(minio, key, b"x")
    names = [entry.object_name for entry in minio.list_objects(bucket_name="things")]
    assert names == ["a", "c d", "b/"]
    every = list(minio.list_objects(bucket_name="things", recursive=True, include_user_meta=True))
    assert [entry.object_name for entry in every] == ["a", "b/1", "b/2", "c d"]
    after = minio.list_objects(bucket_name="things", recursive=True, start_after="b/1", use_api_v1=True)
    assert [entry.object_name for entry in after] == ["b/2", "c d"]
    gone = [DeleteObject(name=key) for key in ("a", "c d", "none")]
    assert list(minio.remove_objects(bucket_name="things", delete_object_list=gone)) == []
    assert [info.key for info in store.iter_objects("things")] == ["b/1", "b/2"]


def test_buckets_and_tags(minio: Minio) -> None:
    minio.make_bucket(bucket_name="a-new-one")
    assert minio.bucket_exists(bucket_name="a-new-one")
    assert "a-new-one" in {bucket.name for bucket in minio.list_buckets()}
    minio.remove_bucket(bucket_name="a-new-one")
    assert not minio.bucket_exists(bucket_name="a-new-one")
    put(minio, "a", b"x")
    tags = Tags.new_object_tags()
    tags["k"] = "v w"
    minio.set_object_tags(bucket_name="things", object_name="a", tags=tags)
    assert minio.get_object_tags(bucket_name="things", object_name="a") == {"k": "v w"}
    minio.delete_object_tags(bucket_name="things", object_name="a")
    assert minio.get_object_tags(bucket_name="things", object_name="a") is None


def test_presigned_urls(minio: Minio) -> None:
    url = minio.presigned_put_object(bucket_name="things", object_name="a b", expires=timedelta(minutes=1))
    assert httpx.put(url, content=b"x").status_code == 200
    url = minio.presigned_get_object(bucket_name="things", object_name="a b", expires=timedelta(minutes=1))
    assert httpx.get(url).content == b"x"


def test_the_version_of_each_object(minio: Minio, store: Store) -> None:
    for key in ("a b", "c/d", "e"):
        put(minio, key, b"1")
    listed = list(minio.list_objects(bucket_name="things", include_version=True, recursive=True))
    assert [(each.object_name, each.version_id, each.is_latest) for each in listed] == [
        ("a b", "null", "true"), ("c/d", "null", "true"), ("e", "null", "true"),
    ]  # fmt: skip
    rolled = minio.list_objects(bucket_name="things", include_version=True)
    assert [each.object_name for each in rolled] == ["a b", "e", "c/"]
    assert get(minio, "a b", version_id="null") == b"1"
    assert minio.stat_object(bucket_name="things", object_name="a b", version_id="null").version_id is None
    source = CopySource(bucket_name="things", object_name="a b", version_id="null")
    minio.copy_object(bucket_name="guests", object_name="copy", source=source)
    gone = [DeleteObject("c/d", "null"), DeleteObject("e", "null")]
    assert list(minio.remove_objects(bucket_name="things", delete_object_list=gone)) == []
    minio.remove_object(bucket_name="things", object_name="a b", version_id="null")
    assert list(store.iter_objects("things")) == []
