"""Versions of objects: their listing, and deletes, locks and access control lists of one version.

Source: S3 API reference, ListObjectVersions, DeleteObjects, PutObjectRetention, PutObjectLegalHold, GetObjectAcl and
PutObjectAcl.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from xml.sax.saxutils import escape

import msgspec
from bucketry import (
    Acl,
    AclSettings,
    BackendError,
    BucketryError,
    Deleted,
    DeletedObject,
    DeleteFailure,
    DeleteMarker,
    DeleteResult,
    ObjectInfo,
    ObjectToDelete,
    ObjectVersion,
    Owner,
    Retention,
    VersionListOptions,
    VersionPage,
)
from bucketry.cursors import decode_cursor, encode_cursor
from bucketry.documents import write_settings
from bucketry.object_lock import BYPASS_GOVERNANCE
from bucketry.paging import stands_still
from bucketry.s3 import NAMESPACE

from bucketry_s3client.bucket_settings import read_document
from bucketry_s3client.client import S3Client
from bucketry_s3client.errors import incomplete_response, reading
from bucketry_s3client.headers import md5_header, read_count, unquoted
from bucketry_s3client.version_headers import lock_time, version_query
from bucketry_s3client.xml import Element, document_of, is_truncated, read_time, url_decoded


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a page of versions ended: the markers of the next page."""

    key: str
    version_id: str = ""


def is_without_versions(client: S3Client, bucket: str) -> bool:
    """Says whether a bucket holds neither objects nor versions nor delete markers: one request."""
    return not list_versions(client, bucket, VersionListOptions(limit=1), "").versions


def list_versions(client: S3Client, bucket: str, options: VersionListOptions, listing: str) -> VersionPage:
    """Lists one page of versions: one request.

    Where a page ended with the newest version of a key, VersityGW begins the next one with that version again. It is
    left out, and asked past if it is the whole page.

    Args:
        client: The way to the server.
        bucket: The bucket.
        options: Which versions.
        listing: Whose cursors these are, as in `bucketry.cursors.encode_cursor`.

    Raises:
        InvalidArgument: The cursor belongs to another listing.
        Unavailable: The response cannot be read, or the page does not move on.
    """
    begin = Place(options.start_after, options.start_after_version)
    if options.cursor is not None:
        begin = decode_cursor(listing, options.cursor, Place)
    versions, prefixes, after = _page_of_versions(client, bucket, options, begin, options.limit)
    if after == begin and [(version.key, version.version_id) for version in versions] == [
        (begin.key, begin.version_id)
    ]:
        versions, prefixes, after = _page_of_versions(client, bucket, options, begin, options.limit + 1)
    if after is not None and (not after.key or after == begin):
        stands_still("a page of versions ends where it was to begin")
    if versions and (versions[0].key, versions[0].version_id) == (begin.key, begin.version_id):
        versions = versions[1:]
    cursor = None if after is None else encode_cursor(listing, after)
    return VersionPage(versions=versions, prefixes=prefixes, cursor=cursor)


_Entries = tuple[ObjectVersion | DeleteMarker, ...]


def _page_of_versions(
    client: S3Client, bucket: str, options: VersionListOptions, begin: Place, limit: int
) -> tuple[_Entries, tuple[str, ...], Place | None]:
    """Returns versions, common prefixes, and where the next page begins."""
    query = {
        "versions": "",
        "encoding-type": "url",
        "prefix": options.prefix,
        "delimiter": options.delimiter,
        "max-keys": str(limit),
    }
    if begin.key:
        query["key-marker"] = begin.key
    if begin.version_id:
        query["version-id-marker"] = begin.version_id
    _, document = client.request_xml("GET", bucket, root="ListVersionsResult", query=query)
    with reading("a page of versions"):
        versions = tuple(_version(entry) for entry in document.children() if entry.name in {"Version", "DeleteMarker"})
        if options.start_after and not options.start_after_version:
            # RGW also lists the versions of the key itself.
            versions = tuple(version for version in versions if version.key > options.start_after)
        prefixes = tuple(url_decoded(entry.texts()["Prefix"]) for entry in document.all("CommonPrefixes"))
        more = is_truncated(document)
        after = Place(url_decoded(document.text("NextKeyMarker")), document.text("NextVersionIdMarker"))
    return versions, prefixes, after if more else None


def _version(entry: Element) -> ObjectVersion | DeleteMarker:
    texts = entry.texts()
    key, version_id, moment = url_decoded(texts["Key"]), texts["VersionId"], read_time(texts["LastModified"])
    owner = next((_owner(found) for found in entry.all("Owner")), None)
    is_latest = texts["IsLatest"] == "true"
    if entry.name == "DeleteMarker":
        return DeleteMarker(key=key, version_id=version_id, last_modified=moment, is_latest=is_latest, owner=owner)
    storage_class = texts.get("StorageClass")
    return ObjectVersion(
        info=ObjectInfo(
            key=key,
            size_bytes=read_count(texts["Size"]),
            etag=unquoted(texts["ETag"]),
            last_modified=moment,
            version_id=version_id,
            owner=owner,
            storage_class=None if storage_class in {None, "", "STANDARD"} else storage_class,
        ),
        is_latest=is_latest,
    )


def _owner(entry: Element) -> Owner | None:
    found = entry.text("ID")
    return Owner(id=found, display_name=entry.text("DisplayName")) if found else None


