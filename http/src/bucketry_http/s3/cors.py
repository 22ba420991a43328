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
"""Most headers in a preflight. Each is compared with all headers that a rule allows."""

_VARY: Final = (b"vary", b"Origin, Access-Control-Request-Headers, Access-Control-Request-Method")


async def preflight(endpoint: Endpoint, request: S3Request) -> Response:
    """Responds to a preflight: a browser asks whether it may send a request. Nobody signs preflights.

    Raises:
        S3Error: The bucket has no rule that allows the request.
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
            # S3's own message, with its spelling: clients compare it.
            "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request "
            "method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the "
            "resource's CORS spec.",
        )
    permission = _headers(rule, origin)
    if wanted:
        permission.append((b"access-control-allow-headers", ", ".join(wanted).encode("latin-1")))
    if rule.max_age_seconds is not None:
        permission.append((b"access-control-max-age", b"%d" % rule.max_age_seconds))
    return empty_response(200, permission)


async def expose(endpoint: Endpoint, request: S3Request, response: Response) -> None:
    """Adds the headers that let a page of another origin read the response.

    Errors get them too, also for requests with a wrong signature, so that a page can show why its upload failed. This
    gives away no more than a preflight does, which nobody signs. If the rules cannot be read, the response is sent
    without these headers.

    No browser sends ``Access-Control-Request-Method`` with another request than a preflight. S3 takes the method from
    it, though, if a client does.
    """
    if not request.bucket or request.method == "OPTIONS":
        return
    origin = request.headers["origin"]
    method = request.headers.get("access-control-request-method", request.method)
    try:
        rule = _first(await _rules(endpoint, request.bucket), origin, method, ())
        if rule is not None:
            response.headers = [*response.headers, *_headers(rule, origin)]
    except Exception:
        logger.exception("the CORS rules of %s cannot be used (%s)", request.bucket, request.id)


async def _allows(endpoint: Endpoint, request: S3Request, origin: str) -> bool:
    """Says whether the bucket's rules let a page of this origin send the request. An unknown origin is ``""``."""
    return _first(await _rules(endpoint, request.bucket), origin, request.method, ()) is not None


async def _rules(endpoint: Endpoint, bucket: str) -> Sequence[CorsRule]:
    """Returns a bucket's rules; none if the bucket does not exist, or the driver has no CORS rules."""
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
    """Refuses a write that comes from a page of another origin. Call it after authentication.

    S3 has no such rule: there, a page needs a secret that its user gave it. But the key pair of a development server is
    printed in the documentation, so every page on the web can sign with it.

    A write passes if the bucket's CORS rules allow the page, or if the page was given a presigned URL or a form with a
    policy. Signatures with the published key pair do not count.

    Raises:
        S3Error: The page may not send this request.
    """
    headers = request.headers
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if request.method in READING_METHODS or not endpoint.settings.check_origins:
        return
    if not is_foreign(origin, site, headers.get("host")) or _was_given(request):
        return
    if await _allows(endpoint, request, origin or ""):
        return
    raise S3Error(
        "AccessForbidden",
        "A web page of another origin may not change anything here: allow its origin in the CORS rules of the bucket. "
        "S3 is less strict; an operator can turn this check off (setting check_origins, option --no-s3-check-origins "
        "of bucketry serve).",
    )


def shield(endpoint: Endpoint, request: S3Request, response: Response) -> None:
    """Keeps responses to the published key pair from running as a script or style in another site's page.

    A page needs no permission to run scripts and styles, and can read what they hold. Objects that are stored as
    scripts or styles may run, as at S3, since sites keep theirs in buckets. No other object may, whatever type the page
    asks for.
    """
    if not endpoint.settings.check_origins or not _is_published(request):
        return
    response.with_header(b"x-content-type-options", b"nosniff")
    if is_code(request.query.get("response-content-type", "")):
        response.with_header(*OWN_SITE)


def _is_published(request: S3Request) -> bool:
    signer = request.credential
    return isinstance(signer, S3Credential) and signer.secret_key == DEFAULT_SECRET_KEY


def _was_given(request: S3Request) -> bool:
    """Says whether somebody with a secret key of their own signed the request for the page."""
    return request.is_signed and "authorization" not in request.headers and not _is_published(request)
