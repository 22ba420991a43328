"""What an operation answers."""

from __future__ import annotations

from typing import Any, Final

from bucketry_http.s3.errors import S3Error
from bucketry_http.s3.request import S3Request
from bucketry_http.s3.xml import error_document
from bucketry_http.shared.response_body import ContentReader, ContentSender, RawHeaders

XML: Final = (b"content-type", b"application/xml")
REGION: Final = b"x-amz-bucket-region"
RETRY_AFTER: Final = (b"retry-after", b"1")
_NO_HEADERS: Final[RawHeaders] = []


class Response:
    """Status, headers and content of an answer.

    Attributes:
        status: The HTTP status.
        headers: All headers but the request's id.
        reader: The body, if it is read while it is sent.
    """

    __slots__ = ("_body", "headers", "reader", "status")

    def __init__(
        self,
        status: int = 200,
        headers: RawHeaders = _NO_HEADERS,
        body: bytes = b"",
        reader: ContentReader | None = None,
    ) -> None:
        """Makes an answer.

        Args:
            status: The HTTP status.
            headers: Its headers; with a reader or without content also the content's length.
            body: The whole content.
            reader: The content, where it is an object's and longer than a piece.
        """
        self.status = status
        self.headers = headers
        self._body = body
        self.reader = reader

    def with_header(self, name: bytes, value: bytes) -> Response:
        """Adds a header; returns the answer itself."""
        self.headers = [*self.headers, (name, value)]
        return self

    async def send(self, request: S3Request, receive: Any, send: Any) -> None:
        """Sends it.

        Raises:
            BucketryError: The content broke off before anything of it was sent.
        """
        headers = [*self.headers, (b"x-amz-request-id", request.id.encode())]
        if self.reader is not None:
            await ContentSender(self.reader, self.status, headers)(request.scope, receive, send)
            return
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self._body, "more_body": False})


def xml_response(body: bytes, headers: RawHeaders = _NO_HEADERS, status: int = 200) -> Response:
    """Returns an answer that is a document."""
    return Response(status, [XML, (b"content-length", b"%d" % len(body)), *headers], body)


def empty_response(status: int = 204, headers: RawHeaders = _NO_HEADERS) -> Response:
    """Returns an answer without content."""
    if status == 204:  # Which never has a length (RFC 9110, 8.6).
        return Response(status, headers)
    return Response(status, [(b"content-length", b"0"), *headers])


def error_response(request: S3Request, error: S3Error, region: str) -> Response:
    """Returns the answer for an error; to HEAD, and as 304, without content (RFC 9110, 9.3.2 and 15.4.5).

    Clients find out a bucket's region from a HEAD that is refused, so the answer says it (S3 API reference, HeadBucket;
    versity/versitygw, issue 1500); of a bucket that does not exist there is none.
    """
    headers = [(name.encode(), value.encode("latin-1", "replace")) for name, value in error.headers.items()]
    if error.status == 503:
        headers.append(RETRY_AFTER)
    if request.method == "HEAD" or error.status == 304:
        if error.status == 304:
            return Response(error.status, headers)
        if request.bucket and error.s3_code != "NoSuchBucket":
            headers.append((REGION, region.encode()))
        return Response(error.status, [XML, *headers])
    body = error_document(error, request.resource, request.bucket, request.key, request.id)
    return xml_response(body, headers, error.status)
