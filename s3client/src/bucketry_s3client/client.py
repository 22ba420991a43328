"""The client: signed requests to one S3 server, and their responses."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from time import monotonic
from typing import Final
from urllib.parse import quote

from bucketry.backend_requests import request_headers, sending
from bucketry.redaction import protect_loggers
from bucketry.s3 import COPY_SOURCE
from bucketry.sigv4 import UNSIGNED_PAYLOAD, Signer, payload_hash
from urllib3 import BaseHTTPResponse, Retry, Timeout
from urllib3.exceptions import HTTPError, IncompleteRead, MaxRetryError, ProtocolError

from bucketry_s3client.body import Content, Feed, hash_of, length_of
from bucketry_s3client.connections import (
    SdkPools,
    WholeHeadPools,
    connect_error,
    ending_within,
    leave_connections,
    open_socket,
    read_error,
    tls_context,
)
from bucketry_s3client.errors import S3ResponseError, code_in, fields_in, incomplete_response, is_error
from bucketry_s3client.forking import watch_forks
from bucketry_s3client.kept import KeptConnections, KeptEnded
from bucketry_s3client.quick import QuickResponse, Unusual, is_end
from bucketry_s3client.retries import RETRIED_STATUSES, Retries
from bucketry_s3client.settings import S3Settings
from bucketry_s3client.xml import Element, parse_xml

MAX_RESPONSE_BYTES: Final = 64 * 1024**2
"""Longest response that is read into memory. A page of 1,000 keys with 2 KiB of metadata each is far below."""

_MAX_ERROR_BYTES: Final = 1024**2
_NOTHING: Final[Mapping[str, str]] = {}
_NO_END: Final = nullcontext()
_EMPTY_HASH: Final = payload_hash(b"")
_USUAL_SECONDS: Final = 60.0
"""How long small requests are sent in the usual way after a response that cannot be read quickly."""

_POOLS: Final = 32
"""Hosts to which connections are kept: the server, and in virtual-host style the buckets that were used last."""

_PART: Final = "the server gives a part where the whole was asked for"
_PARTIAL: Final = 206
_GOOD: Final = frozenset({200, 201, 202, 204, _PARTIAL})
_WITH_LENGTH: Final = frozenset({"PUT", "POST"})
# quote() takes several times as long as seeing that there is nothing to do.
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.~-]*")
_PLAIN_PATH: Final = re.compile(r"[A-Za-z0-9_.~/-]*")

_OTHER_NAMES: Final[Mapping[str, str]] = {"ListPartsResult": "ListPartsResponse"}
"""What moto calls documents that nothing works without: it names them after the operation."""


class S3Client:
    """Sends signed requests to one server and keeps its connections. Threads may share it.

    Addresses are path-style, or virtual-host style for the buckets that ``is_virtual`` names. Bodies are hashed over
    plain HTTP, where nothing else protects them. Over TLS, and of a `Feed`, they are ``UNSIGNED-PAYLOAD`` (S3 API
    reference, "Signature calculations for the Authorization header").

    Attributes:
        endpoint: URL of the server, without a trailing slash.
        pools: The connections, with the settings' TLS, timeouts and retries. On them, a response whose head broke off
            is an error.
        retries: Which requests are sent again.
    """

    def __init__(
        self,
        settings: S3Settings,
        *,
        user_agent: str,
        clean: Callable[[bytes], bytes] | None = None,
        code_header: str = "",
        signer: Callable[[], Signer] | None = None,
        is_virtual: Callable[[str], bool] | None = None,
    ) -> None:
        """Makes the client. It connects when it is first used.

        Args:
            settings: Where the server is, and with which keys requests are signed.
            user_agent: What the server's log shows.
            clean: Corrects a response before it is parsed, for a server whose XML is not always XML.
            code_header: The header in which the server names its error code where a response has no body.
            signer: Returns who signs now, for each request: for credentials that expire. ``None``: the credentials in
                the settings sign.
            is_virtual: Says of a bucket whether its name stands before the host's. ``None``: it never does.

        Raises:
            InvalidSettings: ``ca_file`` cannot be used.
            ValueError: The credentials or the region cannot be written in a signature.
        """
        self.endpoint = settings.endpoint
        self._user_agent = user_agent
        self._clean = clean
        self._code_header = code_header
        # What urllib3 logs of a request or a retry has its query in it.
        protect_loggers("urllib3")
        self._signer = signer or _always(Signer(settings.credentials, region=settings.region))
        self._is_virtual = is_virtual
        self._hash_payload = not settings.secure
        self.retries = Retries(settings.retries)
        self._connect_timeout, self._read_timeout = settings.connect_timeout, settings.read_timeout
        self._timeout = Timeout(connect=settings.connect_timeout, read=settings.read_timeout)
        both = settings.connect_timeout + settings.read_timeout
        self._seconds_of_all = both
        self._timeout_of_all = Timeout(total=both, connect=settings.connect_timeout, read=settings.read_timeout)
        self._tls = tls_context(settings.ca_file) if settings.secure else None
        self._pool_settings = {"num_pools": _POOLS, "maxsize": settings.max_connections, "timeout": self._timeout}
        if self._tls is not None:
            self._pool_settings["ssl_context"] = self._tls
        self.pools = WholeHeadPools(retries=self.retries.repeatable, **self._pool_settings)
        self._pool = self.pools.connection_from_url(self.endpoint)
        self._quick = KeptConnections(settings.max_connections)
        self._usual_until = 0.0
        watch_forks(self)

    def after_fork(self) -> None:
        """Begins without connections, in a new process (`bucketry_s3client.forking`)."""
        is_open = self._pool.pool is not None
        leave_connections(self._pool)
        self.pools.after_fork()
        if is_open:
            self._pool = self.pools.connection_from_url(self.endpoint)
        self._quick = self._quick.after_fork()

    def close(self) -> None:
        """Closes all connections of this client; those of `sdk_pools` are the SDK's."""
        self.pools.clear()
        self._pool.close()  # urllib3's own end comes when nobody refers to the pool any more, and this object does.
        self._quick.close()

    def sdk_pools(self) -> SdkPools:
        """Makes pools for an SDK, with this client's TLS, timeouts and retries.

        They are the SDK's own: SDKs close what they are given.
        """
        return SdkPools(self.retries, **self._pool_settings)

    def open(
        self,
        method: str,
        bucket: str = "",
        key: str = "",
        *,
        query: Mapping[str, str] = _NOTHING,
        headers: Mapping[str, str] = _NOTHING,
        content: Content = b"",
        repeatable: bool = True,
        once: bool = False,
        retries: Retry | None = None,
    ) -> BaseHTTPResponse:
        """Sends a request and returns its response, unread: the caller reads it to the end or closes it.

        Args:
            method: The HTTP method.
            bucket: The bucket; empty for the server itself.
            key: The key; empty for the bucket itself.
            query: Parameters, unencoded.
            headers: Headers besides those of the signature.
            content: The body.
            repeatable: Whether the server may perform the request twice without harm, so that it is sent again after
                the connection broke off. Other requests and a `Feed` are sent again only where no connection was made.
            once: Whether there is one try only. Then connecting and the whole response together take
                ``connect_timeout`` and ``read_timeout`` at most.
            retries: What earlier tries left of the retries; ``None``: this is the first.

        Raises:
            S3ResponseError: The server refuses the request.
            Exception: What the source of a feed failed with, as it is.
            urllib3.exceptions.HTTPError: There is no response, its head broke off, or it is a part of the object where
                the whole was asked for.
        """
        base, target = self.locate(bucket, key, query)
        sent = dict(headers)
        if content or method in _WITH_LENGTH:
            sent["content-length"] = str(length_of(content))
        signed = self._signer().sign(method, base + target, payload=self._payload(content), headers=sent)
        sent.update(signed.headers)
        response = self.open_unsigned(
            method, target, sent, content, repeatable=repeatable, once=once, retries=retries, base=base
        )
        if response.status not in _GOOD:
            body = read_body(response, _MAX_ERROR_BYTES)
            raise self._refusal(method, bucket, key, query, headers, response, body)
        if response.status == _PARTIAL and "range" not in headers and "partNumber" not in query:
            response.close()
            raise ProtocolError(_PART)
        return response

    def locate(self, bucket: str, key: str = "", query: Mapping[str, str] = _NOTHING) -> tuple[str, str]:
        """Returns where a request goes: the URL of the host, and path and query behind it, encoded."""
        if self._is_virtual is None or not bucket or not self._is_virtual(bucket):
            return self.endpoint, request_target(bucket, key, query)
        scheme, _, host = self.endpoint.partition("://")
        # Without the bucket, the path of the bucket itself is "/".
        return f"{scheme}://{bucket}.{host}", request_target("", key, query).replace("//", "/", 1)

    def open_unsigned(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        content: Content = b"",
        *,
        repeatable: bool = True,
        once: bool = False,
        retries: Retry | None = None,
        base: str = "",
    ) -> BaseHTTPResponse:
        """Sends a request as it is and returns its response, unread, whatever its status.

        Args:
            method: The HTTP method.
            target: Path and query, encoded.
            headers: All headers but the user agent.
            content: The body; the caller gives ``content-length``.
            repeatable: As in `open`.
            once: As in `open`.
            retries: As in `open`.
            base: URL of the host, as `locate` gives it; empty: the endpoint.

        Raises:
            urllib3.exceptions.HTTPError: There is no response.
        """
        if once:
            retries = self.retries.once
        elif retries is None:
            is_safe = repeatable and not isinstance(content, Feed)
            retries = self.retries.repeatable if is_safe else self.retries.careful
        pool = self._pool if base in {"", self.endpoint} else self.pools.connection_from_url(base)
        try:
            with ending_within(self._seconds_of_all) if once else _NO_END:
                return pool.urlopen(
                    method,
                    target,
                    body=content or None,
                    headers={**headers, **request_headers(), "user-agent": self._user_agent},
                    retries=retries,
                    redirect=False,
                    preload_content=False,
                    timeout=self._timeout_of_all if once else self._timeout,
                )
        except Exception as error:
            if isinstance(content, Feed) and content.error is not None and content.error is not error:
                raise content.error from None
            raise

    def request(
        self,
        method: str,
        bucket: str = "",
        key: str = "",
        *,
        query: Mapping[str, str] = _NOTHING,
        headers: Mapping[str, str] = _NOTHING,
        content: Content = b"",
        repeatable: bool = True,
        once: bool = False,
    ) -> tuple[Mapping[str, str], bytes]:
        """Sends a request; returns headers and body of its response, of `MAX_RESPONSE_BYTES` at most.

        An error document is an error also where it comes with a good status. So read objects with `open`. Arguments and
        errors as in `open`.
        """
        response = self.open(
            method, bucket, key, query=query, headers=headers, content=content, repeatable=repeatable, once=once
        )
        return self._checked(method, bucket, key, response, read_body(response))

    def _checked(
        self, method: str, bucket: str, key: str, response: BaseHTTPResponse | QuickResponse, body: bytes
    ) -> tuple[Mapping[str, str], bytes]:
        if body and is_error(body):
            raise self._error(method, bucket, key, response, body)
        return response.headers, body

    def request_xml(
        self,
        method: str,
        bucket: str = "",
        key: str = "",
        *,
        root: str,
        query: Mapping[str, str] = _NOTHING,
        headers: Mapping[str, str] = _NOTHING,
        content: Content = b"",
        repeatable: bool = True,
    ) -> tuple[Mapping[str, str], Element]:
        """Sends a request whose response is XML; returns headers and document. Arguments and errors as in `open`.

        ``root`` is the name of the document's root element, such as ``ListBucketResult``.

        Raises:
            Unavailable: The response has no body, is not XML, or is another document.
        """
        received, body = self.request(
            method, bucket, key, query=query, headers=headers, content=content, repeatable=repeatable
        )
        return received, self.parsed(body, root)

    def parsed(self, body: bytes, root: str) -> Element:
        """Parses the body of a response, as `request_xml` does.

        Args:
            body: The body.
            root: Name of its root element.

        Raises:
            Unavailable: The body is empty, not XML, or another document.
        """
        try:
            document = parse_xml(body if self._clean is None else self._clean(body))
        except ValueError as error:
            raise incomplete_response("the response is not XML" if body else "the response has no body") from error
        if document.name not in {root, _OTHER_NAMES.get(root)}:
            raise incomplete_response(f"the response is not the {root} that was asked for")
        return document

    def raw_request(
        self,
        method: str,
        bucket: str,
        key: str = "",
        *,
        query: Mapping[str, str] = _NOTHING,
        headers: Mapping[str, str] = _NOTHING,
        content: bytes = b"",
    ) -> bytes:
        """Returns a signed request as it is sent over a connection of `connect`. Arguments as in `open`.

        Call it within `bucketry.backend_requests.sending`, so that the request names its own span.
        """
        target = request_target(bucket, key, query)
        sent = {**headers, "content-length": str(len(content))} if content or method in _WITH_LENGTH else headers
        signed = self._signer().sign(method, self.endpoint + target, payload=self._payload(content), headers=sent)
        sent = {"host": signed.host, **sent, **signed.headers, **request_headers(), "user-agent": self._user_agent}
        lines = "".join([f"{name}: {value}\r\n" for name, value in sent.items()])
        return f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode() + content

    def request_small(
        self,
        method: str,
        bucket: str,
        key: str = "",
        *,
        query: Mapping[str, str] = _NOTHING,
        headers: Mapping[str, str] = _NOTHING,
        content: bytes = b"",
    ) -> tuple[Mapping[str, str], bytes]:
        """Sends a small request at half the cost of `request`, over connections of its own.

        The server may perform the request twice without harm. A try that fails counts, but for two: one over a kept
        connection that the server had closed, and one whose response only an HTTP library can read. Second tries are
        left to `open`. Arguments, result and errors as in `request`.
        """
        response = self._open_small(method, bucket, key, query, headers, content)
        body = response.read_all(MAX_RESPONSE_BYTES) if isinstance(response, QuickResponse) else read_body(response)
        return self._checked(method, bucket, key, response, body)

    def open_object(
        self,
        bucket: str,
        key: str,
        *,
        query: Mapping[str, str] = _NOTHING,
        headers: Mapping[str, str] = _NOTHING,
    ) -> BaseHTTPResponse | QuickResponse:
        """Sends GET for an object and returns its response, at half the cost of `open` if the object is small.

        It is sent as `request_small` sends requests, and a short body is read at once. Arguments and errors as in
        `open`.
        """
        return self._open_small("GET", bucket, key, query, headers, b"")

    def _open_small(
        self,
        method: str,
        bucket: str,
        key: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        content: bytes,
    ) -> BaseHTTPResponse | QuickResponse:
        left: Retry | None = None
        if self._is_virtual is None and monotonic() >= self._usual_until:
            target = request_target(bucket, key, query)
            try:
                response = self._send_quickly(method, bucket, key, query, headers, content)
            except (OSError, ValueError, HTTPError) as error:
                if isinstance(error, Unusual):  # Its server is not asked twice each time.
                    self._usual_until = monotonic() + _USUAL_SECONDS
                left = self._left_after(error, method, target)
            else:
                if response.status in RETRIED_STATUSES:
                    left = self._left_after(None, method, target)
                if left is None:
                    return self._good(method, bucket, key, query, headers, response)
                response.close()
        if left is not None:
            left.sleep()
        return self.open(method, bucket, key, query=query, headers=headers, content=content, retries=left)

    def _left_after(self, error: Exception | None, method: str, target: str) -> Retry | None:
        """Counts a quick request that is sent again: because of an error, or of the status of its response.

        Returns:
            What is left of the retries. ``None`` after an error: the try does not count. ``None`` after a status: none
            is left.

        Raises:
            urllib3.exceptions.MaxRetryError: None is left after an error.
        """
        retries = self.retries.repeatable
        if error is None:
            try:
                return retries.increment(method, target, _pool=self._pool)
            except MaxRetryError:
                return None
        if isinstance(error, KeptEnded) or not isinstance(error, (OSError, HTTPError)):
            return None
        reason = error if isinstance(error, HTTPError) else read_error(error, self._pool, target)
        return retries.increment(method, target, error=reason, _pool=self._pool)

    def _good(
        self,
        method: str,
        bucket: str,
        key: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        response: QuickResponse,
    ) -> QuickResponse:
        """Returns the response to a quick request, unless it is an error."""
        # After a refusal the server may not have read a body.
        if response.held is not None and (response.status in _GOOD or method not in _WITH_LENGTH):
            response.release()
        if response.status not in _GOOD:
            body = response.read_all(_MAX_ERROR_BYTES)
            response.close()  # It is still there after a short body.
            raise self._refusal(method, bucket, key, query, headers, response, body)
        if response.status == _PARTIAL and "range" not in headers and "partNumber" not in query:
            response.close()
            raise ProtocolError(_PART)
        return response

    def _send_quickly(
        self,
        method: str,
        bucket: str,
        key: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        content: bytes,
    ) -> QuickResponse:
        """Sends a request once.

        Raises:
            KeptEnded: The server had closed the connection before.
            OSError: There is no response, or it breaks off.
            urllib3.exceptions.HTTPError: No connection can be made.
            ValueError: The response is an unusual one.
        """
        with sending(method, f"{self.endpoint}{request_target(bucket, key)}") as sent:
            kept = self._quick
            used = kept.take()
            try:
                connection = self.connect() if used is None else used
            except OSError as error:
                raise connect_error(error, self._pool) from error
            try:
                request = self.raw_request(method, bucket, key, query=query, headers=headers, content=content)
                cut_off = None
                try:
                    connection.sendall(request)
                except ConnectionError as error:  # The server may have refused it before it read the body.
                    cut_off = error
                response = QuickResponse(connection, kept.give_back)
                if cut_off is not None and response.status in _GOOD:
                    raise cut_off
            except BaseException as error:
                connection.close()
                if used is not None and is_end(error):
                    raise KeptEnded("the server had closed the connection") from error
                raise
            sent.status = response.status
            return response

    def connect(self) -> socket.socket:
        """Opens a connection for the caller alone, with the settings' timeouts.

        Raises:
            OSError: The server cannot be reached, or TLS fails.
        """
        return open_socket(self.endpoint, self._tls, self._connect_timeout, self._read_timeout)

    def _refusal(
        self,
        method: str,
        bucket: str,
        key: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        response: BaseHTTPResponse | QuickResponse,
        body: bytes,
    ) -> S3ResponseError:
        error = self._error(method, bucket, key, response, body)
        error.names_version = "versionId" in query or "?versionId=" in headers.get(COPY_SOURCE, "")
        return error

    def _error(
        self, method: str, bucket: str, key: str, response: BaseHTTPResponse | QuickResponse, body: bytes
    ) -> S3ResponseError:
        return S3ResponseError(
            method=method,
            bucket=bucket,
            key=key,
            status=response.status,
            code=code_in(body) or response.headers.get(self._code_header, ""),
            fields=fields_in(body),
            headers=response.headers,
        )

    def _payload(self, content: Content) -> str:
        if isinstance(content, Feed):
            return UNSIGNED_PAYLOAD  # Its hash is not known yet.
        if not content:
            return _EMPTY_HASH
        return hash_of(content) if self._hash_payload else UNSIGNED_PAYLOAD


