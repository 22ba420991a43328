"""Sends signed requests to MinIO through the connections that the SDK uses.

The SDK's public methods hide pages, and offer neither all of MinIO's conditions nor multipart uploads; so these go
over its connections, signed by core. Whatever fails, fails as the SDK's ``S3Error``.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Final
from urllib.parse import quote, urlencode

import certifi
import urllib3
from bucketry import InvalidSettings
from bucketry.sigv4 import UNSIGNED_PAYLOAD, Credentials, Signer, payload_hash
from minio import Minio, MinioAdmin
from minio.credentials.providers import StaticProvider
from minio.error import S3Error
from urllib3 import BaseHTTPResponse, PoolManager, Retry, Timeout

from bucketry_minio._errors import code_of_status, s3_error
from bucketry_minio._settings import MinioSettings
from bucketry_minio._xml import Element, parse

MAX_ANSWER_BYTES: Final = 64 * 1024**2
"""Longest answer that is read into memory: a page of 1,000 keys with 2 KiB of metadata each is far below."""

_MAX_ERROR_BYTES: Final = 1024**2
_NOTHING: Final[Mapping[str, str]] = {}
_EMPTY_HASH: Final = payload_hash(b"")
_GOOD: Final = frozenset({200, 204, 206})
_WORTH_A_RETRY: Final = (500, 502, 503, 504)
_USER_AGENT: Final = "bucketry-minio"


class Feed:
    """A request's body that is sent as it comes, once.

    Attributes:
        length: Its length in bytes.
        error: What its source failed with, if it did: the HTTP library turns some errors into its own.
    """

    def __init__(self, pieces: Iterable[bytes], length: int) -> None:
        self._pieces = pieces
        self.length = length
        self.error: BaseException | None = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._pieces
        except BaseException as error:
            self.error = error
            raise


Content = bytes | Sequence[bytes] | Feed
"""A request's body: bytes, pieces that are sent one after the other, or a feed."""


class Connection:
    """A MinIO server: the SDK's clients and signed requests, all over the same connections. Threads may share it.

    Attributes:
        client: The SDK's client.
        admin: The SDK's client for what administrators may ask.
        endpoint: URL of the server.
    """

    def __init__(self, settings: MinioSettings) -> None:
        self.endpoint = settings.endpoint
        token = settings.session_token
        credentials = Credentials(settings.access_key, settings.secret_key, token)
        self._signer = Signer(credentials, region=settings.region)
        self._hash_payload = not settings.secure
        self._repeatable, self._unrepeatable = _retry_policies(settings.retries)
        self._manager = _pool_manager(settings, self._repeatable)
        self._pool = self._manager.connection_from_url(self.endpoint)
        # urllib3's own bound on status: one try, and one limit for all of it.
        total = settings.connect_timeout + settings.read_timeout
        self._whole = Timeout(total=total, connect=settings.connect_timeout, read=settings.read_timeout)
        provider = StaticProvider(
            settings.access_key, settings.secret_key.reveal(), token.reveal() if token is not None else None
        )
        # With a region given, the SDK never asks for a bucket's.
        self.client = Minio(
            endpoint=settings.location,
            credentials=provider,
            secure=settings.secure,
            region=settings.region,
            http_client=self._manager,
        )
        self.admin = MinioAdmin(
            endpoint=settings.location,
            credentials=provider,
            secure=settings.secure,
            region=settings.region,
            http_client=self._manager,
        )

    def usage_info(self) -> bytes:
        """Returns MinIO's own usage figures of all buckets, as JSON: one request, for administrators.

        Raises:
            MinioAdminException: The credentials are no administrator's.
            urllib3.exceptions.HTTPError: There is no answer.
        """
        figures: str = self.admin.get_data_usage_info()  # type: ignore[no-untyped-call]
        return figures.encode()

    def close(self) -> None:
        """Closes all connections."""
        self._manager.clear()

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
        patient: bool = True,
    ) -> BaseHTTPResponse:
        """Sends a request and returns its answer, unread: the caller reads it to the end or closes it.

        Args:
            method: The HTTP method.
            bucket: The bucket; empty for the server itself.
            key: The key; empty for the bucket itself.
            query: Parameters, unencoded.
            headers: Headers besides those of signing.
            content: The body.
            repeatable: Whether doing it twice does no harm, so that it may be sent again after it broke off.
            patient: Whether to try again at all.

        Raises:
            S3Error: The server refuses; its code says why.
            urllib3.exceptions.HTTPError: There is no answer.
        """
        target = _target(bucket, key, query)
        sent = {**headers, "user-agent": _USER_AGENT}
        if content or method in {"PUT", "POST"}:
            sent["content-length"] = str(_length(content))
        signed = self._signer.sign(method, self.endpoint + target, payload=self._payload(content), headers=sent)
        retries = Retry(0, redirect=False) if not patient else self._repeatable if repeatable else self._unrepeatable
        answer = self._pool.urlopen(
            method,
            target,
            body=content or None,
            headers=sent | dict(signed.headers),
            retries=retries,
            redirect=False,
            preload_content=False,
            timeout=self._pool.timeout if patient else self._whole,
        )
        if answer.status not in _GOOD:
            raise _refusal(answer, bucket, key)
        return answer

    def send(
        self,
        method: str,
        bucket: str = "",
        key: str = "",
        *,
        query: Mapping[str, str] = _NOTHING,
        headers: Mapping[str, str] = _NOTHING,
        content: Content = b"",
        repeatable: bool = True,
        patient: bool = True,
    ) -> tuple[Mapping[str, str], bytes]:
        """Sends a request; returns the headers and the body of its answer. Arguments and errors as in `open`."""
        answer = self.open(
            method,
            bucket,
            key,
            query=query,
            headers=headers,
            content=content,
            repeatable=repeatable,
            patient=patient,
        )
        return answer.headers, _read(answer, MAX_ANSWER_BYTES)

    def ask(
        self,
        method: str,
        bucket: str = "",
        key: str = "",
        *,
        query: Mapping[str, str] = _NOTHING,
        headers: Mapping[str, str] = _NOTHING,
        content: Content = b"",
        repeatable: bool = True,
    ) -> tuple[Mapping[str, str], Element]:
        """Sends a request whose answer is XML, and parses it. Arguments and errors as in `open`."""
        answered, body = self.send(
            method, bucket, key, query=query, headers=headers, content=content, repeatable=repeatable
        )
        document = parse(body)
        # Where the work takes long, MinIO answers 200 first and finds out later that it failed.
        if document.name == "Error":
            raise s3_error(document.text("Code"), document.text("Message"), 200, answered, bucket, key)
        return answered, document

    def _payload(self, content: Content) -> str:
        if not content:
            return _EMPTY_HASH
        if not self._hash_payload or isinstance(content, Feed):
            return UNSIGNED_PAYLOAD  # TLS protects it, or nobody knows it yet.
        if isinstance(content, bytes):
            return payload_hash(content)
        digest = sha256()
        for piece in content:
            digest.update(piece)
        return digest.hexdigest()


