"""Headers that stand in the query of a presigned URL.

Clients move them there ("hoist" them), so that whoever uses the URL need not send them, and S3 takes them as headers
(S3 API reference, "Authenticating requests: using query parameters"; the presigners of Amazon's SDKs for JavaScript,
Go, Ruby and PHP). To ignore one would be a wrong success: an upload without its tags, or a copy that stores nothing.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Final

from bucketry_http.s3.checksums import algorithm_in
from bucketry_http.s3.errors import S3Error
from bucketry_http.s3.request import S3Request

PREFIX: Final = "x-amz-"
_SIGNATURE: Final = frozenset(
    f"X-Amz-{name}"
    for name in (
        "Algorithm",
        "Content-Sha256",
        "Credential",
        "Date",
        "Expires",
        "Security-Token",
        "Signature",
        "SignedHeaders",
    )
)
"""Parameters of the signature itself; their names are given in this case only."""

_SIGNATURE_LOWER: Final = frozenset(name.lower() for name in _SIGNATURE)
_SDK_ALGORITHM: Final = "x-amz-sdk-checksum-algorithm"
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
_NO_VALUE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
"""What cannot stand in a header (RFC 9110, 5.5)."""


def take_hoisted(request: S3Request) -> None:
    """Moves what is a header from the query, whose signature is verified, to the headers.

    Raises:
        S3Error: A parameter cannot be a header, differs from the header of its name, or the URL is not presigned.
    """
    found = hoisted_headers(request.query)
    if not found:
        return
    if request.verified is None or request.verified.kind != "query":
        name = found[0][0]
        raise S3Error("InvalidArgument", f"The parameter {name[:100]!r} has a meaning in a presigned URL only.")
    headers, query = dict(request.headers), dict(request.query)
    for name, header, value in found:
        del query[name]
        if _says_nothing(header, value):
            continue
        if headers.get(header, value) != value:
            raise S3Error("InvalidRequest", f"The header and the parameter {header[:100]!r} are different.")
        if name not in _SIGNATURE:
            if header in _SIGNATURE_LOWER:
                raise S3Error("InvalidArgument", f"The parameter {header!r} is written otherwise.")
            headers[header] = value
    request.headers, request.query = headers, query


def hoisted_headers(query: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Returns the parameters that stand for headers: as they are named, the header's name, and its value.

    Raises:
        S3Error: One cannot be a header.
    """
    found = []
    for name in query:
        if name[: len(PREFIX)].lower() != PREFIX:
            continue
        header, value = name.lower(), _as_header(query[name])
        if not _NAME.fullmatch(header) or _NO_VALUE.search(value):
            raise S3Error("InvalidArgument", f"The parameter {name[:100]!r} is no header.")
        found.append((name, header, value))
    return found


def _as_header(value: str) -> str:
    # As `headers_of` has it: each character is a byte.
    return value.encode().decode("latin-1")


def _says_nothing(header: str, value: str) -> bool:
    """Says whether a client that presigns put it there without knowing what would be uploaded.

    Amazon's SDK for JavaScript adds the checksum of an empty body to the URL of each upload, and S3 takes no checksum
    from a query at all (localstack/localstack, issue 12169; aws/aws-sdk-js-v3, issue 4448). One of a body that the
    presigner knew is obeyed here.
    """
    known = algorithm_in(header)
    if known is None:
        return header == _SDK_ALGORITHM
    return value == base64.b64encode(known.new().digest()).decode()
