"""PutObject."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from bucketry import ObjectInfo, PreconditionFailed, PutOptions

from bucketry_http.s3.answers import Answer, no_content
from bucketry_http.s3.checksums import Checksum
from bucketry_http.s3.endpoint import Endpoint
from bucketry_http.s3.errors import not_implemented
from bucketry_http.s3.object_headers import written_headers, written_tags
from bucketry_http.s3.payload import payload_with_length
from bucketry_http.s3.request import S3Request
from bucketry_http.shared.conditions import match_option
from bucketry_http.shared.sending import RawHeaders


async def put_object(endpoint: Endpoint, request: S3Request) -> Answer:
    """PutObject."""
    payload, length = payload_with_length(request, endpoint.features.max_put_size)
    options = await put_options(endpoint, request)
    async with missing_told(endpoint, request):
        info = await endpoint.uploader.store(request.bucket, request.key, payload, options, length)
    return no_content(200, [(b"etag", b'"%s"' % info.etag.encode()), *checksum_headers(payload.checksum)])


async def put_options(endpoint: Endpoint, request: S3Request) -> PutOptions:
    """Returns the options that a put's headers give.

    Raises:
        S3Error: One is malformed or cannot be honoured.
    """
    fields: dict[str, Any] = written_headers(request.headers)
    if tags := written_tags(request.headers.get("x-amz-tagging")):
        fields["tags"] = tags
    fields.update(await write_conditions(endpoint, request))
    return PutOptions(**fields)


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


_NO_CONDITIONS: Mapping[str, Any] = {}


@asynccontextmanager
async def missing_told(endpoint: Endpoint, request: S3Request) -> AsyncIterator[None]:
    """Tells a write whose ``If-Match`` met no object just that, where the contract says that the condition failed.

    Source: S3 user guide, "Conditional writes", "Conditional write behavior".

    Raises:
        NoSuchKey: The write failed by its condition, and the key holds no object.
    """
    try:
        yield
    except PreconditionFailed:
        if "if-match" in request.headers:
            await endpoint.calls.call(endpoint.store.head_object, request.bucket, request.key)
        raise


def checksum_headers(checksum: Checksum | None) -> RawHeaders:
    """Returns the headers that repeat the checksum that was verified."""
    if checksum is None:
        return []
    return [(checksum.header.encode(), checksum.value.encode()), (b"x-amz-checksum-type", b"FULL_OBJECT")]
