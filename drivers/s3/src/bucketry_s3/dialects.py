"""Probes of the dialect: in which of several ways a server speaks S3. They send requests of their own."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Final

from bucketry import BucketryError, CompletedPart, ListOptions, ObjectHeaders, PreconditionFailed, UploadListOptions
from bucketry.s3 import COPY_SOURCE, MAX_PAGE, http_date
from bucketry_s3client import S3ResponseError, complete_upload, create_upload, quoted, request_target, url_decoded

from bucketry_s3.found import Dialect, Pin
from bucketry_s3.ground import Ground
from bucketry_s3.keys import EXAMPLES, TWINS

_WRONG: Final = "0" * 32
_FAILED: Final = 412


def dialect_of(ground: Ground, *, owns_bucket: bool) -> Dialect:
    """Finds out the dialect.

    Args:
        ground: Where probes work.
        owns_bucket: Whether the whole bucket is the probes'; else they keep to the prefix.
    """
    key = ground.put("dialect")
    return Dialect(
        read_conditions=_takes_read_conditions(ground, key),
        any_etag=_status(ground, "PUT", key, {"if-match": "*"}) != _FAILED,
        etag_quotes=not _wants_no_quotes(ground, key),
        copy_tags=_keeps_own_tags(ground),
        copy_pin=_pin(ground, key, f"{ground.prefix}pinned", {}),
        part_copy_pin=_part_pin(ground, key),
        refused_keys=_refused_keys(ground, owns_bucket=owns_bucket),
        hides_below=_hides_below(ground),
        ends_early=_ends_early(ground),
        lists_folders=_lists_folders(ground),
        any_delimiter=_rolls_up_at_any_delimiter(ground),
        completes_gone=_completes_gone(ground, key),
        uploads_encoded=_encodes_uploads(ground),
        rolls_up_markers=_rolls_up_markers(ground),
        forgets_etags=_forgets_etags(ground),
        decodes_part_sources=_decodes_part_sources(ground),
        uploads_by_prefix=_lists_uploads_by_prefix(ground),
        empty_metadata=_keeps_empty_metadata(ground),
    )


def _status(
    ground: Ground, method: str, key: str, headers: Mapping[str, str], query: Mapping[str, str] | None = None
) -> int:
    """Sends a request; returns the status of its response."""
    try:
        ground.client.request(method, ground.bucket, key, headers=headers, query=query or {}, content=b"")
    except S3ResponseError as error:
        return error.status
    return 200


def _takes_read_conditions(ground: Ground, key: str) -> bool:
    """Whether the server evaluates the conditions of reads as HTTP has them (RFC 9110, 13.1)."""
    info = ground.head(key)
    etag, moment = quoted(info.etag), info.last_modified
    expected = (
        ({"if-match": etag}, 200),
        ({"if-match": quoted(_WRONG)}, _FAILED),
        ({"if-match": "*"}, 200),
        ({"if-none-match": etag}, 304),
        ({"if-none-match": quoted(_WRONG)}, 200),
        ({"if-none-match": "*"}, 304),
        ({"if-modified-since": http_date(moment)}, 304),
        ({"if-modified-since": http_date(moment - timedelta(hours=1))}, 200),
        ({"if-unmodified-since": http_date(moment)}, 200),
        ({"if-unmodified-since": http_date(moment - timedelta(hours=1))}, _FAILED),
    )
    return all(_status(ground, "GET", key, headers) == status for headers, status in expected)


def _wants_no_quotes(ground: Ground, key: str) -> bool:
    """Whether the server takes the right etag for another one where it has quotes, and honours it without."""
    etag = ground.head(key).etag
    if _status(ground, "PUT", key, {"if-match": quoted(etag)}) == 200:
        return False
    refuses = _status(ground, "PUT", key, {"if-match": _WRONG}) == _FAILED
    return refuses and _status(ground, "PUT", key, {"if-match": ground.head(key).etag}) == 200


def _keeps_own_tags(ground: Ground) -> bool:
    """Whether an object that is copied onto itself keeps its tags. RGW drops them, as of each copy with new headers."""
    try:
        key = ground.put("own-tags", tags={"a": "b"})
        ground.copy(key, "own-tags", headers=ObjectHeaders(content_type="text/x-probe"))
        return dict(ground.store.get_object_tagging(ground.bucket, key)) == {"a": "b"}
    except BucketryError:
        return False


def _pin(ground: Ground, source: str, key: str, query: Mapping[str, str]) -> Pin:
    """Finds out how the server is told the etag that a copy's source must have."""
    etag = ground.head(source).etag
    path = {COPY_SOURCE: request_target(ground.bucket, source)}

    def copied(value: str, *names: str) -> int:
        return _status(ground, "PUT", key, path | dict.fromkeys(names, value), query)

    name, of_rgw = f"{COPY_SOURCE}-if-match", "x-amz-copy-if-match"
    if copied(quoted(_WRONG), name) == _FAILED and copied(quoted(etag), name) == 200:
        return "quoted"
    if copied(_WRONG, name, of_rgw) == _FAILED and copied(etag, name, of_rgw) == 200:
        return "unquoted"
    return ""


