"""Tags of an object, and the document that they stand in."""

from __future__ import annotations

from typing import Final

from bucketry_http.s3.body import S3Body
from bucketry_http.s3.headers import tags_by_key
from bucketry_http.s3.request import Endpoint, S3Request
from bucketry_http.s3.response import Response, empty_response, xml_response
from bucketry_http.s3.xml import MAX_DOCUMENT_BYTES, Node, document, element, malformed, read_xml

MAX_TAG_ELEMENTS: Final = 500
"""Most elements of tags. Ten tags of an object, or fifty of a bucket, have about 150."""


async def get_tagging(endpoint: Endpoint, request: S3Request) -> Response:
    """GetObjectTagging."""
    tags = await endpoint.calls.call(endpoint.store.get_object_tagging, request.bucket, request.key)
    listed = "".join(f"<Tag>{element('Key', key)}{element('Value', value)}</Tag>" for key, value in tags.items())
    return xml_response(document("Tagging", f"<TagSet>{listed}</TagSet>"))


async def put_tagging(endpoint: Endpoint, request: S3Request) -> Response:
    """PutObjectTagging."""
    root = await read_xml(await S3Body(request).read(MAX_DOCUMENT_BYTES), "Tagging", most=MAX_TAG_ELEMENTS)
    tags = tags_by_key(read_tags(root))
    await endpoint.calls.call(endpoint.store.put_object_tagging, request.bucket, request.key, tags)
    return empty_response(200)


async def delete_tagging(endpoint: Endpoint, request: S3Request) -> Response:
    """DeleteObjectTagging."""
    await endpoint.calls.call(endpoint.store.delete_object_tagging, request.bucket, request.key)
    return empty_response()


def read_tags(root: Node) -> list[tuple[str, str]]:
    """Returns keys and values of a ``Tagging`` document.

    Raises:
        S3Error: The document has other elements.
    """
    root.only("TagSet")
    listed = root.child("TagSet")
    if listed is None:
        raise malformed("Tagging has no element TagSet")
    listed.only("Tag")
    return [(tag.required("Key"), tag.required("Value")) for tag in listed.children("Tag")]
