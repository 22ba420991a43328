"""Objects: what responses say of them, and requests for many objects at once."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import closing
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import partial
from types import MappingProxyType
from typing import Final

import msgspec
from bucketry import (
    DEFAULT_CONTENT_TYPE,
    BackendError,
    ByteRange,
    ContentRange,
    InvalidRange,
    ObjectHeaders,
    ObjectInfo,
    OpenedObject,
)
from bucketry.backend_requests import in_this_context, sending
from bucketry.features import MIB
from bucketry.headers import copy_headers, header_fields
from urllib3 import BaseHTTPResponse

from bucketry_s3client.client import S3Client
from bucketry_s3client.errors import raise_incomplete, reading
from bucketry_s3client.headers import read_count, read_etag, unquoted
from bucketry_s3client.quick import QuickResponse, headers_in
from bucketry_s3client.version_headers import version_fields

_CHUNK_BYTES: Final = MIB // 4
_CONTENT_RANGE: Final = re.compile(r"bytes (\d{1,20})-(\d{1,20})/(\d{1,20})")
_AT_ONCE: Final = 16
"""Requests that are on their way on one connection: enough to keep it busy, and few enough for the buffers."""

_MAX_HEAD_BYTES: Final = 64 * 1024
_BUFFER_BYTES: Final = 64 * 1024
_NO_HEADERS: Final[Mapping[str, str]] = {}
_GOOD: Final = b"HTTP/1.1 200"
_CAPITAL_METADATA: Final = "X-Amz-Meta-"


def object_info(key: str, response: Mapping[str, str], size_bytes: int | None = None) -> ObjectInfo:
    """Reads an object's headers out of a response to GET or HEAD.

    Args:
        key: The object's key.
        response: Headers of the response, found by their names in lower case.
        size_bytes: The object's size; ``None`` for the length of the response.

    Raises:
        Unavailable: Length, etag or time are missing or malformed.
    """
    try:
        return _info_of(key, response, size_bytes)
    except (KeyError, ValueError) as error:
        raise_incomplete("the response about an object", error)


def _info_of(key: str, response: Mapping[str, str], size_bytes: int | None) -> ObjectInfo:
    if any(name.startswith(_CAPITAL_METADATA) for name in response):  # SeaweedFS writes names so.
        response = {name.lower(): value for name, value in response.items()}
    fields = header_fields(response)
    fields["content_type"] = fields.get("content_type") or DEFAULT_CONTENT_TYPE
    if "metadata" in fields:
        fields["metadata"] = MappingProxyType(fields["metadata"])
    return ObjectInfo(
        key=key,
        size_bytes=read_count(response["content-length"]) if size_bytes is None else size_bytes,
        etag=read_etag(response["etag"]),
        last_modified=parsedate_to_datetime(response["last-modified"]),
        tag_count=read_count(response.get("x-amz-tagging-count", "0")),
        **fields,
        **version_fields(response),
    )


def part_info(key: str, response: Mapping[str, str]) -> ObjectInfo:
    """Reads an object's headers out of a response about one of its parts.

    Raises:
        BackendError: The server says something of another kind.
    """
    part_range = _range_in(response)
    if part_range is None and response.get("content-length") == "0":
        part_range = ContentRange(0, 0, 0)
    if part_range is None:
        raise BackendError("a part was asked for, and the server gives something else")
    info = object_info(key, response, part_range.size_bytes)
    count = response.get("x-amz-mp-parts-count")
    with reading("the number of an object's parts"):
        parts_count = None if count is None else read_count(count)
    return msgspec.structs.replace(info, part_range=part_range, parts_count=parts_count)


def stored_info(
    key: str,
    headers: ObjectHeaders,
    size_bytes: int,
    etag: str,
    moment: datetime,
    tag_count: int = 0,
    response: Mapping[str, str] = _NO_HEADERS,
) -> ObjectInfo:
    """Describes an object that was just stored, as `object_info` would.

    Args:
        key: Its key.
        headers: Its headers and metadata.
        size_bytes: Its size.
        etag: Its etag.
        moment: When it was stored.
        tag_count: Number of its tags.
        response: Headers of the response to the write, which tell its version.

    Raises:
        Unavailable: A header of the response is malformed.
    """
    with reading("the response to a write"):
        of_version = version_fields(response)
    return copy_headers(
        headers,
        ObjectInfo,
        key=key,
        size_bytes=size_bytes,
        etag=unquoted(etag),
        last_modified=moment,
        tag_count=tag_count,
        **of_version,
    )


def opened_object(
    key: str, response: BaseHTTPResponse | QuickResponse, wanted: ByteRange | None, part_number: int | None = None
) -> OpenedObject:
    """Makes an opened object of a response to GET that is not read yet.

    What is stored is what is given, whatever its content encoding. The caller closes the response if this raises.

    Raises:
        InvalidRange: Another range than the last bytes was wanted of an object that is empty.
        BackendError: A range or a part was wanted, and the server gives something else.
    """
    if part_number is not None:
        info = part_info(key, response.headers)
        content_range = info.part_range
    elif wanted is None:
        content_range, info = None, object_info(key, response.headers)
    else:
        content_range = _content_range(response, wanted)
        info = object_info(key, response.headers, content_range.size_bytes)

    if isinstance(response, QuickResponse):
        if response.held is not None:
            return OpenedObject(info, (response.held,), content_range=content_range)
        return OpenedObject(info, response.stream(_CHUNK_BYTES), content_range=content_range, close=response.close)

    def close() -> None:
        # Content that was not read would come before the next response on this connection.
        response.close()
        response.release_conn()

    chunks: Iterator[bytes] = response.stream(_CHUNK_BYTES, decode_content=False)
    return OpenedObject(info, chunks, content_range=content_range, close=close)


def _content_range(response: BaseHTTPResponse | QuickResponse, wanted: ByteRange) -> ContentRange:
    found = _range_in(response.headers)
    if found is not None and _is_meant(found, wanted):
        return found
    # Of an empty object servers send 200 without a range, or 206 with one that ends before it begins (bytes 0--1/0).
    is_empty = response.status == 200 or response.headers.get("content-range", "").endswith("/0")
    if is_empty and response.headers.get("content-length") == "0":
        return wanted.resolve(0)
    raise BackendError("a range was asked for, and the server gives something else")


def _is_meant(found: ContentRange, wanted: ByteRange) -> bool:
    """Whether these are the bytes that were asked for: a cache may give others."""
    try:
        return found == wanted.resolve(found.size_bytes)
    except InvalidRange:
        return False


def _range_in(response: Mapping[str, str]) -> ContentRange | None:
    match = _CONTENT_RANGE.fullmatch(response.get("content-range", ""))
    return None if match is None else ContentRange(int(match[1]), int(match[2]) + 1, int(match[3]))


Found = dict[str, Mapping[str, str]]


def head_objects(
    client: S3Client, bucket: str, keys: Sequence[str], executor: Executor, connections: int
) -> Mapping[str, Mapping[str, str]]:
    """Asks for many objects' headers, at a fraction of what one ``HEAD`` after the other costs.

    On each connection requests are sent without waiting for the responses to those before (RFC 9112, 9.3.2), which
    ``HEAD`` lends itself to: responses have no body. It makes no second try.

    Args:
        client: The way to the server.
        bucket: The bucket.
        keys: The objects.
        executor: Runs as many tasks side by side as there are connections.
        connections: How many connections are opened, at most.

    Returns:
        The headers of each object that was found, by its key; names are in lower case. What is missing here was not
        found, or the server did not respond: ask for it alone.
    """
    count = min(connections, -(-len(keys) // _AT_ONCE))
    shares = [keys[number::count] for number in range(count)]
    found: Found = {}
    for share in executor.map(in_this_context(partial(_ask, client, bucket)), shares):
        found.update(share)
    return found


def _ask(client: S3Client, bucket: str, keys: Sequence[str]) -> Found:
    found: Found = {}
    try:
        with closing(client.connect()) as connection:
            for start in range(0, len(keys), _AT_ONCE):
                _ask_together(client, connection, bucket, keys[start : start + _AT_ONCE], found)
    except (OSError, ssl.SSLError, ValueError):
        pass  # The caller asks for what is missing, and gets the error.
    return found


def _ask_together(client: S3Client, connection: socket.socket, bucket: str, keys: Sequence[str], found: Found) -> None:
    waiting = b""
    with sending("HEAD", f"{client.endpoint}/{bucket}", count=len(keys)):
        connection.sendall(b"".join([client.raw_request("HEAD", bucket, key) for key in keys]))
        for key in keys:
            while (end := waiting.find(b"\r\n\r\n")) < 0:
                received = connection.recv(_BUFFER_BYTES)
                if not received or len(waiting) > _MAX_HEAD_BYTES:
                    raise ConnectionResetError("the connection ended within the responses")
                waiting += received
            head, waiting = waiting[:end], waiting[end + 4 :]
            if head.startswith(_GOOD):
                found[key] = headers_in(head)
    if waiting:
        raise ValueError("more responses than requests came")
