"""Signed requests over urllib3."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from typing import Final

from bucketry.redaction import protect_loggers
from bucketry.sigv4 import UNSIGNED_PAYLOAD, Signer, payload_hash
from urllib3 import BaseHTTPResponse, Retry, Timeout
from urllib3.exceptions import ProtocolError

from bucketry_s3client._bodies import read_answer
from bucketry_s3client._broken import unreadable
from bucketry_s3client._connecting import open_connection, retry_policy, trust_in
from bucketry_s3client._content import Content, Feed, hash_of, length_of
from bucketry_s3client._refusals import Refusal, code_in, is_error, message_in
from bucketry_s3client._settings import S3Settings
from bucketry_s3client._targets import target_of
from bucketry_s3client._whole_heads import WholeHeads
from bucketry_s3client._xml import Element, parse_xml

_MAX_ERROR_BYTES: Final = 1024**2
_NOTHING: Final[Mapping[str, str]] = {}
_EMPTY_HASH: Final = payload_hash(b"")
_PARTIAL: Final = 206
_GOOD: Final = frozenset({200, 201, 202, 204, _PARTIAL})
_WITH_LENGTH: Final = frozenset({"PUT", "POST"})


class Wire:
    """Sends signed requests to one server and keeps its connections. Threads may share it.

    Addresses are path-style. Bodies are hashed over plain HTTP, where nothing else protects them. Over TLS, and of a
    `Feed`, they are ``UNSIGNED-PAYLOAD`` (S3 API reference, "Signature calculations for the Authorization header").

    Attributes:
        endpoint: URL of the server, without a trailing slash.
        manager: The connections, with the settings' timeouts and retries: an SDK may use them as well. A response whose
            head broke off is an error on them.
    """

    def __init__(
        self,
        settings: S3Settings,
        refused: Callable[[Refusal], Exception],
        *,
        authorities: str,
        user_agent: str,
        clean: Callable[[bytes], bytes] | None = None,
    ) -> None:
        """Makes it; connects when it is first used.

        Args:
            settings: Where the server is, and who asks.
            refused: Makes an error of an answer that says no; it is raised.
            authorities: PEM file of the certificate authorities to trust where ``ca_file`` names none.
            user_agent: What the server's log shows.
            clean: Mends an answer before it is parsed, for a server whose XML is not quite XML.

        Raises:
            InvalidSettings: ``ca_file`` cannot be used.
            ValueError: The credentials or the region cannot be written in a signature.
        """
        self.endpoint = settings.endpoint
        self._refused = refused
        self._user_agent = user_agent
        self._clean = clean
        # What urllib3 logs of a request or a retry has its query in it.
        protect_loggers("urllib3")
        self._signer = Signer(settings.credentials, region=settings.region)
        self._hash_payload = not settings.secure
        self._repeatable = retry_policy(settings.retries)
        # Only while the server has not begun with it.
        self._careful = self._repeatable.new(read=0, status=0)
        self._once = Retry(0, redirect=False)
        self._connect_timeout, self._read_timeout = settings.connect_timeout, settings.read_timeout
        self._timeout = Timeout(connect=settings.connect_timeout, read=settings.read_timeout)
        # One try, and one bound for all of it.
        whole = settings.connect_timeout + settings.read_timeout
        self._whole = Timeout(total=whole, connect=settings.connect_timeout, read=settings.read_timeout)
        self.manager = WholeHeads(
            num_pools=2, maxsize=settings.max_connections, timeout=self._timeout, retries=self._repeatable
        )
        self._trust = trust_in(settings.ca_file, authorities) if settings.secure else None
        if self._trust is not None:
            self.manager.connection_pool_kw["ssl_context"] = self._trust
        self._pool = self.manager.connection_from_url(self.endpoint)

    def close(self) -> None:
        """Closes all connections."""
        self.manager.clear()

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
            repeatable: Whether doing it twice does no harm, so that it may be sent again after it broke off. Without
                that, and with a `Feed`, it is sent again only where no connection was made.
            patient: Whether to try again at all, and without a bound on the whole. Otherwise connecting and the head of
                the answer together take ``connect_timeout`` and ``read_timeout`` at most.

        Raises:
            Exception: What ``refused`` makes of a refusal; or what the source of a feed failed with, as it is.
            urllib3.exceptions.HTTPError: There is no answer, its head broke off, or it is a part of what was asked for.
        """
        target = target_of(bucket, key, query)
        sent = dict(headers)
        if content or method in _WITH_LENGTH:
            sent["content-length"] = str(length_of(content))
        signed = self._signer.sign(method, self.endpoint + target, payload=self._payload(content), headers=sent)
        sent.update(signed.headers)
        answer = self.send_unsigned(method, target, sent, content, repeatable=repeatable, patient=patient)
        if answer.status not in _GOOD:
            raise self._refusal(method, bucket, key, answer, read_answer(answer, _MAX_ERROR_BYTES))
        if answer.status == _PARTIAL and "range" not in headers and "partNumber" not in query:
            answer.close()
            raise ProtocolError("the server gives a part where the whole was asked for")
        return answer

    def head_request(self, bucket: str, key: str) -> bytes:
        """Returns a signed ``HEAD`` of an object, as it goes over a connection of `connect`."""
        target = target_of(bucket, key)
        signed = self._signer.sign("HEAD", self.endpoint + target, payload=_EMPTY_HASH, headers=_NOTHING)
        headers = {"host": signed.host, **signed.headers, "user-agent": self._user_agent}
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        return f"HEAD {target} HTTP/1.1\r\n{lines}\r\n".encode()

    def connect(self) -> socket.socket:
        """Opens a connection for the caller alone, with the settings' timeouts.

        Raises:
            OSError: There is none to be had, or TLS fails.
        """
        return open_connection(self.endpoint, self._trust, self._connect_timeout, self._read_timeout)

    def send_unsigned(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        content: Content = b"",
        *,
        repeatable: bool = True,
        patient: bool = True,
    ) -> BaseHTTPResponse:
        """Sends a request as it is and returns its answer, unread, whatever its status.

        Args:
            method: The HTTP method.
            target: Path and query, encoded.
            headers: All headers but the user agent.
            content: The body; the caller gives ``content-length``.
            repeatable: As in `open`.
            patient: As in `open`.

        Raises:
            urllib3.exceptions.HTTPError: There is no answer.
        """
        is_feed = isinstance(content, Feed)
        retries = self._once if not patient else self._repeatable if repeatable and not is_feed else self._careful
        try:
            return self._pool.urlopen(
                method,
                target,
                body=content or None,
                headers={**headers, "user-agent": self._user_agent},
                retries=retries,
                redirect=False,
                preload_content=False,
                timeout=self._timeout if patient else self._whole,
            )
        except Exception as error:
            if isinstance(content, Feed) and content.error is not None and content.error is not error:
                raise content.error from None
            raise

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
        """Sends a request; returns the headers and the body of its answer, of `MAX_ANSWER_BYTES` at most.

        An error document is a refusal also where it comes with a good status; so read objects with `open`. Arguments
        and errors as in `open`.
        """
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
        body = read_answer(answer)
        if body and is_error(body):
            raise self._refusal(method, bucket, key, answer, body)
        return answer.headers, body

    def ask(
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
        """Sends a request whose answer is XML, and parses it. Arguments and errors as in `open`.

        ``root`` is the name of the answer's root element, such as ``ListBucketResult``.

        Raises:
            Unavailable: The answer has no body, is not XML, or is about something else.
        """
        answered, body = self.send(
            method, bucket, key, query=query, headers=headers, content=content, repeatable=repeatable
        )
        return answered, self.parsed(body, root)

    def parsed(self, body: bytes, root: str) -> Element:
        """Parses the body of an answer, as `ask` does.

        Args:
            body: The body.
            root: Name of its root element.

        Raises:
            Unavailable: It is empty, not XML, or about something else.
        """
        try:
            document = parse_xml(body if self._clean is None else self._clean(body))
        except ValueError as error:
            raise unreadable("the response is not XML" if body else "the response has no body") from error
        if document.name != root:
            raise unreadable(f"the response is not the {root} that was asked for")
        return document

    def _refusal(self, method: str, bucket: str, key: str, answer: BaseHTTPResponse, body: bytes) -> Exception:
        return self._refused(
            Refusal(
                method=method,
                bucket=bucket,
                key=key,
                status=answer.status,
                headers=answer.headers,
                code=code_in(body),
                message=message_in(body),
            )
        )

    def _payload(self, content: Content) -> str:
        if isinstance(content, Feed):
            return UNSIGNED_PAYLOAD  # Nobody knows it yet.
        if not content:
            return _EMPTY_HASH
        return hash_of(content) if self._hash_payload else UNSIGNED_PAYLOAD
