"""Buckets: the list of them, and their CORS rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

import msgspec
from bucketry import BucketInfo, CorsRule
from bucketry.paging import MOST_EMPTY_PAGES, stands_still

from bucketry_s3client.client import S3Client
from bucketry_s3client.errors import reading
from bucketry_s3client.xml import Element, read_time

_LISTS: Final = {
    "AllowedOrigin": "allowed_origins",
    "AllowedMethod": "allowed_methods",
    "AllowedHeader": "allowed_headers",
    "ExposeHeader": "expose_headers",
}


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


def read_cors(document: Element) -> tuple[CorsRule, ...]:
    """Reads the rules of a bucket.

    Raises:
        ValueError: One is malformed.
    """
    return tuple(_rule_of(entry) for entry in document.all("CORSRule"))


def _rule_of(entry: Element) -> CorsRule:
    texts = entry.texts()
    fields: dict[str, object] = {field: tuple(entry.values(name)) for name, field in _LISTS.items()}
    fields["id"] = texts.get("ID") or None
    fields["max_age_seconds"] = int(texts["MaxAgeSeconds"]) if texts.get("MaxAgeSeconds") else None
    return msgspec.convert(fields, CorsRule)


def write_cors(rules: Iterable[CorsRule]) -> bytes:
    """Returns the body of PutBucketCors."""
    listed = "".join(f"<CORSRule>{''.join(_elements(rule))}</CORSRule>" for rule in rules)
    return f"<CORSConfiguration>{listed}</CORSConfiguration>".encode()


def _elements(rule: CorsRule) -> Iterator[str]:
    if rule.id is not None:
        yield f"<ID>{escape(rule.id)}</ID>"
    for name, field in _LISTS.items():
        yield from (f"<{name}>{escape(value)}</{name}>" for value in getattr(rule, field))
    if rule.max_age_seconds is not None:
        yield f"<MaxAgeSeconds>{rule.max_age_seconds}</MaxAgeSeconds>"
