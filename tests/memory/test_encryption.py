"""What the driver keeps of encryption: keys of the key service by name, and of a customer's key a digest alone."""

from __future__ import annotations

import base64
import hashlib
import logging
import pickle
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
from bucketry import (
    BucketryError,
    CopyOptions,
    CustomerKey,
    CustomerKeyNeeded,
    Encryption,
    EncryptionSettings,
    GetOptions,
    HeadOptions,
    NoSuchKmsKey,
    PartOptions,
    PutOptions,
    UploadOptions,
    WrongCustomerKey,
)
from bucketry_memory import MemoryDriver

from tests.memory.opened import BUCKET, make_driver, make_store

RAW_KEY = b"SECRET key of a customer: 32 b.."
KEY, OTHER = CustomerKey(RAW_KEY), CustomerKey(b"SECRET key of another: 32 bytes.")
FORMS = [RAW_KEY, base64.b64encode(RAW_KEY), RAW_KEY.hex().encode()]
KMS = Encryption(algorithm="aws:kms")
ARN = "arn:aws:kms:us-east-1:123456789012:"


def kms(key_id: str | None, **settings: str) -> Encryption | None:
    """Stores an object under a KMS key, and returns its encryption."""
    store, _ = make_store(**settings)
    options = PutOptions(encryption=Encryption(algorithm="aws:kms", key_id=key_id))
    return store.put_object(BUCKET, "key", b"content", options).encryption


@pytest.mark.parametrize("key_id", ["any-key", "1234abcd-12ab-34cd-56ef-1234567890ab", f"{ARN}key/1234", "alias/mine"])
def test_without_a_list_every_well_formed_key_exists(key_id: str) -> None:
    assert kms(key_id) == Encryption(algorithm="aws:kms", key_id=key_id)


@pytest.mark.parametrize("key_id", ["a key", "key?", f"{ARN}other/1234", "arn:aws:s3:::bucket", "k" * 300, "é"])
def test_a_malformed_key_never_exists(key_id: str) -> None:
    with pytest.raises(BucketryError) as caught:
        kms(key_id)
    assert caught.value.code in {"no_such_kms_key", "invalid_argument"}


@pytest.mark.parametrize("key_id", ["one", f"{ARN}key/one", "alias/two", f"{ARN}alias/two", f"{ARN}key/three", "three"])
def test_a_listed_key_goes_by_its_id_and_by_its_arn(key_id: str) -> None:
    listed = f"one, alias/two,{ARN}key/three"
    found = kms(key_id, kms_keys=listed)
    assert found is not None
    assert found.key_id == key_id


@pytest.mark.parametrize("key_id", ["two", "alias/one", f"{ARN}key/two", "on"])
def test_a_key_that_is_not_listed_does_not_exist(key_id: str) -> None:
    with pytest.raises(NoSuchKmsKey):
        kms(key_id, kms_keys="one,alias/two")


def test_the_default_key_exists_whatever_is_listed() -> None:
    assert kms(None, kms_keys="one") == Encryption(algorithm="aws:kms", key_id="alias/aws/s3")


def test_a_bucket_says_whether_its_key_saves_calls() -> None:
    store, _ = make_store()
    store.put_bucket_settings(BUCKET, EncryptionSettings(algorithm="aws:kms", key_id="one", bucket_key=True))
    assert store.put_object(BUCKET, "key", b"").encryption == Encryption(
        algorithm="aws:kms", key_id="one", bucket_key=True
    )
    own = PutOptions(encryption=Encryption(algorithm="aws:kms", key_id="two", bucket_key=False))
    assert store.put_object(BUCKET, "own", b"", own).encryption == own.encryption
    other = store.put_object(BUCKET, "other", b"", PutOptions(encryption=KMS)).encryption
    assert other is not None
    assert other.bucket_key is True


@pytest.mark.parametrize(
    ("options", "is_md5"),
    [
        (PutOptions(), True),
        (PutOptions(encryption=Encryption(algorithm="AES256")), True),
        (PutOptions(encryption=KMS), False),
        (PutOptions(encryption=Encryption(algorithm="aws:kms:dsse")), False),
        (PutOptions(customer_key=KEY), False),
    ],
    ids=["plain", "sse-s3", "sse-kms", "dsse-kms", "sse-c"],
)
def test_an_etag_is_the_md5_only_where_s3_says_so(options: PutOptions, is_md5: bool) -> None:
    store, _ = make_store(min_part_size=1)
    md5 = hashlib.md5(b"content", usedforsecurity=False).hexdigest()
    etag = store.put_object(BUCKET, "key", b"content", options).etag
    assert (etag == md5) is is_md5
    assert len(etag) == len(md5)
    copied = CopyOptions(encryption=options.encryption, customer_key=options.customer_key)
    store.put_object(BUCKET, "source", b"content")
    assert (store.copy_object(BUCKET, "source", BUCKET, "copy", copied).etag == md5) is is_md5
    back = CopyOptions(source_customer_key=options.customer_key)
    assert store.copy_object(BUCKET, "key", BUCKET, "plain", back).etag == md5
    begun = UploadOptions(encryption=options.encryption, customer_key=options.customer_key)
    upload = store.create_multipart_upload(BUCKET, "parts", begun)
    sent = PartOptions(customer_key=options.customer_key)
    part = store.upload_part(BUCKET, "parts", upload.upload_id, 1, b"content", sent)
    assert (part.etag == md5) is is_md5
    assert store.complete_multipart_upload(BUCKET, "parts", upload.upload_id, [part]).etag.endswith("-1")