def delete_versions(
    client: S3Client, bucket: str, objects: Sequence[ObjectToDelete], *, bypass_governance: bool
) -> DeleteResult:
    """Deletes up to 1,000 objects or versions whose keys XML can hold: one request.

    The server is asked to name each entry that it deleted (it is not to be quiet), so that none counts as deleted
    because the response that says otherwise did not arrive. ``code`` of a failure is the server's own.

    Raises:
        Unavailable: The response does not say of each entry what became of it. All may have been deleted.
    """
    content = f'<Delete xmlns="{NAMESPACE}">{"".join(map(_entry, objects))}</Delete>'.encode()
    headers = md5_header(content) | ({BYPASS_GOVERNANCE: "true"} if bypass_governance else {})
    _, document = client.request_xml(
        "POST", bucket, root="DeleteResult", query={"delete": ""}, headers=headers, content=content
    )
    with reading("the response to a deletion"):
        asked = {(entry.key, entry.version_id) for entry in objects}
        deleted = [_deleted(entry.texts(), asked) for entry in document.all("Deleted")]
        failed = [_failed(entry.texts()) for entry in document.all("Error")]
    told = {(entry.key, entry.version_id) for entry in deleted} | {(entry.key, entry.version_id) for entry in failed}
    untold = sum((entry.key, entry.version_id) not in told for entry in objects)
    if untold:
        raise incomplete_response(f"the response to a deletion does not say what became of {untold} objects")
    return DeleteResult(tuple(deleted), tuple(failed))


def _entry(entry: ObjectToDelete) -> str:
    version = "" if entry.version_id is None else f"<VersionId>{escape(entry.version_id)}</VersionId>"
    return f"<Object><Key>{escape(entry.key)}</Key>{version}</Object>"


def _deleted(texts: dict[str, str], asked: Container[tuple[str, str | None]]) -> DeletedObject:
    marker = texts.get("DeleteMarkerVersionId") or None
    version = texts.get("VersionId") or None
    if version is None and marker is not None and (texts["Key"], marker) in asked:
        version = marker  # SeaweedFS names a delete marker that it removed as if it had made it.
    return DeletedObject(
        key=texts["Key"],
        version_id=version,
        delete_marker=texts.get("DeleteMarker") == "true",
        delete_marker_version_id=marker,
    )


def _failed(texts: dict[str, str]) -> DeleteFailure:
    return DeleteFailure(texts["Key"], texts["Code"], texts.get("Message", ""), texts.get("VersionId") or None)


def failure_of(failure: DeleteFailure, kind: type[BucketryError] | None) -> DeleteFailure:
    """Returns a failure with the contract's code in place of the server's own."""
    kind = kind or BackendError
    return msgspec.structs.replace(failure, code=kind.code, message=failure.message or kind.sentence)


def put_retention(
    client: S3Client, bucket: str, key: str, retention: Retention, version_id: str | None, *, bypass_governance: bool
) -> None:
    """Replaces the retention of a version: one request."""
    inner = ""
    if retention.mode is not None and retention.until is not None:
        inner = f"<Mode>{retention.mode}</Mode><RetainUntilDate>{lock_time(retention.until)}</RetainUntilDate>"
    headers = {BYPASS_GOVERNANCE: "true"} if bypass_governance else {}
    _put(client, bucket, key, "retention", version_id, f'<Retention xmlns="{NAMESPACE}">{inner}</Retention>', headers)


def put_legal_hold(client: S3Client, bucket: str, key: str, legal_hold: bool, version_id: str | None) -> None:
    """Sets or removes the legal hold of a version: one request."""
    status = "ON" if legal_hold else "OFF"
    document = f'<LegalHold xmlns="{NAMESPACE}"><Status>{status}</Status></LegalHold>'
    _put(client, bucket, key, "legal-hold", version_id, document, {})


def get_acl(client: S3Client, bucket: str, key: str = "", version_id: str | None = None) -> Acl:
    """Returns the access control list of a version, or of a bucket: one request.

    Raises:
        Unavailable: The response cannot be read.
    """
    query = {"acl": "", **version_query(version_id)}
    _, body = client.request("GET", bucket, key, query=query)
    with reading("an access control list"):
        acl = read_document(client, body, AclSettings).acl
        if acl is None:
            raise ValueError("it is empty")
        return acl


def put_acl(client: S3Client, bucket: str, acl: Acl, key: str = "", version_id: str | None = None) -> None:
    """Replaces the access control list of a version, or of a bucket: one request."""
    document = document_of(write_settings(AclSettings(acl=acl)))
    _put(client, bucket, key, "acl", version_id, document.decode(), {})


def _put(
    client: S3Client,
    bucket: str,
    key: str,
    what: str,
    version_id: str | None,
    document: str,
    headers: dict[str, str],
) -> None:
    content = document.encode()
    query = {what: "", **version_query(version_id)}
    client.request("PUT", bucket, key, query=query, headers=headers | md5_header(content), content=content)


def batch_entry(entry: ObjectToDelete, done: Deleted) -> DeletedObject:
    """Returns an entry of a batch that was deleted alone."""
    marker = done.version_id if done.delete_marker else None
    return DeletedObject(entry.key, entry.version_id, done.delete_marker, marker)


def in_order(
    objects: Sequence[ObjectToDelete], deleted: Iterable[DeletedObject], failed: Iterable[DeleteFailure]
) -> DeleteResult:
    """Returns the result of a batch in the order of its entries."""
    places = {(entry.key, entry.version_id): place for place, entry in enumerate(objects)}
    return DeleteResult(
        tuple(sorted(deleted, key=lambda entry: places[entry.key, entry.version_id])),
        tuple(sorted(failed, key=lambda entry: places[entry.key, entry.version_id])),
    )
