"""GetObject and HeadObject."""

from __future__ import annotations

import bucketry as core
from bucketry import ObjectInfo
from bucketry.s3 import MAX_PARTS

from bucketry_http.s3.answers import Answer
from bucketry_http.s3.checksums import checksum_headers, is_asked_for
from bucketry_http.s3.endpoint import Endpoint
from bucketry_http.s3.errors import S3Error, translated
from bucketry_http.s3.object_headers import answered_headers, overridden
from bucketry_http.s3.request import S3Request, number
from bucketry_http.shared import reading
from bucketry_http.shared.reading import NOT_MODIFIED, PARTIAL_CONTENT, ReadResult
from bucketry_http.shared.sending import RawHeaders


async def get_object(endpoint: Endpoint, request: S3Request) -> Answer:
    """GetObject."""
    part_number = _part_number(request)
    if part_number is not None and reading.requested_range(request.headers) is not None:
        raise S3Error("InvalidRequest", "Cannot specify both Range header and partNumber query parameter")
    try:
        found = await reading.open_object(
            endpoint.calls, request.bucket, request.key, request.headers, part_number=part_number
        )
    except core.InvalidRange as error:
        raise _unsatisfiable(request, error) from error
    try:
        return _answer(request, found)
    except S3Error:
        await found.close()
        raise


async def head_object(endpoint: Endpoint, request: S3Request) -> Answer:
    """HeadObject, which S3 answers with the range that is asked for, as HTTP would not."""
    try:
        found = await reading.head_object(
            endpoint.calls, request.bucket, request.key, request.headers, _part_number(request), ranged=True
        )
    except core.InvalidRange as error:
        raise _unsatisfiable(request, error) from error
    return _answer(request, found)


def _part_number(request: S3Request) -> int | None:
    if "partNumber" not in request.query:
        return None
    return number(request.query, "partNumber", 0, least=1, most=MAX_PARTS) or None


def _answer(request: S3Request, found: ReadResult) -> Answer:
    if found.status == NOT_MODIFIED:
        # The headers of RFC 9110, 15.4.5.
        return Answer(NOT_MODIFIED, [pair for pair in answered_headers(found.info) if pair[0] != b"content-type"])
    headers = overridden(answered_headers(found.info), request.query, signed=request.is_signed)
    headers.append((b"content-length", b"%d" % found.length))
    if found.status == PARTIAL_CONTENT:
        headers.append((b"content-range", str(found.content_range).encode()))
    headers.extend(_checksum(request, found.info, found.content_range))
    return Answer(found.status, headers, found.body, found.reader)


def _checksum(request: S3Request, info: ObjectInfo, sent: core.ContentRange | None) -> RawHeaders:
    """Returns the headers with the checksum, if it is asked for and is that of what is sent: clients compare."""
    if info.checksum is None or not is_asked_for(request.headers) or sent != info.part_range:
        return []
    return checksum_headers(info.checksum)


def _unsatisfiable(request: S3Request, error: core.InvalidRange) -> S3Error:
    if "partNumber" in request.query:
        return S3Error("InvalidPartNumber")
    size = str(getattr(error, "size_bytes", 0))
    return S3Error(
        "InvalidRange",
        translated(error).message,
        elements={"RangeRequested": request.headers.get("range", "")[:100], "ActualObjectSize": size},
        headers={"content-range": f"bytes */{size}"},
    )
