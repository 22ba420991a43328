"""The S3 endpoint as an ASGI application."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import bucketry
from bucketry import Store
from bucketry.redaction import protect_loggers
from msgspec.structs import replace
from typing_extensions import override

from bucketry_http.s3 import cors
from bucketry_http.s3.authentication import Authenticator, is_owners_own
from bucketry_http.s3.cors import refuse_foreign, shield
from bucketry_http.s3.errors import S3Error, translated
from bucketry_http.s3.origin import count_sender, tell_origin
from bucketry_http.s3.recording import PREFLIGHT, fill
from bucketry_http.s3.request import Endpoint, S3Request, is_form
from bucketry_http.s3.response import Response, error_response
from bucketry_http.s3.routing import route
from bucketry_http.s3.settings import S3Credential, S3Settings, check_published, is_for_published
from bucketry_http.s3.xml import error_document
from bucketry_http.server.protocol import BoundedProtocol
from bucketry_http.server.refusals import Refusals
from bucketry_http.shared.connection import DRAIN_SECONDS, MAX_DRAINED_BYTES, end_connection
from bucketry_http.shared.errors import HostNotAllowed, TooManyRequests, is_refusal, log_failure
from bucketry_http.shared.hosts import READING_METHODS
from bucketry_http.shared.lifespan import confirm_lifespan
from bucketry_http.shared.origin import ADMISSION

if TYPE_CHECKING:
    from bucketry_access import Directory

logger = logging.getLogger("bucketry_http")

_REFUSAL_CODES: Final = {
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "RequestHeaderSectionTooLarge",
    HTTPStatus.REQUEST_URI_TOO_LONG: "InvalidURI",
    HTTPStatus.REQUEST_TIMEOUT: "RequestTimeout",
    HTTPStatus.NOT_IMPLEMENTED: "NotImplemented",
    HTTPStatus.SERVICE_UNAVAILABLE: "ServiceUnavailable",
}


class S3Refusals(Refusals):
    """Refusals as error documents of S3."""

    @override
    def code(self, status: HTTPStatus) -> str:
        """Returns the code of S3 for a malformed request."""
        return _REFUSAL_CODES.get(status, "BadRequest")

    @override
    def document(self, status: HTTPStatus, detail: str) -> tuple[str, bytes]:
        """Returns the media type and the body of the response: an error document."""
        error = S3Error(self.code(status), detail, status=status)
        return "application/xml", error_document(error, "", "", "", "")


class S3Protocol(BoundedProtocol):
    """One connection of an S3 client."""

    refusals = S3Refusals()


class S3App:
    """The S3 endpoint over one store.

    Attributes:
        protocol: How its listener speaks HTTP. A malformed request gets XML too.
        clock: The store's clock, which ``Date`` shows.
        calls: The store that it serves.
    """

    protocol = S3Protocol

    def __init__(self, store: Store, settings: S3Settings, directory: Directory | None = None) -> None:
        """Prepares to serve. It does not call the store yet."""
        check_published(store, settings)
        self.clock = store.clock
        self._endpoint = endpoint = Endpoint(store, settings, directory)
        self.calls = endpoint.calls
        self._authenticator = Authenticator(endpoint, published=is_for_published(store))
        # A server's access log would hold the signatures of presigned URLs.
        protect_loggers("uvicorn", "uvicorn.access", "uvicorn.error")
        self._regions = endpoint.regions
        self._hosts = settings.host_rules()
        self._last_host: tuple[str | None, Any] | None = None
        self._idle_seconds = settings.idle_seconds
        # No other store can be used with the published key pair.
        self._shields = settings.check_origins and is_for_published(store)

    def take_credentials(self, credentials: tuple[S3Credential, ...]) -> None:
        """Has these credentials from now on, in place of those of its settings. Safe to call from any thread.

        Raises:
            InvalidSettings: Two have the same access key or do not agree about their user, one is that of somebody in
                the directory, or the published secret key does not fit the store. All stays as it was.
        """
        settings = replace(self._endpoint.settings, credentials=credentials)
        check_published(self._endpoint.store, settings)
        self._endpoint.users.take(settings.credentials)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serves a request, or follows the server's start and stop."""
        if scope["type"] != "http":
            # The caller owns the store.
            await confirm_lifespan(receive, send)
            return
        request = S3Request(scope, receive, self._idle_seconds)
        try:
            response = await self._respond(request)
            if request.record is not None:
                fill(request.record, request)
            if "origin" in request.headers:
                await cors.expose(self._endpoint, request, response)
            if not request.has_body:
                await response.send(request, receive, send)
                return
            if response.reader is not None:
                if not await _drain(request):
                    response.with_header(b"connection", b"close")
                await response.send(request, receive, send)
                return
        except Exception as error:  # noqa: BLE001 - the client gets a response whatever went wrong
            response = self._failure(request, error)
            if "origin" in request.headers:
                await cors.expose(self._endpoint, request, response)
        await _send_early(response, request, receive, send)

    async def _respond(self, request: S3Request) -> Response:
        endpoint = self._endpoint
        if ADMISSION in request.scope:
            request.scope[ADMISSION].of_address(request.scope)
        host = request.headers.get("host"), request.scope.get("server")
        if host != self._last_host:
            if not self._hosts.allow(*host):
                raise HostNotAllowed
            # Most requests have the same host as the one before.
            self._last_host = host
        request.read_target(endpoint.domains)
        if request.method == "OPTIONS":
            request.operation = PREFLIGHT
            return await cors.preflight(endpoint, request)
        if request.method == "POST" and is_form(request):
            from bucketry_http.s3.forms import post_object  # Only here: few clients send forms.

            request.operation = "PostObject"
            return await post_object(endpoint, self._authenticator, request)
        self._authenticator.authenticate(request)
        if ADMISSION in request.scope:
            count_sender(request)
        if "origin" in request.headers or "sec-fetch-site" in request.headers:
            await refuse_foreign(endpoint, request)
        found = route(endpoint, request)
        request.operation = found.name
        if self._regions.several and request.bucket and not found.anywhere:
            await self._regions.require(request)
        if not (found.is_usual and is_owners_own(endpoint, request, found)):
            await _authorise(endpoint, request, found.name)
        if endpoint.tells_origin:
            tell_origin(request)
        response = await found.handle(endpoint, request)
        if self._shields and request.method in READING_METHODS:
            shield(endpoint, request, response)
        return response

    def _failure(self, request: S3Request, error: Exception) -> Response:
        found = translated(error)
        if request.record is not None:
            fill(request.record, request, found.s3_code)
            request.record.refused |= isinstance(error, TooManyRequests)
        # The port itself raises no 5xx but refusals.
        is_refused = is_refusal(error) or isinstance(error, S3Error)
        if found.status >= 500 and (not is_refused or found.s3_code == "InternalError"):
            what = f"{request.method} {request.resource} ({request.id})"
            if isinstance(error, bucketry.BucketryError) and found.s3_code != "InternalError":
                log_failure(what, error)
            else:
                cause = error.__cause__ if isinstance(error, bucketry.BucketryError) and error.__cause__ else error
                logger.error("%s: %s", what, error, exc_info=cause)
        return error_response(request, found, self._endpoint.settings.region)


