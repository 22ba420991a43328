"""DeleteObjects: up to a thousand keys, each with its own outcome."""

from __future__ import annotations

from typing import Any

import pytest
from bucketry import Store
from types_boto3_s3 import S3Client

from tests.http.s3.client import Client
from tests.http.s3.test_objects import KEYS, failing


def delete(boto: S3Client, keys: list[str], **more: Any) -> Any:
    batch: Any = {"Objects": [{"Key": key} for key in keys], **more}
    return boto.delete_objects(Bucket="things", Delete=batch)


@pytest.mark.parametrize("quiet", [False, True])
def test_a_thousand_keys(boto: S3Client, store: Store, quiet: bool) -> None:
    keys = [f"{'k' * 1000}{number:04}" for number in range(1000)]
    for key in [*keys[::2], "kept"]:
        store.put_object("things", key, b"")
    answer = delete(boto, keys, Quiet=quiet)
    assert [entry["Key"] for entry in answer.get("Deleted", [])] == ([] if quiet else keys)
    assert "Errors" not in answer
    assert [info.key for info in store.iter_objects("things")] == ["kept"]


@pytest.mark.parametrize("count", [0, 1001])
def test_other_numbers_of_keys(s3: Client, store: Store, count: int) -> None:
    store.put_object("things", "a", b"")
    body = f"<Delete>{'<Object><Key>a</Key></Object>' * count}</Delete>".encode()
    assert s3.ask("POST", "/things?delete", body).error == (400, "MalformedXML")
    assert [info.key for info in store.iter_objects("things")] == ["a"]


@pytest.mark.parametrize("key", [key for key in KEYS if key.isprintable() or key in {"a\nb", "a\tb", "\u2028"}])
def test_keys_of_any_kind(boto: S3Client, store: Store, key: str) -> None:
    store.put_object("things", key, b"")
    assert [entry["Key"] for entry in delete(boto, [key])["Deleted"]] == [key]
    assert list(store.iter_objects("things")) == []


@pytest.mark.parametrize("quiet", [False, True])
def test_what_cannot_be_deleted_is_said_of_each(boto: S3Client, store: Store, quiet: bool) -> None:
    for key in ("a", "b", "c"):
        store.put_object("things", key, b"")
    objects: list[Any] = [
        {"Key": "a", "ETag": '"another"'},
        {"Key": "b", "VersionId": "an older one"},
        {"Key": "c", "VersionId": "null"},
        {"Key": "x" * 1025},
        {"Key": "none"},
    ]
    answer = boto.delete_objects(Bucket="things", Delete={"Objects": objects, "Quiet": quiet})
    errors = {entry["Key"][:4]: entry["Code"] for entry in answer["Errors"]}
    assert errors == {"a": "PreconditionFailed", "b": "NoSuchVersion", "xxxx": "KeyTooLongError"}
    assert {entry["Key"] for entry in answer.get("Deleted", [])} == (set() if quiet else {"c", "none"})
    assert [info.key for info in store.iter_objects("things")] == ["a", "b"]


def test_an_etag_that_holds(boto: S3Client, store: Store) -> None:
    etag = store.put_object("things", "a", b"").etag
    boto.delete_objects(Bucket="things", Delete={"Objects": [{"Key": "a", "ETag": etag}]})
    assert list(store.iter_objects("things")) == []


def test_a_key_twice(boto: S3Client, store: Store) -> None:
    store.put_object("things", "a", b"")
    assert {entry["Key"] for entry in delete(boto, ["a", "a"])["Deleted"]} == {"a"}


def test_an_empty_key(s3: Client, store: Store) -> None:
    store.put_object("things", "a", b"")
    body = b"<Delete><Object><Key></Key></Object><Object><Key>a</Key></Object></Delete>"
    reply = s3.ask("POST", "/things?delete", body)
    assert "a" in reply.texts("{*}Deleted/{*}Key")
    assert reply.texts("{*}Error/{*}Code") == ["InvalidArgument"]


def test_a_bucket_that_is_not_there(boto: S3Client) -> None:
    batch: Any = {"Objects": [{"Key": "a"}]}
    assert failing(boto.delete_objects, Bucket="none-such", Delete=batch) == (404, "NoSuchBucket")
