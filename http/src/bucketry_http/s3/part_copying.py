"""UploadPartCopy."""

from __future__ import annotations

from typing import Any

from bucketry import BucketryError, ByteRange, InvalidArgument, InvalidRange, PartCopyOptions, Store, TooLarge

from bucketry_http.s3.answers import Answer, xml_answer
from bucketry_http.s3.checksums import checksum_elements
from bucketry_http.s3.copying import copied, source_etag, source_of
from bucketry_http.s3.endpoint import Endpoint
from bucketry_http.s3.errors import invalid_argument
from bucketry_http.s3.multipart import part_number
from bucketry_http.s3.request import S3Request
from bucketry_http.s3.xml import document


async def copy_part(endpoint: Endpoint, request: S3Request) -> Answer:
    """UploadPartCopy, of the whole source or of a range."""
    source, number = source_of(request), part_number(endpoint, request)
    wanted = _range(request.headers.get("x-amz-copy-source-range"))
    fields: dict[str, Any] = {"range": wanted}
    etag = await endpoint.calls.call(source_etag, endpoint.store, request, source)
    if etag is not None and endpoint.features.part_copy_source_if_match:
        fields["source_if_match"] = etag
    try:
        part = await endpoint.calls.long_call(
            endpoint.store.upload_part_copy,
            request.bucket,
            request.key,
            request.query["uploadId"],
            number,
            *source,
            PartCopyOptions(**fields),
        )
    except (InvalidRange, TooLarge) as error:
        raise await endpoint.calls.call(_beyond, endpoint.store, source, wanted, error) from error
    content = copied(part.etag, part.last_modified) + checksum_elements(part.checksum, typed=False)
    return xml_answer(document("CopyPartResult", content))


def _beyond(
    store: Store, source: tuple[str, str], wanted: ByteRange | None, error: InvalidRange | TooLarge
) -> BucketryError:
    """Returns the error of a range that does not lie within the source: a 400, and no 416 as for a read.

    Source: versity/versitygw, issue 610, measured at AWS.
    """
    size = store.head_object(*source).size_bytes
    if wanted is None or (wanted.last or 0) < size:
        return error
    message = f"Range specified is not valid for source object of size: {size}"
    return invalid_argument("x-amz-copy-source-range", str(wanted), message)


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
