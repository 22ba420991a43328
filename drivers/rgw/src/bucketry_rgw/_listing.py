"""Pages of a bucket's objects, with their content types."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Final
from urllib.parse import unquote
from xml.etree import ElementTree

from botocore.exceptions import ClientError
from bucketry import BackendError, ListOptions, ObjectInfo, ObjectPage
from bucketry_s3client import Wire, head_objects, object_info

from bucketry_rgw._client import as_xml
from bucketry_rgw._cursors import decode_cursor, encode_cursor
from bucketry_rgw._errors import code_of
from bucketry_rgw._markers import marker
from bucketry_rgw._swift import Swift

_NAMESPACE: Final = "{http://s3.amazonaws.com/doc/2006-03-01/}"


class Lister:
    """Lists objects. Threads may share it."""

    def __init__(self, wire: Wire, swift: Swift | None, lookups: ThreadPoolExecutor, connections: int) -> None:
        self._wire = wire
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
        query = {"list-type": "2", "encoding-type": "url", "max-keys": str(options.limit)}
        asked = {"prefix": options.prefix, "delimiter": options.delimiter, "start-after": marker(after, options)}
        query.update({name: value for name, value in asked.items() if value})
        _, body = self._wire.send("GET", bucket, query=query)
        return read_page(body)

    def _with_types(self, bucket: str, listed: Sequence[ObjectInfo]) -> tuple[ObjectInfo, ...]:
        keys = [info.key for info in listed]
        found = head_objects(self._wire, bucket, keys, self._lookups, self._connections)
        looked_up = [
            object_info(key, headers) if (headers := found.get(key)) else self._look_up(bucket, key) for key in keys
        ]
        return tuple(info for info in looked_up if info is not None)

    def _look_up(self, bucket: str, key: str) -> ObjectInfo | None:
        """Asks for one object alone; ``None`` if it was deleted since it was listed."""
        try:
            headers, _ = self._wire.send("HEAD", bucket, key)
        except ClientError as error:
            if code_of(error) == "NoSuchKey":
                return None
            raise
        return object_info(key, headers, int(headers["content-length"]))


def read_page(body: bytes) -> ObjectPage:
    """Reads an answer to ListObjectsV2 whose keys are encoded.

    Raises:
        BackendError: It is none.
    """
    try:
        root = ElementTree.fromstring(as_xml(body))  # noqa: S314 - expat bounds what entities grow to
        objects = tuple(_object(element) for element in root.iterfind(f"{_NAMESPACE}Contents"))
        found = root.iterfind(f"{_NAMESPACE}CommonPrefixes/{_NAMESPACE}Prefix")
        prefixes = tuple(unquote(element.text or "", errors="strict") for element in found)
        is_cut = root.findtext(f"{_NAMESPACE}IsTruncated") == "true"
        token = root.findtext(f"{_NAMESPACE}NextContinuationToken") or ""
    except (ElementTree.ParseError, KeyError, ValueError) as error:
        raise BackendError("the answer to a listing cannot be read: is the endpoint an RGW?") from error
    # RGW writes its own token as it is, also what XML cannot hold: so the last entry is the cursor, where there is one.
    last = max([info.key for info in objects[-1:]] + list(prefixes[-1:]), key=str.encode, default=token)
    if is_cut and not last:
        raise BackendError("a listing is cut, and does not say where")
    return ObjectPage(objects=objects, prefixes=prefixes, cursor=encode_cursor(last) if is_cut else None)


def _object(element: ElementTree.Element) -> ObjectInfo:
    fields = {child.tag: child.text or "" for child in element}
    return ObjectInfo(
        key=unquote(fields[f"{_NAMESPACE}Key"], errors="strict"),
        size_bytes=int(fields[f"{_NAMESPACE}Size"]),
        etag=fields[f"{_NAMESPACE}ETag"].strip('"'),
        last_modified=datetime.fromisoformat(fields[f"{_NAMESPACE}LastModified"]),
    )
