"""GetObjectAttributes."""

from __future__ import annotations

from typing import Final

from bucketry import HeadOptions, ObjectInfo, Store

from bucketry_http.s3.answers import Answer, xml_answer
from bucketry_http.s3.endpoint import Endpoint
from bucketry_http.s3.errors import S3Error, invalid_argument
from bucketry_http.s3.request import S3Request
from bucketry_http.s3.xml import document, element
from bucketry_http.shared.dates import last_modified

_KNOWN: Final = frozenset({"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"})


async def get_attributes(endpoint: Endpoint, request: S3Request) -> Answer:
    """GetObjectAttributes: of a checksum there is none to tell, since none is stored; of parts their number."""
    header = request.headers.get("x-amz-object-attributes", "")
    wanted = {name.strip() for name in header.split(",")} - {""}
    if not wanted:
        raise S3Error("InvalidRequest", "The x-amz-object-attributes header specifying the attributes is missing.")
    if unknown := wanted - _KNOWN:
        raise invalid_argument("x-amz-object-attributes", min(unknown), "Invalid attribute name specified.")
    counted = "ObjectParts" in wanted and endpoint.features.get_part_number
    info = await endpoint.calls.call(_look, endpoint.store, request, counted)
    found = {
        "ETag": element("ETag", info.etag),
        "ObjectParts": f"<ObjectParts>{element('PartsCount', info.parts_count)}</ObjectParts>"
        if info.parts_count
        else "",
        "StorageClass": "<StorageClass>STANDARD</StorageClass>",
        "ObjectSize": element("ObjectSize", info.size_bytes),
    }
    content = "".join(text for name, text in found.items() if name in wanted)
    modified = last_modified(info.last_modified).encode()
    return xml_answer(document("GetObjectAttributesResponse", content), [(b"last-modified", modified)])


def _look(store: Store, request: S3Request, counted: bool) -> ObjectInfo:
    if counted:
        return store.head_object(request.bucket, request.key, HeadOptions(part_number=1))
    return store.head_object(request.bucket, request.key)
