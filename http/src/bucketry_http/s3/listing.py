"""Listings of objects: ListObjectsV2, ListObjects and ListObjectVersions.

Versioning is never on here, so each object has one version, whose id is ``null`` (S3 user guide, "How S3 Versioning
works"). The listing of versions is the listing of objects in another form, without delete markers.
"""

from __future__ import annotations

from typing import Final

from bucketry import InvalidArgument, ListOptions, ObjectInfo, ObjectPage
from bucketry.s3 import MAX_PAGE, xml_time

from bucketry_http.s3.errors import invalid_argument
from bucketry_http.s3.request import NULL_VERSION, Endpoint, S3Request, number
from bucketry_http.s3.response import Response, xml_response
from bucketry_http.s3.xml import Encoding, document, element, escape, optional, owner

_OWNER: Final = owner()
_NOTHING: Final = ObjectPage(objects=())


async def list_objects_v2(endpoint: Endpoint, request: S3Request) -> Response:
    """ListObjectsV2. A continuation token is the store's own cursor."""
    query, encoding = request.query, Encoding(request.query)
    limit = min(number(query, "max-keys", MAX_PAGE), MAX_PAGE)
    # MinIO's extension: the content type of each object in the listing itself.
    with_types = query.get("metadata", "").lower() == "true"
    options = ListOptions(
        prefix=query.get("prefix", ""),
        delimiter=query.get("delimiter", ""),
        start_after=query.get("start-after", ""),
        cursor=query.get("continuation-token") or None,  # An empty one asks for the first page.
        limit=max(limit, 1),
        content_type=with_types,
    )
    page = await read_page(endpoint, request.bucket, options, limit, "continuation-token")
    token = _echo("ContinuationToken", query.get("continuation-token"))
    shown = _entries(page, encoding, owned=query.get("fetch-owner", "").lower() == "true", with_types=with_types)
    content = (
        f"{element('Name', request.bucket)}{encoding.element('Prefix', options.prefix)}"
        f"{encoding.optional('StartAfter', options.start_after)}{token}"
        f"{optional('NextContinuationToken', page.cursor)}{element('KeyCount', len(page.objects) + len(page.prefixes))}"
        f"{element('MaxKeys', limit)}{encoding.optional('Delimiter', options.delimiter)}"
        f"<IsTruncated>{'true' if page.cursor else 'false'}</IsTruncated>{encoding.declaration()}{shown}"
    )
    return xml_response(document("ListBucketResult", content))


async def list_objects_v1(endpoint: Endpoint, request: S3Request) -> Response:
    """ListObjects, which goes on after a key."""
    query, encoding = request.query, Encoding(request.query)
    limit = min(number(query, "max-keys", MAX_PAGE), MAX_PAGE)
    options = ListOptions(
        prefix=query.get("prefix", ""),
        delimiter=query.get("delimiter", ""),
        start_after=query.get("marker", ""),
        limit=max(limit, 1),
        content_type=False,
    )
    page = await read_page(endpoint, request.bucket, options, limit, "marker")
    # Without a delimiter the last key says where the next page begins (S3 API reference, ListObjects, NextMarker).
    last = last_entry(page) if page.cursor and options.delimiter else ""
    content = (
        f"{element('Name', request.bucket)}{encoding.element('Prefix', options.prefix)}"
        f"{encoding.element('Marker', options.start_after)}{encoding.optional('NextMarker', last)}"
        f"{element('MaxKeys', limit)}{encoding.optional('Delimiter', options.delimiter)}"
        f"<IsTruncated>{'true' if page.cursor else 'false'}</IsTruncated>{encoding.declaration()}"
        f"{_entries(page, encoding, owned=True)}"
    )
    return xml_response(document("ListBucketResult", content))


async def read_page(endpoint: Endpoint, bucket: str, options: ListOptions, limit: int, cursor_name: str) -> ObjectPage:
    """Returns one page of a bucket's objects.

    Args:
        endpoint: The endpoint.
        bucket: The bucket.
        options: What to list; their limit is at least 1.
        limit: How many entries the client wants; 0 gives an empty page.
        cursor_name: The parameter that the cursor came in.

    Raises:
        S3Error: The cursor was not made by this listing.
        BucketryError: The bucket cannot be listed.
    """
    if limit == 0:
        await endpoint.calls.call(endpoint.store.head_bucket, bucket)
        return _NOTHING
    try:
        return await endpoint.calls.call(endpoint.store.list_objects, bucket, options)
    except InvalidArgument as error:
        if type(error) is InvalidArgument and options.cursor is not None:
            raise invalid_argument(
                cursor_name, options.cursor, "The continuation token provided is incorrect"
            ) from error
        raise


