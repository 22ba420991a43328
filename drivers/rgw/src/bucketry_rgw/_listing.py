"""Pages of a bucket's objects, with their content types."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote

from bucketry import ListOptions, ObjectInfo, ObjectPage
from bucketry.paging import Paging, stands_still
from bucketry_s3client import (
    S3Client,
    S3ResponseError,
    head_objects,
    is_truncated,
    object_info,
    parse_xml,
    read_count,
    read_time,
    reading,
    unquoted,
)

from bucketry_rgw._cursors import decode_cursor, encode_cursor
from bucketry_rgw._markers import marker
from bucketry_rgw._swift import Swift
from bucketry_rgw._xml import as_xml


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
            InvalidArgument: The cursor is none of this driver's.
        """
        after = options.start_after
        if options.cursor is not None:
            after = max(after, decode_cursor(options.cursor), key=str.encode)
        # RGW's Swift API does not find a delimiter of several bytes that is no ASCII.
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
            after = decode_cursor(page.cursor or "")

    def _asked(self, bucket: str, options: ListOptions, after: str) -> ObjectPage:
        query = {"list-type": "2", "encoding-type": "url", "max-keys": str(options.limit)}
        asked = {"prefix": options.prefix, "delimiter": options.delimiter, "start-after": marker(after, options)}
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
    """Reads an answer to ListObjectsV2 whose keys are encoded.

    Args:
        body: The answer.
        after: What every entry is after.

    Raises:
        Unavailable: It is none, or does not move on: a server or cache gives another page than the one asked for.
    """
    with reading("a page of objects"):
        document = parse_xml(as_xml(body))
        if document.name != "ListBucketResult":
            raise ValueError("the answer is no listing")
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
    return ObjectPage(objects=objects, prefixes=prefixes, cursor=encode_cursor(last) if more else None)


def _object(texts: dict[str, str]) -> ObjectInfo:
    return ObjectInfo(
        key=unquote(texts["Key"], errors="strict"),
        size_bytes=read_count(texts["Size"]),
        etag=unquoted(texts["ETag"]),
        last_modified=read_time(texts["LastModified"]),
    )
