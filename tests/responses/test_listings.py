"""Listings of a server, or of a cache in front of one, that gives a page again or pages without entries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count, islice

import pytest
from bucketry import ListOptions, Store, Unavailable

from tests.responses.exchanges import Request, Response, serving
from tests.responses.setups import SETUPS, Setup

BOUND = 1000
"""More requests than any listing of these makes, and few enough to wait for."""

MINIO, RGW = SETUPS[0], SETUPS[1]
BOTH = pytest.mark.parametrize("setup", [MINIO, RGW], ids=["minio", "rgw"])
TIME = "2026-11-26T11:00:00.000Z"

Page = Callable[[int], str]
"""Makes the page that the request of this number gets."""


def entry(key: str) -> str:
    stored = f"<LastModified>{TIME}</LastModified><ETag>&quot;e&quot;</ETag><Size>1</Size>"
    return f"<Contents><Key>{key}</Key>{stored}</Contents>"


def objects(content: str, token: str = "T", more: str = "true") -> str:
    cut = f"<IsTruncated>{more}</IsTruncated><NextContinuationToken>{token}</NextContinuationToken>"
    return f'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{cut}{content}</ListBucketResult>'


def parts(content: str) -> str:
    return f"<ListPartsResult><IsTruncated>true</IsTruncated>{content}</ListPartsResult>"


def uploads(content: str) -> str:
    return f"<ListMultipartUploadsResult><IsTruncated>true</IsTruncated>{content}</ListMultipartUploadsResult>"


PART = f"<Part><PartNumber>1</PartNumber><ETag>e</ETag><Size>1</Size><LastModified>{TIME}</LastModified></Part>"
UPLOAD = f"<Upload><Key>k</Key><UploadId>u</UploadId><Initiated>{TIME}</Initiated></Upload>"


@contextmanager
def paging(setup: Setup, page: Page) -> Iterator[Store]:
    """Give one page after the other to whoever asks for anything, and refuse more than `BOUND` of them."""
    numbers = count()

    def respond(request: Request) -> Response:
        number = next(numbers)
        assert number < BOUND
        body = page(number).encode()
        length = f"Content-Length: {len(body)}\r\n"
        if request.asked.startswith("HEAD"):
            # What RGW says of a bucket without its figures, so that the bucket is counted by listing it.
            return Response(b"HTTP/1.1 200 OK\r\n\r\n")
        return Response(f"HTTP/1.1 200 OK\r\n{length}\r\n".encode() + body)

    with serving(respond) as location, setup.opened(location, setup.any_settings()) as store:
        yield store


OBJECT_PAGES: dict[str, Page] = {
    "the same page": lambda _: objects(entry("a")),
    "the same page with new tokens": lambda number: objects(entry("a"), f"T{number:09}"),
    "pages in turn": lambda number: objects(entry("ab"[number % 2])),
    "an empty page": lambda _: objects(""),
    "an empty page without a token": lambda _: objects("", token=""),
    "empty pages with new tokens": lambda number: objects("", f"T{number:09}"),
    "a page that does not say whether others follow": lambda _: objects(entry("a"), more=""),
}


@BOTH
@pytest.mark.parametrize("page", OBJECT_PAGES.values(), ids=OBJECT_PAGES.keys())
def test_objects_that_do_not_move_on_are_an_error(setup: Setup, page: Page) -> None:
    with paging(setup, page) as store, pytest.raises(Unavailable) as caught:
        list(islice(store.iter_objects("bucket", ListOptions(content_type=False)), BOUND))
    assert caught.value.retryable


@BOTH
@pytest.mark.parametrize("page", OBJECT_PAGES.values(), ids=OBJECT_PAGES.keys())
def test_usage_is_not_counted_of_them(setup: Setup, page: Page) -> None:
    # What the admin API of either server would say is the same page, which is no JSON: then buckets are listed.
    with paging(setup, page) as store, pytest.raises(Unavailable):
        store.bucket_usage("bucket")


@BOTH
@pytest.mark.parametrize("content", ["", PART], ids=["empty", "the same"])
def test_parts_that_do_not_move_on_are_an_error(setup: Setup, content: str) -> None:
    with paging(setup, lambda _: parts(content)) as store, pytest.raises(Unavailable):
        list(islice(store.iter_parts("bucket", "k", "u"), BOUND))


@BOTH
@pytest.mark.parametrize("content", ["", UPLOAD], ids=["empty", "the same"])
def test_uploads_that_do_not_move_on_are_an_error(setup: Setup, content: str) -> None:
    with paging(setup, lambda _: uploads(content)) as store, pytest.raises(Unavailable):
        list(islice(store.iter_multipart_uploads("bucket"), BOUND))


@BOTH
@pytest.mark.parametrize("name", ["", "bucket-1"], ids=["empty", "the same"])
def test_buckets_that_do_not_move_on_are_an_error(setup: Setup, name: str) -> None:
    bucket = f"<Bucket><Name>{name}</Name><CreationDate>{TIME}</CreationDate></Bucket>" if name else ""

    def page(number: int) -> str:
        token = f"<ContinuationToken>T{number}</ContinuationToken>"
        return f"<ListAllMyBucketsResult><Buckets>{bucket}</Buckets>{token}</ListAllMyBucketsResult>"

    with paging(setup, page) as store, pytest.raises(Unavailable):
        store.list_buckets()


@BOTH
def test_buckets_in_pages_are_all_listed(setup: Setup) -> None:
    names = [f"bucket-{number}" for number in range(5)]

    def page(number: int) -> str:
        bucket = f"<Bucket><Name>{names[number]}</Name><CreationDate>{TIME}</CreationDate></Bucket>"
        token = "" if number == 4 else f"<ContinuationToken>T{number}</ContinuationToken>"
        return f"<ListAllMyBucketsResult><Buckets>{bucket}</Buckets>{token}</ListAllMyBucketsResult>"

    with paging(setup, page) as store:
        assert [info.name for info in store.list_buckets()] == names
