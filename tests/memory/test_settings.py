"""The driver's settings."""

from __future__ import annotations

import pytest
from bucketry import BucketryError, InvalidSettings, open_store
from bucketry.secret import Secret
from bucketry_memory import MemoryDriver, MemorySettings


def test_a_bare_url_opens_a_store_that_can_do_everything() -> None:
    with open_store("memory://", environ={}) as store:
        features = store.capabilities.features
        status = store.status()

    # What is in memory ends with the process.
    assert [name for name in features.__struct_fields__ if getattr(features, name) is False] == [
        "persistent",
        "encrypts_at_rest",
    ]
    assert (features.min_part_size, features.max_parts) == (5 * 1024 * 1024, 10_000)
    assert (status.available, status.endpoint, status.region) == (True, "http://localhost:9000", "us-east-1")


def test_the_environment_sets_what_the_url_must_not() -> None:
    environ = {"BUCKETRY_MEMORY_SECRET_KEY": "hidden", "BUCKETRY_MEMORY_MIN_PART_SIZE": "10"}

    store = open_store("memory://?public_endpoint=https://s3.example.com&region=eu-1", environ=environ)

    assert store.capabilities.features.min_part_size == 10
    assert (store.status().endpoint, store.status().region) == ("https://s3.example.com", "eu-1")
    with pytest.raises(InvalidSettings, match="BUCKETRY_MEMORY_SECRET_KEY"):
        open_store("memory://?secret_key=hidden", environ={})


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("memory://?max_bytes=-1", "max_bytes"),
        ("memory://?max_bytes=much", "int"),
        ("memory://?max_entries=-1", "max_entries"),
        ("memory://?min_part_size=0", "min_part_size"),
        ("memory://?min_part_size=5368709121", "min_part_size"),
        ("memory://?endpoint=ftp://host", "http://"),
        ("memory://?public_endpoint=https://user:topsecret@host", "no password"),
        ("memory://?region=a/b", "region"),
        ("memory://?access_key=a,b", "access key"),
        ("memory://?max_byte=1", "max_byte"),
        ("memory://somewhere", "nothing between"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_in_words(url: str, says: str) -> None:
    with pytest.raises(InvalidSettings, match=says) as refused:
        open_store(url, environ={})
    assert "topsecret" not in str(refused.value)


def test_an_empty_secret_key_is_refused() -> None:
    with pytest.raises(InvalidSettings, match="secret_key"):
        MemorySettings(secret_key=Secret(""))


def test_no_secret_shows_anywhere() -> None:
    settings = MemorySettings(secret_key=Secret("topsecret"), max_bytes=0)
    driver = MemoryDriver(settings)
    store = open_store(settings)
    store.create_bucket("bucket")
    with pytest.raises(BucketryError) as refused:
        store.put_object("bucket", "key", b"x")

    shown = f"{settings} {settings!r} {driver} {driver!r} {driver._presigners!r} {store!r}"
    shown += f"{refused.value!r} {refused.value}"

    assert "topsecret" not in shown
    assert "max_bytes=0" in shown