def _entries(page: ObjectPage, encoding: Encoding, *, owned: bool, with_types: bool = False) -> str:
    objects = "".join(
        [
            f"<Contents><Key>{encoding.text(info.key)}</Key>"
            f"<LastModified>{xml_time(info.last_modified)}</LastModified><ETag>&quot;{escape(info.etag)}&quot;</ETag>"
            f"<Size>{info.size_bytes}</Size>{_OWNER if owned else ''}{_types(info) if with_types else ''}"
            "<StorageClass>STANDARD</StorageClass></Contents>"
            for info in page.objects
        ]
    )
    return objects + common_prefixes(page, encoding)


def common_prefixes(page: ObjectPage, encoding: Encoding) -> str:
    """Returns the elements of the common prefixes on a page."""
    return "".join(
        [f"<CommonPrefixes><Prefix>{encoding.text(prefix)}</Prefix></CommonPrefixes>" for prefix in page.prefixes]
    )


def last_entry(page: ObjectPage) -> str:
    """Returns the key or the common prefix that a page ends with; empty if the page is."""
    return max([info.key for info in page.objects[-1:]] + list(page.prefixes[-1:]), default="")


def _echo(name: str, value: str | None) -> str:
    """Returns a parameter as S3 repeats it: also an empty one, where the request has it."""
    return "" if value is None else element(name, value)


def _types(info: ObjectInfo) -> str:
    return f"<UserMetadata>{element('content-type', info.content_type)}</UserMetadata>"


async def list_versions(endpoint: Endpoint, request: S3Request) -> Response:
    """ListObjectVersions. After the only version of a key comes the next key, with or without its id as a marker."""
    query, encoding = request.query, Encoding(request.query)
    limit = min(number(query, "max-keys", MAX_PAGE), MAX_PAGE)
    key_marker, id_marker = _markers(query)
    options = ListOptions(
        prefix=query.get("prefix", ""),
        delimiter=query.get("delimiter", ""),
        start_after=key_marker,
        limit=max(limit, 1),
        content_type=False,
    )
    page = await read_page(endpoint, request.bucket, options, limit, "key-marker")
    last = last_entry(page) if page.cursor else ""
    # A common prefix is no object, and so has no version after which a page could begin.
    last_id = NULL_VERSION if last and last not in page.prefixes[-1:] else ""
    versions = "".join(
        f"<Version><Key>{encoding.text(info.key)}</Key><VersionId>{NULL_VERSION}</VersionId><IsLatest>true</IsLatest>"
        f"<LastModified>{xml_time(info.last_modified)}</LastModified><ETag>&quot;{escape(info.etag)}&quot;</ETag>"
        f"<Size>{info.size_bytes}</Size><StorageClass>STANDARD</StorageClass>{_OWNER}</Version>"
        for info in page.objects
    )
    content = (
        f"{element('Name', request.bucket)}{encoding.element('Prefix', options.prefix)}"
        f"{encoding.element('KeyMarker', key_marker)}{element('VersionIdMarker', id_marker)}"
        f"{encoding.optional('NextKeyMarker', last)}{optional('NextVersionIdMarker', last_id)}"
        f"{element('MaxKeys', limit)}{encoding.optional('Delimiter', options.delimiter)}"
        f"<IsTruncated>{'true' if page.cursor else 'false'}</IsTruncated>{encoding.declaration()}"
        f"{versions}{common_prefixes(page, encoding)}"
    )
    return xml_response(document("ListVersionsResult", content))


def _markers(query: dict[str, str]) -> tuple[str, str]:
    key, version_id = query.get("key-marker", ""), query.get("version-id-marker")
    if version_id is None:
        return key, ""
    if not key:
        raise invalid_argument(
            "version-id-marker", version_id, "A version-id marker cannot be specified without a key marker."
        )
    if not version_id:
        raise invalid_argument("version-id-marker", "", "A version-id marker cannot be empty.")
    if version_id != NULL_VERSION:
        # S3 says so of every id that the key does not have, whatever it looks like.
        raise invalid_argument("version-id-marker", version_id, "Invalid version id specified")
    return key, version_id
