"""Signed requests to RGW, for what boto3 does at two or three times the cost or not at all.

Core signs them and urllib3 sends them. Whatever RGW refuses fails as the SDK's ``ClientError``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Final
from urllib.parse import quote, urlencode

import urllib3
from botocore.exceptions import ClientError
from bucketry.sigv4 import UNSIGNED_PAYLOAD, Credentials, Signer, payload_hash
from urllib3 import BaseHTTPResponse, PoolManager, Retry, Timeout

from bucketry_rgw._client import trusted
from bucketry_rgw._errors import refusal
from bucketry_rgw._settings import RgwSettings

MAX_ANSWER_BYTES: Final = 64 * 1024**2
"""Longest answer that is read into memory; 10,000 buckets with their stats take 10 MB."""

_MAX_ERROR_BYTES: Final = 64 * 1024
_NOTHING: Final[Mapping[str, str]] = {}
_EMPTY_HASH: Final = payload_hash(b"")
_WORTH_A_RETRY: Final = (500, 502, 503, 504)
_CODE: Final = re.compile(rb"<Code>([A-Za-z0-9]{1,64})</Code>|\"Code\":\"([A-Za-z0-9]{1,64})\"")
"""RGW answers in XML, and on its reserved paths in JSON."""


class Feed:
    """A request's body that is sent as it comes, once.

    Attributes:
        length: Its length in bytes.
    """

    def __init__(self, pieces: Iterable[bytes], length: int) -> None:
        self._pieces = pieces
        self.length = length

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._pieces)


Content = bytes | Sequence[bytes] | Feed
"""A request's body: bytes, pieces that are sent one after the other, or a feed."""


class Wire:
    """Sends signed requests. Threads may share it.

    Attributes:
        endpoint: URL of the gateway, without a trailing slash.
    """

    def __init__(self, settings: RgwSettings) -> None:
        self.endpoint = settings.endpoint
        credentials = Credentials(settings.access_key, settings.secret_key, settings.session_token)
        self._signer = Signer(credentials, region=settings.region)
        self._hash_payload = not settings.secure
        self._repeatable, self._careful = _retry_policies(settings.retries)
        self._once = Retry(0, redirect=False)
        self._manager = _pool_manager(settings)
        self._pool = self._manager.connection_from_url(self.endpoint)
        self._timeout = Timeout(connect=settings.connect_timeout, read=settings.read_timeout)
        # One try, and one bound for all of it.
        whole = settings.connect_timeout + settings.read_timeout
        self._brief = Timeout(total=whole, connect=settings.connect_timeout, read=settings.read_timeout)

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
            bucket: The bucket; empty for the gateway itself.
            key: The key; empty for the bucket itself.
            query: Parameters, unencoded.
            headers: Headers besides those of signing.
            content: The body.
            repeatable: Whether doing it twice does no harm, so that it may be sent again after it broke off.
            patient: Whether to try again at all, and without a bound on the whole.

        Raises:
            ClientError: RGW refuses; its code says why.
            urllib3.exceptions.HTTPError: There is no answer.
        """
        target = _target(bucket, key, query)
        sent = dict(headers)
        if content or method in {"PUT", "POST"}:
            sent["content-length"] = str(_length(content))
        signed = self._signer.sign(method, self.endpoint + target, payload=self._payload(content), headers=sent)
        sent.update(signed.headers)
        retries = self._careful
        if not patient:
            retries = self._once
        elif repeatable and not isinstance(content, Feed):
            retries = self._repeatable
        answer = self.send_unsigned(method, target, sent, content, retries, self._timeout if patient else self._brief)
        if answer.status not in {200, 201, 202, 204, 206}:
            raise _refused(answer, method, bucket, key)
        return answer

    def send_unsigned(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        content: Content = b"",
        retries: Retry | None = None,
        timeout: Timeout | None = None,
    ) -> BaseHTTPResponse:
        """Sends a request as it is and returns its answer, unread, whatever its status."""
        return self._pool.urlopen(
            method,
            target,
            body=content or None,
            headers=headers,
            retries=retries or self._repeatable,
            redirect=False,
            preload_content=False,
            timeout=timeout or self._timeout,
        )

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
        body = read(answer)
        # Where work takes long, RGW answers 200 first and finds out later that it failed.
        if method != "GET" and b"<Error>" in body[:_MAX_ERROR_BYTES]:
            raise refusal(_code_in(body), 500, bucket, key, method)
        return answer.headers, body

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


def read(answer: BaseHTTPResponse, most: int = MAX_ANSWER_BYTES) -> bytes:
    """Reads an answer's body, and gives its connection back.

    Raises:
        urllib3.exceptions.HTTPError: It breaks off, or is longer than ``most`` bytes.
    """
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


def _refused(answer: BaseHTTPResponse, method: str, bucket: str, key: str) -> ClientError:
    return refusal(_code_in(read(answer, _MAX_ERROR_BYTES)), answer.status, bucket, key, method)


def _code_in(body: bytes) -> str:
    match = _CODE.search(body)
    return (match[1] or match[2]).decode() if match else ""


def _pool_manager(settings: RgwSettings) -> PoolManager:
    if not settings.secure:
        return PoolManager(num_pools=1, maxsize=settings.max_connections)
    return PoolManager(
        num_pools=1, maxsize=settings.max_connections, cert_reqs="CERT_REQUIRED", ca_certs=trusted(settings)
    )


def _retry_policies(retries: int) -> tuple[Retry, Retry]:
    """Returns how to retry what may be done twice, and what may not: only while the gateway has not begun with it."""
    repeatable = Retry(
        total=retries,
        redirect=0,
        other=0,
        allowed_methods=None,
        status_forcelist=_WORTH_A_RETRY,
        backoff_factor=0.1,
        backoff_max=2.0,
        raise_on_status=False,
        respect_retry_after_header=False,
    )
    return repeatable, repeatable.new(read=0, status=0)


def _target(bucket: str, key: str, query: Mapping[str, str]) -> str:
    path = f"/{bucket}/{quote(key, safe='/~')}" if key else f"/{bucket}"
    return f"{path}?{urlencode(query, quote_via=quote, safe='~')}" if query else path


def _length(content: Content) -> int:
    if isinstance(content, Feed):
        return content.length
    return len(content) if isinstance(content, bytes) else sum(map(len, content))
