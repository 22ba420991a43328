"""A server that is killed during operations."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from bucketry import Body, ListOptions, Store, Unavailable, UploadListOptions
from bucketry.features import MIB

from tests.minio.backend import MinioBackend, store_on
from tests.servers.handles import MinioServer

BUCKET = "killed"


@pytest.fixture
def store(breakable_minio_server: MinioServer) -> Iterator[Store]:
    settings = {"connect_timeout": 1.0, "read_timeout": 5.0, "retries": 1}
    with store_on(breakable_minio_server, **settings) as opened:  # type: ignore[arg-type]
        yield opened


def _killing(kill: Callable[[], object], before: int, after: int) -> Iterator[bytes]:
    for _ in range(before):
        yield bytes(MIB)
    kill()
    for _ in range(after):
        yield bytes(MIB)


@pytest.mark.parametrize("length", [40 * MIB, None, 2 * MIB], ids=["in parts", "of unknown length", "in one piece"])
def test_an_upload_fails_and_the_old_object_stays(
    breakable_minio_server: MinioServer, store: Store, length: int | None
) -> None:
    server = breakable_minio_server
    bucket = f"{BUCKET}-{length}".lower()
    store.create_bucket(bucket)
    old = bytes(range(256)) * 4096
    store.put_object(bucket, "key", old)
    total = (length or 40 * MIB) // MIB
    before = total * 3 // 4
    try:
        with pytest.raises(Unavailable):
            store.put_object(bucket, "key", Body(_killing(server.kill, before, total - before), length))
    finally:
        server.restart()
    backend = MinioBackend(server)
    assert backend.raw_object(bucket, "key") == old
    # MinIO forgets the list of all uploads when it is restarted, but not the uploads themselves.
    assert store.list_multipart_uploads(bucket, UploadListOptions(prefix="key")).uploads == ()
    assert list(backend.raw_uploads(bucket)) == []
    assert backend.raw_uploads_to(bucket, "key") == []
    assert store.get_object(bucket, "key").read() == old
    backend.cleanup()


def test_a_download_and_a_listing_fail_and_go_on_after_the_restart(
    breakable_minio_server: MinioServer, store: Store
) -> None:
    server = breakable_minio_server
    bucket = f"{BUCKET}-reads"
    store.create_bucket(bucket)
    content = Body(_killing(lambda: None, 64, 0))
    store.put_object(bucket, "large", content)
    for key in "abcd":
        store.put_object(bucket, key, b"x")
    reader = iter(store.get_object(bucket, "large"))
    listing = store.iter_objects(bucket, ListOptions(limit=2))
    next(reader)
    found = [next(listing).key]
    try:
        server.kill()
        with pytest.raises(Unavailable):
            list(reader)
        with pytest.raises(Unavailable):
            found += [info.key for info in listing]
        assert not store.status().available
    finally:
        server.restart()
    assert store.status().available
    assert [info.key for info in store.iter_objects(bucket)] == ["a", "b", "c", "d", "large"]
    assert sum(map(len, store.get_object(bucket, "large"))) == 64 * MIB