def _part_pin(ground: Ground, source: str) -> Pin:
    key = f"{ground.prefix}pinned-part"
    try:
        _, upload_id = create_upload(ground.client, ground.bucket, key, {})
    except (S3ResponseError, BucketryError):
        return ""
    found = _pin(ground, source, key, {"partNumber": "1", "uploadId": upload_id})
    with suppress(S3ResponseError):
        ground.client.request("DELETE", ground.bucket, key, query={"uploadId": upload_id})
    return found


def _refused_keys(ground: Ground, *, owns_bucket: bool) -> tuple[str, ...]:
    """Finds out which kinds of keys the server does not keep as they are.

    A slash at the beginning cannot be tried below a prefix. It makes an empty segment, so it is refused with these.
    """
    kinds = [kind for kind in EXAMPLES if owns_bucket or not EXAMPLES[kind].startswith("/")]
    found = [kind for kind in kinds if not _is_kept(ground, EXAMPLES[kind])]
    missing = [kind for kind in EXAMPLES if kind not in kinds] if "empty segments" in found else []
    _is_kept(ground, "last")  # VersityGW keeps a folder of a key that it refused until another one in it is deleted.
    return tuple(sorted([*found, *missing]))


def _is_kept(ground: Ground, example: str) -> bool:
    """Whether the server keeps a key as it is, and apart from the one that some file systems take for it."""
    names = [example, TWINS[example]] if example in TWINS else [example]
    keys = [name if name.startswith("/") else f"{ground.prefix}keys/{name}" for name in names]
    try:
        for key in keys:
            ground.store.put_object(ground.bucket, key, f"kept {key}".encode())
        is_kept = all(ground.read(key) == f"kept {key}".encode() for key in keys)
        # Some servers change what they are asked for too, so that a listing with this very key as its prefix shows it.
        around = "" if example.startswith("/") else f"{ground.prefix}keys/"
        page = ground.store.list_objects(ground.bucket, ListOptions(prefix=around, content_type=False))
        is_kept = is_kept and {info.key for info in page.objects} >= set(keys)
        for key in keys:
            ground.store.delete_object(ground.bucket, key)
    except BucketryError:
        return False
    return is_kept


def _hides_below(ground: Ground) -> bool:
    """Whether listings leave out what is below an object. A server that refuses such a key hides nothing."""
    try:
        keys = [ground.put("hides/a"), ground.put("hides/a/b")]
    except BucketryError:
        return False
    options = ListOptions(prefix=f"{ground.prefix}hides/", content_type=False)
    return [info.key for info in ground.store.list_objects(ground.bucket, options).objects] != keys


def _lists_folders(ground: Ground) -> bool:
    """Whether listings go folder by folder, so that ``a/1`` comes before ``a-1``."""
    try:
        keys = [ground.put(f"folders/{name}") for name in ("a-1", "a.1", "a/1")]
        options = ListOptions(prefix=f"{ground.prefix}folders/", content_type=False)
        page = ground.store.list_objects(ground.bucket, options)
    except BucketryError:
        return False
    found = [info.key for info in page.objects]
    return found != keys and sorted(found) == keys


def _ends_early(ground: Ground) -> bool:
    """Whether pages of one entry do not show what a long page shows, where keys make it difficult.

    MinIO's do not where the prefix is itself a key, and where a common prefix does not end in a slash.
    """
    prefix = ground.put("paged/a")
    for end in ("-1", "-2", "b"):
        ground.put(f"paged/a{end}")
    return any(_paged(ground, prefix, each, 1) != _paged(ground, prefix, each, MAX_PAGE) for each in ("", "-"))


def _paged(ground: Ground, prefix: str, delimiter: str, limit: int) -> list[str]:
    """Returns what the pages show, in order; empty if they do not move on."""
    options = ListOptions(prefix=prefix, delimiter=delimiter, limit=limit, content_type=False)
    try:
        pages = [*ground.store.iter_object_pages(ground.bucket, options)]
    except BucketryError:
        return []
    return sorted(entry for page in pages for entry in (*(info.key for info in page.objects), *page.prefixes))


