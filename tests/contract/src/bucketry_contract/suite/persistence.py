"""Data that is still there after a store is opened again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from bucketry import (
    CorsRule,
    CorsSettings,
    CreateBucketOptions,
    CustomerKey,
    CustomerKeyNeeded,
    ObjectLocked,
    Retention,
    Store,
    WrongCustomerKey,
)
from bucketry.headers import HEADER_FEATURES
from bucketry.object_lock import GOVERNANCE

from bucketry_contract._capabilities import needs
from bucketry_contract._contract_tests import ContractTests, once
from bucketry_contract._headers import HEADERS, headers_of
from bucketry_contract._pages import parts_of
from bucketry_contract._report_notes import Notes, add_note, cannot_try
from bucketry_contract._scratch import Bucket, Scratch
from bucketry_contract._versions import LISTING, NULL, Seen, mark, put_version, versioned, versions_of
from bucketry_contract.backend import Backend
from bucketry_contract.suite.multipart import MULTIPART

RULES = CorsSettings(rules=(CorsRule(allowed_origins=("https://example.com",), allowed_methods=("GET",)),))


class Reopened:
    """A bucket on a store of its own, which can be closed and opened again."""

    def __init__(self, backend: Backend, notes: Notes) -> None:
        self._backend = backend
        self._note = partial(add_note, notes)
        self._scratch = Scratch(backend.open([]), backend)
        self._name = self._scratch.create()

    def bucket(self, options: CreateBucketOptions | None = None) -> Bucket:
        """Returns the bucket on the store that is open, or another one that is created with these options."""
        if options is not None:
            self._name = self._scratch.create(options=options)
        return Bucket(self._scratch.store, self._name, self._backend, self._note)

    def again(self) -> Bucket:
        """Closes the store, opens another on the same backend, and returns the bucket there."""
        self._scratch.store.close()
        self._scratch.store = self._backend.open([])
        return self.bucket()

    def close(self) -> None:
        """Removes the bucket."""
        self._scratch.remove_all()
        self._scratch.store.close()


class PersistenceTests(ContractTests):
    """If a driver declares ``persistent``, all written data is there when the store is opened again."""

    @pytest.fixture
    def reopened(self, store: Store, contract_backend: Backend, notes: Notes) -> Iterator[Reopened]:
        """A bucket on a store that a test may close and open again."""
        if not store.capabilities.features.persistent:
            cannot_try(notes, "opening a store again", "the driver does not declare that it is persistent")
        reopened = Reopened(contract_backend, notes)
        yield reopened
        reopened.close()

    @once
    def test_objects_are_there_when_the_store_is_opened_again(self, reopened: Reopened) -> None:
        bucket = reopened.bucket()
        features = bucket.store.capabilities.features
        kept = {name: HEADERS[name] for name in HEADERS if getattr(features, HEADER_FEATURES.get(name, "persistent"))}
        tags = {"colour": "blue"} if features.put_tagging else {}
        before = bucket.put("kept/a", b"content", **kept, tags=tags)
        bucket.put("kept/b", b"")
        bucket.put("deleted")
        bucket.delete("deleted")
        bucket = reopened.again()
        assert bucket.entries() == ["kept/a", "kept/b"]
        assert (bucket.read("kept/a"), bucket.read("kept/b")) == (b"content", b"")
        after = bucket.head("kept/a")
        assert after == before
        assert headers_of(after).items() >= kept.items()
        if "get_object_tagging" in bucket.store.capabilities.operations:
            assert bucket.store.get_object_tagging(bucket.name, "kept/a") == tags

    @once
    @needs("encrypt_sse_c")
    def test_a_customers_key_is_needed_also_when_the_store_is_opened_again(self, reopened: Reopened) -> None:
        key, other = CustomerKey(bytes(range(32))), CustomerKey(bytes(32))
        reopened.bucket().put("key", b"content", customer_key=key)
        bucket = reopened.again()
        with pytest.raises(CustomerKeyNeeded):
            bucket.read("key")
        with pytest.raises(WrongCustomerKey):
            bucket.head("key", customer_key=other)
        assert bucket.read("key", customer_key=key) == b"content"

    @once
    def test_a_bucket_is_there_when_the_store_is_opened_again(self, reopened: Reopened) -> None:
        bucket = reopened.bucket()
        operations = bucket.store.capabilities.operations
        before = bucket.store.head_bucket(bucket.name) if "head_bucket" in operations else None
        has_rules = bucket.store.capabilities.features.bucket_cors
        if has_rules:
            bucket.store.put_bucket_settings(bucket.name, RULES)
        bucket = reopened.again()
        if "head_bucket" in operations:
            assert bucket.store.head_bucket(bucket.name) == before
        if has_rules:
            assert bucket.store.get_bucket_settings(bucket.name, CorsSettings) == RULES
        assert bucket.entries() == []

    @once
    @needs(*MULTIPART, "list_parts")
    def test_an_upload_goes_on_when_the_store_is_opened_again(self, reopened: Reopened) -> None:
        upload = reopened.bucket().upload("key", content_type="text/css")
        part = upload.send(1, b"content")
        bucket = reopened.again()
        assert [found.etag for found in parts_of(bucket.store, bucket.name, "key", upload.upload_id)] == [part.etag]
        bucket.store.complete_multipart_upload(bucket.name, "key", upload.upload_id, [part])
        assert bucket.read("key") == b"content"
        assert bucket.head("key").content_type == "text/css"

    @once
    @needs(*LISTING)
    def test_versions_are_there_when_the_store_is_opened_again(self, reopened: Reopened) -> None:
        bucket = reopened.bucket()
        bucket.put("key", b"before")
        versioned(bucket)
        version, marker = put_version(bucket, "key", b"version"), mark(bucket, "key")
        wanted = [Seen("key", marker, is_latest=True, is_marker=True), Seen("key", version), Seen("key", NULL)]
        bucket = reopened.again()
        assert versions_of(bucket) == wanted
        assert bucket.read("key", version_id=version) == b"version"
        assert bucket.read("key", version_id=NULL) == b"before"
        assert put_version(bucket, "key") not in {version, marker, NULL}

    @once
    @needs("bucket_object_lock", "bucket_versioning", "put_object_tagging")
    def test_a_lock_is_there_when_the_store_is_opened_again(self, reopened: Reopened) -> None:
        bucket = reopened.bucket(CreateBucketOptions(object_lock=True))
        kept = Retention(mode=GOVERNANCE, until=datetime.now(UTC).replace(microsecond=0) + timedelta(days=1))
        version = put_version(bucket, "key", retention=kept, legal_hold=True)
        bucket = reopened.again()
        bucket.store.put_object_tagging(bucket.name, "key", {"a": "b"})
        info = bucket.head("key")
        assert (info.retention, info.legal_hold) == (kept, True)
        with pytest.raises(ObjectLocked):
            bucket.delete("key", version_id=version, bypass_governance=True)