def _pool_manager(settings: MinioSettings, retries: Retry) -> PoolManager:
    manager = PoolManager(
        num_pools=2,
        maxsize=settings.max_connections,
        timeout=Timeout(connect=settings.connect_timeout, read=settings.read_timeout),
        retries=retries,
    )
    if settings.secure:
        manager.connection_pool_kw["ssl_context"] = _trust(settings.ca_file)
    return manager


def _trust(ca_file: str | None) -> ssl.SSLContext:
    """Returns whom to trust: authorities of the user's own, or those that the SDK itself trusts."""
    try:
        return ssl.create_default_context(cafile=ca_file or certifi.where())
    except OSError as error:
        raise InvalidSettings(f"ca_file cannot be used: {error.strerror or type(error).__name__}") from None


def _retry_policies(retries: int) -> tuple[Retry, Retry]:
    """Returns how to retry what may be done twice, and what may not: only while the server has not begun with it."""
    repeatable = Retry(
        total=retries,
        redirect=0,
        other=0,
        allowed_methods=None,
        status_forcelist=_WORTH_A_RETRY,
        backoff_factor=0.1,
        backoff_max=2.0,
        raise_on_status=False,
        raise_on_redirect=False,
        # A server that starts says two minutes; callers hear of it sooner.
        respect_retry_after_header=False,
    )
    return repeatable, repeatable.new(read=0, status=0)


def _target(bucket: str, key: str, query: Mapping[str, str]) -> str:
    path = f"/{bucket}/{quote(key, safe='/~')}" if key else f"/{bucket}"
    return f"{path}?{urlencode(query, quote_via=quote)}" if query else path


def _length(content: Content) -> int:
    if isinstance(content, Feed):
        return content.length
    return len(content) if isinstance(content, bytes) else sum(map(len, content))


def _read(answer: BaseHTTPResponse, most: int) -> bytes:
    try:
        body = answer.read(most + 1, decode_content=False)
        if len(body) > most:
            raise urllib3.exceptions.ProtocolError("the answer is too long")
    except BaseException:
        answer.close()
        raise
    finally:
        answer.release_conn()
    return body


def _refusal(answer: BaseHTTPResponse, bucket: str, key: str) -> S3Error:
    body = _read(answer, _MAX_ERROR_BYTES)
    code = message = ""
    if body:
        try:
            document = parse(body)
            code, message = document.text("Code"), document.text("Message")
        except ValueError:
            pass  # A proxy's page, or a server that is none of S3's.
    # An answer to HEAD has no body: MinIO gives the code in a header.
    code = code or answer.headers.get("x-minio-error-code", "") or code_of_status(answer.status, bucket, key)
    return s3_error(code, message, answer.status, answer.headers, bucket, key)
