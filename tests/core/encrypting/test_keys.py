"""Wrapped keys: they open with the key that wrapped them, for what they were wrapped for."""

from __future__ import annotations

import base64
import secrets

import msgspec
import pytest
from bucketry import BackendError, CustomerKey, InvalidSettings, NoSuchKmsKey, WrongCustomerKey
from bucketry.encrypting import ContentKey, Envelope, MasterKeys, WrappingKey
from bucketry.secret import Secret

PLACE = b"bucket/key"


def encoded(key: bytes) -> str:
    return base64.b64encode(key).decode()


def test_a_content_opens_with_the_key_that_wrapped_it() -> None:
    keys = MasterKeys([WrappingKey(secrets.token_bytes(32), "first")])
    content = ContentKey()
    envelope = keys.current.wrap(content, size_bytes=10, context=PLACE)
    assert envelope.master_key_id == "first"
    assert content.reveal() not in envelope.wrapped_key
    assert keys.unwrap(envelope, context=PLACE).reveal() == content.reveal()
    stored = msgspec.json.decode(msgspec.json.encode(envelope), type=Envelope)
    assert keys.unwrap(stored, context=PLACE).reveal() == content.reveal()


def test_no_two_envelopes_are_alike() -> None:
    key, content = WrappingKey(bytes(32), "first"), ContentKey()
    made = {key.wrap(content, size_bytes=1, context=PLACE).wrapped_key for _ in range(5)}
    assert len(made) == 5


@pytest.mark.parametrize(
    "change",
    [
        {"size_bytes": 9},
        {"chunk_bytes": 10},
        {"wrapped_key": b""},
        {"wrapped_key": bytes(80)},
    ],
    ids=str,
)
def test_an_envelope_that_was_changed_does_not_open(change: dict[str, object]) -> None:
    keys = MasterKeys([WrappingKey(bytes(32), "first")])
    envelope = keys.current.wrap(ContentKey(), size_bytes=10, context=PLACE)
    with pytest.raises(BackendError):
        keys.unwrap(msgspec.structs.replace(envelope, **change), context=PLACE)


def test_an_envelope_of_another_object_does_not_open() -> None:
    keys = MasterKeys([WrappingKey(bytes(32), "first")])
    envelope = keys.current.wrap(ContentKey(), size_bytes=10, context=PLACE)
    with pytest.raises(BackendError, match="moved"):
        keys.unwrap(envelope, context=b"bucket/other")


def test_master_keys_rotate_without_touching_the_content() -> None:
    old, new = (WrappingKey(secrets.token_bytes(32), name) for name in ("2025", "2026"))
    content = ContentKey()
    envelope = MasterKeys([old]).current.wrap(content, size_bytes=7, context=PLACE)
    both = MasterKeys([new, old])
    assert both.unwrap(envelope, context=PLACE).reveal() == content.reveal()
    moved = both.rewrap(envelope, context=PLACE)
    assert (moved.master_key_id, moved.size_bytes) == ("2026", 7)
    assert MasterKeys([new]).unwrap(moved, context=PLACE).reveal() == content.reveal()
    with pytest.raises(BackendError, match="'2025'"):
        MasterKeys([new]).unwrap(envelope, context=PLACE)
    assert both.named("2025") is old
    with pytest.raises(NoSuchKmsKey):
        both.named("2024")


def test_an_envelope_does_not_open_with_another_key_of_that_id() -> None:
    envelope = WrappingKey(bytes(32), "first").wrap(ContentKey(), size_bytes=7, context=PLACE)
    with pytest.raises(BackendError):
        MasterKeys([WrappingKey(b"x" * 32, "first")]).unwrap(envelope, context=PLACE)


def test_a_customers_key_opens_what_it_wrapped_and_nothing_else() -> None:
    content = ContentKey()
    mine, other = CustomerKey(b"m" * 32), CustomerKey(b"o" * 32)
    envelope = WrappingKey.of_customer(mine).wrap(content, size_bytes=7, context=PLACE)
    assert envelope.master_key_id is None
    assert WrappingKey.of_customer(mine).unwrap(envelope, context=PLACE).reveal() == content.reveal()
    with pytest.raises(WrongCustomerKey):
        WrappingKey.of_customer(other).unwrap(envelope, context=PLACE)
    with pytest.raises(BackendError):
        MasterKeys([WrappingKey(b"m" * 32, "first")]).unwrap(envelope, context=PLACE)


def test_keys_are_read_from_a_setting() -> None:
    first, second = encoded(b"1" * 32), encoded(b"2" * 32)
    keys = MasterKeys.parse(Secret(f"new:{first}, old:{second}"))
    assert keys.current.id == "new"
    assert repr(keys) == "MasterKeys('new', 'old')"
    assert first not in repr(keys.current)


@pytest.mark.parametrize(
    "text", ["", "id", "id:", "id:AAAA", f"id:{encoded(bytes(31))}", f":{encoded(bytes(32))}", "id:not base64", "a:b:c"]
)
def test_a_setting_that_is_malformed_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(InvalidSettings, match="master keys look like") as caught:
        MasterKeys.parse(text)
    assert text.partition(":")[2] in {"", "b:c"} or text.partition(":")[2] not in str(caught.value)


def test_each_key_has_an_id_of_its_own() -> None:
    key = encoded(bytes(32))
    with pytest.raises(InvalidSettings):
        MasterKeys.parse(f"a:{key},a:{key}")
    with pytest.raises(InvalidSettings):
        MasterKeys([])
