"""What browsers ask: CORS preflights, the CORS headers of responses, and requests of web pages of other origins.

Sources: S3 user guide, "Using cross-origin resource sharing", and the Fetch standard, "CORS protocol".
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from bucketry import BucketryError, CorsRule, CorsSettings
from bucketry.settings import DEFAULT_SECRET_KEY

from bucketry_http.s3.errors import S3Error
from bucketry_http.s3.request import Endpoint, S3Request
from bucketry_http.s3.response import Response, empty_response
from bucketry_http.s3.settings import S3Credential
from bucketry_http.shared.hosts import OWN_SITE, READING_METHODS, is_code, is_foreign
from bucketry_http.shared.response_body import RawHeaders

logger = logging.getLogger("bucketry_http")

_MAX_ASKED: Final = 100
"""How many headers a page may ask for; each is compared with all that a rule allows."""

_VARY: Final = (b"vary", b"Origin, Access-Control-Request-Headers, Access-Control-Request-Method")


async def preflight(endpoint: Endpoint, request: S3Request) -> Response:
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
    return empty_response(200, answered)


async def expose(endpoint: Endpoint, request: S3Request, answer: Response) -> None:
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
        if not bucket:
            return ()
        return (await endpoint.calls.call(endpoint.store.get_bucket_settings, bucket, CorsSettings)).rules
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


async def refuse_foreign(endpoint: Endpoint, request: S3Request) -> None:
    """Lets a request pass unless a page of another origin may not send it. Call it once it is known who signed.

    What changes something passes if the bucket's CORS rules allow the page, or if somebody has given the page a
    presigned URL or a form with a policy. The published key pair gives no page anything.

    Raises:
        S3Error: The request is refused.
    """
    headers = request.headers
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if request.method in READING_METHODS or not endpoint.settings.check_origins:
        return
    if not is_foreign(origin, site, headers.get("host")) or _was_given(request):
        return
    if await allows(endpoint, request, origin or ""):
        return
    raise S3Error(
        "AccessForbidden",
        "A web page of another origin may not change anything here: allow its origin in the CORS rules of the bucket. "
        "S3 is less strict; an operator can turn this check off (setting check_origins, option --no-s3-check-origins "
        "of bucketry serve).",
    )


def shield(endpoint: Endpoint, request: S3Request, answer: Response) -> None:
    """Keeps what was asked for with the published key pair from becoming a script or style of another site's page.

    A page needs no permission to run these, and reads what they say. What is stored as one may be run, as at S3: sites
    keep theirs in buckets. Nothing else may, whatever type the page asks for.
    """
    if not endpoint.settings.check_origins or not _is_published(request):
        return
    answer.with_header(b"x-content-type-options", b"nosniff")
    if is_code(request.query.get("response-content-type", "")):
        answer.with_header(*OWN_SITE)


def _is_published(request: S3Request) -> bool:
    signer = request.rights
    return isinstance(signer, S3Credential) and signer.secret_key == DEFAULT_SECRET_KEY


def _was_given(request: S3Request) -> bool:
    """Says whether somebody with a secret key has signed this for the page."""
    return (
        request.is_signed
        and "authorization" not in request.headers
        and isinstance(request.rights, S3Credential)
        and not _is_published(request)
    )
