"""How the S3 endpoint's listener answers what is no proper HTTP request."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from bucketry_http.s3.errors import S3Error
from bucketry_http.s3.xml import error_document
from bucketry_http.server.protocol import BoundedProtocol

_CODES: Final = {
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "RequestHeaderSectionTooLarge",
    HTTPStatus.REQUEST_URI_TOO_LONG: "InvalidURI",
    HTTPStatus.REQUEST_TIMEOUT: "RequestTimeout",
    HTTPStatus.NOT_IMPLEMENTED: "NotImplemented",
    HTTPStatus.SERVICE_UNAVAILABLE: "ServiceUnavailable",
}


class S3Protocol(BoundedProtocol):
    """One connection of an S3 client."""

    def refusal(self, status: HTTPStatus, detail: str) -> tuple[str, bytes]:
        """Returns media type and content of the answer: an error document."""
        error = S3Error(_CODES.get(status, "BadRequest"), detail, status=status)
        return "application/xml", error_document(error, "", "", "", "")
