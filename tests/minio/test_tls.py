"""A server with a certificate of a private authority."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest
from bucketry import Body, PutOptions, Unavailable, open_store
from bucketry.features import MIB

from tests.minio.backend import location, store_on
from tests.servers.handles import MinioServer


def _zeros(mebibytes: int) -> Iterator[bytes]:
    for _ in range(mebibytes):
        yield bytes(MIB)


def test_objects_of_any_size_pass_through_tls(minio_tls_server: MinioServer) -> None:
    bucket = f"bucketry-minio-{secrets.token_hex(6)}"
    with store_on(minio_tls_server) as store:
        store.create_bucket(bucket)
        assert store.status().available
        assert store.status().endpoint == f"https://{location(minio_tls_server)}"
        for size, body in ((3, b"abc"), (12 * MIB, Body(_zeros(12))), (12 * MIB, Body(_zeros(12), 12 * MIB))):
            store.put_object(bucket, "key", body, PutOptions(content_type="text/plain"))
            assert sum(map(len, store.get_object(bucket, "key"))) == size
        assert [info.content_type for info in store.iter_objects(bucket)] == ["text/plain"]
        usage = store.bucket_usage(bucket)
        assert (usage.object_count, usage.size_bytes, usage.source) == (1, 12 * MIB, "listing")
        store.delete_objects(bucket, ["key"])
        store.delete_bucket(bucket)


def test_a_certificate_of_an_unknown_authority_is_refused(minio_tls_server: MinioServer) -> None:
    keys = {"access_key": minio_tls_server.access_key, "secret_key": minio_tls_server.secret_key}
    url = f"minio://{location(minio_tls_server)}?secure=true&retries=0"
    with open_store(url, settings=keys, environ={}) as store:
        with pytest.raises(Unavailable, match="not trusted"):
            store.list_buckets()
        assert "ca_file" in store.status().detail


def test_plain_http_to_a_tls_port_says_what_to_check(minio_tls_server: MinioServer) -> None:
    keys = {"access_key": minio_tls_server.access_key, "secret_key": minio_tls_server.secret_key}
    with open_store(f"minio://{location(minio_tls_server)}?retries=0", settings=keys, environ={}) as store:
        status = store.status()
    assert not status.available
    assert status.detail
