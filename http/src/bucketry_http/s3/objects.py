"""GetObject, HeadObject and PutObject."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import bucketry as core
from bucketry import ObjectInfo, PutOptions
from bucketry.s3 import MAX_PARTS

from bucketry_http.s3.body import sized_body
from bucketry_http.s3.checksums import BodyChecksum, checksum_headers, is_asked_for
from bucketry_http.s3.errors import S3Error, not_implemented, translated
from bucketry_http.s3.headers import answered_headers, overridden, written_headers, written_tags
from bucketry_http.s3.request import Endpoint, S3Request, number
from bucketry_http.s3.response import Response, empty_response
from bucketry_http.shared import reading
from bucketry_http.shared.conditions import match_option
from bucketry_http.shared.reading import NOT_MODIFIED, PARTIAL_CONTENT, ReadResult
from bucketry_http.shared.response_body import RawHeaders

_NO_CONDITIONS: Mapping[str, Any] = {}


async def get_object(endpoint: Endpoint, request: S3Request) -> Response:
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


async def head_object(endpoint: Endpoint, request: S3Request) -> Response:
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


def _answer(request: S3Request, found: ReadResult) -> Response:
    if found.status == NOT_MODIFIED:
        # The headers of RFC 9110, 15.4.5.
        return Response(NOT_MODIFIED, [pair for pair in answered_headers(found.info) if pair[0] != b"content-type"])
    headers = overridden(answered_headers(found.info), request.query, signed=request.is_signed)
    headers.append((b"content-length", b"%d" % found.length))
    if found.status == PARTIAL_CONTENT:
        headers.append((b"content-range", str(found.content_range).encode()))
    headers.extend(_checksum(request, found.info, found.content_range))
    return Response(found.status, headers, found.body, found.reader)


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


async def put_object(endpoint: Endpoint, request: S3Request) -> Response:
    """PutObject."""
    payload, length = sized_body(request, endpoint.features.max_put_size)
    options = await put_options(endpoint, request, payload.checksum)
    info = await endpoint.uploader.store(request.bucket, request.key, payload, options, length)
    checksum = None if payload.checksum is None else payload.checksum.value
    return empty_response(200, [(b"etag", b'"%s"' % info.etag.encode()), *checksum_headers(checksum)])


async def put_options(endpoint: Endpoint, request: S3Request, checksum: BodyChecksum | None) -> PutOptions:
    """Returns the options that a put's headers give.

    Args:
        endpoint: The endpoint.
        request: The put.
        checksum: What came with the body; it is verified here, and kept by stores that keep checksums.

    Raises:
        S3Error: One is malformed or cannot be honoured.
    """
    fields: dict[str, Any] = written_headers(request.headers)
    if tags := written_tags(request.headers.get("x-amz-tagging")):
        fields["tags"] = tags
    fields.update(await write_conditions(endpoint, request))
    fields.update(kept_checksum(endpoint, checksum))
    return PutOptions(**fields)


def kept_checksum(endpoint: Endpoint, checksum: BodyChecksum | None) -> Mapping[str, Any]:
    """Returns the options that have the store keep a body's checksum, if it keeps any."""
    return {} if checksum is None or not endpoint.features.checksums else checksum.leave_to_store()


async def write_conditions(endpoint: Endpoint, request: S3Request) -> Mapping[str, Any]:
    """Returns ``if_match`` and ``if_none_match`` as the contract's options have them.

    Source: S3 user guide, "Conditional writes".

    Raises:
        S3Error: ``If-None-Match`` is not ``*``, which is all that S3 takes for a write.
        InvalidArgument: A condition is malformed.
    """
    headers = request.headers
    if "if-match" not in headers and "if-none-match" not in headers:
        return _NO_CONDITIONS
    if headers.get("if-none-match", "*").strip() != "*":
        raise not_implemented("If-None-Match of a write with anything but *")

    def head() -> ObjectInfo:
        return endpoint.store.head_object(request.bucket, request.key)

    return {
        "if_match": await endpoint.calls.call(match_option, headers.get("if-match"), head),
        "if_none_match": "*" if "if-none-match" in headers else None,
    }
