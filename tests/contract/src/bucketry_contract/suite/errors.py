"""Errors: the right class with the right particulars, whatever the backend says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from bucketry import (
    AccessDenied,
    BucketryError,
    CompletedPart,
    CorsRule,
    CorsSettings,
    InvalidBucketName,
    NoSuchBucket,
    NoSuchUpload,
    Retention,
    Store,
    Unavailable,
)
from bucketry.acls import canned_acl
from bucketry.object_lock import GOVERNANCE
from bucketry.owners import DEFAULT_OWNER

from bucketry_contract._capabilities import needs
from bucketry_contract._contract_tests import ContractTests
from bucketry_contract._scratch import Bucket, Scratch
from bucketry_contract.backend import Backend

Act = Callable[[Store, str], object]

ANY_ID = "no-such-upload"
ANY_PART = CompletedPart(1, "0" * 32)
ANY_RULES = CorsSettings(rules=(CorsRule(allowed_origins=("*",), allowed_methods=("GET",)),))

ON_A_BUCKET: dict[str, Act] = {
    "head_bucket": lambda store, bucket: store.head_bucket(bucket),
    "delete_bucket": lambda store, bucket: store.delete_bucket(bucket),
    "list_objects": lambda store, bucket: store.list_objects(bucket),
    "list_multipart_uploads": lambda store, bucket: store.list_multipart_uploads(bucket),
    "head_object": lambda store, bucket: store.head_object(bucket, "key"),
    "get_object": lambda store, bucket: store.get_object(bucket, "key"),
    "put_object": lambda store, bucket: store.put_object(bucket, "key", b"content"),
    "copy_object": lambda store, bucket: store.copy_object(bucket, "key", bucket, "copy"),
    "delete_object": lambda store, bucket: store.delete_object(bucket, "key"),
    "delete_objects": lambda store, bucket: store.delete_objects(bucket, ["key"]),
    "create_multipart_upload": lambda store, bucket: store.create_multipart_upload(bucket, "key"),
    "get_object_tagging": lambda store, bucket: store.get_object_tagging(bucket, "key"),
    "put_object_tagging": lambda store, bucket: store.put_object_tagging(bucket, "key", {"colour": "blue"}),
    "delete_object_tagging": lambda store, bucket: store.delete_object_tagging(bucket, "key"),
    "put_object_retention": lambda store, bucket: store.put_object_retention(bucket, "key", _tomorrow()),
    "put_object_legal_hold": lambda store, bucket: store.put_object_legal_hold(bucket, "key", True),
    "get_object_acl": lambda store, bucket: store.get_object_acl(bucket, "key"),
    "put_object_acl": lambda store, bucket: store.put_object_acl(bucket, "key", canned_acl("private", DEFAULT_OWNER)),
    "get_bucket_access": lambda store, bucket: store.get_bucket_access(bucket),
    "get_bucket_settings": lambda store, bucket: store.get_bucket_settings(bucket, CorsSettings),
    "put_bucket_settings": lambda store, bucket: store.put_bucket_settings(bucket, ANY_RULES),
    "delete_bucket_settings": lambda store, bucket: store.delete_bucket_settings(bucket, CorsSettings),
}


def _tomorrow() -> Retention:
    return Retention(mode=GOVERNANCE, until=datetime.now(UTC) + timedelta(days=1))


ON_AN_UPLOAD: dict[str, Callable[[Bucket, str, str], object]] = {
    "upload_part": lambda there, bucket, upload_id: there.store.upload_part(bucket, "key", upload_id, 1, b"part"),
    "upload_part_copy": lambda there, bucket, upload_id: there.store.upload_part_copy(
        bucket, "key", upload_id, 1, there.name, there.put("source").key
    ),
    "list_parts": lambda there, bucket, upload_id: there.store.list_parts(bucket, "key", upload_id),
    "complete_multipart_upload": lambda there, bucket, upload_id: there.store.complete_multipart_upload(
        bucket, "key", upload_id, [ANY_PART]
    ),
    "abort_multipart_upload": lambda there, bucket, upload_id: there.store.abort_multipart_upload(
        bucket, "key", upload_id
    ),
}
"""Calls on an upload to ``key``, each with a bucket that is there, the bucket of the upload, and its id."""

each_upload_call = pytest.mark.parametrize(
    "act", [pytest.param(act, marks=needs(name), id=name) for name, act in ON_AN_UPLOAD.items()]
)

ON_ITS_KEY = {
    "head_object",
    "get_object",
    "put_object",
    "delete_object",
    "create_multipart_upload",
    "get_object_tagging",
    "put_object_tagging",
    "delete_object_tagging",
    "put_object_retention",
    "put_object_legal_hold",
    "get_object_acl",
    "put_object_acl",
}


def _needs_of(operation: str) -> pytest.MarkDecorator:
    kinds = (CorsSettings.feature,) if operation.endswith("_bucket_settings") else ()
    return needs(operation, *kinds)


class ErrorTests(ContractTests):
    """A failure says what, where and why, and shows no secret."""

    @pytest.mark.parametrize(
        ("operation", "act"),
        [pytest.param(name, act, marks=_needs_of(name), id=name) for name, act in ON_A_BUCKET.items()],
    )
    def test_a_bucket_that_does_not_exist_is_named(self, scratch: Scratch, operation: str, act: Act) -> None:
        missing = scratch.new_name()
        with pytest.raises(NoSuchBucket) as caught:
            act(scratch.store, missing)
        assert caught.value.code == "no_such_bucket"
        if operation != "copy_object":
            assert caught.value.bucket == missing
            assert caught.value.key == ("key" if operation in ON_ITS_KEY else None)

    @pytest.mark.parametrize(
        "act", [pytest.param(act, marks=_needs_of(name), id=name) for name, act in ON_A_BUCKET.items()]
    )
    def test_a_bucket_that_the_backend_cannot_have_is_not_found_or_has_a_wrong_name(
        self, store: Store, act: Act
    ) -> None:
        # Servers may have buckets of such names, so each call reaches the backend.
        with pytest.raises((NoSuchBucket, InvalidBucketName)):
            act(store, "Not_A..Bucket")

    @each_upload_call
    def test_an_upload_that_does_not_exist_is_not_found(
        self, bucket: Bucket, act: Callable[[Bucket, str, str], object]
    ) -> None:
        with pytest.raises(NoSuchUpload) as caught:
            act(bucket, bucket.name, ANY_ID)
        assert (caught.value.code, caught.value.bucket, caught.value.key) == ("no_such_upload", bucket.name, "key")

    @each_upload_call
    @needs("create_multipart_upload")
    def test_an_upload_in_a_bucket_that_does_not_exist_is_not_found(
        self, bucket: Bucket, scratch: Scratch, act: Callable[[Bucket, str, str], object]
    ) -> None:
        elsewhere, missing = bucket.upload("key").upload_id, scratch.new_name()
        for upload_id in (ANY_ID, elsewhere):
            with pytest.raises(NoSuchBucket) as caught:
                act(bucket, missing, upload_id)
            assert (caught.value.code, caught.value.bucket, caught.value.key) == ("no_such_bucket", missing, "key")

    @pytest.mark.short
    @needs("put_object")
    def test_a_put_into_a_bucket_that_does_not_exist_makes_none(self, scratch: Scratch) -> None:
        missing = scratch.new_name()
        with pytest.raises(NoSuchBucket):
            scratch.store.put_object(missing, "key", b"content")
        with pytest.raises(NoSuchBucket):
            scratch.store.list_objects(missing)

    def test_a_backend_that_does_not_answer_is_unavailable(
        self, cause: Callable[[str], Store], contract_backend: Backend
    ) -> None:
        store = cause("unreachable")
        for act in _calls(store):
            with pytest.raises(Unavailable) as caught:
                act()
            assert (caught.value.code, caught.value.retryable) == ("unavailable", True)
            assert caught.value.__cause__ is not None
            _assert_no_secret(caught.value, contract_backend)
        _assert_status_says_why(store, contract_backend)

    def test_credentials_that_are_refused_are_access_denied(
        self, cause: Callable[[str], Store], contract_backend: Backend
    ) -> None:
        store = cause("bad_credentials")
        for act in _calls(store):
            with pytest.raises(AccessDenied) as caught:
                act()
            assert (caught.value.code, caught.value.retryable) == ("access_denied", False)
            _assert_no_secret(caught.value, contract_backend)
        _assert_status_says_why(store, contract_backend)

    @pytest.mark.short
    def test_no_repr_shows_a_secret(self, store: Store, bucket: Bucket, contract_backend: Backend) -> None:
        bucket.put("key")
        with store.get_object(bucket.name, "key") as opened:
            shown = [repr(store), str(store), repr(store.capabilities), repr(opened), repr(opened.info)]
        assert not [text for text in shown for secret in contract_backend.secrets if secret in text]


def _calls(store: Store) -> list[Callable[[], object]]:
    name = "bucketry-contract-missing"
    return [
        lambda: store.list_objects(name),
        lambda: store.head_object(name, "key"),
        lambda: store.put_object(name, "key", b"content"),
        lambda: store.get_object(name, "key"),
    ]


def _assert_no_secret(error: BucketryError, backend: Backend) -> None:
    texts = [str(error), repr(error), error.detail]
    assert not [text for text in texts for secret in backend.secrets if secret in text]
    assert not [text for text in texts if "X-Amz-Signature" in text]


def _assert_status_says_why(store: Store, backend: Backend) -> None:
    if "status" in store.capabilities.operations:
        status = store.status()
        assert not status.available
        assert status.detail
        assert not [secret for secret in backend.secrets if secret in status.detail]
