"""Checksums of uploads that another store began, and of servers that compare less than S3."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bucketry import (
    BadDigest,
    Checksum,
    CompletedPart,
    CompleteOptions,
    InvalidArgument,
    InvalidChecksum,
    InvalidPart,
    PartOptions,
    Store,
    UploadOptions,
)
from bucketry.checksums import COMPOSITE, FULL_OBJECT, checksum_of
from bucketry_s3 import recent_uploads
from bucketry_s3.found import EVERYTHING
from msgspec.structs import replace

from tests.s3.backend import store_with
from tests.servers.handles import Reachable

OWN = checksum_of("CRC32", [b"meow"])
SHA = checksum_of("SHA256", [b"meow"])


@pytest.fixture
def stores(own_port: Reachable) -> Iterator[tuple[Store, Store]]:
    """A store that begins uploads, and one that does not know them."""
    with store_with(own_port, EVERYTHING) as first, store_with(own_port, EVERYTHING) as other:
        first.create_bucket("photos")
        yield first, other


def begin(store: Store, kind: str | None) -> str:
    asked = UploadOptions() if kind is None else UploadOptions(checksum_algorithm="CRC32", checksum_type=kind)  # type: ignore[arg-type]
    return store.create_multipart_upload("photos", "cat", asked).upload_id


def send(store: Store, upload_id: str, checksum: Checksum | None = None) -> CompletedPart:
    part = store.upload_part("photos", "cat", upload_id, 1, b"meow", PartOptions(checksum=checksum))
    return CompletedPart(1, part.etag, part.checksum)


def complete(store: Store, upload_id: str, part: CompletedPart, **options: object) -> Checksum | None:
    asked = CompleteOptions(**options)  # type: ignore[arg-type]
    return store.complete_multipart_upload("photos", "cat", upload_id, [part], asked).checksum


def test_a_part_of_an_upload_without_checksums_has_none_whoever_began_it(stores: tuple[Store, Store]) -> None:
    upload_id = begin(stores[0], None)
    for store in stores:
        assert send(store, upload_id, OWN).checksum is None


def test_a_part_has_no_checksum_where_the_server_keeps_none_and_nothing_is_asked_for_it(
    stores: tuple[Store, Store], own_port: Reachable, requests_made: list[str]
) -> None:
    upload_id = begin(stores[0], FULL_OBJECT)
    assert send(stores[0], upload_id).checksum == OWN  # The server says one, though none was sent.
    found = replace(EVERYTHING, features=tuple(name for name in EVERYTHING.features if name != "upload_checksums"))
    with store_with(own_port, found) as store:
        requests_made.clear()
        assert send(store, upload_id).checksum is None
    assert len(requests_made) == 1


def test_an_upload_that_another_store_began_keeps_its_checksums(stores: tuple[Store, Store]) -> None:
    upload_id = begin(stores[0], COMPOSITE)
    _, other = stores
    with pytest.raises(InvalidChecksum):
        send(other, upload_id)
    with pytest.raises(InvalidChecksum):
        send(other, upload_id, SHA)
    part = send(other, upload_id, OWN)
    assert part.checksum == OWN
    with pytest.raises(InvalidChecksum):
        complete(other, upload_id, part, checksum_type=FULL_OBJECT)
    with pytest.raises(InvalidArgument) as caught:
        complete(other, upload_id, part, size_bytes=5)
    assert caught.value.field == "size_bytes"
    made = complete(other, upload_id, part, size_bytes=4)
    assert made is not None
    assert made.type == COMPOSITE


@pytest.mark.parametrize("number", [0, 1], ids=["own", "another's"])
def test_what_is_said_of_an_upload_without_checksums_is_refused_before_it_is_sent(
    stores: tuple[Store, Store], number: int, requests_made: list[str]
) -> None:
    upload_id, store = begin(stores[0], None), stores[number]
    part = send(store, upload_id)
    requests_made.clear()
    with pytest.raises(InvalidPart):
        complete(store, upload_id, CompletedPart(1, part.etag, OWN))
    with pytest.raises(InvalidChecksum):
        complete(store, upload_id, part, checksum=OWN)
    assert [request for request in requests_made if request.startswith("POST")] == []
    assert len(requests_made) == number  # The list of parts says what the upload has.


def test_the_digest_of_the_whole_is_named_as_a_checksum(stores: tuple[Store, Store]) -> None:
    store, _ = stores
    upload_id = begin(store, FULL_OBJECT)
    part = send(store, upload_id, OWN)
    with pytest.raises(BadDigest) as caught:
        complete(store, upload_id, part, checksum=Checksum("CRC32", bytes(4)))
    assert caught.value.digest == "checksum"


def test_the_oldest_uploads_are_asked_for_again(
    stores: tuple[Store, Store], monkeypatch: pytest.MonkeyPatch, requests_made: list[str]
) -> None:
    monkeypatch.setattr(recent_uploads, "REMEMBERED", 2)
    store, _ = stores
    first, *_, last = [begin(store, None) for _ in range(3)]
    for upload_id, requests in ((last, 1), (first, 2)):
        requests_made.clear()
        assert send(store, upload_id, OWN).checksum is None
        assert len(requests_made) == requests
