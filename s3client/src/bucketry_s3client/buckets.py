"""Buckets: the list of them."""

from __future__ import annotations

from typing import NamedTuple

from bucketry import BucketInfo
from bucketry.paging import MOST_EMPTY_PAGES, stands_still

from bucketry_s3client.client import S3Client
from bucketry_s3client.errors import reading
from bucketry_s3client.xml import Element, read_time


class Buckets(NamedTuple):
    """Buckets and whose they are.

    Attributes:
        infos: The buckets, in byte order of their names.
        owner: Id of the user; empty if the server does not say it.
    """

    infos: tuple[BucketInfo, ...]
    owner: str


def list_buckets(client: S3Client) -> Buckets:
    """Returns all buckets of the caller: one request, or one a page where the server gives pages.

    Raises:
        Unavailable: The response cannot be read, or a page does not move on.
    """
    found: dict[str, BucketInfo] = {}
    owner, token, empty = "", "", 0
    while True:
        query = {"continuation-token": token} if token else {}
        _, document = client.request_xml("GET", root="ListAllMyBucketsResult", query=query)
        with reading("the list of buckets"):
            page, owner, token = _buckets_in(document), owner or _owner_in(document), document.text("ContinuationToken")
        new = page.keys() - found.keys()
        found.update(page)
        if not token:
            return Buckets(tuple(sorted(found.values(), key=lambda info: info.name)), owner)
        if page and not new:
            stands_still("a page of buckets comes again")
        empty = 0 if page else empty + 1
        if empty > MOST_EMPTY_PAGES:
            stands_still("pages without buckets follow each other")


def _buckets_in(document: Element) -> dict[str, BucketInfo]:
    (listed,) = document.all("Buckets")
    texts = [bucket.texts() for bucket in listed.all("Bucket")]
    return {text["Name"]: BucketInfo(name=text["Name"], created_at=read_time(text["CreationDate"])) for text in texts}


def _owner_in(document: Element) -> str:
    return next((owner.text("ID") for owner in document.all("Owner")), "")
