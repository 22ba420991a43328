"""Responses of the S3 port."""

from __future__ import annotations

from typing import Any, Final

from bucketry.origin import HOST_ID

from bucketry_http.s3.errors import S3Error
from bucketry_http.s3.request import S3Request
from bucketry_http.s3.xml import error_document
from bucketry_http.shared.response_body import ContentReader, ContentSender, RawHeaders

XML: Final = (b"content-type", b"application/xml")
REGION: Final = b"x-amz-bucket-region"
HOST: Final = (b"x-amz-id-2", HOST_ID.encode())
RETRY_AFTER: Final = (b"retry-after", b"1")
_NO_HEADERS: Final[RawHeaders] = []


class Response:
    """A response: its status, headers and body.

    Attributes:
        status: The HTTP status.
        headers: All headers except the ids of the request and of the process.
        reader: The body, if it is read while it is sent; else ``None``.
    """

    __slots__ = ("_body", "headers", "reader", "status")

    def __init__(
        self,
        status: int = 200,
        headers: RawHeaders = _NO_HEADERS,
        body: bytes = b"",
        reader: ContentReader | None = None,
    ) -> None:
        """Makes a response.

        Args:
            status: The HTTP status.
            headers: Its headers. They include the body's length, unless the status forbids it.
            body: The whole body.
            reader: The body of an object that is longer than a piece.
        """
        self.status = status
        self.headers = headers
        self._body = body
        self.reader = reader

    def with_header(self, name: bytes, value: bytes) -> Response:
        """Adds a header, and returns the response itself."""
        self.headers = [*self.headers, (name, value)]
        return self

    async def send(self, request: S3Request, receive: Any, send: Any) -> None:
        """Sends the response.

        Raises:
            BucketryError: The body broke off before any of it was sent.
        """
        headers = [*self.headers, (b"x-amz-request-id", request.id.encode()), HOST]
        if self.reader is not None:
            await ContentSender(self.reader, self.status, headers)(request.scope, receive, send)
            return
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self._body, "more_body": False})


def xml_response(body: bytes, headers: RawHeaders = _NO_HEADERS, status: int = 200) -> Response:
    """Returns a response with an XML document."""
    return Response(status, [XML, (b"content-length", b"%d" % len(body)), *headers], body)


def json_response(body: bytes) -> Response:
    """Returns a response with a JSON document."""
    return Response(200, [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))], body)


def empty_response(status: int = 204, headers: RawHeaders = _NO_HEADERS) -> Response:
    """Returns a response without a body."""
    if status == 204:  # It never has a length (RFC 9110, 8.6).
        return Response(status, headers)
    return Response(status, [(b"content-length", b"0"), *headers])


def error_response(request: S3Request, error: S3Error, home: str) -> Response:
    """Returns the response for an error. It has no body for HEAD and 304 (RFC 9110, 9.3.2 and 15.4.5).

    Clients learn a bucket's region from a refused HEAD, so this response names the region (S3 API reference,
    HeadBucket; versity/versitygw, issue 1500). A bucket that does not exist has no region.
    """
    headers = [(name.encode(), value.encode("latin-1", "replace")) for name, value in error.headers.items()]
    if error.status == 503 and "retry-after" not in error.headers:
        headers.append(RETRY_AFTER)
    if request.method == "HEAD" or error.status == 304:
        if error.status == 304:
            return Response(error.status, headers)
        if request.bucket and error.s3_code != "NoSuchBucket" and REGION.decode() not in error.headers:
            headers.append((REGION, (request.region or home).encode()))
        return Response(error.status, [XML, *headers])
    body = error_document(error, request.resource, request.bucket, request.key, request.id)
    return xml_response(body, headers, error.status)
