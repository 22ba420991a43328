"""How many requests an operation costs the server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from bucketry import GetOptions, HeadOptions, ListOptions, PutOptions, Store

from tests.minio.backend import store_on
from tests.servers.handles import MinioServer

OBJECTS = 1000


def test_listing_1000_objects_with_their_types_costs_one_request(
    store: Store, bucket: str, requests_made: list[str]
) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: store.put_object(bucket, f"{number:04}", b"x"), range(OBJECTS - 1)))
    store.put_object(bucket, "typed", b"x", PutOptions(content_type="text/plain"))
    requests_made.clear()
    page = store.list_objects(bucket)
    assert len(page.objects) == OBJECTS
    assert (page.objects[-1].key, page.objects[-1].content_type) == ("typed", "text/plain")
    assert page.cursor is None
    assert [line.partition("?")[0] for line in requests_made] == [f"GET /{bucket}"]
    assert "metadata=true" in requests_made[0]


def test_nothing_asks_for_the_region(store: Store, bucket: str, requests_made: list[str]) -> None:
    store.put_object(bucket, "a/key", b"x")
    store.head_object(bucket, "a/key", HeadOptions())
    store.get_object(bucket, "a/key", GetOptions()).read()
    store.list_objects(bucket, ListOptions())
    store.delete_objects(bucket, ["a/key"])
    store.bucket_usage(bucket)
    store.list_buckets()
    store.status()
    assert not [line for line in requests_made if "location" in line]


def test_reading_and_deleting_cost_one_request_each(store: Store, bucket: str, requests_made: list[str]) -> None:
    store.put_object(bucket, "key", b"x")
    for act in (
        lambda: store.head_object(bucket, "key"),
        lambda: store.get_object(bucket, "key").read(),
        lambda: store.delete_object(bucket, "key"),
        store.list_buckets,
        store.status,
    ):
        requests_made.clear()
        act()
        assert len(requests_made) == 1


def test_a_put_asks_once_what_is_below_its_key_and_remembers_the_folders_above(
    store: Store, bucket: str, requests_made: list[str]
) -> None:
    store.put_object(bucket, "a/b/first", b"x")
    requests_made.clear()
    store.put_object(bucket, "a/b/second", b"x")
    # The last one is asked for only where the server's second changed during the put.
    methods = [line.partition(" ")[0] for line in requests_made]
    assert methods in (["GET", "PUT"], ["GET", "PUT", "HEAD"])


def test_without_check_paths_a_put_is_one_request(
    minio_server: MinioServer, bucket: str, requests_made: list[str]
) -> None:
    with store_on(minio_server, check_paths=False) as store:
        requests_made.clear()
        store.put_object(bucket, "a/b", b"x")
        methods = [line.partition(" ")[0] for line in requests_made]
        assert methods in (["PUT"], ["PUT", "HEAD"])


def test_content_that_is_read_to_the_end_gives_its_connection_back(
    store: Store, bucket: str, requests_made: list[str]
) -> None:
    store.put_object(bucket, "key", b"x" * 100_000)
    pool = store._chain.get_object.__wrapped__.__self__._connection._pool  # type: ignore[attr-defined]
    opened_before = pool.num_connections
    for _ in range(20):
        assert len(store.get_object(bucket, "key").read()) == 100_000
    assert pool.num_connections == opened_before
