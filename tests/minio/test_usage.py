"""Usage: by listing, by the server's own figures, and for those who may not see these."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
import pytest
from bucketry import Store, open_store
from bucketry_minio._connection import Connection
from bucketry_minio._usage import _Figures
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
    monkeypatch.setattr(
        Connection, "usage_info", lambda _: _figures(**{bucket: (1, 99), other: (3, 1000), gone: (50, 50)})
    )
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
    monkeypatch.setattr(Connection, "usage_info", lambda _: answer)
    usage = careful.bucket_usage(bucket)
    assert (usage.object_count, usage.size_bytes, usage.source) == (4, 8, "listing")


def test_a_bucket_that_grew_since_the_scanner_came_is_not_listed_for_ever(
    minio_server: MinioServer, bucket: str, monkeypatch: pytest.MonkeyPatch, requests_made: list[str]
) -> None:
    from bucketry_minio import _listing

    monkeypatch.setattr(_listing, "MAX_PAGE", 3)
    with store_on(minio_server, usage_list_limit=4) as store:
        for number in range(12):
            store.put_object(bucket, f"{number:02}", b"12")
        monkeypatch.setattr(Connection, "usage_info", lambda _: _figures(**{bucket: (2, 4)}))
        requests_made.clear()
        usage = store.bucket_usage(bucket)
        assert (usage.object_count, usage.size_bytes, usage.source) == (2, 4, "minio-scanner")
        assert len(requests_made) == 2


def test_the_servers_own_answer_can_be_read(store: Store, bucket: str) -> None:
    connection = store._chain.bucket_usage.__wrapped__.__self__._connection  # type: ignore[attr-defined]
    figures = msgspec.json.decode(connection.usage_info(), type=_Figures)
    # Before its first scan a server says the year 1, and null or nothing of any bucket.
    assert figures.last_update is not None
    assert not figures.buckets_usage_info or figures.last_update.year > 1


def test_who_is_no_administrator_gets_a_listing(minio_server: MinioServer, store: Store, bucket: str) -> None:
    store.put_object(bucket, "key", b"12345")
    admin = MinioAdmin(
        endpoint=location(minio_server),
        credentials=StaticProvider(minio_server.access_key, minio_server.secret_key),
        secure=False,
    )
    user = {"access_key": f"user-{secrets.token_hex(4)}", "secret_key": secrets.token_hex(20)}
    admin.user_add(access_key=user["access_key"], secret_key=user["secret_key"])
    admin.policy_set(policy_name="readwrite", user=user["access_key"])
    try:
        with open_store(f"minio://{location(minio_server)}", settings=user, environ={}) as plain:
            assert plain.status().available
            usage = plain.bucket_usage(bucket)
            assert (usage.object_count, usage.size_bytes, usage.source) == (1, 5, "listing")
    finally:
        admin.user_remove(access_key=user["access_key"])
