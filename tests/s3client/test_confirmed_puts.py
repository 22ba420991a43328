"""Writes that are done although their object is gone before the driver has looked at it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from bucketry import AccessDenied, Body, Store, open_store
from bucketry.features import MIB

from tests.s3client.fake import BEGUN, Answer, Fake, Request, serving

SCHEMES = pytest.mark.parametrize("scheme", ["minio", "rgw"])
SIZES = pytest.mark.parametrize(("size", "etag"), [(7, "e"), (11 * MIB, "e-3")], ids=["whole", "in-parts"])

_OWN: dict[str, dict[str, object]] = {"minio": {"check_paths": False}, "rgw": {}}

MADE = b'<CompleteMultipartUploadResult><ETag>"e-3"</ETag></CompleteMultipartUploadResult>'


@contextmanager
def server(scheme: str, status: int) -> Iterator[tuple[Fake, Store]]:
    """A server whose puts are done without saying when, and where the object answers HEAD with this status."""

    def respond(request: Request) -> Answer:
        url = urlsplit(request.target)
        if request.method == "HEAD":
            return Answer(status if url.path.endswith("/key") else 200)
        if request.method == "POST":
            return Answer(body=BEGUN if url.query == "uploads=" else MADE)
        return Answer(headers={"ETag": '"e"'})

    settings = {"access_key": "access", "secret_key": "secret secret", "part_size": 5 * MIB}
    with serving(respond) as fake:
        url = f"{scheme}://{fake.location}?secure=false"
        with open_store(url, settings={**settings, **_OWN[scheme]}, environ={}) as store:
            yield fake, store


@SCHEMES
@SIZES
def test_a_put_whose_object_is_deleted_meanwhile_is_done_all_the_same(scheme: str, size: int, etag: str) -> None:
    with server(scheme, 404) as (fake, store):
        # Of a known length, MinIO's driver would send it in one request.
        info = store.put_object("bucket", "key", Body(iter([bytes(size)])))
    assert (info.key, info.etag, info.size_bytes) == ("key", etag, size)
    assert "HEAD /bucket/key" in fake.lines
    assert not [line for line in fake.lines if line.startswith("DELETE")]


@SCHEMES
@pytest.mark.parametrize("size", [7, 11 * MIB])
def test_a_put_that_cannot_be_looked_at_says_so(scheme: str, size: int) -> None:
    with server(scheme, 403) as (_, store), pytest.raises(AccessDenied):
        store.put_object("bucket", "key", Body(iter([bytes(size)])))
