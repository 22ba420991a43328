"""Multipart uploads, where this driver differs from others."""

from __future__ import annotations

import hashlib
from itertools import islice

import pytest
from bucketry import (
    CompleteOptions,
    PageOptions,
    PreconditionFailed,
    PutOptions,
    UploadListOptions,
)

from tests.memory.opened import BUCKET, MIB, make_store


def md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


def test_the_etag_is_the_one_that_s3_clients_compute() -> None:
    store, _ = make_store()
    contents = [bytes([number]) * (5 * MIB) for number in (1, 2)] + [b"end"]
    upload = store.create_multipart_upload(BUCKET, "key")
    parts = [
        store.upload_part(BUCKET, "key", upload.upload_id, number, content)
        for number, content in enumerate(contents, start=1)
    ]

    info = store.complete_multipart_upload(BUCKET, "key", upload.upload_id, parts)

    assert [part.etag for part in parts] == [md5(content).hex() for content in contents]
    assert info.etag == f"{md5(b''.join(map(md5, contents))).hex()}-3"
    assert store.put_object(BUCKET, "key", b"single").etag == md5(b"single").hex()


def test_completing_copies_nothing() -> None:
    store, driver = make_store()
    contents = [bytes([number]) * (5 * MIB) for number in (1, 2)]
    upload = store.create_multipart_upload(BUCKET, "key")
    parts = [
        store.upload_part(BUCKET, "key", upload.upload_id, number, content)
        for number, content in enumerate(contents, start=1)
    ]

    store.complete_multipart_upload(BUCKET, "key", upload.upload_id, parts)

    stored = driver._buckets[BUCKET].objects["key"].content
    assert not isinstance(stored, bytes)
    assert all(piece is content for piece, content in zip(stored, contents, strict=True))


def test_upload_ids_are_long_and_never_the_same() -> None:
    store, _ = make_store()

    ids = {store.create_multipart_upload(BUCKET, "key").upload_id for _ in range(2000)}

    assert len(ids) == 2000
    # 48 characters of 4 bits. None is a dash, with which command lines take an argument for an option.
    assert min(map(len, ids)) == 48
    assert "-" not in "".join(ids)


def test_a_complete_that_fails_leaves_the_upload_as_it_was() -> None:
    store, _ = make_store()
    store.put_object(BUCKET, "key", b"before")
    upload = store.create_multipart_upload(BUCKET, "key")
    part = store.upload_part(BUCKET, "key", upload.upload_id, 1, b"after")

    with pytest.raises(PreconditionFailed):
        store.complete_multipart_upload(BUCKET, "key", upload.upload_id, [part], CompleteOptions(if_none_match="*"))

    assert list(store.iter_parts(BUCKET, "key", upload.upload_id)) == [part]
    store.complete_multipart_upload(BUCKET, "key", upload.upload_id, [part])
    assert store.get_object(BUCKET, "key").read() == b"after"


@pytest.mark.parametrize("limit", [1, 2, 3, 1000])
def test_uploads_are_listed_by_key_and_then_in_the_order_in_which_they_began(limit: int) -> None:
    store, _ = make_store()
    begun = [
        (key, store.create_multipart_upload(BUCKET, key).upload_id) for key in ("b/1", "a", "b/1", "b/2", "c", "b/1")
    ]

    def listed(prefix: str) -> list[tuple[str, str]]:
        options = UploadListOptions(prefix=prefix, limit=limit)
        # Bounded, so that pages that go in circles fail and do not hang.
        found = islice(store.iter_multipart_uploads(BUCKET, options), 100)
        return [(upload.key, upload.upload_id) for upload in found]

    in_order = sorted(begun, key=lambda upload: upload[0])
    assert listed("") == in_order
    assert listed("b/") == [upload for upload in in_order if upload[0].startswith("b/")]
    assert listed("z") == []


@pytest.mark.parametrize("limit", [1, 2, 4, 1000])
def test_parts_are_listed_by_number_while_others_come(limit: int) -> None:
    store, _ = make_store()
    upload = store.create_multipart_upload(BUCKET, "key")
    for number in (10_000, 7, 1, 300):
        store.upload_part(BUCKET, "key", upload.upload_id, number, b"%d" % number)

    numbers = []
    for part in store.iter_parts(BUCKET, "key", upload.upload_id, PageOptions(limit=limit)):
        numbers.append(part.part_number)
        store.upload_part(BUCKET, "key", upload.upload_id, 1, b"again")

    assert numbers == [1, 7, 300, 10_000]


def test_objects_share_headers_that_are_the_same() -> None:
    store, driver = make_store()
    for key in ("a", "b"):
        store.put_object(BUCKET, key, b"", PutOptions(content_type="text/css", cache_control="no-store"))
    store.put_object(BUCKET, "c", b"", PutOptions(content_type="text/css", metadata={"owner": "me"}))

    objects = driver._buckets[BUCKET].objects
    assert objects["a"].headers is objects["b"].headers
    assert store.head_object(BUCKET, "a").cache_control == "no-store"
    assert store.head_object(BUCKET, "c").metadata == {"owner": "me"}
    assert store.head_object(BUCKET, "b").metadata == {}
