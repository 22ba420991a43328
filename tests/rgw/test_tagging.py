"""RGW's own behaviour with tags and copied parts."""

from __future__ import annotations

import pytest
from bucketry import (
    Body,
    ByteRange,
    CopyOptions,
    InvalidRange,
    NoSuchKey,
    ObjectHeaders,
    PartCopyOptions,
    PutOptions,
    Store,
)

from tests.rgw.backend import PART_BYTES
from tests.servers.handles import RgwServer
from tests.servers.looking import raw_client

TAGS = {"colour": "blue", "größe": "日本"}
MISTAKEN = [("%41", "A"), ("a?versionId=b", "a"), ("100%25", "100%")]


@pytest.mark.parametrize(("source", "other"), MISTAKEN, ids=[source for source, _ in MISTAKEN])
def test_a_part_is_never_copied_from_a_key_that_rgw_mistakes_the_source_for(
    store: Store, bucket: str, source: str, other: str
) -> None:
    upload = store.create_multipart_upload(bucket, "key").upload_id
    store.put_object(bucket, other, b"another's")
    with pytest.raises(NoSuchKey):
        store.upload_part_copy(bucket, "key", upload, 1, bucket, source)
    store.put_object(bucket, source, b"its own")
    with pytest.raises(InvalidRange):
        store.upload_part_copy(bucket, "key", upload, 1, bucket, source, PartCopyOptions(range=ByteRange(4, 7)))
    part = store.upload_part_copy(bucket, "key", upload, 1, bucket, source, PartCopyOptions(range=ByteRange(4, 6)))
    store.complete_multipart_upload(bucket, "key", upload, [part])
    assert store.get_object(bucket, "key").read() == b"own"


def test_a_large_object_with_tags_goes_in_one_piece(store: Store, bucket: str, requests_made: list[str]) -> None:
    body = Body(iter([bytes(PART_BYTES), b"x"]), PART_BYTES + 1)
    store.put_object(bucket, "key", body, PutOptions(tags=TAGS))
    assert not [request for request in requests_made if "uploads" in request]
    assert store.get_object_tagging(bucket, "key") == TAGS


def test_tags_that_rgw_itself_has_spoiled_are_none(rgw_server: RgwServer, store: Store, bucket: str) -> None:
    client = raw_client(rgw_server)
    upload = client.create_multipart_upload(Bucket=bucket, Key="key", Tagging="colour=blue")["UploadId"]
    part = store.upload_part(bucket, "key", upload, 1, b"part")
    store.complete_multipart_upload(bucket, "key", upload, [part])
    assert store.get_object_tagging(bucket, "key") == {}
    store.put_object_tagging(bucket, "key", TAGS)
    assert store.get_object_tagging(bucket, "key") == TAGS


def test_a_copy_without_new_headers_asks_for_no_tags(store: Store, bucket: str, requests_made: list[str]) -> None:
    store.put_object(bucket, "source", b"content", PutOptions(tags=TAGS))
    store.copy_object(bucket, "source", bucket, "copy")
    assert not [request for request in requests_made if "tagging" in request]
    changed = CopyOptions(headers=ObjectHeaders(content_type="text/css"))
    assert store.copy_object(bucket, "source", bucket, "copy", changed).tag_count == len(TAGS)
    assert len([request for request in requests_made if "tagging" in request]) == 2
