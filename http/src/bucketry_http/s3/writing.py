"""PutObject."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bucketry import ObjectInfo, PutOptions

from bucketry_http.s3.answers import Answer, no_content
from bucketry_http.s3.checksums import BodyChecksum, checksum_headers
from bucketry_http.s3.endpoint import Endpoint
from bucketry_http.s3.errors import not_implemented
from bucketry_http.s3.object_headers import written_headers, written_tags
from bucketry_http.s3.payload import payload_with_length
from bucketry_http.s3.request import S3Request
from bucketry_http.shared.conditions import match_option


async def put_object(endpoint: Endpoint, request: S3Request) -> Answer:
    """PutObject."""
    payload, length = payload_with_length(request, endpoint.features.max_put_size)
    options = await put_options(endpoint, request, payload.checksum)
    info = await endpoint.uploader.store(request.bucket, request.key, payload, options, length)
    checksum = None if payload.checksum is None else payload.checksum.value
    return no_content(200, [(b"etag", b'"%s"' % info.etag.encode()), *checksum_headers(checksum)])


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


_NO_CONDITIONS: Mapping[str, Any] = {}
