"""Pages with fewer entries than were asked for, as RGW gives them while entries are being written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import pytest
from bucketry import ListOptions, Secret, Unavailable
from bucketry_rgw.listing import Swift, read_page

from tests.s3client.fake import Answer, Request, serving

KEYS = [f"key-{number:04}" for number in range(2500)]


def entry(key: str) -> dict[str, object]:
    return {"name": key, "hash": "e", "bytes": 1, "content_type": "a/b", "last_modified": "2026-11-22T20:45:16.000Z"}


@contextmanager
def gateway(share: int) -> Iterator[Swift]:
    """A gateway that gives a half or a third of what it is asked for, but at least one entry if there is any."""

    def respond(request: Request) -> Answer:
        url = urlsplit(request.target)
        if url.path == "/auth/v1.0":
            return Answer(headers={"X-Auth-Token": "token", "X-Storage-Url": "http://gateway/swift/v1"})
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        after, limit = query.get("marker", ""), int(query["limit"])
        found = [key for key in KEYS if key > after][: max(limit // share, 1)]
        return Answer(body=json.dumps(list(map(entry, found))).encode())

    with serving(respond) as fake:
        client = fake.client()
        try:
            yield Swift(client, "tester:swift", Secret("secret"))
        finally:
            client.close()


@pytest.mark.parametrize("share", [1, 2, 3])
@pytest.mark.parametrize("limit", [7, 999, 1000])
def test_a_short_answer_is_not_the_end(share: int, limit: int) -> None:
    with gateway(share) as swift:
        listed: list[str] = []
        after, pages = "", 0
        while True:
            page = swift.page("bucket", ListOptions(limit=limit, content_type=True), after)
            assert page is not None
            assert len(page.objects) <= limit
            listed += [info.key for info in page.objects]
            pages += 1
            if page.cursor is None or pages == 20:
                break
            after = listed[-1]
    assert listed == KEYS[: limit * pages]
    assert pages == 20 or listed == KEYS


def cut(token: str) -> bytes:
    return (
        '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>true</IsTruncated>'
        f"{token}</ListBucketResult>"
    ).encode()


def test_a_page_without_entries_is_not_the_end_where_the_gateway_says_so() -> None:
    page = read_page(cut("<NextContinuationToken>key-1</NextContinuationToken>"))
    assert page.objects == ()
    assert page.cursor is not None


@pytest.mark.parametrize("after", ["", "key-1", "key-2"])
def test_a_page_that_does_not_end_behind_its_beginning_is_an_error(after: str) -> None:
    token = "<NextContinuationToken>key-1</NextContinuationToken>" if after else ""
    with pytest.raises(Unavailable, match="does not move on"):
        read_page(cut(token), after)
