"""Pages of a bucket's objects, with their content types.

Source: S3 API reference, ListObjectsV2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import Final

import msgspec
from bucketry import ListOptions, ObjectInfo, ObjectPage, Unsupported, Upload
from bucketry.backend_requests import in_this_context
from bucketry.cursors import decode_cursor, encode_cursor
from bucketry.paging import Paging, stands_still
from bucketry.s3 import MAX_PAGE
from bucketry_s3client import (
    Element,
    S3Client,
    S3ResponseError,
    is_truncated,
    marker_after,
    object_info,
    read_count,
    read_time,
    read_upload,
    reading,
    unquoted,
    url_decoded,
)

from bucketry_s3.folders import entries
from bucketry_s3.found import Dialect
from bucketry_s3.keys import begins_no_key

_OBJECTS: Final = "s3 objects"
_LAST: Final = "\U0010ffff"
_SMALLEST_FOLDER_PAGE: Final = 100

_UNREADABLE: Final = frozenset({400, 403})
"""Statuses for an object that the caller may not read, or not without a key (S3 API reference, HeadObject)."""


class _Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a page ended: its last entry, and the server's token for the next page."""

    last: str = ""
    token: str = ""


class Lister:
    """Lists objects. Threads may share it."""

    def __init__(self, client: S3Client, lookups: ThreadPoolExecutor, dialect: Dialect) -> None:
        self._client = client
        self._lookups = lookups
        self._dialect = dialect

    def page(self, bucket: str, options: ListOptions) -> ObjectPage:
        """Lists a page: one request; where content types are asked for, one more for each object.

        It goes on where the server gives a page without entries that others follow.

        Raises:
            InvalidArgument: The cursor belongs to another listing.
            Unsupported: The server does not roll up at this delimiter, or it is not known whether it does.
        """
        by_folder = self._dialect.lists_folders
        if options.delimiter not in {"", "/"} and not self._dialect.any_delimiter and not by_folder:
            raise Unsupported("this server rolls up at the delimiter '/' alone", feature="list_delimiter")
        place = _Place() if options.cursor is None else decode_cursor(_OBJECTS, options.cursor, _Place)
        if begins_no_key(options.prefix, self._dialect.refused_keys):
            # The server may refuse the prefix. The request shows whether there is the bucket.
            self._client.request("GET", bucket, query={"list-type": "2", "max-keys": "1"})
            return ObjectPage(objects=())
        page = self._merged(bucket, options, place) if by_folder else self._listed(bucket, options, place)
        if not options.content_type or not page.objects:
            return page
        return msgspec.structs.replace(page, objects=self._with_types(bucket, page.objects))

    def _listed(self, bucket: str, options: ListOptions, place: _Place) -> ObjectPage:
        paging = Paging()
        while True:
            page, place = self._asked(bucket, options, place)
            if paging.follow(page) is None or page.objects or page.prefixes:
                return page

    def _merged(self, bucket: str, options: ListOptions, place: _Place) -> ObjectPage:
        """Lists a page of a server that lists by folders: at least a request for each folder."""
        size = str(min(max(options.limit + 1, _SMALLEST_FOLDER_PAGE), MAX_PAGE))
        ask = {"list-type": "2", "encoding-type": "url", "max-keys": size, "delimiter": "/"}

        def list_folder(prefix: str, after: str, token: str) -> tuple[ObjectPage, str]:
            asked = {"prefix": prefix, "continuation-token": token, "start-after": "" if token else after}
            page, following, more = self._requested(bucket, ask | {name: text for name, text in asked.items() if text})
            if more and not following:
                stands_still("a page says that others follow, and not which")
            return page, following if more else ""

        last = max(options.start_after, place.last)
        found = list(islice(entries(list_folder, options.prefix, options.delimiter, last), options.limit + 1))
        listed = found[: options.limit]
        page = ObjectPage(
            objects=tuple(entry for entry in listed if not isinstance(entry, str)),
            prefixes=tuple(entry for entry in listed if isinstance(entry, str)),
        )
        ends = page.ends()
        if len(found) == len(listed) or ends is None:
            return page
        return msgspec.structs.replace(page, cursor=encode_cursor(_OBJECTS, _Place(str(ends[1]))))

    def _requested(self, bucket: str, query: Mapping[str, str]) -> tuple[ObjectPage, str, bool]:
        """Asks for a page; returns it, the token of the next one, and whether there is one."""
        _, document = self._client.request_xml("GET", bucket, root="ListBucketResult", query=query)
        with reading("a page of objects"):
            return _page(document), document.text("NextContinuationToken"), is_truncated(document)

    def _asked(self, bucket: str, options: ListOptions, place: _Place) -> tuple[ObjectPage, _Place]:
        more_than_wanted = 1 if self._dialect.ends_early else 0
        limit = min(MAX_PAGE, options.limit + more_than_wanted)
        query = {"list-type": "2", "encoding-type": "url", "max-keys": str(limit)}
        # Code points sort as their UTF-8 does.
        after = max(options.start_after, place.last)
        marker = marker_after(after, options.prefix, options.delimiter) if self._dialect.rolls_up_markers else after
        if place.token and after == place.last and marker == after:
            query["continuation-token"] = place.token
        elif self._dialect.ends_early and after > options.prefix:
            query["start-after"] = _beyond(after, options)
        elif after and not self._dialect.ends_early:
            query["start-after"] = marker
        query |= {name: value for name in ("prefix", "delimiter") if (value := getattr(options, name))}
        page, token, more = self._requested(bucket, query)
        # Some servers show the common prefix of what is after a key, which is not after it.
        page = msgspec.structs.replace(page, prefixes=tuple(one for one in page.prefixes if not after.startswith(one)))
        if self._dialect.ends_early:
            return _cut(page, options, after, more=more)
        ends = page.ends()
        if more and not token:
            stands_still("a page says that others follow, and not which")
        if ends is not None and ends[0] <= after:
            stands_still("a page does not begin after the one before it")
        if not more:
            return page, place
        following = _Place(after if ends is None else str(ends[1]), token)
        return msgspec.structs.replace(page, cursor=encode_cursor(_OBJECTS, following)), following

    def _with_types(self, bucket: str, listed: Sequence[ObjectInfo]) -> tuple[ObjectInfo, ...]:
        found = self._lookups.map(in_this_context(partial(self._look_up, bucket)), listed)
        return tuple(info for info in found if info is not None)

    def _look_up(self, bucket: str, listed: ObjectInfo) -> ObjectInfo | None:
        """Asks for one object; ``None`` if it was deleted since it was listed.

        One that the caller may list but not read, or that has a customer's key, stays as it was listed.
        """
        try:
            headers, _ = self._client.request("HEAD", bucket, listed.key)
        except S3ResponseError as error:
            if error.code == "NoSuchKey":
                return None
            if error.status in _UNREADABLE:
                return listed
            raise
        return object_info(listed.key, headers)


