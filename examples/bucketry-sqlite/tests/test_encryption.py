"""Encrypted objects, seen behind the driver's back: in the bytes of the file, and after somebody changed them."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from bucketry import (
    BackendError,
    BucketryError,
    CopyOptions,
    CustomerKey,
    Encryption,
    EncryptionSettings,
    GetOptions,
    NoSuchKmsKey,
    PartOptions,
    PutOptions,
    Store,
    Unsupported,
    UploadOptions,
    open_store,
)
from bucketry.ranges import ByteRange
from bucketry.secret import Secret
from bucketry_sqlite import SqliteSettings

WORDS = b"these very words shall not be found. "
CONTENT = WORDS * 20_000
CUSTOMER_KEY = CustomerKey(b"the key of a customer, 32 bytes.")
WAYS = {
    "sse-s3": PutOptions(encryption=Encryption(algorithm="AES256")),
    "sse-kms": PutOptions(encryption=Encryption(algorithm="aws:kms", key_id="old")),
    "sse-c": PutOptions(customer_key=CUSTOMER_KEY),
}
every_way = pytest.mark.parametrize("options", WAYS.values(), ids=WAYS)


def master(*names: str) -> Secret:
    return Secret(",".join(f"{name}:{base64.b64encode(name.ljust(32).encode()).decode()}" for name in names))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def store(file: Path) -> Iterator[Store]:
    with opened(file, master("old")) as store:
        store.create_bucket("bucket")
        yield store


def opened(file: Path, keys: Secret | None) -> Store:
    return open_store(SqliteSettings(location=str(file), encryption_keys=keys))


def query(file: Path, text: str, *values: object) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        return connection.execute(text, values).fetchall()


def on_disk(file: Path) -> bytes:
    """Returns all bytes of the database, its log too."""
    return b"".join(path.read_bytes() for path in sorted(file.parent.iterdir()))


def read(store: Store, options: PutOptions | None, key: str = "key", *, wanted: ByteRange | None = None) -> bytes:
    customer_key = None if options is None else options.customer_key
    with store.get_object("bucket", key, GetOptions(range=wanted, customer_key=customer_key)) as found:
        return found.read()


@every_way
def test_nothing_in_the_file_tells_the_content(store: Store, file: Path, options: PutOptions) -> None:
    store.put_object("bucket", "key", CONTENT, options)
    assert WORDS not in on_disk(file)
    assert CUSTOMER_KEY.reveal() not in on_disk(file)
    assert read(store, options) == CONTENT
    store.put_object("bucket", "plain", CONTENT)
    assert WORDS in on_disk(file)


@every_way
def test_parts_are_encrypted_when_they_come(store: Store, file: Path, options: PutOptions) -> None:
    begun = UploadOptions(encryption=options.encryption, customer_key=options.customer_key)
    upload = store.create_multipart_upload("bucket", "key", begun)
    sent = PartOptions(customer_key=options.customer_key)
    parts = [store.upload_part("bucket", "key", upload.upload_id, n, CONTENT[n:], sent) for n in (1, 2)]
    assert WORDS not in on_disk(file)
    store.complete_multipart_upload("bucket", "key", upload.upload_id, parts)
    assert read(store, options) == CONTENT[1:] + CONTENT[2:]
    end = len(CONTENT) - 1
    assert read(store, options, wanted=ByteRange(end - 5, end + 5)) == (CONTENT[1:] + CONTENT[2:])[end - 5 : end + 6]
    assert WORDS not in on_disk(file)


@every_way
def test_copies_share_what_is_encrypted(store: Store, file: Path, options: PutOptions) -> None:
    store.put_object("bucket", "key", CONTENT, options)
    (before,) = query(file, "SELECT count(*) FROM chunks")
    copied = CopyOptions(encryption=WAYS["sse-s3"].encryption, source_customer_key=options.customer_key)
    store.copy_object("bucket", "key", "bucket", "copy", copied)
    assert query(file, "SELECT count(*) FROM chunks") == [before]
    assert read(store, None, "copy") == CONTENT
    store.delete_object("bucket", "key")
    assert read(store, None, "copy") == CONTENT


@every_way
@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE chunks SET data = x'00' || substr(data, 2) WHERE start = 262144",
        "UPDATE chunks SET data = substr(data, 1, length(data) - 1) WHERE start = 524288",
        "UPDATE chunks SET data = (SELECT data FROM chunks WHERE start = 0) WHERE start = 262144",
        "DELETE FROM chunks WHERE start = 262144",
        "DELETE FROM chunks WHERE start = 524288",
        "UPDATE pieces SET envelope = replace(envelope, '\"size_bytes\":740000', '\"size_bytes\":739999')",
    ],
    ids=["changed", "cut", "doubled", "missing", "without an end", "another size"],
)
def test_damage_is_found_and_no_wrong_byte_is_read(store: Store, file: Path, options: PutOptions, damage: str) -> None:
    store.put_object("bucket", "key", CONTENT, options)
    assert len(CONTENT) == 740_000
    query(file, damage)
    pieces: list[bytes] = []
    with pytest.raises(BucketryError), store.get_object("bucket", "key", read_options(options)) as found:
        pieces.extend(found)
    assert CONTENT.startswith(b"".join(pieces))
    assert len(b"".join(pieces)) < len(CONTENT)


def read_options(options: PutOptions) -> GetOptions:
    return GetOptions(customer_key=options.customer_key)


def test_what_was_stored_for_another_key_is_not_read(store: Store, file: Path) -> None:
    for key in ("mine", "theirs"):
        store.put_object("bucket", key, key.encode(), WAYS["sse-s3"])
    query(file, "UPDATE pieces SET object = -object")
    query(file, "UPDATE pieces SET object = (SELECT max(-object) + min(-object) FROM pieces) + object")
    for key in ("mine", "theirs"):
        with pytest.raises(BackendError):
            read(store, None, key)


def test_master_keys_rotate(store: Store, file: Path) -> None:
    store.put_object("bucket", "key", CONTENT, WAYS["sse-s3"])
    with opened(file, master("new", "old")) as rotated:
        assert read(rotated, None) == CONTENT
        rotated.put_object("bucket", "newer", CONTENT, WAYS["sse-s3"])
        rotated.copy_object("bucket", "key", "bucket", "key", CopyOptions(encryption=WAYS["sse-s3"].encryption))
    with opened(file, master("new")) as rotated:
        assert read(rotated, None) == read(rotated, None, "newer") == CONTENT
    with pytest.raises(BackendError, match="'new'"):
        read(store, None)


def test_a_store_without_master_keys_has_customers_keys_alone(store: Store, file: Path) -> None:
    store.put_object("bucket", "key", b"content", WAYS["sse-s3"])
    with opened(file, None) as without:
        features = without.capabilities.features
        assert (features.encrypt_sse_c, features.encrypt_sse_s3, features.bucket_encryption) == (True, False, False)
        without.put_object("bucket", "mine", b"content", WAYS["sse-c"])
        assert read(without, WAYS["sse-c"], "mine") == b"content"
        assert without.head_object("bucket", "key").encryption == WAYS["sse-s3"].encryption
        with pytest.raises(Unsupported):
            read(without, None)
        with pytest.raises(Unsupported):
            without.put_object("bucket", "key", b"content", WAYS["sse-s3"])


def test_a_default_with_a_key_that_is_gone_stores_nothing_in_the_clear(store: Store, file: Path) -> None:
    store.put_bucket_settings("bucket", EncryptionSettings(algorithm="aws:kms", key_id="old"))
    with opened(file, master("new")) as other, pytest.raises(NoSuchKmsKey):
        other.put_object("bucket", "key", CONTENT)
    with opened(file, None) as without, pytest.raises(Unsupported):
        without.put_object("bucket", "key", CONTENT)
    assert WORDS not in on_disk(file)


def test_no_setting_shows_a_master_key() -> None:
    settings = SqliteSettings(location="store.db", encryption_keys=master("old"))
    assert base64.b64encode(b"old".ljust(32)).decode() not in repr(settings)
