"""Encryption: a version has what its write asked for, and is told only to a caller with the customer's key."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from bucketry import (
    AttributesOptions,
    BucketryError,
    ByteRange,
    CustomerKey,
    CustomerKeyNeeded,
    CustomerKeyNotNeeded,
    Encryption,
    EncryptionSettings,
    NoSuchKmsKey,
    ObjectInfo,
    Part,
    PartCopyOptions,
    Store,
    Upload,
    WrongCustomerKey,
)

from bucketry_contract._capabilities import needs
from bucketry_contract._contents import content_of
from bucketry_contract._contract_tests import ContractTests
from bucketry_contract._report_notes import Notes, cannot_try
from bucketry_contract._scratch import Bucket, MultipartUpload
from bucketry_contract.backend import Backend, CannotLook
from bucketry_contract.suite.multipart import MULTIPART

KEY, OTHER = CustomerKey(bytes(range(32))), CustomerKey(bytes(range(32, 64)))

PLAIN: dict[str, Any] = {}
SSE_S3: dict[str, Any] = {"encryption": Encryption(algorithm="AES256")}
SSE_C: dict[str, Any] = {"customer_key": KEY}
KMS = "kms"
"""Stands for `kms`, since the id of the key is the backend's."""

_NEEDS: dict[str, tuple[str, ...]] = {
    "plain": (),
    "sse-s3": ("encrypt_sse_s3",),
    "sse-kms": ("encrypt_sse_kms",),
    "sse-c": ("encrypt_sse_c",),
}
_WAYS: dict[str, Any] = {"plain": PLAIN, "sse-s3": SSE_S3, "sse-kms": KMS, "sse-c": SSE_C}

every_way = pytest.mark.parametrize(
    "way", [pytest.param(_WAYS[name], id=name, marks=needs(*_NEEDS[name])) for name in _WAYS]
)
encrypted_ways = pytest.mark.parametrize(
    "way", [pytest.param(_WAYS[name], id=name, marks=needs(*_NEEDS[name])) for name in _WAYS if name != "plain"]
)
every_pair = pytest.mark.parametrize(
    ("source", "way"),
    [
        pytest.param(
            _WAYS[first], _WAYS[second], id=f"{first} to {second}", marks=needs(*_NEEDS[first], *_NEEDS[second])
        )
        for first in _WAYS
        for second in _WAYS
    ],
)