def _rolls_up_at_any_delimiter(ground: Ground) -> bool:
    """Whether a delimiter may be any text: some servers know ``/`` alone, or take the first character of it."""
    inside = f"{ground.prefix}delimiters/"
    try:
        for name in ("a-b", "a--1", "a--2", "c"):
            ground.put(f"delimiters/{name}")
        options = ListOptions(prefix=inside, delimiter="--", content_type=False)
        page = ground.store.list_objects(ground.bucket, options)
    except BucketryError:
        return False
    return [info.key[len(inside) :] for info in page.objects] == ["a-b", "c"] and page.prefixes == (f"{inside}a--",)


def _rolls_up_markers(ground: Ground) -> bool:
    """Whether pages of one entry leave out keys where the delimiter begins within the prefix, as RGW's do."""
    prefix = ground.put("markers-")
    for end in ("-", "-a"):
        ground.put(f"markers-{end}")
    return _paged(ground, prefix, "--", 1) != _paged(ground, prefix, "--", MAX_PAGE)


def _forgets_etags(ground: Ground) -> bool:
    """Whether an object whose tags were deleted is listed without its etag, as RGW lists it."""
    try:
        key = ground.put("forgets", tags={"a": "b"})
        ground.store.delete_object_tagging(ground.bucket, key)
        page = ground.store.list_objects(ground.bucket, ListOptions(prefix=key, content_type=False))
        return [info.etag for info in page.objects] != [ground.head(key).etag]
    except BucketryError:
        return False


def _decodes_part_sources(ground: Ground) -> bool:
    """Whether a part is copied from another source than it names, if that name decodes to another one: RGW does so."""
    try:
        source = ground.put("decoded%2Fonce", b"once")
        ground.put("decoded/once", b"twice")
        key, upload_id, _ = ground.upload("decoded")
        part = ground.store.upload_part_copy(ground.bucket, key, upload_id, 1, ground.bucket, source)
    except PreconditionFailed:  # The server was told the etag of the source that was meant.
        return True
    except BucketryError:
        return False
    return bool(part.etag != ground.head(source).etag)


def _lists_uploads_by_prefix(ground: Ground) -> bool:
    key = f"{ground.prefix}uploads/a"
    try:
        _, upload_id = create_upload(ground.client, ground.bucket, key, {})
        asked = UploadListOptions(prefix=f"{ground.prefix}uploads/")
        found = ground.store.list_multipart_uploads(ground.bucket, asked).uploads
        ground.store.abort_multipart_upload(ground.bucket, key, upload_id)
    except (S3ResponseError, BucketryError):
        return True
    return [upload.key for upload in found] == [key]


def _completes_gone(ground: Ground, key: str) -> bool:
    """Whether the server says of an upload that was aborted that it was completed, where there is an object."""
    try:
        _, upload_id = create_upload(ground.client, ground.bucket, key, {})
        part = ground.store.upload_part(ground.bucket, key, upload_id, 1, b"two")
        ground.store.abort_multipart_upload(ground.bucket, key, upload_id)
        complete_upload(ground.client, ground.bucket, key, upload_id, (CompletedPart(1, part.etag),), {})
    except (S3ResponseError, BucketryError):
        return False
    return True


def _encodes_uploads(ground: Ground) -> bool:
    """Whether the server encodes the keys of uploads, as it is asked to, without saying so."""
    key = f"{ground.prefix}a b"
    try:
        _, upload_id = create_upload(ground.client, ground.bucket, key, {})
        query = {"uploads": "", "encoding-type": "url"}
        _, document = ground.client.request_xml("GET", ground.bucket, root="ListMultipartUploadsResult", query=query)
        ground.client.request("DELETE", ground.bucket, key, query={"uploadId": upload_id})
    except (S3ResponseError, BucketryError):
        return False
    listed = [entry.text("Key") for entry in document.all("Upload")]
    return document.text("EncodingType") != "url" and any(text != key and url_decoded(text) == key for text in listed)


def _keeps_empty_metadata(ground: Ground) -> bool:
    """Whether every write keeps metadata whose value is empty. SeaweedFS drops it from puts alone."""
    metadata = {"empty": "", "other": "one"}
    try:
        key, upload_id, parts = ground.upload("empty-metadata-in-parts", b"one", metadata=metadata)
        ground.complete(key, upload_id, parts)
        put = ground.put("empty-metadata", metadata=metadata)
        ground.copy(put, "empty-metadata-copied")
        ground.copy(put, "empty-metadata-given", headers=ObjectHeaders(metadata=metadata))
        keys = [key, put, *(ground.key(f"empty-metadata-{name}") for name in ("copied", "given"))]
        return all(dict(ground.head(each).metadata) == metadata for each in keys)
    except BucketryError:
        return False
