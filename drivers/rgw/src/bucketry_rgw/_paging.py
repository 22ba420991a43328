"""Pages of parts."""

from __future__ import annotations

from typing import Final

from bucketry import PageOptions, PartPage
from bucketry.cursors import decode_cursor, encode_cursor
from bucketry_s3client import S3Client

from bucketry_rgw._inflight import parts

_PARTS: Final = "rgw parts"


def page_of_parts(client: S3Client, bucket: str, key: str, upload_id: str, options: PageOptions) -> PartPage:
    """Returns a page of an upload's parts.

    Raises:
        InvalidArgument: The cursor is none of this driver's.
        S3ResponseError: The upload is not in progress.
    """
    after = 0 if options.cursor is None else decode_cursor(_PARTS, options.cursor, int)
    first = []
    for part in parts(client, bucket, key, upload_id, after):
        first.append(part)
        if len(first) > options.limit:
            break
    shown = tuple(first[: options.limit])
    return PartPage(
        parts=shown, cursor=encode_cursor(_PARTS, shown[-1].part_number) if len(first) > len(shown) else None
    )
