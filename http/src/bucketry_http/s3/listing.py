"""Listings of objects: ListObjectsV2, ListObjects and ListObjectVersions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

from bucketry import (
    DeleteMarker,
    InvalidArgument,
    ListOptions,
    ObjectInfo,
    ObjectPage,
    ObjectVersion,
    Owner,
    VersionListOptions,
    VersionPage,
)
from bucketry.paging import Page
from bucketry.s3 import MAX_PAGE, NULL_VERSION, xml_time

from bucketry_http.s3.errors import S3Error, invalid_argument
from bucketry_http.s3.request import Endpoint, S3Request, number
from bucketry_http.s3.response import Response, xml_response
from bucketry_http.s3.storage_classes import STANDARD_ELEMENT, storage_class_element
from bucketry_http.s3.xml import Encoding, document, element, escape, escape_all, optional, owner

_EMPTY_PAGE: Final = ObjectPage(objects=())
_NO_VERSIONS: Final = VersionPage(versions=())


async def list_objects_v2(endpoint: Endpoint, request: S3Request) -> Response:
    """ListObjectsV2. The continuation token is the store's cursor."""
    query, encoding = request.query, Encoding(request.query)
    limit = _limit(query)
    # MinIO's extension: the content type of each object in the listing itself.
    with_types = query.get("metadata", "").lower() == "true"
    token, start_after = query.get("continuation-token"), query.get("start-after", "")
    options = ListOptions(
        prefix=query.get("prefix", ""),
        delimiter=query.get("delimiter", ""),
        start_after="" if token else start_after,  # minio-py sends the token as both.
        cursor=token or None,  # An empty one asks for the first page.
        limit=max(limit, 1),
        content_type=with_types,
    )
    page = await _read_page(endpoint, request.bucket, options, limit)
    fetch_owner = query.get("fetch-owner", "").lower() == "true"
    return _response(
        "ListBucketResult",
        f"{element('Name', request.bucket)}{encoding.element('Prefix', options.prefix)}"
        f"{encoding.optional('StartAfter', start_after)}"
        f"{'' if token is None else element('ContinuationToken', token)}"
        f"{optional('NextContinuationToken', page.cursor)}"
        f"{element('KeyCount', len(page.objects) + len(page.prefixes))}",
        _common_elements(page, options, limit, encoding),
        _contents(page, encoding, _owner_of(request) if fetch_owner else "", with_types=with_types),
        _common_prefixes(page.prefixes, encoding),
    )


async def list_objects_v1(endpoint: Endpoint, request: S3Request) -> Response:
    """ListObjects, whose pages begin after a key."""
    query, encoding = request.query, Encoding(request.query)
    limit = _limit(query)
    options = ListOptions(
        prefix=query.get("prefix", ""),
        delimiter=query.get("delimiter", ""),
        start_after=query.get("marker", ""),
        limit=max(limit, 1),
        content_type=False,
    )
    page = await _read_page(endpoint, request.bucket, options, limit)
    # Without a delimiter the last key says where the next page begins (S3 API reference, ListObjects, NextMarker).
    next_marker = _last_entry(page) if page.cursor and options.delimiter else ""
    return _response(
        "ListBucketResult",
        f"{element('Name', request.bucket)}{encoding.unencoded('Prefix', options.prefix)}"
        f"{encoding.element('Marker', options.start_after)}{encoding.optional('NextMarker', next_marker)}",
        _common_elements(page, options, limit, encoding),
        _contents(page, encoding, _owner_of(request)),
        _common_prefixes(page.prefixes, encoding),
    )