class EncryptionTests(ContractTests):
    """What is asked for is kept with the version; a customer's key is never needed in vain, and never in vain given."""

    @pytest.fixture
    def fields(self, contract_backend: Backend) -> Callable[[Any], dict[str, Any]]:
        """Returns the fields of options for one of the ways to encrypt."""

        def of(way: Any) -> dict[str, Any]:
            return kms(contract_backend.kms_keys[0]) if way is KMS else way

        return of

    # What a version has

    @encrypted_ways
    def test_a_version_is_encrypted_as_its_write_asks(
        self, bucket: Bucket, fields: Callable[[Any], dict[str, Any]], way: Any
    ) -> None:
        asked, content = fields(way), content_of(1000)
        written = bucket.put("key", content, **asked)
        check_encryption(written, asked)
        assert bucket.read("key", **key_of(asked)) == content
        check_encryption(bucket.head("key", **key_of(asked)), asked)
        bucket.put("key", content)
        assert_plain(bucket.head("key"))

    @needs("encrypt_sse_kms")
    def test_the_kms_key_is_the_one_that_was_asked_for(self, bucket: Bucket, contract_backend: Backend) -> None:
        for key_id in contract_backend.kms_keys:
            bucket.put(key_id, b"content", **kms(key_id))
        for key_id in contract_backend.kms_keys:
            check_encryption(bucket.head(key_id), kms(key_id))
            assert bucket.read(key_id) == b"content"

    @needs("encrypt_sse_kms")
    def test_without_an_id_the_key_service_has_a_key(self, bucket: Bucket) -> None:
        bucket.put("key", b"content", encryption=Encryption(algorithm="aws:kms"))
        found = bucket.head("key").encryption
        assert found is not None
        assert found.algorithm == "aws:kms"
        assert bucket.read("key") == b"content"

    @needs("encrypt_sse_kms")
    def test_a_kms_key_that_does_not_exist_is_refused(
        self, store: Store, bucket: Bucket, contract_backend: Backend, notes: Notes
    ) -> None:
        missing = contract_backend.missing_kms_key
        if missing is None and store.capabilities.features.encrypt_sse_kms:
            cannot_try(notes, "a KMS key that does not exist", "the backend takes any id")
        asked = kms(missing or "missing")
        bucket.put("key", b"old")
        with pytest.raises(NoSuchKmsKey):
            bucket.put("key", b"new", **asked)
        assert bucket.read("key") == b"old"
        if "copy_object" in store.capabilities.operations:
            with pytest.raises(NoSuchKmsKey):
                bucket.copy("key", "copy", **asked)
        if "create_multipart_upload" in store.capabilities.operations:
            with pytest.raises(NoSuchKmsKey):
                bucket.upload("key", **asked)

    @encrypted_ways
    def test_other_encrypted_content_has_another_etag(
        self, bucket: Bucket, fields: Callable[[Any], dict[str, Any]], way: Any
    ) -> None:
        asked = fields(way)
        etags = {bucket.put("key", content, **asked).etag for content in (b"one", b"two", b"three")}
        assert len(etags) == 3
        assert bucket.head("key", **key_of(asked)).etag in etags

    # A customer's key

    @needs("encrypt_sse_c")
    def test_a_version_under_a_customers_key_is_read_with_that_key(self, bucket: Bucket) -> None:
        content = content_of(1000)
        bucket.put("key", content, customer_key=KEY)
        again = CustomerKey(KEY.reveal())
        assert bucket.read("key", customer_key=again) == content
        assert bucket.read("key", customer_key=again, range=ByteRange(3, 7)) == content[3:8]
        assert bucket.head("key", customer_key=again).customer_key_md5 == KEY.md5

    @needs("encrypt_sse_c")
    def test_a_version_under_a_customers_key_is_read_only_with_that_key(self, bucket: Bucket) -> None:
        bucket.put("key", b"content", customer_key=KEY)
        for read in (bucket.read, bucket.head):
            with pytest.raises(CustomerKeyNeeded):
                read("key")
            with pytest.raises(WrongCustomerKey):
                read("key", customer_key=OTHER)
        with pytest.raises(CustomerKeyNeeded):
            bucket.read("key", range=ByteRange(0, 2))
        with pytest.raises(WrongCustomerKey):
            bucket.read("key", customer_key=OTHER, range=ByteRange(0, 2))

    @needs("encrypt_sse_c", "get_object_attributes")
    def test_attributes_under_a_customers_key_are_told_only_with_that_key(self, bucket: Bucket, store: Store) -> None:
        bucket.put("key", b"content", customer_key=KEY)
        bucket.put("plain", b"content")
        told = store.get_object_attributes(bucket.name, "key", AttributesOptions(customer_key=KEY))
        assert told.info.customer_key_md5 == KEY.md5
        for key, sent, error in (
            ("key", None, CustomerKeyNeeded),
            ("key", OTHER, WrongCustomerKey),
            ("plain", KEY, CustomerKeyNotNeeded),
        ):
            with pytest.raises(error):
                store.get_object_attributes(bucket.name, key, AttributesOptions(customer_key=sent))

    @needs("encrypt_sse_c")
    def test_a_customers_key_that_nothing_needs_is_refused(self, bucket: Bucket) -> None:
        bucket.put("key", b"content")
        for read in (bucket.read, bucket.head):
            with pytest.raises(CustomerKeyNotNeeded):
                read("key", customer_key=KEY)
        bucket.put("key", b"content", customer_key=KEY)
        bucket.put("key", b"content")
        with pytest.raises(CustomerKeyNotNeeded):
            bucket.read("key", customer_key=KEY)

    @needs("encrypt_sse_c", "get_object_tagging", "put_object_tagging", "put_tagging")
    def test_tags_and_deletes_need_no_customers_key(self, bucket: Bucket, store: Store) -> None:
        bucket.put("key", b"content", customer_key=KEY, tags={"colour": "blue"})
        store.put_object_tagging(bucket.name, "key", {"colour": "red"})
        assert store.get_object_tagging(bucket.name, "key") == {"colour": "red"}
        with pytest.raises(CustomerKeyNeeded):
            bucket.read("key")
        assert bucket.read("key", customer_key=KEY) == b"content"
        bucket.delete("key")
        assert not bucket.holds("key")

    @needs("encrypt_sse_c")
    def test_no_error_shows_a_customers_key(self, bucket: Bucket) -> None:
        bucket.put("key", b"content", customer_key=KEY)
        for key, sent in (("key", OTHER), ("key", None), ("missing", OTHER)):
            with pytest.raises(BucketryError) as caught:
                bucket.read(key, customer_key=sent)
            shown = f"{caught.value} {caught.value!r} {caught.value.__cause__!r} {vars(caught.value)}"
            for secret in forms_of(KEY) + forms_of(OTHER):
                assert secret not in shown

    # Copies

    @needs("copy_object")
    @every_pair
    def test_a_copy_is_encrypted_as_it_asks(
        self, bucket: Bucket, fields: Callable[[Any], dict[str, Any]], source: Any, way: Any
    ) -> None:
        of_source, asked, content = fields(source), fields(way), content_of(1000)
        bucket.put("source", content, **of_source)
        copied = bucket.copy("source", "copy", **source_key_of(of_source), **asked)
        check_encryption(copied, asked)
        check_encryption(bucket.head("copy", **key_of(asked)), asked)
        assert bucket.read("copy", **key_of(asked)) == content
        assert bucket.read("source", **key_of(of_source)) == content

    @needs("encrypt_sse_c", "copy_object")
    def test_a_source_under_a_customers_key_is_copied_only_with_that_key(self, bucket: Bucket) -> None:
        bucket.put("source", b"content", customer_key=KEY)
        bucket.put("plain", b"content")
        with pytest.raises(CustomerKeyNeeded):
            bucket.copy("source", "copy")
        with pytest.raises(CustomerKeyNeeded):
            bucket.copy("source", "copy", customer_key=KEY)
        with pytest.raises(WrongCustomerKey):
            bucket.copy("source", "copy", source_customer_key=OTHER)
        with pytest.raises(CustomerKeyNotNeeded):
            bucket.copy("plain", "copy", source_customer_key=KEY)
        assert not bucket.holds("copy")
        bucket.copy("source", "copy", source_customer_key=KEY, customer_key=OTHER)
        assert bucket.read("copy", customer_key=OTHER) == b"content"

    @needs("copy_object")
    @encrypted_ways
    def test_a_copy_onto_itself_may_change_its_encryption_alone(
        self, bucket: Bucket, fields: Callable[[Any], dict[str, Any]], way: Any
    ) -> None:
        asked = fields(way)
        bucket.put("key", b"content", content_type="text/css")
        bucket.copy("key", "key", **asked)
        found = bucket.head("key", **key_of(asked))
        check_encryption(found, asked)
        assert found.content_type == "text/css"
        assert bucket.read("key", **key_of(asked)) == b"content"

    # Uploads in parts

    @needs(*MULTIPART)
    @encrypted_ways
    def test_an_upload_makes_an_object_that_is_encrypted_as_it_began(
        self, bucket: Bucket, store: Store, fields: Callable[[Any], dict[str, Any]], way: Any
    ) -> None:
        asked = fields(way)
        contents = [content_of(max(store.capabilities.features.min_part_size, 1000), 1), content_of(100, 2)]
        upload = bucket.upload("key", **asked)
        check_uploading(upload.begun, asked)
        parts = [upload.send(number, content, **key_of(asked)) for number, content in enumerate(contents, 1)]
        for part in parts:
            check_uploading(part, asked)
        check_encryption(upload.complete(*parts, **key_of(asked)), asked)
        check_encryption(bucket.head("key", **key_of(asked)), asked)
        assert bucket.read("key", **key_of(asked)) == b"".join(contents)

    @needs("encrypt_sse_c", *MULTIPART)
    def test_a_part_needs_the_customers_key_of_its_upload(self, bucket: Bucket) -> None:
        upload, plain = bucket.upload("key", customer_key=KEY), bucket.upload("plain")
        with pytest.raises(CustomerKeyNeeded):
            upload.send(1, b"part")
        with pytest.raises(WrongCustomerKey):
            upload.send(1, b"part", customer_key=OTHER)
        with pytest.raises(CustomerKeyNotNeeded):
            plain.send(1, b"part", customer_key=KEY)
        upload.complete(upload.send(1, b"part", customer_key=KEY))
        assert bucket.read("key", customer_key=KEY) == b"part"
        with pytest.raises(CustomerKeyNeeded):
            bucket.read("key")

    @needs("encrypt_sse_c", *MULTIPART)
    def test_an_upload_is_completed_without_a_key_or_with_its_own(self, bucket: Bucket) -> None:
        upload, plain = bucket.upload("key", customer_key=KEY), bucket.upload("plain")
        part, other = upload.send(1, b"part", customer_key=KEY), plain.send(1, b"part")
        with pytest.raises(WrongCustomerKey):
            upload.complete(part, customer_key=OTHER)
        with pytest.raises(CustomerKeyNotNeeded):
            plain.complete(other, customer_key=KEY)
        assert not bucket.holds("plain")
        upload.complete(part)
        assert bucket.read("key", customer_key=KEY) == b"part"

    @needs("upload_part_copy", *MULTIPART)
    @every_pair
    def test_a_copied_part_is_encrypted_as_its_upload(
        self, bucket: Bucket, fields: Callable[[Any], dict[str, Any]], source: Any, way: Any
    ) -> None:
        of_source, asked, content = fields(source), fields(way), content_of(1000)
        bucket.put("source", content, **of_source)
        upload = bucket.upload("key", **asked)
        part = _copied(upload, range=ByteRange(3, 702), **source_key_of(of_source), **key_of(asked))
        check_uploading(part, asked)
        check_encryption(upload.complete(part, **key_of(asked)), asked)
        assert bucket.read("key", **key_of(asked)) == content[3:703]

    @needs("encrypt_sse_c", "upload_part_copy", *MULTIPART)
    def test_a_copied_part_needs_the_keys_of_its_source_and_of_its_upload(self, bucket: Bucket) -> None:
        bucket.put("source", b"content", customer_key=KEY)
        upload, plain = bucket.upload("key", customer_key=OTHER), bucket.upload("plain")
        for keys, error in (
            ({}, CustomerKeyNeeded),
            ({"source_customer_key": KEY}, CustomerKeyNeeded),
            ({"customer_key": OTHER}, CustomerKeyNeeded),
            ({"source_customer_key": OTHER, "customer_key": OTHER}, WrongCustomerKey),
            ({"source_customer_key": KEY, "customer_key": KEY}, WrongCustomerKey),
        ):
            with pytest.raises(error):
                _copied(upload, **keys)
        with pytest.raises(CustomerKeyNotNeeded):
            _copied(plain, source_customer_key=KEY, customer_key=OTHER)
        bucket.put("source", b"content")
        with pytest.raises(CustomerKeyNotNeeded):
            _copied(plain, source_customer_key=KEY)
        upload.complete(_copied(upload, customer_key=OTHER))
        assert bucket.read("key", customer_key=OTHER) == b"content"

    # A bucket's default

    @pytest.mark.short
    @needs("bucket_encryption", "encrypt_sse_s3")
    def test_what_is_written_by_default_is_encrypted_as_the_bucket_says(self, bucket: Bucket, store: Store) -> None:
        before = bucket.put("before", b"content")
        store.put_bucket_settings(bucket.name, EncryptionSettings(algorithm="AES256"))
        try:
            check_encryption(bucket.put("key", b"content"), SSE_S3)
            check_encryption(bucket.head("key"), SSE_S3)
            assert bucket.head("before").encryption == before.encryption
            if "copy_object" in store.capabilities.operations:
                check_encryption(bucket.copy("before", "copy"), SSE_S3)
            if set(MULTIPART) <= store.capabilities.operations:
                upload = bucket.upload("parts")
                check_uploading(upload.begun, SSE_S3)
                check_encryption(upload.complete(upload.send(1, b"part")), SSE_S3)
        finally:
            store.delete_bucket_settings(bucket.name, EncryptionSettings)
        assert_plain(bucket.put("after", b"content"))
        check_encryption(bucket.head("key"), SSE_S3)

    @needs("bucket_encryption", "encrypt_sse_kms")
    def test_a_bucket_may_name_the_kms_key_of_its_default(
        self, bucket: Bucket, store: Store, contract_backend: Backend
    ) -> None:
        first, second = contract_backend.kms_keys[0], contract_backend.kms_keys[-1]
        settings = EncryptionSettings(algorithm="aws:kms", key_id=first)
        store.put_bucket_settings(bucket.name, settings)
        try:
            check_encryption(bucket.put("default", b"content"), kms(first))
            check_encryption(bucket.put("own", b"content", **kms(second)), kms(second))
        finally:
            store.delete_bucket_settings(bucket.name, EncryptionSettings)

    @pytest.mark.short
    @needs("bucket_encryption", "encrypt_sse_s3", "encrypt_sse_c")
    def test_a_customers_key_goes_before_the_default(self, bucket: Bucket, store: Store) -> None:
        store.put_bucket_settings(bucket.name, EncryptionSettings(algorithm="AES256"))
        try:
            check_encryption(bucket.put("key", b"content", customer_key=KEY), SSE_C)
            with pytest.raises(CustomerKeyNeeded):
                bucket.read("key")
        finally:
            store.delete_bucket_settings(bucket.name, EncryptionSettings)

    # Where it is stored

    @encrypted_ways
    def test_encrypted_content_is_not_stored_readably(
        self,
        store: Store,
        bucket: Bucket,
        contract_backend: Backend,
        notes: Notes,
        fields: Callable[[Any], dict[str, Any]],
        way: Any,
    ) -> None:
        asked, content = fields(way), b"these very words shall not be found. " * 5000
        bucket.put("key", content, **asked)
        if not store.capabilities.features.encrypts_at_rest:
            cannot_try(notes, "looking for encrypted bytes", "the driver does not declare that it encrypts at rest")
        stored = contract_backend.raw_object(bucket.name, "key")
        if isinstance(stored, CannotLook):
            cannot_try(notes, "looking for encrypted bytes", "the backend gives no raw_object()")
        assert stored is not None
        assert len(stored) >= len(content), "this is not what is stored"
        assert b"words" not in stored


