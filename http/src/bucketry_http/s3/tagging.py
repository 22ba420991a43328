"""Tags of an object, and the document that they stand in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final, TypeVar

from bucketry import CustomerKeyNeeded, NoSuchVersion, VersionOptions

from bucketry_http.s3.body import S3Body
from bucketry_http.s3.headers import tags_by_key
from bucketry_http.s3.request import Endpoint, S3Request
from bucketry_http.s3.response import Response, empty_response, xml_response
from bucketry_http.s3.response_headers import version_id_header
from bucketry_http.s3.xml import document, element
from bucketry_http.s3.xml_reading import Node, malformed, read_xml
from bucketry_http.shared.response_body import RawHeaders

T = TypeVar("T")

MAX_TAG_ELEMENTS: Final = 500
"""Most elements of tags. Ten tags of an object, or fifty of a bucket, have about 150."""


async def get_tagging(endpoint: Endpoint, request: S3Request) -> Response:
    """GetObjectTagging."""

    def read(options: VersionOptions) -> Mapping[str, str]:
        return endpoint.store.get_object_tagging(request.bucket, request.key, options)

    tags, headers = await endpoint.calls.call(_of_version, endpoint, request, read)
    listed = "".join(f"<Tag>{element('Key', key)}{element('Value', value)}</Tag>" for key, value in tags.items())
    return xml_response(document("Tagging", f"<TagSet>{listed}</TagSet>"), headers)


async def put_tagging(endpoint: Endpoint, request: S3Request) -> Response:
    """PutObjectTagging."""
    body = await S3Body(request).read(endpoint.settings.max_xml_bytes)
    root = await read_xml(endpoint.settings, body, "Tagging", most=MAX_TAG_ELEMENTS)
    tags = tags_by_key(read_tags(root))

    def write(options: VersionOptions) -> None:
        endpoint.store.put_object_tagging(request.bucket, request.key, tags, options)

    _, headers = await endpoint.calls.call(_of_version, endpoint, request, write)
    return empty_response(200, headers)


async def delete_tagging(endpoint: Endpoint, request: S3Request) -> Response:
    """DeleteObjectTagging."""

    def delete(options: VersionOptions) -> None:
        endpoint.store.delete_object_tagging(request.bucket, request.key, options)

    _, headers = await endpoint.calls.call(_of_version, endpoint, request, delete)
    return empty_response(204, headers)


def _of_version(endpoint: Endpoint, request: S3Request, perform: Callable[[VersionOptions], T]) -> tuple[T, RawHeaders]:
    """Performs an operation, and returns its result and the header with the id of the version that it was about.

    The store does not tell which version was the latest one. So the call names the version that a look before it found.
    """
    version_id = request.version_id
    if version_id is None and endpoint.features.bucket_versioning:
        # The tags of an object need no key. Without it, nobody says which version they are of.
        with suppress(CustomerKeyNeeded):
            version_id = endpoint.store.head_object(request.bucket, request.key).version_id
    try:
        result = perform(VersionOptions(version_id=version_id))
    except NoSuchVersion:
        if request.version_id is not None:
            raise
        # Somebody deleted it since.
        version_id, result = None, perform(VersionOptions())
    return result, [] if version_id is None else [version_id_header(version_id)]


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
