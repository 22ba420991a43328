"""The repr of an error shows its facts and no secret."""

from __future__ import annotations

import pickle

import pytest
from bucketry import BackendError, NoSuchBucket, NoSuchKey, PutOptions, Store, Unavailable, open_store
from bucketry.hookspecs import hookimpl
from bucketry.models import ObjectInfo

from tests.core.tiny import TinyDriver, TinySettings


def test_it_shows_code_bucket_and_key() -> None:
    with open_store("memory://") as store:
        with pytest.raises(NoSuchBucket) as no_bucket:
            store.head_bucket("my-assets")
        store.create_bucket("my-assets")
        with pytest.raises(NoSuchKey) as no_key:
            store.head_object("my-assets", "a/b")
    assert repr(no_bucket.value) == "NoSuchBucket(code='no_such_bucket', bucket='my-assets')"
    assert repr(no_key.value) == "NoSuchKey(code='no_such_key', bucket='my-assets', key='a/b')"


def test_it_shows_the_detail_and_what_else_an_error_carries() -> None:
    class Moved(Unavailable):
        def __init__(self, to: str) -> None:
            super().__init__("it has moved")
            self.to = to
            self._hidden = "hidden"

    assert repr(Moved("there")) == "Moved(code='unavailable', detail='it has moved', to='there')"


def test_a_long_key_does_not_flood_it() -> None:
    error = NoSuchKey("x" * 10_000, bucket="my-assets", key="k" * 1024)
    assert len(repr(error)) < 400
    assert repr(error).endswith("…')")


def test_control_characters_are_escaped() -> None:
    assert "\n" not in repr(NoSuchKey(bucket="my-assets", key="a\nb\x1b[2J"))


def test_it_survives_pickling() -> None:
    error = NoSuchKey("gone", bucket="my-assets", key="a")
    assert repr(pickle.loads(pickle.dumps(error))) == repr(error)


def test_what_an_sdk_says_is_repeated_without_its_signature() -> None:
    signature = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"

    class Driver(TinyDriver):
        @hookimpl
        def put_object(self, bucket: str, key: str, body: object, options: PutOptions) -> ObjectInfo:
            raise LookupError(f"no answer from /b?X-Amz-Signature={signature}&x=1")

        classify_error = TinyDriver.__mro__[1].classify_error  # type: ignore[attr-defined]

    with pytest.raises(BackendError) as caught:
        Store(Driver(TinySettings())).put_object("my-assets", "key", b"")
    assert "X-Amz-Signature=***" in repr(caught.value)
    assert signature not in repr(caught.value)
    assert signature not in str(caught.value)
