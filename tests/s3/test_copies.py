"""Copies and listings on servers that do less than S3: no old headers over new content, and nothing is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from bucketry import DEFAULT_CONTENT_TYPE, CopyOptions, CustomerKey, ObjectHeaders, PutOptions, Store
from bucketry.features import MIB
from bucketry.hookspecs import hookimpl
from bucketry_memory import MemoryDriver, MemorySettings
from bucketry_s3.copies import Copies
from bucketry_s3.found import EVERYTHING, Dialect, Found
from bucketry_testing import S3Endpoint, s3_endpoint
from msgspec.structs import replace

from tests.s3.backend import reachable, store_with

OLD = PutOptions(content_type="text/x-old", expires="Wed, 01 Dec 2094 16:00:00 GMT")
NEW = PutOptions(content_type="text/x-new", expires="Thu, 02 Dec 2094 16:00:00 GMT")
UNPINNED = replace(EVERYTHING, dialect=Dialect())
"""A server that does not look at the etag that a copy's source must have."""


class PutsMeanwhile(MemoryDriver):
    """Ignores which etag the source must have; something happens before the first copy."""

    def __init__(self) -> None:
        super().__init__(MemorySettings())
        self.meanwhile: Callable[[], object] = bool

    @hookimpl
    def copy_object(self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions) -> Any:
        meanwhile, self.meanwhile = self.meanwhile, bool
        meanwhile()
        return super().copy_object(source_bucket, source_key, bucket, key, replace(options, source_if_match=None))


@contextmanager
def stores(found: Found) -> Iterator[tuple[Store, Store]]:
    """A store with an object that somebody replaces while it is copied, and the store behind it."""
    driver = PutsMeanwhile()
    with Store(driver) as behind, s3_endpoint(behind) as served, store_with(reachable(served), found) as store:
        store.create_bucket("photos")
        store.put_object("photos", "cat", b"old", OLD)
        driver.meanwhile = lambda: behind.put_object("photos", "cat", b"new", NEW)
        yield store, behind


@pytest.mark.parametrize("options", [CopyOptions(), CopyOptions(if_none_match="*")], ids=["plain", "conditional"])
def test_a_copy_has_content_and_headers_of_one_version(options: CopyOptions) -> None:
    with stores(UNPINNED) as (store, behind):
        made = store.copy_object("photos", "cat", "photos", "copy", options)
        assert made.content_type == NEW.content_type
        assert b"".join(behind.get_object("photos", "copy")) == b"new"


def test_an_object_that_is_too_large_for_one_request_is_copied_onto_itself_in_parts(
    served: S3Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Copies, "max_copy_bytes", 6 * MIB)
    monkeypatch.setattr(Copies, "copied_part_bytes", 5 * MIB)
    content = bytes(range(256)) * (7 * 4096)
    found = replace(EVERYTHING, dialect=Dialect(copy_pin="quoted", part_copy_pin="quoted"))
    with store_with(reachable(served), found) as store:
        store.create_bucket("photos")
        store.put_object("photos", "cat", content, OLD)
        store.copy_object(
            "photos", "cat", "photos", "cat", CopyOptions(headers=ObjectHeaders(content_type=NEW.content_type))
        )
    info = served.store.head_object("photos", "cat")
    assert (info.content_type, info.etag[-2:]) == (NEW.content_type, "-2")
    assert b"".join(served.store.get_object("photos", "cat")) == content


def test_a_page_has_an_object_that_the_caller_cannot_read(served: S3Endpoint) -> None:
    behind = served.store
    behind.create_bucket("photos")
    behind.put_object("photos", "cat", b"one", OLD)
    behind.put_object("photos", "secret", b"two", PutOptions(customer_key=CustomerKey(bytes(32))))
    with store_with(reachable(served), EVERYTHING) as store:
        listed = store.list_objects("photos").objects
    assert [(info.key, info.content_type) for info in listed] == [
        ("cat", OLD.content_type),
        ("secret", DEFAULT_CONTENT_TYPE),
    ]