def kms(key_id: str) -> dict[str, Any]:
    """Returns the fields that ask for encryption with a KMS key."""
    return {"encryption": Encryption(algorithm="aws:kms", key_id=key_id)}


def key_of(asked: dict[str, Any]) -> dict[str, Any]:
    """Returns the fields that a read of a version needs."""
    return {name: value for name, value in asked.items() if name == "customer_key"}


def source_key_of(asked: dict[str, Any]) -> dict[str, Any]:
    """Returns the fields that a copy of a version needs."""
    return {f"source_{name}": value for name, value in key_of(asked).items()}


def check_encryption(told: ObjectInfo | Upload | Part, asked: dict[str, Any]) -> None:
    """Checks that a result tells the encryption that was asked for. A backend may write the id of a key as an ARN."""
    wanted: Encryption | None = asked.get("encryption")
    found, key = told.encryption, asked.get("customer_key")
    assert told.customer_key_md5 == (None if key is None else key.md5)
    if wanted is None:
        assert found is None if key is not None else _is_default(found)
        return
    assert found is not None
    assert found.algorithm == wanted.algorithm
    assert wanted.key_id is None or is_key(found.key_id, wanted.key_id)
    assert wanted.algorithm != "AES256" or found.key_id is None


def check_uploading(told: Upload | Part, asked: dict[str, Any]) -> None:
    """Checks the same of an upload or a part. A backend may tell the encryption of the object alone."""
    if told.encryption is not None or "encryption" not in asked:
        check_encryption(told, asked)


def is_key(told: str | None, wanted: str) -> bool:
    """Says whether an id of a KMS key, or an ARN, is that of the wanted key."""
    return told is not None and (told == wanted or told.endswith((f"/{wanted}", f":{wanted}")))


def assert_plain(told: ObjectInfo) -> None:
    """Checks that a version has no more encryption than everything in its backend."""
    check_encryption(told, PLAIN)


def _is_default(found: Encryption | None) -> bool:
    """Says whether nobody asked for this encryption: Amazon S3 encrypts everything, with keys of its own."""
    return found is None or found == Encryption(algorithm="AES256")


def forms_of(key: CustomerKey) -> list[str]:
    """Returns how a key could show in a text."""
    raw = key.reveal()
    return [base64.b64encode(raw).decode(), raw.hex(), repr(raw)[2:-1]]


def _copied(upload: MultipartUpload, **options: Any) -> Part:
    bucket = upload.bucket
    return bucket.store.upload_part_copy(
        bucket.name, upload.key, upload.upload_id, 1, bucket.name, "source", PartCopyOptions(**options)
    )
