"""GetObject, HeadObject and PutObject."""

from __future__ import annotations

from typing import Any

import bucketry as core
from bucketry import GetOptions, PutOptions
from bucketry.ranges import unsatisfied_range
from bucketry.s3 import MAX_PARTS

from bucketry_http.s3.body import S3Body, sized_body
from bucketry_http.s3.checksums import checksum_headers, is_asked_for, kept_checksum
from bucketry_http.s3.conditions import write_conditions
from bucketry_http.s3.errors import S3Error, translated
from bucketry_http.s3.headers import DEFAULT_TYPE, PLAIN, overridden, written_headers, written_tags
from bucketry_http.s3.request import Endpoint, S3Request, number
from bucketry_http.s3.response import Response
from bucketry_http.s3.response_headers import READ, WRITTEN
from bucketry_http.shared import object_reading
from bucketry_http.shared.conditions import not_modified_headers
from bucketry_http.shared.headers import TAGGING, object_headers
from bucketry_http.shared.lock_headers import LOCK_HEADERS
from bucketry_http.shared.object_reading import PARTIAL_CONTENT, WHOLE, ReadResult


async def get_object(endpoint: Endpoint, request: S3Request) -> Response:
    """GetObject."""
    wanted = _wanted(request) if request.query or request.options else WHOLE
    if wanted.part_number is not None and object_reading.requested_range(request.headers) is not None:
        raise S3Error("InvalidRequest", "Cannot specify both Range header and partNumber query parameter")
    try:
        found = await object_reading.open_object(endpoint.calls, request.bucket, request.key, request.headers, wanted)
    except core.NotModified as error:
        return Response(304, not_modified_headers(error.info, endpoint.store.clock))
    except core.InvalidRange as error:
        raise _unsatisfiable(request, error) from error
    try:
        return _response(endpoint, request, found)
    except S3Error:
        await found.close()
        raise


async def head_object(endpoint: Endpoint, request: S3Request) -> Response:
    """HeadObject. S3 honours a range here; HTTP itself would not."""
    wanted = _wanted(request) if request.query or request.options else WHOLE
    try:
        found = await object_reading.head_object(
            endpoint.calls, request.bucket, request.key, request.headers, wanted, ranged=True
        )
    except core.NotModified as error:
        return Response(304, not_modified_headers(error.info, endpoint.store.clock))
    except core.InvalidRange as error:
        raise _unsatisfiable(request, error) from error
    return _response(endpoint, request, found)


def _wanted(request: S3Request) -> GetOptions:
    """Returns the version or part that a read names, or `WHOLE`."""
    named: dict[str, Any] = {**request.options}
    if request.version_id is not None:
        named["version_id"] = request.version_id
    if "partNumber" in request.query:
        named["part_number"] = number(request.query, "partNumber", 0, least=1, most=MAX_PARTS) or None
    return GetOptions(**named) if named else WHOLE


def _response(endpoint: Endpoint, request: S3Request, found: ReadResult) -> Response:
    info = found.info
    headers = object_headers(info, endpoint.store.clock)
    if request.query:
        headers = overridden(headers, request.query, signed=request.is_signed)
    if (facts := READ.of(info)) != READ.unset:
        headers += READ.headers(facts)
    headers.append((b"content-length", b"%d" % found.length))
    if found.status == PARTIAL_CONTENT:
        headers.append((b"content-range", str(found.content_range).encode()))
    # Clients compare the checksum with what they get, so it has to be that of what is sent.
    if info.checksum is not None and is_asked_for(request.headers) and found.content_range == info.part_range:
        headers += checksum_headers(info.checksum)
    return Response(found.status, headers, found.body, found.reader)


def _unsatisfiable(request: S3Request, error: core.InvalidRange) -> S3Error:
    if "partNumber" in request.query:
        return S3Error("InvalidPartNumber")
    elements = {"RangeRequested": request.headers.get("range", "")[:100]}
    message = translated(error).message
    if error.size_bytes is None:
        return S3Error("InvalidRange", message, elements=elements)
    return S3Error(
        "InvalidRange",
        message,
        elements={**elements, "ActualObjectSize": str(error.size_bytes)},
        headers={"content-range": unsatisfied_range(error.size_bytes)},
    )


async def put_object(endpoint: Endpoint, request: S3Request) -> Response:
    """PutObject."""
    body, length = sized_body(request, endpoint.features.max_put_size)
    if request.headers.keys() <= PLAIN and not request.options:
        # Such headers say nothing about the object but its type and its checksum.
        kept = {} if body.checksum is None else kept_checksum(endpoint.features.checksum_algorithms, body.checksum)
        options = PutOptions(content_type=request.headers.get("content-type") or DEFAULT_TYPE, **kept)
    else:
        options = await _put_options(endpoint, request, body)
    info = await endpoint.uploader.store(request.bucket, request.key, body, options, length)
    headers = [(b"content-length", b"0"), (b"etag", b'"%s"' % info.etag.encode())]
    if body.checksum is not None:
        headers += checksum_headers(body.checksum.value)
    if (facts := WRITTEN.of(info)) != WRITTEN.unset:
        headers += WRITTEN.headers(facts)
    return Response(200, headers)


async def _put_options(endpoint: Endpoint, request: S3Request, body: S3Body) -> PutOptions:
    """Returns the options that a put's headers give.

    Raises:
        S3Error: One is malformed or cannot be honoured.
    """
    if not (body.is_protected or LOCK_HEADERS.isdisjoint(request.headers)):
        # S3 wants a digest also of signed bodies. Clients of MinIO and Ceph RGW send none.
        raise S3Error(
            "InvalidRequest",
            "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock "
            "parameters",
        )
    fields: dict[str, Any] = {**written_headers(request.headers), **request.options}
    if tags := written_tags(request.headers.get(TAGGING)):
        fields["tags"] = tags
    fields.update(await write_conditions(endpoint, request))
    # The checksum is verified here, and kept by stores that keep checksums.
    fields.update(kept_checksum(endpoint.features.checksum_algorithms, body.checksum))
    return PutOptions(**fields)
