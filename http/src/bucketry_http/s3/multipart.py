"""Multipart uploads: create, send parts, complete, abort."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from bucketry import Body, CompletedPart, CompleteOptions, Part, UploadOptions

from bucketry_http.s3.answers import Answer, no_content, xml_answer
from bucketry_http.s3.checksums import checksum_of
from bucketry_http.s3.endpoint import Endpoint
from bucketry_http.s3.errors import S3Error, not_implemented
from bucketry_http.s3.object_headers import written_headers, written_tags
from bucketry_http.s3.parameters import number
from bucketry_http.s3.payload import Payload, payload_with_length
from bucketry_http.s3.request import S3Request
from bucketry_http.s3.writing import checksum_headers, missing_told, write_conditions
from bucketry_http.s3.xml import document, element
from bucketry_http.s3.xml_reading import Node, malformed, read_xml


async def create_upload(endpoint: Endpoint, request: S3Request) -> Answer:
    """CreateMultipartUpload."""
    fields: dict[str, Any] = written_headers(request.headers)
    if tags := written_tags(request.headers.get("x-amz-tagging")):
        fields["tags"] = tags
    upload = await endpoint.calls.call(
        endpoint.store.create_multipart_upload, request.bucket, request.key, UploadOptions(**fields)
    )
    content = element("Bucket", request.bucket) + element("Key", request.key) + element("UploadId", upload.upload_id)
    return xml_answer(document("InitiateMultipartUploadResult", content))


def part_number(endpoint: Endpoint, request: S3Request) -> int:
    """Returns the number of the part that a request is about.

    Raises:
        S3Error: There is none, or it is out of bounds.
    """
    found = number(request.query, "partNumber", 0, least=1, most=endpoint.features.max_parts)
    if not found:
        raise S3Error("InvalidArgument", "A part needs the parameter partNumber.")
    return found


async def upload_part(endpoint: Endpoint, request: S3Request) -> Answer:
    """UploadPart."""
    payload, length = payload_with_length(request, endpoint.features.max_part_size)
    numbered, upload_id = part_number(endpoint, request), request.query["uploadId"]

    def put(body: bytes | Body) -> Part:
        return endpoint.store.upload_part(request.bucket, request.key, upload_id, numbered, body)

    part = await endpoint.uploader.send(request.bucket, request.key, put, payload, length)
    headers = [pair for pair in checksum_headers(payload.checksum) if pair[0] != b"x-amz-checksum-type"]
    return no_content(200, [(b"etag", b'"%s"' % part.etag.encode()), *headers])


async def complete_upload(endpoint: Endpoint, request: S3Request) -> Answer:
    """CompleteMultipartUpload. It answers once it is done, so that an error has its own status."""
    if checksum_of(request.headers) is not None:
        # It is over the whole object, which is not read again to compute it.
        raise not_implemented("a checksum of the whole object in CompleteMultipartUpload")
    body = await Payload(request).read(endpoint.settings.max_xml_bytes)
    root = await read_xml(body, "CompleteMultipartUpload")
    parts = await endpoint.calls.bulk_call(len(root), _parts, root, endpoint.features.max_parts)
    options = CompleteOptions(**await write_conditions(endpoint, request))
    async with missing_told(endpoint, request):
        info = await endpoint.calls.long_call(
            endpoint.store.complete_multipart_upload,
            request.bucket,
            request.key,
            request.query["uploadId"],
            parts,
            options,
        )
    location = f"{request.scope['scheme']}://{request.headers.get('host', '')}{request.resource}"
    content = (
        f"{element('Location', location)}{element('Bucket', request.bucket)}{element('Key', request.key)}"
        f"{element('ETag', chr(34) + info.etag + chr(34))}"
    )
    return xml_answer(document("CompleteMultipartUploadResult", content))


def _parts(root: Node, most: int) -> list[CompletedPart]:
    root.only("Part")
    parts = [_part(entry) for entry in root.children("Part")]
    if not 1 <= len(parts) <= most:
        raise malformed(f"CompleteMultipartUpload has 1 to {most} elements Part")
    if any(later.part_number <= earlier.part_number for earlier, later in pairwise(parts)):
        raise S3Error("InvalidPartOrder")
    return parts


def _part(entry: Node) -> CompletedPart:
    text, etag = entry.required("PartNumber").strip(), entry.required("ETag").strip()
    if not (text.isascii() and text.isdecimal()) or len(text) > 5:
        raise malformed("PartNumber is no number")
    if not etag.strip('"'):
        raise malformed("ETag is empty")
    return CompletedPart(int(text), etag)


async def abort_upload(endpoint: Endpoint, request: S3Request) -> Answer:
    """AbortMultipartUpload."""
    await endpoint.calls.call(
        endpoint.store.abort_multipart_upload, request.bucket, request.key, request.query["uploadId"]
    )
    return no_content()
