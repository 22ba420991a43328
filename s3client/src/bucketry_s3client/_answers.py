"""Pages of uploads in progress, and presigned URLs: what drivers answer without a server's help."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from heapq import nsmallest

import msgspec
from bucketry import PresignedUrl, PresignOptions, Upload, UploadListOptions, UploadPage
from bucketry.cursors import decode_cursor, encode_cursor
from bucketry.sigv4 import Presigner


class _Place(msgspec.Struct, frozen=True, array_like=True, order=True):
    """Where an upload stands in the order of all."""

    key: bytes
    initiated_at: datetime
    upload_id: str


def page_of_uploads(listing: str, uploads: Iterable[Upload], options: UploadListOptions) -> UploadPage:
    """Returns a page of the uploads in progress, by key and then by time, whatever order the server has them in.

    Args:
        listing: Whose cursors these are, as in `bucketry.cursors.encode_cursor`.
        uploads: All uploads with the prefix that is asked for.
        options: Which page is asked for.

    Raises:
        InvalidArgument: The cursor is none of this listing's.
    """
    after = None if options.cursor is None else decode_cursor(listing, options.cursor, _Place)
    found = (upload for upload in uploads if after is None or _place(upload) > after)
    first = nsmallest(options.limit + 1, found, key=_place)
    shown = tuple(first[: options.limit])
    cursor = encode_cursor(listing, _place(shown[-1])) if len(first) > len(shown) else None
    return UploadPage(uploads=shown, cursor=cursor)


def _place(upload: Upload) -> _Place:
    return _Place(upload.key.encode(), upload.initiated_at, upload.upload_id)


def presigned(presigner: Presigner, bucket: str, key: str, options: PresignOptions) -> PresignedUrl:
    """Signs a URL; asks the server nothing."""
    now = datetime.now(UTC).replace(microsecond=0)
    query = {}
    if options.response_content_type is not None:
        query["response-content-type"] = options.response_content_type
    if options.response_content_disposition is not None:
        query["response-content-disposition"] = options.response_content_disposition
    headers = {} if options.content_type is None else {"content-type": options.content_type}
    url = presigner.presign_url(
        options.method, bucket, key, expires_in=options.expires_in, query=query, headers=headers, now=now
    )
    return PresignedUrl(url=url, method=options.method, expires_at=now + timedelta(seconds=options.expires_in))