def test_each_version_has_a_salt_of_its_own() -> None:
    driver = driver_with_secrets()
    digests = [stored.facts.key_digest for stored in driver._buckets[BUCKET].objects.values()]
    assert len(set(digests)) == len(digests) == 3
    for digest in digests:
        assert digest is not None
        assert hashlib.sha256(RAW_KEY).digest() not in digest
        assert KEY.md5 not in digest


def driver_with_secrets() -> MemoryDriver:
    """Keeps an object that was put, one that was copied and one that was uploaded under the key, and an upload."""
    store, driver = make_store(min_part_size=1)
    store.put_object(BUCKET, "key", b"content", PutOptions(customer_key=KEY))
    store.copy_object(BUCKET, "key", BUCKET, "copy", CopyOptions(customer_key=KEY, source_customer_key=KEY))
    for key in ("parts", "going on"):
        upload = store.create_multipart_upload(BUCKET, key, UploadOptions(customer_key=KEY))
        part = store.upload_part(BUCKET, key, upload.upload_id, 1, b"content", PartOptions(customer_key=KEY))
        if key == "parts":
            store.complete_multipart_upload(BUCKET, key, upload.upload_id, [part])
    return driver


def everything_in(value: object, seen: set[int]) -> Iterator[object]:
    """Yields everything that a driver's tables hold, however deep."""
    if id(value) in seen:
        return
    seen.add(id(value))
    yield value
    if isinstance(value, dict):
        inside = [*value, *value.values()]
    elif isinstance(value, list | tuple | set | frozenset):
        inside = list(value)
    else:
        names = [*getattr(value, "__struct_fields__", ()), *getattr(type(value), "__slots__", ())]
        inside = [getattr(value, name) for name in names if hasattr(value, name)] + [
            *getattr(value, "__dict__", {}).values()
        ]
    for member in inside:
        yield from everything_in(member, seen)


def test_no_customers_key_is_kept() -> None:
    driver = driver_with_secrets()
    kept = list(everything_in(driver._buckets, set()))
    digests = [value for value in kept if isinstance(value, bytes) and len(value) == 48]
    assert len(digests) == 4, "the search does not find what is kept"
    assert not [value for value in kept if isinstance(value, CustomerKey)]
    texts = [value if isinstance(value, bytes) else value.encode() for value in kept if isinstance(value, bytes | str)]
    assert not [text for text in texts for form in FORMS if form in text]


def test_no_repr_error_or_log_shows_a_customers_key(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    store, _ = make_store()
    store.put_object(BUCKET, "key", b"content", PutOptions(customer_key=KEY))
    shown = [repr(KEY), repr(PutOptions(customer_key=KEY)), repr(UploadOptions(customer_key=KEY))]
    for options in (GetOptions(customer_key=OTHER), GetOptions()):
        with pytest.raises(BucketryError) as caught:
            store.get_object(BUCKET, "key", options)
        shown += [str(caught.value), repr(caught.value), "".join(traceback.format_exception(caught.value))]
    shown.append(repr(store.head_object(BUCKET, "key", HeadOptions(customer_key=KEY))))
    text = "\n".join([*shown, caplog.text])
    assert "CustomerKey('" in text
    for secret in (RAW_KEY, OTHER.reveal()):
        for form in (secret.decode(), base64.b64encode(secret).decode(), secret.hex()):
            assert form not in text
    with pytest.raises(TypeError):
        pickle.dumps(KEY)


def test_the_key_counts_before_any_condition() -> None:
    store, _ = make_store()
    etag = store.put_object(BUCKET, "key", b"content", PutOptions(customer_key=KEY)).etag
    conditions: Any
    for conditions in ({"if_none_match": etag}, {"if_match": "another"}):
        with pytest.raises(CustomerKeyNeeded):
            store.head_object(BUCKET, "key", HeadOptions(**conditions))
        with pytest.raises(WrongCustomerKey):
            store.get_object(BUCKET, "key", GetOptions(customer_key=OTHER, **conditions))


def test_bytes_in_memory_are_not_encrypted_and_the_driver_says_so() -> None:
    driver = make_driver()
    assert not driver.features.encrypts_at_rest