async def _authorise(endpoint: Endpoint, request: S3Request, operation: str) -> None:
    from bucketry_http.s3.access import authorise  # Only here: an owner's own requests need no decision.

    await authorise(endpoint, request, operation)


async def _send_early(response: Response, request: S3Request, receive: Any, send: Any) -> None:
    """Sends a response although the request's body may still be coming."""
    if not request.has_body:
        await response.send(request, receive, send)
        return
    if request.headers.get("expect", "").lower() == "100-continue" and not request.content.begun:
        # The client may or may not send its body now, so nobody knows where the next request begins.
        await response.with_header(b"connection", b"close").send(request, receive, send)
        return
    if not 0 <= _declared_length(request) <= MAX_DRAINED_BYTES:
        response.with_header(b"connection", b"close")

    async def send_and_drain(message: Any) -> None:
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            await send({**message, "more_body": True})
            if not await _drain(request):
                end_connection(request.scope)
            message = {"type": "http.response.body", "body": b"", "more_body": False}
        await send(message)

    await response.send(request, receive, send_and_drain)


def _declared_length(request: S3Request) -> int:
    length = request.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdecimal() and len(length) <= 19 else -1


async def _drain(request: S3Request) -> bool:
    """Reads what a client still sends, within limits, and returns whether that was all."""
    left = MAX_DRAINED_BYTES
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            while left > 0 and (piece := await request.content.next()):
                left -= len(piece)
    except (bucketry.IncompleteBody, TimeoutError):
        # The client has its response, and need not send the rest.
        pass
    return request.content.ended


def create_s3_app(
    store: Store,
    settings: S3Settings | None = None,
    *,
    allowed_hosts: Iterable[str] = (),
    directory: Directory | None = None,
) -> S3App:
    """Makes the S3 endpoint over a store, as an ASGI application.

    Args:
        store: The store. The caller opens and closes it.
        settings: How to serve it, and to whom. Without credentials and a directory it refuses every request.
        allowed_hosts: Hosts under which clients reach it, besides those in `S3Settings.allowed_hosts`.
        directory: Users whose key pairs may sign, besides the credentials of the settings.

    Raises:
        InvalidSettings: An allowed host is malformed, or the directory and the settings have the same user or key.
    """
    settings = settings or S3Settings()
    if added := tuple(allowed_hosts):
        settings = replace(settings, allowed_hosts=settings.allowed_hosts + added)
    return S3App(store, settings, directory)
