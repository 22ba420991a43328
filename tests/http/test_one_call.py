"""A refusal is explained with the facts of its error: no port asks the store a second time."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any

import pytest
from bucketry import BucketryError, GetOptions, InvalidRange, NotModified, OpenedObject, PreconditionFailed, Store
from bucketry.hookspecs import DriverSpec, hookimpl
from bucketry.layers import Observe

from tests.http.conftest import MakeClient
from tests.http.s3.client import Client as S3Client
from tests.http.s3.serving import serving

PAST = "Wed, 21 Oct 2015 07:28:00 GMT"
FUTURE = "Wed, 21 Oct 2125 07:28:00 GMT"
DECISIONS = {"get_bucket_access", "get_object_acl"}
Reply = tuple[int, Any, bytes]
Ask = Callable[[str, str, Mapping[str, str]], Reply]


class Counted:
    """A store whose calls are counted, and one of the ports in front of it."""

    def __init__(self, store: Store, observe: Observe, ask: Ask) -> None:
        self._observe = observe
        self._ask = ask
        self.etag = f'"{store.put_object("my-assets", "a", b"0123456789").etag}"'

    def ask(self, method: str, headers: Mapping[str, str]) -> tuple[Reply, dict[str, int]]:
        """Sends a request about the object; returns the response, and the calls that it cost."""
        before = self._calls()
        reply = self._ask(method, "a", headers)
        after = self._calls()
        return reply, {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)}

    def _calls(self) -> dict[str, int]:
        calls = {name: stats.calls for name, stats in self._observe.snapshot().items()}
        # The S3 port decides before it asks about the object.
        return {name: number for name, number in calls.items() if name not in DECISIONS}


@pytest.fixture(params=["rest", "s3"])
def counted(request: pytest.FixtureRequest, driver: DriverSpec, make_client: MakeClient) -> Iterator[Counted]:
    observe = Observe()
    with Store(driver, [observe]) as store:
        store.create_bucket("my-assets")
        if request.param == "rest":
            client = make_client(store)

            def ask_rest(method: str, key: str, headers: Mapping[str, str]) -> Reply:
                response = client.request(method, f"buckets/my-assets/objects/{key}", headers=headers)
                return response.status_code, response.headers, response.content

            yield Counted(store, observe, ask_rest)
            return
        with serving(store) as url:
            s3 = S3Client(url)

            def ask_s3(method: str, key: str, headers: Mapping[str, str]) -> Reply:
                reply = s3.ask(method, f"/my-assets/{key}", headers=dict(headers))
                return reply.status, reply.headers, reply.body

            yield Counted(store, observe, ask_s3)


@pytest.mark.parametrize(("method", "operation"), [("GET", "get_object"), ("HEAD", "head_object")])
def test_a_304_costs_one_call(counted: Counted, method: str, operation: str) -> None:
    for headers in ({"if-none-match": counted.etag}, {"if-none-match": "*"}, {"if-modified-since": FUTURE}):
        (status, answered, body), calls = counted.ask(method, headers)
        assert (status, answered["etag"], body, calls) == (304, counted.etag, b"", {operation: 1})
        assert "last-modified" in answered


@pytest.mark.parametrize(("method", "operation"), [("GET", "get_object"), ("HEAD", "head_object")])
def test_a_412_costs_one_call(counted: Counted, method: str, operation: str) -> None:
    for headers in ({"if-match": '"other"'}, {"if-unmodified-since": PAST}):
        (status, _, _), calls = counted.ask(method, headers)
        assert (status, calls) == (412, {operation: 1})


def test_a_416_costs_one_call_and_says_how_large_the_object_is(counted: Counted) -> None:
    (status, answered, _), calls = counted.ask("GET", {"range": "bytes=10-"})
    assert (status, answered["content-range"], calls) == (416, "bytes */10", {"get_object": 1})


def test_a_refused_write_costs_one_call(counted: Counted) -> None:
    for headers in ({"if-match": '"other"'}, {"if-none-match": "*"}):
        (status, _, _), calls = counted.ask("PUT", headers)
        assert (status, calls) == (412, {"put_object": 1})


class Silent:
    """Refuses every read, and knows no facts: what a backend like Ceph RGW says of a refusal."""

    def __init__(self) -> None:
        self.error: BucketryError | None = None

    @hookimpl(wrapper=True)
    def get_object(self, bucket: str, key: str, options: GetOptions) -> Generator[None, OpenedObject, OpenedObject]:
        opened = yield
        if self.error is not None:
            opened.close()
            raise self.error
        return opened


@pytest.mark.parametrize(
    ("error", "status"), [(NotModified(), 304), (PreconditionFailed(), 412), (InvalidRange(), 416)]
)
def test_a_fact_that_the_backend_does_not_say_is_left_out(
    driver: DriverSpec, make_client: MakeClient, error: BucketryError, status: int
) -> None:
    silent, observe = Silent(), Observe()
    with Store(driver, [silent, observe]) as store:
        store.create_bucket("my-assets")
        store.put_object("my-assets", "a", b"0123456789")
        silent.error = error
        response = make_client(store).get("buckets/my-assets/objects/a")
        assert (response.status_code, observe.snapshot()["get_object"].calls) == (status, 1)
        assert {"etag", "content-range"}.isdisjoint(response.headers)
        with serving(store) as url:
            reply = S3Client(url).ask("GET", "/my-assets/a")
        assert (reply.status, observe.snapshot()["get_object"].calls) == (status, 2)
        assert {"etag", "content-range"}.isdisjoint(reply.headers)
    assert "head_object" not in observe.snapshot()
