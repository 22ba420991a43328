"""GetObjectAttributes."""

from __future__ import annotations

from typing import Final

from bucketry import AttributesOptions, HeadOptions, ObjectAttributes, Store
from bucketry.s3 import MAX_PAGE

from bucketry_http.s3.checksums import checksum_elements
from bucketry_http.s3.errors import S3Error, invalid_argument
from bucketry_http.s3.request import Endpoint, S3Request, number
from bucketry_http.s3.response import Response, xml_response
from bucketry_http.s3.response_headers import version_id_header
from bucketry_http.s3.storage_classes import storage_class_element
from bucketry_http.s3.xml import document, element
from bucketry_http.shared.headers import last_modified

_KNOWN_ATTRIBUTES: Final = frozenset({"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"})


async def get_attributes(endpoint: Endpoint, request: S3Request) -> Response:
    """GetObjectAttributes."""
    header = request.headers.get("x-amz-object-attributes", "")
    wanted = {name.strip() for name in header.split(",")} - {""}
    if not wanted:
        raise S3Error("InvalidRequest", "The x-amz-object-attributes header specifying the attributes is missing.")
    if unknown := wanted - _KNOWN_ATTRIBUTES:
        raise invalid_argument("x-amz-object-attributes", min(unknown), "Invalid attribute name specified.")
    limit = min(number(request.headers, "x-amz-max-parts", MAX_PAGE), MAX_PAGE)
    after = number(request.headers, "x-amz-part-number-marker", 0)
    object_parts = "ObjectParts" in wanted
    found = await endpoint.calls.call(_read_attributes, endpoint.store, request, after, limit, counted=object_parts)
    info = found.info
    # S3 and MinIO leave the number of parts out here, and only here: it stands in ObjectParts.
    checksum = checksum_elements(info.checksum, counted=False)
    elements = {
        "ETag": element("ETag", info.etag),
        "Checksum": f"<Checksum>{checksum}</Checksum>" if checksum else "",
        "ObjectParts": _object_parts(found, after, limit),
        "StorageClass": storage_class_element(info.storage_class),
        "ObjectSize": element("ObjectSize", info.size_bytes),
    }
    content = "".join(text for name, text in elements.items() if name in wanted)
    headers = [(b"last-modified", last_modified(info.last_modified, endpoint.store.clock).encode())]
    if info.version_id is not None:
        headers.append(version_id_header(info.version_id))
    return xml_response(document("GetObjectAttributesResponse", content), headers)


def _read_attributes(store: Store, request: S3Request, after: int, limit: int, *, counted: bool) -> ObjectAttributes:
    place, named = (request.bucket, request.key), {**request.options, "version_id": request.version_id}
    if counted and "get_object_attributes" in store.capabilities.operations:
        # A page of the contract has at least one part. `_object_parts` leaves it out if the client wants none.
        return store.get_object_attributes(*place, AttributesOptions(after=after, limit=max(limit, 1), **named))
    info = store.head_object(*place, HeadOptions(**named))
    if not counted or not store.capabilities.features.get_part_number:
        return ObjectAttributes(info=info)
    counting = HeadOptions(part_number=1, **named)
    return ObjectAttributes(info=info, parts_count=store.head_object(*place, counting).parts_count)


def _object_parts(found: ObjectAttributes, after: int, limit: int) -> str:
    """Returns the element of an object's parts, or nothing if it was not uploaded in parts.

    In S3 the parts themselves are there if the object has a checksum, as all newer objects have (S3 API reference,
    GetObjectAttributes). MinIO and newer versions of Ceph RGW always return them, and so does this endpoint.
    """
    if found.parts_count is None:
        return ""
    parts = "".join(
        f"<Part>{element('PartNumber', part.part_number)}{element('Size', part.size_bytes)}"
        f"{checksum_elements(part.checksum, typed=False)}</Part>"
        for part in found.parts[:limit]
    )
    page = ""
    if found.parts or found.info.checksum is not None:
        last = found.parts[:limit][-1].part_number if found.parts[:limit] else after
        more = last < found.parts_count and limit > 0
        page = (
            f"{element('PartNumberMarker', after)}{element('NextPartNumberMarker', last)}"
            f"{element('MaxParts', limit)}{element('IsTruncated', str(more).lower())}{parts}"
        )
    return f"<ObjectParts>{element('PartsCount', found.parts_count)}{page}</ObjectParts>"
