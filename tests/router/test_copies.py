"""Copies between two stores: what the contract says of a copy holds for them too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from bucketry import (
    BadDigest,
    ByteRange,
    CompletedPart,
    CopyOptions,
    CreateBucketOptions,
    Encryption,
    InvalidRange,
    IsDeleteMarker,
    NoSuchKey,
    NoSuchUpload,
    NoSuchVersion,
    ObjectHeaders,
    OpenedObject,
    Owner,
    PartCopyOptions,
    PartOptions,
    PreconditionFailed,
    PutOptions,
    Retention,
    Store,
    TooLarge,
    Unavailable,
    Unsupported,
    UploadOptions,
    VersioningSettings,
)
from bucketry.encryption import CustomerKey
from bucketry.errors import CustomerKeyNeeded
from bucketry.features import MIB
from bucketry.hookspecs import hookimpl
from bucketry_memory import MemoryDriver, MemorySettings
from msgspec.structs import replace

from tests.router.two_stores import Pair, router_over

BOTH_WAYS = pytest.mark.parametrize(("source", "target"), [("bucket-1", "bucket-2"), ("bucket-2", "bucket-1")])
HEADERS = {
    "content_type": "text/plain",
    "cache_control": "max-age=60",
    "content_disposition": "inline",
    "content_encoding": "gzip",
    "content_language": "de",
    "expires": "Sun, 06 Nov 2044 08:49:37 GMT",
    "metadata": {"a": "b  b"},
}
KEY = "a//b +%é"


def read(store: Store, bucket: str, key: str) -> bytes:
    with store.get_object(bucket, key) as opened:
        return opened.read()


@BOTH_WAYS
def test_a_copy_has_content_headers_and_tags_of_its_source(pair: Pair, source: str, target: str) -> None:
    store = pair.store
    content = bytes(range(256)) * 8192
    written = store.put_object(source, KEY, content, PutOptions(**HEADERS, tags={"x": "y"}))  # type: ignore[arg-type]
    copied = store.copy_object(source, KEY, target, "copy")
    assert copied == store.head_object(target, "copy")
    assert {name: getattr(copied, name) for name in HEADERS} == HEADERS
    assert (copied.etag, copied.size_bytes, copied.tag_count) == (written.etag, len(content), 1)
    assert store.get_object_tagging(target, "copy") == {"x": "y"}
    assert read(store, target, "copy") == content
    assert [info.key for info in store.iter_objects(source)] == [KEY], "the source stays"


@BOTH_WAYS
def test_new_headers_and_tags_replace_those_of_the_source(pair: Pair, source: str, target: str) -> None:
    pair.store.put_object(source, "key", b"1", PutOptions(**HEADERS, tags={"x": "y"}))  # type: ignore[arg-type]
    headers = pair.store.copy_object(
        source, "key", target, "a", CopyOptions(headers=ObjectHeaders(metadata={"c": "d"}))
    )
    assert (headers.metadata, headers.cache_control, headers.tag_count) == ({"c": "d"}, None, 1)
    tags = pair.store.copy_object(source, "key", target, "b", CopyOptions(tags={}))
    assert (tags.metadata, tags.tag_count) == (HEADERS["metadata"], 0)


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC64NVME", "SHA256"])
def test_a_copy_keeps_the_checksum_of_its_source(pair: Pair, algorithm: str) -> None:
    written = pair.store.put_object("bucket-1", "key", b"content", PutOptions(checksum_algorithm=algorithm))
    assert pair.store.copy_object("bucket-1", "key", "bucket-2", "key").checksum == written.checksum


def test_a_copy_can_have_a_checksum_of_another_algorithm(pair: Pair) -> None:
    pair.store.put_object("bucket-1", "key", b"content", PutOptions(checksum_algorithm="CRC32"))
    copied = pair.store.copy_object("bucket-1", "key", "bucket-2", "key", CopyOptions(checksum_algorithm="SHA1"))
    assert copied.checksum is not None
    assert copied.checksum.algorithm == "SHA1"


def test_the_copy_of_an_upload_has_a_checksum_of_its_whole_content(pair: Pair) -> None:
    upload = pair.store.create_multipart_upload("bucket-1", "key", UploadOptions(checksum_algorithm="SHA256"))
    parts = [
        pair.store.upload_part(
            "bucket-1", "key", upload.upload_id, number, content, PartOptions(checksum_algorithm="SHA256")
        )
        for number, content in ((1, bytes(5 * MIB)), (2, b"end"))
    ]
    pair.store.complete_multipart_upload("bucket-1", "key", upload.upload_id, parts)
    copied = pair.store.copy_object("bucket-1", "key", "bucket-2", "key")
    single = pair.store.put_object(
        "bucket-2", "single", bytes(5 * MIB) + b"end", PutOptions(checksum_algorithm="SHA256")
    )
    assert (copied.etag, copied.checksum) == (single.etag, single.checksum)


@BOTH_WAYS
def test_the_conditions_of_a_copy_hold(pair: Pair, source: str, target: str) -> None:
    store = pair.store
    written = store.put_object(source, "key", b"new")
    old = store.put_object(target, "copy", b"old")
    refused: dict[str, Any] = {
        "source_if_match": CopyOptions(source_if_match="another"),
        "if_match": CopyOptions(if_match="another"),
        "if_none_match": CopyOptions(if_none_match="*"),
    }
    for condition, options in refused.items():
        with pytest.raises(PreconditionFailed) as caught:
            store.copy_object(source, "key", target, "copy", options)
        assert caught.value.condition == condition
        assert read(store, target, "copy") == b"old"
    with pytest.raises(NoSuchKey):
        store.copy_object(source, "key", target, "missing", CopyOptions(if_match="*"))
    good = CopyOptions(source_if_match=written.etag, if_match=old.etag)
    store.copy_object(source, "key", target, "copy", good)
    assert read(store, target, "copy") == b"new"


def test_a_missing_source_is_named(pair: Pair) -> None:
    with pytest.raises(NoSuchKey) as caught:
        pair.store.copy_object("bucket-1", "missing", "bucket-2", "copy")
    assert (caught.value.bucket, caught.value.key) == ("bucket-1", "missing")


def test_an_older_version_can_be_copied(pair: Pair) -> None:
    store = pair.store
    store.put_bucket_settings("bucket-1", VersioningSettings(status="Enabled"))
    first = store.put_object("bucket-1", "key", b"first", PutOptions(tags={"which": "first"}))
    store.put_object("bucket-1", "key", b"second", PutOptions(tags={"which": "second"}))
    store.copy_object("bucket-1", "key", "bucket-2", "key", CopyOptions(source_version_id=first.version_id))
    assert read(store, "bucket-2", "key") == b"first"
    assert store.get_object_tagging("bucket-2", "key") == {"which": "first"}
    marker = store.delete_object("bucket-1", "key").version_id
    with pytest.raises(IsDeleteMarker):
        store.copy_object("bucket-1", "key", "bucket-2", "key", CopyOptions(source_version_id=marker))
    with pytest.raises(NoSuchVersion):
        store.copy_object("bucket-1", "key", "bucket-2", "key", CopyOptions(source_version_id="0" * 32))


def test_encryption_lock_and_owner_are_those_of_the_copy(pair: Pair) -> None:
    store = pair.store
    store.create_bucket("locked-2", CreateBucketOptions(object_lock=True))
    key, other = CustomerKey(bytes(range(32))), CustomerKey(bytes(32))
    store.put_object("bucket-1", "key", b"secret", PutOptions(customer_key=key))
    with pytest.raises(CustomerKeyNeeded):
        store.copy_object("bucket-1", "key", "bucket-2", "copy")
    store.copy_object("bucket-1", "key", "bucket-2", "copy", CopyOptions(source_customer_key=key, customer_key=other))
    with pytest.raises(CustomerKeyNeeded):
        store.get_object("bucket-2", "copy")
    until = store.clock.now() + timedelta(days=1)
    options = CopyOptions(
        source_customer_key=key,
        encryption=Encryption(algorithm="AES256"),
        retention=Retention(mode="GOVERNANCE", until=until),
        owner=Owner(id="somebody", display_name="Somebody"),
    )
    copied = store.copy_object("bucket-1", "key", "locked-2", "copy", options)
    assert copied.encryption is not None
    assert copied.retention is not None
    assert copied.owner is not None
    assert copied.owner.id == "somebody"


def test_a_source_that_breaks_off_leaves_the_old_object(pair: Pair) -> None:
    with Store(router_over(_Torn(MemorySettings()), MemoryDriver(MemorySettings()))) as store:
        store.create_bucket("bucket-2")
        store.create_bucket("bucket-1")
        store.put_object("bucket-2", "key", b"content")
        store.put_object("bucket-1", "key", b"old")
        with pytest.raises(Unavailable):
            store.copy_object("bucket-2", "key", "bucket-1", "key")
        assert read(store, "bucket-1", "key") == b"old"


def test_content_that_is_damaged_on_its_way_is_refused(pair: Pair) -> None:
    damaged = _Damaged(MemorySettings())
    with Store(router_over(damaged, MemoryDriver(MemorySettings()))) as store:
        store.create_bucket("bucket-2")
        store.create_bucket("bucket-1")
        store.put_object("bucket-2", "key", b"content", PutOptions(checksum_algorithm="CRC32"))
        with pytest.raises(BadDigest):
            store.copy_object("bucket-2", "key", "bucket-1", "key")
        assert not list(store.iter_objects("bucket-1"))


def test_tags_and_content_are_of_the_same_write(pair: Pair) -> None:
    meddled = _Meddled(MemorySettings())
    with Store(router_over(meddled, MemoryDriver(MemorySettings()))) as store:
        store.create_bucket("bucket-2")
        store.create_bucket("bucket-1")
        numbers = count()

        def write() -> None:
            number = f"{next(numbers)}"
            store.put_object("bucket-2", "key", number.encode(), PutOptions(tags={"of": number}))

        write()
        meddled.acts = [write]
        store.copy_object("bucket-2", "key", "bucket-1", "key")
        assert (read(store, "bucket-1", "key"), store.get_object_tagging("bucket-1", "key")) == (b"1", {"of": "1"})
        meddled.acts = [write] * 10
        with pytest.raises(Unavailable, match="again and again"):
            store.copy_object("bucket-2", "key", "bucket-1", "other")


def test_what_the_target_cannot_keep_is_refused_and_named(pair: Pair) -> None:
    poor = MemoryDriver(MemorySettings())
    poor.features = replace(poor.features, put_metadata=False)
    with Store(router_over(MemoryDriver(MemorySettings()), poor)) as store:
        store.create_bucket("bucket-2")
        store.create_bucket("bucket-1")
        assert not store.capabilities.features.put_metadata, "so nobody can write what one store does not keep"
        # It was written before the router was there.
        router_inner(store, "one").put_object("bucket-2", "key", b"1", PutOptions(metadata={"a": "b"}))
        with pytest.raises(Unsupported, match="'other' has no put_metadata"):
            store.copy_object("bucket-2", "key", "bucket-1", "key")


def test_an_upload_without_some_of_its_parts_is_refused_in_all_stores_if_one_needs_all(pair: Pair) -> None:
    poor = MemoryDriver(MemorySettings())
    poor.features = replace(poor.features, complete_subset=False)
    with Store(router_over(MemoryDriver(MemorySettings()), poor)) as store:
        store.create_bucket("bucket-2")
        upload = store.create_multipart_upload("bucket-2", "key").upload_id
        etags = [store.upload_part("bucket-2", "key", upload, number, b"part").etag for number in (1, 2)]
        listed = [CompletedPart(part_number=number, etag=etag) for number, etag in enumerate(etags, 1)]
        with pytest.raises(Unsupported, match="2 are stored, 1 listed"):
            store.complete_multipart_upload("bucket-2", "key", upload, listed[1:])
        assert len(store.list_parts("bucket-2", "key", upload).parts) == 2
        store.abort_multipart_upload("bucket-2", "key", upload)


def test_an_object_that_is_too_large_for_the_target_is_refused(pair: Pair) -> None:
    small = MemoryDriver(MemorySettings())
    small.features = replace(small.features, max_put_size=10)
    with Store(router_over(MemoryDriver(MemorySettings()), small)) as store:
        store.create_bucket("bucket-2")
        store.create_bucket("bucket-1")
        router_inner(store, "one").put_object("bucket-2", "key", bytes(11), PutOptions())
        with pytest.raises(TooLarge, match="'other'"):
            store.copy_object("bucket-2", "key", "bucket-1", "key")


@BOTH_WAYS
def test_parts_are_copied_from_the_other_store(pair: Pair, source: str, target: str) -> None:
    store, content = pair.store, bytes(range(256)) * 20_480
    store.put_object(source, "source", content)
    upload = store.create_multipart_upload(target, "key").upload_id
    first = store.upload_part_copy(target, "key", upload, 1, source, "source")
    end = PartCopyOptions(range=ByteRange(100, 199))
    last = store.upload_part_copy(target, "key", upload, 2, source, "source", end)
    assert (first.size_bytes, last.size_bytes) == (len(content), 100)
    store.complete_multipart_upload(target, "key", upload, [first, last])
    assert read(store, target, "key") == content + content[100:200]


@pytest.mark.parametrize("kind", ["COMPOSITE", "FULL_OBJECT"])
def test_a_copied_part_has_the_checksum_of_its_upload(pair: Pair, kind: Any) -> None:
    store = pair.store
    store.put_object("bucket-1", "source", b"content")
    options = UploadOptions(checksum_algorithm="CRC32", checksum_type=kind)
    upload = store.create_multipart_upload("bucket-2", "key", options).upload_id
    part = store.upload_part_copy("bucket-2", "key", upload, 1, "bucket-1", "source")
    assert (
        part.checksum == store.put_object("bucket-2", "x", b"content", PutOptions(checksum_algorithm="CRC32")).checksum
    )
    assert store.complete_multipart_upload("bucket-2", "key", upload, [part]).checksum is not None


def test_a_part_is_copied_only_as_it_is_asked_for(pair: Pair) -> None:
    store = pair.store
    written = store.put_object("bucket-1", "source", b"12345")
    store.put_object("bucket-1", "empty", b"")
    upload = store.create_multipart_upload("bucket-2", "key").upload_id

    def copy(key: str = "source", *, to: str = upload, **options: Any) -> object:
        return store.upload_part_copy("bucket-2", "key", to, 1, "bucket-1", key, PartCopyOptions(**options))

    refused: list[tuple[type[Exception], Callable[[], object]]] = [
        (InvalidRange, lambda: copy(range=ByteRange(2, 5))),
        (InvalidRange, lambda: copy(range=ByteRange(7, 9))),
        (InvalidRange, lambda: copy("empty", range=ByteRange(0, 0))),
        (PreconditionFailed, lambda: copy(source_if_match="another")),
        (NoSuchKey, lambda: copy("missing")),
        (NoSuchUpload, lambda: copy(to="0" * 32)),
    ]
    for error, act in refused:
        with pytest.raises(error):
            act()
    assert not list(store.iter_parts("bucket-2", "key", upload))
    copy(source_if_match=written.etag)
    assert [part.size_bytes for part in store.iter_parts("bucket-2", "key", upload)] == [5]


def router_inner(store: Store, name: str) -> Any:
    """Returns a store over one of the drivers behind a router, past it."""
    router = store.sdk().__self__
    return Store(router._stores.by_name[name].driver)


class _Torn(MemoryDriver):
    @hookimpl
    def get_object(self, bucket: str, key: str, options: Any) -> OpenedObject:
        opened = super().get_object(bucket, key, options)
        return OpenedObject(opened.info, iter([opened.read()[:3]]))


class _Damaged(MemoryDriver):
    @hookimpl
    def get_object(self, bucket: str, key: str, options: Any) -> OpenedObject:
        opened = super().get_object(bucket, key, options)
        return OpenedObject(opened.info, iter([opened.read()[::-1]]))


class _Meddled(MemoryDriver):
    """Somebody writes between a read of the object and one of its tags."""

    acts: Sequence[Callable[[], None]] = ()

    @hookimpl
    def get_object_tagging(self, bucket: str, key: str, options: Any) -> Any:
        acts, self.acts = self.acts[:1], self.acts[1:]
        for act in acts:
            act()
        return super().get_object_tagging(bucket, key, options)
