"""Rules for pages of other origins: their configuration, preflight requests, and the headers of actual answers.

Source: S3 user guide, "Using cross-origin resource sharing", and the Fetch standard, "CORS protocol".
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Final, cast

from bucketry import BucketryError, CorsRule

from bucketry_http.s3.answers import Answer, no_content, xml_answer
from bucketry_http.s3.endpoint import Endpoint
from bucketry_http.s3.errors import S3Error
from bucketry_http.s3.payload import Payload
from bucketry_http.s3.request import S3Request
from bucketry_http.s3.xml import document, element, optional
from bucketry_http.s3.xml_reading import MAX_DOCUMENT_BYTES, Node, malformed, read_xml
from bucketry_http.shared.sending import RawHeaders

logger = logging.getLogger("bucketry_http")

_MAX_ELEMENTS: Final = 5_000
"""The longest configuration in S3 has 64 KiB, and so some 2,000."""

_MAX_ASKED: Final = 100
"""How many headers a page may ask for; each is compared with all that a rule allows."""

_VARY: Final = (b"vary", b"Origin, Access-Control-Request-Headers, Access-Control-Request-Method")


async def get_cors(endpoint: Endpoint, request: S3Request) -> Answer:
    """GetBucketCors."""
    rules = await endpoint.calls.call(endpoint.store.get_bucket_cors, request.bucket)
    if not rules:
        raise S3Error("NoSuchCORSConfiguration", "The CORS configuration does not exist", status=404)
    return xml_answer(document("CORSConfiguration", "".join(map(_written, rules))))


def _written(rule: CorsRule) -> str:
    content = optional("ID", rule.id)
    for name, values in (
        ("AllowedMethod", rule.allowed_methods),
        ("AllowedOrigin", rule.allowed_origins),
        ("AllowedHeader", rule.allowed_headers),
        ("ExposeHeader", rule.expose_headers),
    ):
        content += "".join(element(name, value) for value in values)
    return f"<CORSRule>{content}{optional('MaxAgeSeconds', rule.max_age_seconds)}</CORSRule>"


async def put_cors(endpoint: Endpoint, request: S3Request) -> Answer:
    """PutBucketCors."""
    root = await read_xml(await Payload(request).read(MAX_DOCUMENT_BYTES), "CORSConfiguration", most=_MAX_ELEMENTS)
    root.only("CORSRule")
    rules = tuple(_read(entry) for entry in root.children("CORSRule"))
    await endpoint.calls.call(endpoint.store.put_bucket_cors, request.bucket, rules)
    return no_content(200)


def _read(entry: Node) -> CorsRule:
    entry.only("ID", "AllowedMethod", "AllowedOrigin", "AllowedHeader", "ExposeHeader", "MaxAgeSeconds")
    age = entry.text_of("MaxAgeSeconds")
    if age is not None and not (age.strip().isascii() and age.strip().isdecimal() and len(age) <= 20):
        raise malformed("MaxAgeSeconds is no number")

    def texts(name: str) -> tuple[str, ...]:
        return tuple(child.text.strip() for child in entry.children(name))

    return CorsRule(
        id=entry.text_of("ID"),
        allowed_methods=cast("Any", texts("AllowedMethod")),
        allowed_origins=texts("AllowedOrigin"),
        allowed_headers=texts("AllowedHeader"),
        expose_headers=texts("ExposeHeader"),
        max_age_seconds=None if age is None else int(age),
    )


async def delete_cors(endpoint: Endpoint, request: S3Request) -> Answer:
    """DeleteBucketCors."""
    await endpoint.calls.call(endpoint.store.delete_bucket_cors, request.bucket)
    return no_content()


async def preflight(endpoint: Endpoint, request: S3Request) -> Answer:
    """Answers a browser that asks before it sends a request; nobody signs such a question.

    Raises:
        S3Error: The bucket's rules do not allow that request, or it has none.
    """
    headers = request.headers
    origin, method = headers.get("origin"), headers.get("access-control-request-method")
    if not origin or not method:
        raise S3Error("BadRequest", "Insufficient information. Origin and Access-Control-Request-Method are needed.")
    asked = headers.get("access-control-request-headers", "")
    wanted = [name.strip().lower() for name in asked.split(",") if name.strip()]
    rules = await _rules(endpoint, request.bucket) if len(wanted) <= _MAX_ASKED else ()
    rule = _first(rules, origin, method, wanted)
    if rule is None:
        raise S3Error(
            "AccessForbidden",
            "CORSResponse: This CORS request is not allowed. This is usually because the evaluation of Origin, request "
            "method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the "
            "resource's CORS spec.",
        )
    answered = _headers(rule, origin)
    if wanted:
        answered.append((b"access-control-allow-headers", ", ".join(wanted).encode("latin-1")))
    if rule.max_age_seconds is not None:
        answered.append((b"access-control-max-age", b"%d" % rule.max_age_seconds))
    return no_content(200, answered)


async def expose(endpoint: Endpoint, request: S3Request, answer: Answer) -> None:
    """Adds the headers with which a browser lets a page of another origin read an answer.

    Refusals have them too, of requests that are not signed as they should be as well: a page shows why its upload
    failed. That costs no more than a preflight request, which nobody signs. The answer goes out also where it fails.
    """
    if not request.bucket or request.method == "OPTIONS":
        return
    origin = request.headers["origin"]
    try:
        rule = _first(await _rules(endpoint, request.bucket), origin, request.method, ())
        if rule is not None:
            answer.headers = [*answer.headers, *_headers(rule, origin)]
    except Exception:
        logger.exception("the CORS rules of %s cannot be used (%s)", request.bucket, request.id)


async def allows(endpoint: Endpoint, request: S3Request, origin: str) -> bool:
    """Says whether the bucket's rules let a page of this origin send a request; an unknown one is ``""``."""
    return _first(await _rules(endpoint, request.bucket), origin, request.method, ()) is not None


async def _rules(endpoint: Endpoint, bucket: str) -> Sequence[CorsRule]:
    """Returns a bucket's rules: none where there is no bucket, or a driver that knows no rules."""
    try:
        return await endpoint.calls.call(endpoint.store.get_bucket_cors, bucket) if bucket else ()
    except BucketryError:
        return ()


def _first(rules: Iterable[CorsRule], origin: str, method: str, headers: Sequence[str]) -> CorsRule | None:
    for rule in rules:
        if (
            method in rule.allowed_methods
            and any(_fits(allowed, origin) for allowed in rule.allowed_origins)
            and all(any(_fits(allowed.lower(), name) for allowed in rule.allowed_headers) for name in headers)
        ):
            return rule
    return None


@lru_cache(maxsize=1024)
def _pattern(allowed: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, allowed.split("*"))), re.DOTALL)


def _fits(allowed: str, value: str) -> bool:
    return _pattern(allowed).fullmatch(value) is not None


def _headers(rule: CorsRule, origin: str) -> RawHeaders:
    everyone = "*" in rule.allowed_origins
    headers = [
        (b"access-control-allow-origin", b"*" if everyone else origin.encode("latin-1")),
        (b"access-control-allow-methods", ", ".join(rule.allowed_methods).encode()),
        _VARY,
    ]
    if not everyone:
        headers.append((b"access-control-allow-credentials", b"true"))
    if rule.expose_headers:
        headers.append((b"access-control-expose-headers", ", ".join(rule.expose_headers).encode()))
    return headers
