"""Responses that are not the API's are refused in one sentence, and nothing is followed."""

from __future__ import annotations

import logging

import bucketry
import msgspec
import pytest
from bucketry import Secret
from bucketry_client import Client, Trying
from bucketry_testing import S3Endpoint

from tests.client.facade import Facade
from tests.client.scripted import Answer, json, scripted

JSON = {"content-type": "application/json"}
STATUS = {"available": True, "endpoint": "e", "region": "r"}
TOKEN = "a-token-of-the-test-0123456789"

WRONG = {
    "no JSON": Answer(headers=JSON, body=b"{"),
    "HTML": Answer(headers={"content-type": "text/html"}, body=b"<html>"),
    "no type": Answer(body=b"{}"),
    "another shape": json([1]),
    "a field missing": json({"available": True}),
    "a field of another type": json({**STATUS, "available": "yes"}),
    "not UTF-8": Answer(headers=JSON, body=b'"\xff"'),
    "deep": Answer(headers=JSON, body=b"[" * 100_000),
    "too large": json({**STATUS, "detail": "x" * 2000}),
    "a status of its own": Answer(status=299),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_what_is_not_the_apis_is_refused(make: Facade, wrong: Answer) -> None:
    with scripted(wrong) as server:
        with pytest.raises(bucketry.BackendError) as raised:
            make(server.url, trying=Trying(max_json_bytes=1000)).get_status()
        assert server.url in str(raised.value)
        assert len(str(raised.value)) < 400


REFUSALS = {
    "502 of a proxy": (Answer(status=502, body=b"<html>"), bucketry.BackendError),
    "504 of a proxy": (Answer(status=504), bucketry.Unavailable),
    "403 of a proxy": (Answer(status=403, body=b"no"), bucketry.AccessDenied),
    "404 of a proxy": (Answer(status=404), bucketry.BackendError),
    "a problem of another shape": (
        Answer(status=409, headers={"content-type": "application/problem+json"}, body=b"{}"),
        bucketry.BackendError,
    ),
    "a deep problem": (
        Answer(status=409, headers={"content-type": "application/problem+json"}, body=b'{"x":' + b"[" * 100_000),
        bucketry.BackendError,
    ),
    "an endless problem": (
        Answer(status=409, headers={"content-type": "application/problem+json"}, body=b" " * 2_000_000),
        bucketry.BackendError,
    ),
}


@pytest.mark.parametrize(("answer", "error"), REFUSALS.values(), ids=REFUSALS)
def test_refusals_of_something_in_between_are_told_by_status(
    make: Facade, answer: Answer, error: type[bucketry.BucketryError]
) -> None:
    with scripted(answer) as server, pytest.raises(bucketry.BucketryError) as raised:
        make(server.url, trying=Trying(retries=0)).get_bucket("bucket")
    assert type(raised.value) is error


def test_long_texts_of_a_problem_are_cut(make: Facade) -> None:
    said = {"title": "t", "status": 409, "code": "bucket_not_empty", "detail": "d" * 100_000, "retryable": False}
    kind = {"content-type": "application/problem+json"}
    body = msgspec.json.encode({**said, "bucket": "b" * 100_000, "key": "k" * 100_000})
    with (
        scripted(Answer(status=409, headers=kind, body=body)) as server,
        pytest.raises(bucketry.BucketNotEmpty) as raised,
    ):
        make(server.url).delete_bucket("bucket")
    assert len(str(raised.value)) < 1200
    assert (raised.value.bucket, raised.value.key) == (None, None)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(make: Facade, status: int) -> None:
    with scripted(json(STATUS)) as other:
        location = {"location": other.url}
        with scripted(Answer(status=status, headers=location)) as server:
            with pytest.raises(bucketry.BackendError, match="redirects"):
                make(server.url, token=TOKEN).get_status()
            assert server.asked[0].headers["authorization"] == f"Bearer {TOKEN}"
        assert not other.asked


def test_an_s3_endpoint_is_named_as_one(make: Facade, s3: S3Endpoint) -> None:
    with pytest.raises(bucketry.BackendError, match=r"write s3://127\.0\.0\.1:"):
        make(s3.endpoint_url).list_buckets()


def test_the_token_shows_nowhere(make: Facade, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with scripted(Answer(status=500)) as server:
        client = make(server.url, token=Secret(TOKEN))
        with pytest.raises(bucketry.BackendError) as raised:
            client.get_status()
        assert server.asked[0].headers["authorization"] == f"Bearer {TOKEN}"
        assert TOKEN not in server.asked[0].path
    assert TOKEN not in caplog.text + repr(client) + str(raised.value) + repr(raised.value) + repr(Client("http://x"))


LINKS = {
    "a proxy's path": (
        '<https://public.test/files/api/v1/storage/buckets/b/objects?limit=1&cursor=a%2Fb>; rel="next"',
        "a/b",
    ),
    "no next": ('<x>; rel="prev"', None),
    "no cursor": ('<x?limit=1>; rel="next"', None),
}


@pytest.mark.parametrize(("link", "cursor"), LINKS.values(), ids=LINKS)
def test_the_cursor_of_a_link_counts_alone(make: Facade, link: str, cursor: str | None) -> None:
    with scripted(json([], link=link)) as server:
        page = make(f"{server.url}/files").list_objects("bucket")
        assert page.cursor == cursor
        assert server.asked[0].path == "/files/api/v1/storage/buckets/bucket/objects?limit=1000"


def test_a_listing_that_stands_still_ends(make: Facade) -> None:
    same = json([], link='<x?cursor=c>; rel="next"')
    with scripted(same) as server, pytest.raises(bucketry.Unavailable):
        list(make(server.url).iter_objects("bucket"))
