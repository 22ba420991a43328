"""RGW's own behaviour in writes: conditions at any size, uploads that fail, buckets and names."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from bucketry import (
    Body,
    BucketAlreadyExists,
    BucketryError,
    CompleteOptions,
    CopyOptions,
    DeleteOptions,
    IncompleteBody,
    InvalidBucketName,
    ListOptions,
    PreconditionFailed,
    PutOptions,
    Store,
    TooLarge,
    Unavailable,
    Unsupported,
)
from bucketry.features import GIB, MIB

from tests.rgw.backend import PART_BYTES, RgwBackend, location, store_on
from tests.servers.cutting import CuttingProxy
from tests.servers.handles import RgwServer

ONLY_NEW = PutOptions(if_none_match="*")
LARGE = 3 * PART_BYTES


def zeros(size_bytes: int) -> Iterator[bytes]:
    for _ in range(size_bytes // MIB):
        yield bytes(MIB)


@pytest.mark.parametrize("length", [LARGE, None], ids=["known length", "unknown length"])
def test_a_condition_holds_of_a_large_object_too(
    store: Store, bucket: str, backend: RgwBackend, length: int | None
) -> None:
    assert store.put_object(bucket, "key", Body(zeros(LARGE), length), ONLY_NEW).size_bytes == LARGE
    with pytest.raises(PreconditionFailed):
        store.put_object(bucket, "key", Body(iter([b"x" * LARGE]), length), ONLY_NEW)
    assert backend.raw_object(bucket, "key") == bytes(LARGE)
    etag = store.head_object(bucket, "key").etag
    store.put_object(bucket, "key", Body(iter([b"y" * LARGE]), length), PutOptions(if_match=etag))
    with pytest.raises(PreconditionFailed):
        store.put_object(bucket, "key", Body(zeros(LARGE), length), PutOptions(if_match=etag))
    assert backend.raw_object(bucket, "key") == b"y" * LARGE
    assert backend.raw_uploads(bucket) == []


def test_of_many_large_conditional_writers_one_wins(store: Store, bucket: str) -> None:
    def write(number: int) -> bool:
        try:
            store.put_object(bucket, "key", Body(iter([bytes([number]) * LARGE]), LARGE), ONLY_NEW)
        except PreconditionFailed:
            return False
        return True

    with ThreadPoolExecutor(3) as threads:
        won = list(threads.map(write, range(3)))
    assert sum(won) == 1
    assert store.get_object(bucket, "key").read() == bytes([won.index(True)]) * LARGE


def test_a_large_conditional_body_that_breaks_off_stores_nothing(store: Store, bucket: str) -> None:
    def broken() -> Iterator[bytes]:
        yield from zeros(2 * PART_BYTES)
        raise OSError("the sender went away")

    for length in (LARGE, None):
        with pytest.raises(IncompleteBody):
            store.put_object(bucket, "key", Body(broken(), length), ONLY_NEW)
    assert list(store.iter_objects(bucket)) == []


def test_a_conditional_body_that_cannot_go_in_one_piece_is_refused(store: Store, bucket: str) -> None:
    with pytest.raises(TooLarge, match="one piece"):
        store.put_object(bucket, "key", Body(iter([b"x"]), 5 * GIB + 1), ONLY_NEW)


def test_conditions_that_rgw_ignores_are_refused(store: Store, bucket: str) -> None:
    etag = store.put_object(bucket, "key", b"content").etag
    upload = store.create_multipart_upload(bucket, "key")
    part = store.upload_part(bucket, "key", upload.upload_id, 1, b"part")
    refused: list[Callable[[], object]] = [
        lambda: store.delete_object(bucket, "key", DeleteOptions(if_match=etag)),
        lambda: store.copy_object(bucket, "key", bucket, "copy", CopyOptions(if_none_match="*")),
        lambda: store.copy_object(bucket, "key", bucket, "copy", CopyOptions(if_match=etag)),
        lambda: store.complete_multipart_upload(
            bucket, "key", upload.upload_id, [part], CompleteOptions(if_none_match="*")
        ),
    ]
    for act in refused:
        with pytest.raises(Unsupported):
            act()
    assert store.get_object(bucket, "key").read() == b"content"
    store.abort_multipart_upload(bucket, "key", upload.upload_id)


def test_a_bucket_that_exists_is_not_created_by_many_at_once(store: Store) -> None:
    def create(_: int) -> bool:
        try:
            store.create_bucket("bucketry-rgw-race")
        except BucketAlreadyExists:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(create, range(8))) == 1
    store.delete_bucket("bucketry-rgw-race")


def test_a_bucket_that_another_process_made_meanwhile_is_not_created(
    rgw_server: RgwServer, store: Store, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bucketry_rgw.buckets import Buckets

    monkeypatch.setattr(Buckets, "_exists", lambda *_: False)
    made = next(info.created_at for info in store.list_buckets() if info.name == bucket)
    # What is told apart are seconds.
    time.sleep(max(0.0, made.timestamp() + 1.1 - time.time()))
    with pytest.raises(BucketAlreadyExists):
        store.create_bucket(bucket)


def test_another_users_bucket_exists(store: Store, plain_bucket: str) -> None:
    with pytest.raises(BucketAlreadyExists):
        store.create_bucket(plain_bucket)


@pytest.mark.parametrize("name", ["admin", "swift", "auth"])
def test_paths_of_the_gateway_are_no_buckets(store: Store, name: str, requests_made: list[str]) -> None:
    for act in (
        lambda: store.create_bucket(name),
        lambda: store.head_bucket(name),
        lambda: store.delete_bucket(name),
        lambda: store.list_objects(name),
        lambda: store.list_multipart_uploads(name),
        lambda: store.get_object(name, "bucket"),
        lambda: store.head_object(name, "bucket"),
        lambda: store.put_object(name, "user", b""),
        lambda: store.delete_object(name, "user"),
        lambda: store.delete_objects(name, ["user"]),
        lambda: store.copy_object(name, "bucket", "photos", "key"),
        lambda: store.copy_object("photos", "key", name, "bucket"),
        lambda: store.create_multipart_upload(name, "user"),
        lambda: store.list_parts(name, "user", "upload"),
        lambda: store.upload_part(name, "user", "upload", 1, b""),
        lambda: store.abort_multipart_upload(name, "user", "upload"),
    ):
        with pytest.raises(InvalidBucketName):
            act()
    assert requests_made == []


def test_an_upload_that_is_cut_off_leaves_no_parts(rgw_server: RgwServer, bucket: str, backend: RgwBackend) -> None:
    proxy = CuttingProxy(location(rgw_server), cut_requests_after=PART_BYTES + MIB)
    with proxy, store_on(rgw_server, at=proxy.location, retries=0, read_timeout=5.0) as cut:
        # More parts than are sent side by side: some connection has to carry a second one.
        with pytest.raises(Unavailable):
            cut.put_object(bucket, "key", Body(zeros(2 * LARGE), 2 * LARGE))
        assert backend.raw_object(bucket, "key") is None
    assert backend.raw_uploads(bucket) == []


def test_an_interrupt_leaves_no_parts(store: Store, bucket: str, backend: RgwBackend) -> None:
    def interrupted() -> Iterator[bytes]:
        yield from zeros(2 * PART_BYTES + MIB)
        raise KeyboardInterrupt

    for length in (LARGE, None):
        with pytest.raises(KeyboardInterrupt):
            store.put_object(bucket, "key", Body(interrupted(), length))
    assert backend.raw_uploads(bucket) == []


def test_uploads_with_keys_that_xml_cannot_hold_are_listed(store: Store, bucket: str) -> None:
    keys = ["a\x07b", "a\nb", "100%", "a%07b", "\uffff", "a-b", "a", "a/b"]
    begun = [store.create_multipart_upload(bucket, key) for key in keys]
    listed = list(store.iter_multipart_uploads(bucket))
    assert [upload.key for upload in listed] == sorted(keys, key=str.encode)
    assert {upload.upload_id for upload in listed} == {upload.upload_id for upload in begun}
    for upload in begun:
        store.abort_multipart_upload(bucket, upload.key, upload.upload_id)


def test_a_page_may_end_with_a_key_that_xml_cannot_hold(store: Store, bucket: str) -> None:
    keys = ["a", "a\x07b", "a\x0bc", "b\uffff", "c"]
    for key in keys:
        store.put_object(bucket, key, b"")
    for limit in (1, 2):
        assert [info.key for info in store.iter_objects(bucket, ListOptions(limit=limit))] == keys


@pytest.mark.parametrize("length", [40 * MIB, None, 2 * MIB], ids=["in parts", "of unknown length", "in one piece"])
def test_a_gateway_that_is_killed_leaves_the_old_object_and_no_parts(
    breakable_rgw_server: RgwServer, length: int | None
) -> None:
    server = breakable_rgw_server
    total = (length or 40 * MIB) // MIB

    def killing() -> Iterator[bytes]:
        for number in range(total):
            if number == total * 3 // 4:
                server.kill()
            yield bytes(MIB)

    bucket = f"killed-{length or 'unknown'}"
    with store_on(server, connect_timeout=1.0, read_timeout=5.0, retries=1) as store:
        store.create_bucket(bucket)
        store.put_object(bucket, "key", b"old")
        try:
            with pytest.raises(Unavailable):
                store.put_object(bucket, "key", Body(killing(), length))
        finally:
            server.restart()
        assert store.get_object(bucket, "key").read() == b"old"
    # Closing the store has ended what could not be ended before.
    backend = RgwBackend(server)
    assert backend.raw_object(bucket, "key") == b"old"
    assert backend.raw_uploads(bucket) == []
    backend.cleanup()


def test_a_download_and_a_listing_fail_and_go_on_after_the_restart(breakable_rgw_server: RgwServer) -> None:
    server = breakable_rgw_server
    with store_on(server, connect_timeout=1.0, read_timeout=5.0, retries=0) as store:
        store.create_bucket("killed-reads")
        store.put_object("killed-reads", "key", Body(zeros(32 * MIB), 32 * MIB))
        chunks = iter(store.get_object("killed-reads", "key"))
        next(chunks)
        server.kill()
        try:
            with pytest.raises(Unavailable):
                list(chunks)
            with pytest.raises(Unavailable):
                store.list_objects("killed-reads")
            assert not store.status().available
        finally:
            server.restart()
        assert [info.key for info in store.iter_objects("killed-reads")] == ["key"]
        assert len(store.get_object("killed-reads", "key").read()) == 32 * MIB


def test_failures_of_a_batch_are_said_in_words(store: Store, bucket: str) -> None:
    store.put_object(bucket, "a", b"")
    result = store.delete_objects(bucket, ["a", "with\0nul", "b"])
    assert result.deleted_keys == ("a", "b")
    (failure,) = result.failed
    assert (failure.key, failure.code) == ("with\0nul", "invalid_key")
    assert failure.message


def test_errors_are_errors_of_the_contract(store: Store, bucket: str) -> None:
    with pytest.raises(BucketryError) as caught:
        store.get_object(bucket, "missing")
    assert str(caught.value).startswith("The object does not exist")
