"""UploadPartCopy."""

from __future__ import annotations

from typing import Any

from bucketry import ByteRange, InvalidArgument, PartCopyOptions

from bucketry_http.s3.answers import Answer, xml_answer
from bucketry_http.s3.copying import copied, source_etag, source_of
from bucketry_http.s3.endpoint import Endpoint
from bucketry_http.s3.errors import invalid_argument
from bucketry_http.s3.multipart import part_number
from bucketry_http.s3.request import S3Request
from bucketry_http.s3.xml import document


async def copy_part(endpoint: Endpoint, request: S3Request) -> Answer:
    """UploadPartCopy, of the whole source or of a range."""
    source, number = source_of(request), part_number(endpoint, request)
    fields: dict[str, Any] = {"range": _range(request.headers.get("x-amz-copy-source-range"))}
    etag = await endpoint.calls.call(source_etag, endpoint.store, request, source)
    if etag is not None and endpoint.features.part_copy_source_if_match:
        fields["source_if_match"] = etag
    part = await endpoint.calls.call(
        endpoint.store.upload_part_copy,
        request.bucket,
        request.key,
        request.query["uploadId"],
        number,
        *source,
        PartCopyOptions(**fields),
    )
    return xml_answer(document("CopyPartResult", copied(part.etag, part.last_modified)))


def _range(header: str | None) -> ByteRange | None:
    if header is None:
        return None
    try:
        wanted = ByteRange.parse(header)
    except InvalidArgument:
        wanted = ByteRange(None, None)
    if wanted.first is None or wanted.last is None:
        raise invalid_argument(
            "x-amz-copy-source-range",
            header,
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "
            "zero-based offsets of the first and last bytes to copy",
        )
    return wanted
