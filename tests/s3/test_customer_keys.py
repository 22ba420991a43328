"""Customers' keys (SSE-C): what the driver says where the server says little."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bucketry import (
    CompletedPart,
    CompleteOptions,
    CustomerKey,
    CustomerKeyNeeded,
    CustomerKeyNotNeeded,
    HeadOptions,
    InvalidArgument,
    PartOptions,
    PutOptions,
    Store,
    UploadOptions,
    VersioningSettings,
    WrongCustomerKey,
)
from bucketry_s3 import recent_uploads
from bucketry_s3.found import EVERYTHING
from msgspec.structs import replace

from tests.s3.backend import store_with
from tests.servers.handles import Reachable

KEY, OTHER = CustomerKey(bytes(32)), CustomerKey(bytes(range(32)))
UNDER_KEY = UploadOptions(customer_key=KEY, content_type="text/css")


@pytest.fixture
def store(own_port: Reachable) -> Iterator[Store]:
    with store_with(own_port, EVERYTHING) as store:
        store.create_bucket("photos")
        yield store


def send(store: Store, upload_id: str, key: CustomerKey | None) -> CompletedPart:
    part = store.upload_part("photos", "cat", upload_id, 1, b"meow", PartOptions(customer_key=key))
    return CompletedPart(1, part.etag)


def test_an_upload_that_is_completed_without_its_key_is_described_as_in_listings(store: Store) -> None:
    upload_id = store.create_multipart_upload("photos", "cat", UNDER_KEY).upload_id
    made = store.complete_multipart_upload("photos", "cat", upload_id, [send(store, upload_id, KEY)])
    stored = store.head_object("photos", "cat", HeadOptions(customer_key=KEY))
    assert (made.size_bytes, made.etag) == (stored.size_bytes, stored.etag) == (4, made.etag)
    assert made.last_modified.replace(microsecond=0) == stored.last_modified
    assert made.content_type != stored.content_type == "text/css"


def test_an_upload_that_is_completed_with_its_key_is_described_whole(store: Store) -> None:
    upload_id = store.create_multipart_upload("photos", "cat", UNDER_KEY).upload_id
    parts = [send(store, upload_id, KEY)]
    made = store.complete_multipart_upload("photos", "cat", upload_id, parts, CompleteOptions(customer_key=KEY))
    assert made == store.head_object("photos", "cat", HeadOptions(customer_key=KEY))


def test_of_an_upload_of_another_store_a_key_that_nothing_needs_is_a_wrong_one(
    store: Store, own_port: Reachable
) -> None:
    keyed = store.create_multipart_upload("photos", "cat", UNDER_KEY).upload_id
    plain = store.create_multipart_upload("photos", "cat").upload_id
    with pytest.raises(CustomerKeyNotNeeded):
        send(store, plain, KEY)
    with store_with(own_port, EVERYTHING) as other:
        for upload_id in (keyed, plain):
            with pytest.raises(WrongCustomerKey):
                send(other, upload_id, OTHER)
        with pytest.raises(CustomerKeyNeeded):
            send(other, keyed, None)


def test_the_oldest_uploads_are_forgotten(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent_uploads, "REMEMBERED", 2)
    first, *_, last = [store.create_multipart_upload("photos", "cat").upload_id for _ in range(3)]
    with pytest.raises(WrongCustomerKey):
        send(store, first, KEY)
    with pytest.raises(CustomerKeyNotNeeded):
        send(store, last, KEY)


@pytest.mark.parametrize("part_number", [None, 1], ids=["whole", "part"])
def test_a_version_under_a_key_is_told_from_an_id_that_no_version_can_have(
    store: Store, part_number: int | None, requests_made: list[str]
) -> None:
    store.put_bucket_settings("photos", VersioningSettings(status="Enabled"))
    version = store.put_object("photos", "cat", b"meow", PutOptions(customer_key=KEY)).version_id
    asked = HeadOptions(version_id=version, part_number=part_number)
    with pytest.raises(CustomerKeyNeeded):
        store.head_object("photos", "cat", asked)
    with pytest.raises(WrongCustomerKey):
        store.head_object("photos", "cat", replace(asked, customer_key=OTHER))
    for key in (None, KEY):
        with pytest.raises(InvalidArgument):
            store.head_object("photos", "cat", replace(asked, version_id="no such id", customer_key=key))
    asked_why = [request for request in requests_made if request.startswith("GET /photos/cat")]
    assert len(asked_why) > 0
    assert "partNumber" not in "".join(asked_why), "S3 refuses a range of a part, whatever else is wrong"