async def list_versions(endpoint: Endpoint, request: S3Request) -> Response:
    """ListObjectVersions, whose pages begin after a version of a key, or after a key."""
    query, encoding = request.query, Encoding(request.query)
    limit = _limit(query)
    key_marker, id_marker = _version_markers(endpoint, query)
    options = VersionListOptions(
        prefix=query.get("prefix", ""),
        delimiter=query.get("delimiter", ""),
        start_after=key_marker,
        # Without versions, the version of the marker is the only one of its key.
        start_after_version=id_marker if endpoint.features.bucket_versioning else "",
        limit=max(limit, 1),
    )
    page = await _read_versions(endpoint, request.bucket, options, limit)
    ends = page.ends()
    # A common prefix has no version after which a page could begin.
    next_key, next_id = ends[1] if page.cursor and ends else ("", "")
    return _response(
        "ListVersionsResult",
        f"{element('Name', request.bucket)}{encoding.element('Prefix', options.prefix)}"
        f"{encoding.element('KeyMarker', key_marker)}{element('VersionIdMarker', id_marker)}"
        f"{encoding.optional('NextKeyMarker', next_key)}{optional('NextVersionIdMarker', next_id)}",
        _common_elements(page, options, limit, encoding),
        _versions(page, encoding, _owner_of(request)),
        _common_prefixes(page.prefixes, encoding),
    )


def _limit(query: Mapping[str, str]) -> int:
    """Returns how many entries the client wants on the page.

    Raises:
        S3Error: It is not a number. Or the client takes the entries in any order, and wants common prefixes.
    """
    if query.get("allow-unordered", "").lower() == "true" and query.get("delimiter"):
        # An extension of Ceph RGW's. The order of a sorted listing is one of those that such a client takes.
        raise invalid_argument("allow-unordered", "true", "allow-unordered does not go with a delimiter.")
    return min(number(query, "max-keys", MAX_PAGE), MAX_PAGE)


def _version_markers(endpoint: Endpoint, query: Mapping[str, str]) -> tuple[str, str]:
    key, version_id = query.get("key-marker", ""), query.get("version-id-marker")
    if version_id is None:
        return key, ""
    if not key:
        raise invalid_argument(
            "version-id-marker", version_id, "A version-id marker cannot be specified without a key marker."
        )
    if not version_id:
        raise invalid_argument("version-id-marker", "", "A version-id marker cannot be empty.")
    if version_id != NULL_VERSION and not endpoint.features.bucket_versioning:
        # S3 gives this error for every id that the key does not have.
        raise _wrong_marker(version_id)
    return key, version_id


def _wrong_marker(version_id: str) -> S3Error:
    return invalid_argument("version-id-marker", version_id, "Invalid version id specified")


async def _read_page(endpoint: Endpoint, bucket: str, options: ListOptions, limit: int) -> ObjectPage:
    """Returns one page of a bucket's objects.

    Args:
        endpoint: The endpoint.
        bucket: The bucket.
        options: What to list; their limit is at least 1.
        limit: How many entries the client wants; 0 gives an empty page.

    Raises:
        S3Error: The continuation token belongs to another listing.
        BucketryError: The bucket cannot be listed.
    """
    if limit == 0:
        await endpoint.calls.call(endpoint.store.head_bucket, bucket)
        return _EMPTY_PAGE
    try:
        return await endpoint.calls.call(endpoint.store.list_objects, bucket, options)
    except InvalidArgument as error:
        if error.field != "cursor" or options.cursor is None:
            raise
        raise invalid_argument(
            "continuation-token", options.cursor, "The continuation token provided is incorrect"
        ) from error


async def _read_versions(endpoint: Endpoint, bucket: str, options: VersionListOptions, limit: int) -> VersionPage:
    """Returns one page of versions. Without versioning, a driver that cannot list them has one version of each object.

    Raises:
        S3Error: The key of the marker has no such version.
        BucketryError: The bucket cannot be listed.
    """
    if limit == 0:
        await endpoint.calls.call(endpoint.store.head_bucket, bucket)
        return _NO_VERSIONS
    known = endpoint.store.capabilities
    lists = "list_object_versions" in known.operations and known.features.list_versions_start_after
    if lists or known.features.bucket_versioning:
        try:
            return await endpoint.calls.call(endpoint.store.list_object_versions, bucket, options)
        except InvalidArgument as error:
            if error.field not in {"start_after_version", "version_id"}:
                raise
            raise _wrong_marker(options.start_after_version) from error
    objects = await endpoint.calls.call(endpoint.store.list_objects, bucket, options.of_objects())
    return VersionPage.without_versioning(objects)


def _last_entry(page: ObjectPage) -> str:
    """Returns the key or the common prefix that a page ends with; empty if the page is."""
    return max([info.key for info in page.objects[-1:]] + list(page.prefixes[-1:]), default="")