def _beyond(after: str, options: ListOptions) -> str:
    """Returns what comes last of what is rolled up into the same common prefix, which was listed then."""
    prefix, delimiter = options.prefix, options.delimiter
    if not delimiter or not after.startswith(prefix):
        return after
    head, found, _ = after[len(prefix) :].partition(delimiter)
    return prefix + head + found + _LAST if found else after


def _cut(page: ObjectPage, options: ListOptions, after: str, *, more: bool) -> tuple[ObjectPage, _Place]:
    """Returns what is wanted of a page that was asked for one entry more, and that may begin too early."""
    found = sorted([*(info.key for info in page.objects), *page.prefixes])
    if more and (not found or found[-1] <= after):
        stands_still("a page ends where it was to begin")
    wanted = [entry for entry in found if entry > after]
    shown = set(wanted[: options.limit])
    last = wanted[: options.limit][-1] if shown else after
    following = _Place(last)
    cursor = encode_cursor(_OBJECTS, following) if more or len(wanted) > len(shown) else None
    page = ObjectPage(
        objects=tuple(info for info in page.objects if info.key in shown),
        prefixes=tuple(prefix for prefix in page.prefixes if prefix in shown),
        cursor=cursor,
    )
    return page, following


def _page(document: Element) -> ObjectPage:
    is_encoded = document.text("EncodingType") == "url"
    return ObjectPage(
        objects=tuple(_object(entry.texts(), is_encoded) for entry in document.all("Contents")),
        prefixes=tuple(_key(entry.texts()["Prefix"], is_encoded) for entry in document.all("CommonPrefixes")),
    )


def _object(texts: dict[str, str], is_encoded: bool) -> ObjectInfo:
    return ObjectInfo(
        key=_key(texts["Key"], is_encoded),
        size_bytes=read_count(texts["Size"]),
        etag=unquoted(texts["ETag"]),
        last_modified=read_time(texts["LastModified"]),
    )


def listed_object(client: S3Client, bucket: str, key: str) -> ObjectInfo | None:
    """Returns what the listing says of one object; ``None`` if it is not the first that begins with its key."""
    query = {"list-type": "2", "encoding-type": "url", "max-keys": "1", "prefix": key}
    _, document = client.request_xml("GET", bucket, root="ListBucketResult", query=query)
    with reading("a page of objects"):
        return next((info for info in _page(document).objects if info.key == key), None)


def _key(text: str, is_encoded: bool) -> str:
    return url_decoded(text) if is_encoded else text


def list_uploads(client: S3Client, bucket: str, prefix: str, *, encoded: bool = False) -> list[Upload]:
    """Returns all uploads in progress, in no order: one request for each 1,000.

    Args:
        client: The way to the server.
        bucket: The bucket.
        prefix: What their keys begin with.
        encoded: Whether keys are encoded even where the list does not say so.

    Raises:
        Unavailable: A page cannot be read, or does not move on.
    """
    found: dict[tuple[str, str], Upload] = {}
    marker: dict[str, str] = {}
    while True:
        query = {"uploads": "", "encoding-type": "url", "max-uploads": str(MAX_PAGE), "prefix": prefix, **marker}
        _, document = client.request_xml("GET", bucket, root="ListMultipartUploadsResult", query=query)
        with reading("a page of uploads"):
            is_encoded = encoded or document.text("EncodingType") == "url"
            entries = document.all("Upload")
            uploads = [read_upload(entry) if is_encoded else _plain(entry) for entry in entries]
            more = is_truncated(document)
        new = {(one.key, one.upload_id): one for one in uploads} if uploads else {}
        if more and not new.keys() - found.keys():
            stands_still("a page of uploads comes again")
        found |= new
        if not more:
            return [upload for upload in found.values() if upload.key.startswith(prefix)]
        marker = {
            "key-marker": _key(document.text("NextKeyMarker"), is_encoded) or uploads[-1].key,
            "upload-id-marker": document.text("NextUploadIdMarker") or uploads[-1].upload_id,
        }


def _plain(entry: Element) -> Upload:
    return msgspec.structs.replace(read_upload(entry), key=entry.text("Key"))
