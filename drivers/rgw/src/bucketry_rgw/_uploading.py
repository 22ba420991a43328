"""Sends an object to RGW: in one piece, or in parts side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Final

from bucketry import Body, PutOptions
from bucketry.s3 import MAX_PART_BYTES
from bucketry_s3client import (
    Content,
    FailedUploads,
    Feed,
    PartsUpload,
    Pieces,
    S3Client,
    length_of,
    object_headers,
    one_piece,
    part_sizes,
    tag_headers,
    take,
)

from bucketry_rgw._headers import of_write, written_at
from bucketry_rgw._settings import RgwSettings

_GROWTH: Final = 1

Put = tuple[Mapping[str, str], datetime | None]
"""Headers of the answer, and when the object was written, if they say it for sure."""

Writing = Callable[[str, str], AbstractContextManager[None]]
"""Keeps others from making or deleting an object of this bucket and key."""


class Uploader:
    """Stores bodies of any length. Threads may share it."""

    def __init__(
        self, settings: RgwSettings, client: S3Client, failed_uploads: FailedUploads, writing: Writing
    ) -> None:
        self._settings = settings
        self._client = client
        self._failed_uploads = failed_uploads
        self._writing = writing

    def put(self, bucket: str, key: str, body: Body, options: PutOptions) -> Put:
        """Stores an object.

        With a condition or tags it goes in one piece, whatever its length: RGW ignores conditions where an upload in
        parts is completed, and loses the tags that it began with.

        Returns:
            The headers of the answer, and when the object was written, if they say it for sure.

        Raises:
            TooLarge: A conditional or tagged body is larger than RGW takes in one piece (``rgw_max_put_size``), or one
                of unknown length than 10,000 parts hold.
        """
        part_size = self._settings.part_size
        if options.tags or _is_conditional(options):
            with one_piece(body, part_size, MAX_PART_BYTES) as content:
                return self._put_piece(bucket, key, content, options)
        taken = []
        if body.length is None or body.length <= part_size:
            taken.append(take(body, part_size))
            if length_of(taken[0]) == part_size and body.length is None:
                taken.append(take(body, part_size))
            if len(taken) == 1 or not taken[1]:
                return self._put_piece(bucket, key, taken[0], options)
        return self._put_parts(bucket, key, body, options, taken)

    def _put_piece(self, bucket: str, key: str, content: Content, options: PutOptions) -> Put:
        headers = (
            object_headers(options) | tag_headers(options.tags) | of_write(options.if_match, options.if_none_match)
        )
        # Done twice, a conditional put would find its own object and say that it was another's.
        repeatable = not _is_conditional(options)
        whole = content[0] if isinstance(content, list) and len(content) == 1 else content
        # What is sent as it comes may take long, and nobody should wait for its sender.
        alone = nullcontext() if isinstance(whole, Feed) else self._writing(bucket, key)
        with alone:
            answered, _ = self._client.request(
                "PUT", bucket, key, headers=headers, content=whole, repeatable=repeatable
            )
        return answered, written_at(answered)

    def _put_parts(self, bucket: str, key: str, body: Body, options: PutOptions, taken: list[Pieces]) -> Put:
        sizes = part_sizes(body.length, self._settings.part_size, growth=_GROWTH)
        for _ in taken:
            next(sizes)
        upload = PartsUpload(self._client, self._failed_uploads, bucket, key, self._settings)
        answered = upload.run(taken, body, sizes, object_headers(options), {}, self._writing(bucket, key))
        # The head of this answer may come long before the object is made (S3 API reference, CompleteMultipartUpload).
        return answered, None


def _is_conditional(options: PutOptions) -> bool:
    return options.if_match is not None or options.if_none_match is not None
