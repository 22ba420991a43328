"""Buckets in the host name (S3 user guide, "Virtual hosting of general purpose buckets"), and in the path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from bucketry import Store

from tests.http.s3.client import Client
from tests.http.s3.serving import GUEST, memory_store, serving
from tests.http.s3.signing import OWNER, signing_as
from tests.http.s3.test_forms import KEY, KEY_CONDITION, form, signed

BODY = b"what is stored"
DOMAINS = ("localhost", "s3.example.com", "s3.localhost", "eu.s3.example.com")
ELSEWHERE = ("things.elsewhere", "x")
"""Names that the endpoint is not told of."""

OWN = ("s3.example.com", "s3.localhost", "S3.localhost:9000", "eu.s3.example.com.",
       "storage.localhost:8443", "STORAGE.localhost")  # fmt: skip
"""The endpoint's own names, although most of them lie below another domain."""

HOSTS = ["things.s3.example.com", "things.s3.example.com:9000", "THINGS.S3.Example.Com", "things.localhost:80",
         "things.s3.example.com.", "things.s3.localhost:9000", "things.eu.s3.example.com"]  # fmt: skip


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Store, str]]:
    hosts: dict[str, Any] = {
        "domains": DOMAINS,
        "allowed_hosts": ELSEWHERE,
        "public_endpoints": ("https://storage.localhost:8443",),
    }
    with memory_store() as store, serving(store, **hosts) as url:
        for bucket in ("things", "with.dots", "guests"):
            store.create_bucket(bucket)
        yield store, url


@pytest.fixture
def virtual(served: tuple[Store, str]) -> Client:
    return Client(served[1])


@pytest.fixture
def here(served: tuple[Store, str]) -> Iterator[Store]:
    store = served[0]
    yield store
    for bucket in ("things", "with.dots"):
        store.delete_objects(bucket, [info.key for info in store.iter_objects(bucket)])


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("key", ["a", "things/a", "a//b/", "//a", "%C3%A4%2F"])
def test_the_bucket_is_in_the_host(virtual: Client, here: Store, host: str, key: str) -> None:
    assert virtual.ask("PUT", f"/{key}", BODY, {"host": host}).status == 200
    assert [info.key for info in here.iter_objects("things")] == [key.replace("%C3%A4%2F", "ä/")]
    assert virtual.ask("GET", f"/{key}", headers={"host": host}).body == BODY
    assert virtual.ask("GET", f"/things/{key}").body == BODY
    listed = virtual.ask("GET", "/?list-type=2", headers={"host": host})
    assert (listed.text("{*}Name"), listed.text("{*}KeyCount")) == ("things", "1")


@pytest.mark.parametrize("host", ["localhost:9000", "127.0.0.1", "[::1]:9000", *OWN, *ELSEWHERE])
def test_otherwise_it_is_in_the_path(virtual: Client, here: Store, host: str) -> None:
    assert virtual.ask("PUT", "/things/a", BODY, {"host": host}).status == 200
    assert [info.key for info in here.iter_objects("things")] == ["a"]
    assert "things" in virtual.ask("GET", "/", headers={"host": host}).texts("{*}Buckets/{*}Bucket/{*}Name")


def test_a_bucket_may_have_dots(virtual: Client, here: Store) -> None:
    assert virtual.ask("PUT", "/a", BODY, {"host": "with.dots.s3.example.com"}).status == 200
    assert [info.key for info in here.iter_objects("with.dots")] == ["a"]


def test_a_bucket_that_is_not_there(virtual: Client, here: Store) -> None:
    host = {"host": "none-such.s3.example.com"}
    assert virtual.ask("PUT", "/things", BODY, host).error == (404, "NoSuchBucket")
    assert virtual.ask("GET", "/", headers=host).error == (404, "NoSuchBucket")
    assert virtual.ask("PUT", "/", headers={"host": "made-here.localhost"}).status == 200
    assert virtual.ask("DELETE", "/", headers={"host": "made-here.localhost"}).status == 204


def test_the_host_is_signed(virtual: Client, here: Store) -> None:
    target = OWNER.presigned("PUT", "/a", "things.s3.example.com")
    assert virtual.send("PUT", target, {"host": "guests.s3.example.com"}, BODY).error == (403, "SignatureDoesNotMatch")
    assert virtual.send("PUT", target, {"host": "things.s3.example.com"}, BODY).status == 200


def test_rights_are_those_to_the_bucket_in_the_host(virtual: Client, here: Store) -> None:
    by = signing_as(GUEST)
    refused = virtual.ask("PUT", "/guests/a", BODY, {"host": "things.s3.example.com"}, by=by)
    assert refused.error == (403, "AccessDenied")
    assert virtual.ask("PUT", "/things/a", BODY, {"host": "guests.s3.example.com"}, by=by).status == 200
    assert [info.key for info in here.iter_objects("guests")] == ["things/a"]
    assert list(here.iter_objects("things")) == []


def test_a_form_is_sent_to_the_host(virtual: Client, here: Store) -> None:
    headers = {"host": "things.s3.example.com", "content-type": "multipart/form-data; boundary=B"}
    reply = virtual.send("POST", "/", headers, form(signed([KEY_CONDITION]) | KEY))
    assert (reply.status, reply.headers["location"]) == (204, "http://things.s3.example.com/from/a%20form")
    assert [info.key for info in here.iter_objects("things")] == ["from/a form"]


@pytest.mark.parametrize("path", ["//a", "/%ff/a", "/things/%ff"])
def test_paths_that_name_nothing(virtual: Client, path: str) -> None:
    assert virtual.ask("GET", path).status == 400
