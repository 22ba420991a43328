"""Pages of a bucket's objects with their content types: S3's listing, and the one of RGW's Swift API.

Sources: S3 API reference, ListObjectsV2; OpenStack Object Storage API, "Show container details and list objects"; Ceph,
"Ceph Object Gateway Swift API".
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, unquote, urlencode, urlsplit

import msgspec
from bucketry import ListOptions, ObjectInfo, ObjectPage, Secret
from bucketry.cursors import decode_cursor, encode_cursor
from bucketry.decoding import json_decoder
from bucketry.paging import Paging, stands_still
from bucketry.s3 import MAX_PAGE
from bucketry_s3client import (
    S3Client,
    S3ResponseError,
    as_xml,
    head_objects,
    incomplete_response,
    is_truncated,
    marker_after,
    object_info,
    parse_xml,
    read_body,
    read_count,
    read_time,
    reading,
    unquoted,
)

_OBJECTS: Final = "rgw objects"
_OK: Final = frozenset({200, 204})
_NO_TYPE: Final = "binary/octet-stream"
"""What RGW says of an object that was stored without a content type."""

_log = logging.getLogger("bucketry.rgw")


class Lister:
    """Lists objects. Threads may share it."""

    def __init__(self, client: S3Client, swift: Swift | None, lookups: ThreadPoolExecutor, connections: int) -> None:
        self._client = client
        self._swift = swift
        self._lookups = lookups
        self._connections = connections

    def page(self, bucket: str, options: ListOptions) -> ObjectPage:
        """Lists a page: one request, and where content types are asked for and Swift cannot be, one for each object.

        Raises:
            InvalidArgument: The cursor belongs to another listing.
        """
        after = options.start_after
        if options.cursor is not None:
            after = max(after, decode_cursor(_OBJECTS, options.cursor, str), key=str.encode)
        # RGW's Swift API does not find a delimiter that is not ASCII.
        if options.content_type and self._swift is not None and options.delimiter.isascii():
            page = self._swift.page(bucket, options, after)
            if page is not None:
                return page
        page = self._plain(bucket, options, after)
        if not options.content_type or not page.objects:
            return page
        return ObjectPage(objects=self._with_types(bucket, page.objects), prefixes=page.prefixes, cursor=page.cursor)

    def _plain(self, bucket: str, options: ListOptions, after: str) -> ObjectPage:
        """Asks for a page; goes on where RGW gives one without entries that others follow."""
        paging = Paging()
        while True:
            page = self._asked(bucket, options, after)
            if paging.follow(page) is None or page.objects or page.prefixes:
                return page
            after = decode_cursor(_OBJECTS, page.cursor or "", str)

    def _asked(self, bucket: str, options: ListOptions, after: str) -> ObjectPage:
        query = {"list-type": "2", "encoding-type": "url", "max-keys": str(options.limit)}
        asked = {"prefix": options.prefix, "delimiter": options.delimiter, "start-after": _marker(after, options)}
        query.update({name: value for name, value in asked.items() if value})
        _, body = self._client.request("GET", bucket, query=query)
        return read_page(body, after)

    def _with_types(self, bucket: str, listed: Sequence[ObjectInfo]) -> tuple[ObjectInfo, ...]:
        keys = [info.key for info in listed]
        found = head_objects(self._client, bucket, keys, self._lookups, self._connections)
        looked_up = [
            object_info(key, headers) if (headers := found.get(key)) else self._look_up(bucket, key) for key in keys
        ]
        return tuple(info for info in looked_up if info is not None)

    def _look_up(self, bucket: str, key: str) -> ObjectInfo | None:
        """Asks for one object alone; ``None`` if it was deleted since it was listed."""
        try:
            headers, _ = self._client.request("HEAD", bucket, key)
        except S3ResponseError as error:
            if error.code == "NoSuchKey":
                return None
            raise
        return object_info(key, headers)


def read_page(body: bytes, after: str = "") -> ObjectPage:
    """Reads a response to ListObjectsV2 whose keys are encoded.

    Args:
        body: The response.
        after: What every entry is after.

    Raises:
        Unavailable: It is not a listing, or does not move on: a server or cache gives another page.
    """
    with reading("a page of objects"):
        document = parse_xml(as_xml(body))
        if document.name != "ListBucketResult":
            raise ValueError("the response is not a listing")
        objects = tuple([_object(entry.texts()) for entry in document.all("Contents")])
        found = [entry.texts()["Prefix"] for entry in document.all("CommonPrefixes")]
        prefixes = tuple([unquote(text, errors="strict") for text in found])
        more = is_truncated(document)
    # RGW writes its own token as it is, also what XML cannot hold: so the last entry is the cursor, where there is one.
    token = document.text("NextContinuationToken")
    # Code points sort as their UTF-8 does.
    first = min([info.key for info in objects[:1]] + list(prefixes[:1]), default=None)
    last = max([info.key for info in objects[-1:]] + list(prefixes[-1:]), default=token)
    if (first is not None and first <= after) or (more and last <= after):
        stands_still("a page does not begin after the one before it")
    return ObjectPage(objects=objects, prefixes=prefixes, cursor=encode_cursor(_OBJECTS, last) if more else None)


def _object(texts: dict[str, str]) -> ObjectInfo:
    return ObjectInfo(
        key=unquote(texts["Key"], errors="strict"),
        size_bytes=read_count(texts["Size"]),
        etag=unquoted(texts["ETag"]),
        last_modified=read_time(texts["LastModified"]),
    )


def _marker(after: str, options: ListOptions) -> str:
    return marker_after(after, options.prefix, options.delimiter)


class _Entry(msgspec.Struct, frozen=True):
    name: str = ""
    hash: str = ""
    bytes: int = 0
    content_type: str = _NO_TYPE
    last_modified: str = ""
    subdir: str | None = None

    @property
    def place(self) -> str:
        """The key or common prefix that it stands for."""
        return self.name if self.subdir is None else self.subdir


_decode = json_decoder(list[_Entry]).decode


class Swift:
    """Lists through the Swift API. Threads may share it."""

    def __init__(self, client: S3Client, user: str, secret: Secret) -> None:
        self._client = client
        self._user = user
        self._secret = secret
        self._lock = threading.Lock()
        self._session: tuple[str, str] | None = None
        self._warned = False

    def page(self, bucket: str, options: ListOptions, after: str) -> ObjectPage | None:
        """Lists a page after a key; ``None``, and a line in the log, if the Swift API cannot be used.

        Raises:
            S3ResponseError: The bucket does not exist, or may not be listed.
        """
        try:
            entries = self._enough(bucket, options, after)
        except S3ResponseError as error:
            if error.code == "NoSuchBucket":
                raise
            self._warn(error.code)
            return None
        except msgspec.DecodeError:
            self._warn("a response that is not a listing")
            return None
        return _page_of(entries, options)

    def _enough(self, bucket: str, options: ListOptions, after: str) -> list[_Entry]:
        """Returns one entry more than is shown, which says whether there is more; or all that there are."""
        wanted = options.limit + 1
        # RGW never shows a common prefix that is the delimiter itself, but counts it (rgw_rest_swift.cc).
        delimiter = options.delimiter
        hides = bool(delimiter) and not options.prefix and delimiter.encode() > after.encode()
        entries: list[_Entry] = []
        while len(entries) < wanted:
            # RGW gives no more than MAX_PAGE at once, and fewer than asked for where it passes over entries that are
            # being written: only a response without any is the end.
            asked = min(wanted - len(entries) + hides, MAX_PAGE)
            last = entries[-1].place if entries else after
            found = self._entries(bucket, options, last, asked)
            if found and found[0].place <= last:
                stands_still("a page does not begin after the one before it")
            entries += found
            if not found:
                break
        if hides and self._begins_any(bucket, delimiter):
            entries.append(_Entry(subdir=delimiter))
            entries.sort(key=lambda entry: entry.place.encode())
        return entries[:wanted]

    def _begins_any(self, bucket: str, prefix: str) -> bool:
        return bool(self._entries(bucket, ListOptions(prefix=prefix), "", 1))

    def _entries(self, bucket: str, options: ListOptions, after: str, limit: int) -> list[_Entry]:
        response = self._ask(self._session or self._log_in(), bucket, options, after, limit)
        if response is None:  # The token has expired.
            response = self._ask(self._log_in(), bucket, options, after, limit)
        if response is None:
            raise _refused(bucket, 401, "AccessDenied")
        return _decode(response)

    def _ask(self, session: tuple[str, str], bucket: str, options: ListOptions, after: str, limit: int) -> bytes | None:
        token, path = session
        query = {"format": "json", "limit": str(limit)}
        asked = {"prefix": options.prefix, "delimiter": options.delimiter, "marker": _marker(after, options)}
        query.update({name: value for name, value in asked.items() if value})
        target = f"{path}/{bucket}?{urlencode(query, quote_via=quote)}"
        response = self._client.open_unsigned("GET", target, {"x-auth-token": token})
        body = read_body(response)
        if response.status == 401:
            return None
        if response.status not in _OK:
            raise _refused(bucket, response.status)
        if not body:  # RGW writes a list that is empty too.
            raise incomplete_response("the response to a listing has no body")
        return body

    def _log_in(self) -> tuple[str, str]:
        with self._lock:
            headers = {"x-auth-user": self._user, "x-auth-key": self._secret.reveal()}
            response = self._client.open_unsigned("GET", "/auth/v1.0", headers)
            read_body(response)
            token, url = response.headers.get("x-auth-token"), response.headers.get("x-storage-url")
            if response.status not in _OK or not token or not url:
                raise _refused("", response.status, "AccessDenied")
            # Its host may be one that only the gateway knows; the path is what counts.
            self._session = (token, urlsplit(url).path.rstrip("/"))
            return self._session

    def _warn(self, code: str) -> None:
        if not self._warned:
            self._warned = True
            _log.warning(
                "the Swift API cannot be used (%s): content types are looked up object by object; see swift_user", code
            )


def _refused(bucket: str, status: int, code: str = "") -> S3ResponseError:
    return S3ResponseError(method="GET", bucket=bucket, key="", status=status, code=code, headers={})


def _page_of(entries: list[_Entry], options: ListOptions) -> ObjectPage:
    shown = entries[: options.limit]
    with reading("a page of objects"):
        objects = tuple([_info_of(entry) for entry in shown if entry.subdir is None])
    prefixes = tuple(entry.subdir for entry in shown if entry.subdir is not None)
    cursor = None
    if len(entries) > len(shown):
        cursor = encode_cursor(_OBJECTS, shown[-1].place)
    return ObjectPage(objects=objects, prefixes=prefixes, cursor=cursor)


def _info_of(entry: _Entry) -> ObjectInfo:
    if not entry.name:
        raise ValueError("an entry has no name")
    return ObjectInfo(
        key=entry.name,
        size_bytes=entry.bytes,
        etag=entry.hash,
        last_modified=_time_of(entry.last_modified),
        content_type=entry.content_type,
    )


def _time_of(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
