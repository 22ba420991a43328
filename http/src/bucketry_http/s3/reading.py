"""GetObject and HeadObject."""

from __future__ import annotations

import bucketry as core
import msgspec
from bucketry import ByteRange, GetOptions, HeadOptions, ObjectInfo, OpenedObject, Store

from bucketry_http.s3.answers import Answer
from bucketry_http.s3.checksums import checksum_headers, is_asked_for
from bucketry_http.s3.endpoint import Endpoint
from bucketry_http.s3.errors import S3Error, translated
from bucketry_http.s3.object_headers import answered_headers, overridden
from bucketry_http.s3.parameters import number
from bucketry_http.s3.request import S3Request
from bucketry_http.shared.conditions import open_requested, read_options, requested_range
from bucketry_http.shared.sending import ContentReader, RawHeaders

_MAX_PARTS = 10_000
_CONDITIONAL = frozenset({"if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "range"})


class _Target:
    """The object that a request is about."""

    __slots__ = ("_bucket", "_key", "_request", "_store")

    def __init__(self, store: Store, request: S3Request) -> None:
        self._store = store
        self._request = request
        self._bucket, self._key = request.bucket, request.key

    def head(self) -> ObjectInfo:
        """Looks at it without conditions."""
        return self._store.head_object(self._bucket, self._key)

    def head_as_asked(self) -> ObjectInfo:
        """Looks at it under the request's conditions."""
        if self._is_plain:
            return self.head()
        return self._store.head_object(self._bucket, self._key, self._options())

    def open_as_asked(self) -> OpenedObject:
        """Opens what is asked for."""
        if self._is_plain:
            return self._store.get_object(self._bucket, self._key)
        options = self._options()

        def open_object(wanted: ByteRange | None) -> OpenedObject:
            if wanted is not None and options.part_number is not None:
                raise S3Error("InvalidRequest", "Cannot specify both Range header and partNumber query parameter")
            whole = GetOptions(**msgspec.structs.asdict(options), range=wanted)
            return self._store.get_object(self._bucket, self._key, whole)

        return open_requested(self._request.headers, self.head, open_object)

    @property
    def _is_plain(self) -> bool:
        request = self._request
        return "partNumber" not in request.query and request.headers.keys().isdisjoint(_CONDITIONAL)

    def _options(self) -> HeadOptions:
        options = read_options(self._request.headers, self.head)
        part = number(self._request.query, "partNumber", 0, least=1, most=_MAX_PARTS)
        return msgspec.structs.replace(options, part_number=part) if part else options

    def not_modified(self) -> RawHeaders:
        """Returns the headers of a 304 (RFC 9110, 15.4.5)."""
        return [pair for pair in answered_headers(self.head()) if pair[0] != b"content-type"]


async def get_object(endpoint: Endpoint, request: S3Request) -> Answer:
    """GetObject."""
    calls, target = endpoint.calls, _Target(endpoint.store, request)
    try:
        opened = await calls.call(target.open_as_asked)
    except core.NotModified:
        return Answer(304, await calls.call(target.not_modified))
    except core.InvalidRange as error:
        raise await calls.call(_unsatisfiable, target, request, error) from error
    try:
        headers = overridden(answered_headers(opened.info), request.query, signed=request.is_signed)
    except S3Error:
        await calls.call(opened.close)
        raise
    headers.append((b"content-length", b"%d" % opened.length))
    status = 200
    if opened.content_range is not None and opened.length:
        status = 206
        headers.append((b"content-range", str(opened.content_range).encode()))
    headers.extend(_checksum(request, opened.info, opened.content_range))
    if opened.is_held:
        return Answer(status, headers, opened.read())
    return Answer(status, headers, reader=ContentReader(calls, opened))


async def head_object(endpoint: Endpoint, request: S3Request) -> Answer:
    """HeadObject."""
    calls, target = endpoint.calls, _Target(endpoint.store, request)
    try:
        info = await calls.call(target.head_as_asked)
    except core.NotModified:
        return Answer(304, await calls.call(target.not_modified))
    except core.InvalidRange as error:
        raise await calls.call(_unsatisfiable, target, request, error) from error
    headers = overridden(answered_headers(info), request.query, signed=request.is_signed)
    part = info.part_range or _range_of_head(request, info, target)
    headers.extend(_checksum(request, info, part))
    if part is None:
        return Answer(200, [*headers, (b"content-length", b"%d" % info.size_bytes)])
    headers.append((b"content-length", b"%d" % (part.stop - part.start)))
    if part.stop == part.start:
        return Answer(200, headers)
    return Answer(206, [*headers, (b"content-range", str(part).encode())])


def _checksum(request: S3Request, info: ObjectInfo, sent: core.ContentRange | None) -> RawHeaders:
    """Returns the headers with the checksum, if it is asked for and is that of what is sent: clients compare."""
    if info.checksum is None or not is_asked_for(request.headers) or sent != info.part_range:
        return []
    return checksum_headers(info.checksum)


def _range_of_head(request: S3Request, info: ObjectInfo, target: _Target) -> core.ContentRange | None:
    """Returns the range that a HEAD asks for, as S3 answers it and HTTP would not."""
    wanted = requested_range(request.headers, target.head) if "range" in request.headers else None
    if wanted is None:
        return None
    try:
        return wanted.resolve(info.size_bytes)
    except core.InvalidRange as error:
        raise _unsatisfiable(target, request, error) from error


def _unsatisfiable(target: _Target, request: S3Request, error: core.InvalidRange) -> S3Error:
    if "partNumber" in request.query:
        return S3Error("InvalidPartNumber")
    size = str(target.head().size_bytes)
    return S3Error(
        "InvalidRange",
        translated(error).message,
        elements={"RangeRequested": request.headers.get("range", "")[:100], "ActualObjectSize": size},
        headers={"content-range": f"bytes */{size}"},
    )
