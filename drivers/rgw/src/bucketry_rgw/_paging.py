"""Pages of uploads and of parts."""

from __future__ import annotations

import base64
from datetime import datetime
from heapq import nsmallest
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import msgspec
from bucketry import InvalidArgument, PageOptions, PartPage, Upload, UploadListOptions, UploadPage

from bucketry_rgw._inflight import parts, uploads
from bucketry_rgw._wire import Wire

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

T = TypeVar("T")


class _Place(NamedTuple):
    """Where an upload stands in the order of all."""

    key: bytes
    initiated_at: datetime
    upload_id: str


def page_of_uploads(wire: Wire, bucket: str, options: UploadListOptions) -> UploadPage:
    """Returns a page of the uploads in progress, by key and then by time.

    Raises:
        InvalidArgument: The cursor is none of this driver's.
    """
    after = None if options.cursor is None else _decode(options.cursor, _Place)
    found = (upload for upload in uploads(wire, bucket, options.prefix) if after is None or _place(upload) > after)
    first = nsmallest(options.limit + 1, found, key=_place)
    shown = tuple(first[: options.limit])
    return UploadPage(uploads=shown, cursor=_encode(_place(shown[-1])) if len(first) > len(shown) else None)


def page_of_parts(client: S3Client, bucket: str, key: str, upload_id: str, options: PageOptions) -> PartPage:
    """Returns a page of an upload's parts.

    Raises:
        InvalidArgument: The cursor is none of this driver's.
        ClientError: The upload is not in progress.
    """
    after = 0 if options.cursor is None else _decode(options.cursor, int)
    first = []
    for part in parts(client, bucket, key, upload_id, after):
        first.append(part)
        if len(first) > options.limit:
            break
    shown = tuple(first[: options.limit])
    return PartPage(parts=shown, cursor=_encode(shown[-1].part_number) if len(first) > len(shown) else None)


def _place(upload: Upload) -> _Place:
    return _Place(upload.key.encode(), upload.initiated_at, upload.upload_id)


def _encode(place: object) -> str:
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(place)).decode()


def _decode(cursor: str, kind: type[T]) -> T:
    try:
        return msgspec.msgpack.decode(base64.b64decode(cursor, altchars=b"-_", validate=True), type=kind)
    except (ValueError, msgspec.DecodeError):
        raise InvalidArgument("the cursor is none that this listing gave") from None