def _response(name: str, *content: str) -> Response:
    return xml_response(document(name, "".join(content)))


def _common_elements(page: Page, options: ListOptions | VersionListOptions, limit: int, encoding: Encoding) -> str:
    """Returns the elements before the entries that all three listings have."""
    return (
        f"{element('MaxKeys', limit)}{encoding.optional('Delimiter', options.delimiter)}"
        f"<IsTruncated>{'true' if page.cursor else 'false'}</IsTruncated>{encoding.declaration()}"
    )


def _contents(page: ObjectPage, encoding: Encoding, owned: str, *, with_types: bool = False) -> str:
    """Returns the elements of the objects on a page.

    Args:
        page: The page.
        encoding: How keys are written.
        owned: The element of the bucket's owner; empty: no owners are written.
        with_types: Whether to write their content types.
    """
    plain = f"</Size>{owned}{STANDARD_ELEMENT}</Contents>"
    ends = [
        plain
        if info.storage_class is None and info.checksum is None and info.owner is None and not with_types
        else f"</Size>{_owned(info.owner, owned)}{_type(info) if with_types else ''}{_facts(info)}</Contents>"
        for info in page.objects
    ]
    return "".join(
        [
            f"<Contents><Key>{key}</Key><LastModified>{xml_time(info.last_modified)}</LastModified>"
            f"<ETag>&quot;{etag}&quot;</ETag><Size>{info.size_bytes}{end}"
            for info, key, etag, end in zip(page.objects, *_keys_and_etags(page.objects, encoding), ends, strict=True)
        ]
    )


def _owner_of(request: S3Request) -> str:
    """Returns the element of the owner of the bucket, who also owns the objects that nobody else does."""
    return owner() if request.access is None else owner(request.access.owner)


def _owned(of: Owner | None, owned: str) -> str:
    return owner(of) if of is not None and owned else owned


def _versions(page: VersionPage, encoding: Encoding, owned: str) -> str:
    """Returns the elements of the versions and delete markers on a page, in their order."""
    keys = encoding.texts([version.key for version in page.versions])
    ids = escape_all([version.version_id for version in page.versions])
    return "".join(map(partial(_version, owned), page.versions, keys, ids))


def _version(owned: str, version: ObjectVersion | DeleteMarker, key: str, version_id: str) -> str:
    """Returns the element of a version or a delete marker, whose key and id can stand in XML."""
    latest = "true" if version.is_latest else "false"
    begun = f"<Key>{key}</Key><VersionId>{version_id}</VersionId><IsLatest>{latest}</IsLatest><LastModified>"
    if isinstance(version, DeleteMarker):
        time = xml_time(version.last_modified)
        return f"<DeleteMarker>{begun}{time}</LastModified>{_owned(version.owner, owned)}</DeleteMarker>"
    info = version.info
    return (
        f"<Version>{begun}{xml_time(info.last_modified)}</LastModified><ETag>&quot;{escape(info.etag)}&quot;</ETag>"
        f"<Size>{info.size_bytes}</Size>{_facts(info)}{_owned(info.owner, owned)}</Version>"
    )


def _keys_and_etags(objects: Sequence[ObjectInfo], encoding: Encoding) -> tuple[list[str], list[str]]:
    """Returns the keys and etags of objects as they stand in elements."""
    return encoding.texts([info.key for info in objects]), escape_all([info.etag for info in objects])


def _facts(info: ObjectInfo) -> str:
    """Returns the elements of an object's storage class, and of the kind of its checksum."""
    checksum = info.checksum
    if checksum is None:
        return storage_class_element(info.storage_class)
    return (
        f"{storage_class_element(info.storage_class)}{element('ChecksumAlgorithm', checksum.algorithm)}"
        f"{element('ChecksumType', checksum.type)}"
    )


def _type(info: ObjectInfo) -> str:
    return f"<UserMetadata>{element('content-type', info.content_type)}</UserMetadata>"


def _common_prefixes(prefixes: Sequence[str], encoding: Encoding) -> str:
    written = encoding.texts(list(prefixes))
    return "".join([f"<CommonPrefixes><Prefix>{prefix}</Prefix></CommonPrefixes>" for prefix in written])