def _always(signer: Signer) -> Callable[[], Signer]:
    return lambda: signer


def read_body(response: BaseHTTPResponse, most: int = MAX_RESPONSE_BYTES) -> bytes:
    """Reads the body of a response to its end, and gives its connection back.

    A response with neither a length nor chunks ends with its connection (RFC 9112, 6.3). Then only XML shows that it is
    whole.

    Raises:
        urllib3.exceptions.HTTPError: The body breaks off, does not show its end, or is longer than ``most`` bytes.
    """
    has_end = response.length_remaining is not None or bool(getattr(response, "chunked", False))
    try:
        body = response.read(most + 1, decode_content=False)
        if len(body) > most:
            raise ProtocolError("the response is too long")
        if response.length_remaining:  # urllib3 does not notice this where it is asked for more than comes.
            raise IncompleteRead(len(body), response.length_remaining)
        if not has_end and not _is_xml(body):
            raise ProtocolError("the response does not show its end")
    except BaseException:
        response.close()
        raise
    finally:
        response.release_conn()
    return body


def _is_xml(body: bytes) -> bool:
    try:
        parse_xml(body)
    except ValueError:
        return False
    return True


def request_target(bucket: str, key: str = "", query: Mapping[str, str] = _NOTHING) -> str:
    """Returns path and query of a request, encoded to the byte: ``a//b`` and ``..`` stay as they are."""
    path = f"/{bucket}/{key if _PLAIN_PATH.fullmatch(key) else quote(key, safe='/~')}" if key else f"/{bucket}"
    if not query:
        return path
    return f"{path}?{'&'.join([f'{_encoded(name)}={_encoded(value)}' for name, value in query.items()])}"


def _encoded(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else quote(text, safe="~")
