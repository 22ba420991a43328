"""A store's multipart uploads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from bucketry import _validation as check
from bucketry._types import check_listed, check_type
from bucketry.body import Body, BodySource
from bucketry.errors import InvalidArgument, InvalidPart, NoSuchUpload, TooLarge, Unsupported
from bucketry.models import CompletedPart, ObjectInfo, Part, PartPage, Upload
from bucketry.options import CompleteOptions, PageOptions, PartCopyOptions, PartOptions, UploadOptions
from bucketry.paging import Paging, check_page
from bucketry.store import _normalise as normalise
from bucketry.store._base import StoreBase

_UPLOAD = UploadOptions()
_PART = PartOptions()
_COMPLETE = CompleteOptions()
_COPY = PartCopyOptions()
_ALL_PARTS = PageOptions()
_MAX_UPLOAD_ID: Final = 1024


class UploadOperations(StoreBase):
    """Multipart uploads: begin, send parts in any order and side by side, complete or abort."""

    def create_multipart_upload(self, bucket: str, key: str, options: UploadOptions = _UPLOAD) -> Upload:
        """Begins a multipart upload; the key keeps its object until it is completed.

        Raises:
            NoSuchBucket: The bucket does not exist.
            InvalidKey: The key is invalid, or the backend cannot hold it unchanged.
            InvalidChecksum: The algorithm is none that there is, or has no checksum of that type.
            Unsupported: The driver does not declare an option that is used.
        """
        check.check_bucket(bucket)
        check.check_key(key)
        self._require(options, UploadOptions)
        return self._chain.create_multipart_upload(bucket, key, normalise.upload(options))

    def upload_part(
        self,
        bucket: str,
        key: str,
        upload_id: str,
        part_number: int,
        body: Body | BodySource,
        options: PartOptions = _PART,
    ) -> Part:
        """Stores one part; sent again, it replaces the one before.

        Raises:
            NoSuchUpload: The upload does not exist, was completed or aborted, or is another key's.
            InvalidArgument: The part number is not 1 to the driver's ``max_parts``, or ``body`` is a `Body` that was
                read from already.
            TooLarge: The part is larger than the driver's ``max_part_size``.
            IncompleteBody: The body broke off; nothing was stored.
            BadDigest: The body is not the one that ``content_md5`` or ``checksum`` is of; nothing was stored.
            InvalidChecksum: ``checksum`` or its algorithm is none that there is, or another than the upload's; or there
                is none, and the upload's checksum is to be one of its parts' checksums.
            Unsupported: The driver does not declare an option that is used.
        """
        self._check_upload(bucket, key, upload_id)
        self._check_part_number(part_number)
        content = normalise.content(body)
        if options is not _PART:
            self._require(options, PartOptions)
            options = normalise.digests(options)
            normalise.require_digests(content, options)
        content.limit = self._features.max_part_size
        if content.length is not None and content.length > self._features.max_part_size:
            raise TooLarge(f"a part has at most {self._features.max_part_size} bytes", bucket=bucket, key=key)
        return self._chain.upload_part(bucket, key, upload_id, part_number, content, options)

    def upload_part_copy(
        self,
        bucket: str,
        key: str,
        upload_id: str,
        part_number: int,
        source_bucket: str,
        source_key: str,
        options: PartCopyOptions = _COPY,
    ) -> Part:
        """Stores one part whose content is an object's, or a range of it; nothing passes through the caller.

        Raises:
            NoSuchUpload: The upload does not exist, was completed or aborted, or is another key's.
            NoSuchBucket: The source's bucket does not exist.
            NoSuchKey: The source does not exist.
            InvalidArgument: The part number is not 1 to the driver's ``max_parts``, or the range lacks an end.
            InvalidRange: The range does not lie within the source, whole.
            PreconditionFailed: The source has another etag than ``source_if_match`` says.
            TooLarge: The range or the source is larger than the driver's ``max_part_size``.
            Unsupported: The driver does not declare an option that is used, or cannot copy parts.
        """
        self._check_upload(bucket, key, upload_id)
        self._check_part_number(part_number)
        self._check_target(source_bucket, source_key)
        self._require(options, PartCopyOptions)
        options = normalise.part_copy(options)
        wanted, most = options.range, self._features.max_part_size
        if wanted is not None and (wanted.last or 0) - (wanted.first or 0) >= most:
            raise TooLarge(f"a part has at most {most} bytes", bucket=bucket, key=key)
        return self._chain.upload_part_copy(bucket, key, upload_id, part_number, source_bucket, source_key, options)

    def list_parts(self, bucket: str, key: str, upload_id: str, options: PageOptions = _ALL_PARTS) -> PartPage:
        """Lists one page of an upload's parts, in ascending number; `iter_parts` gives all.

        Raises:
            NoSuchUpload: The upload does not exist, was completed or aborted, or is another key's.
        """
        self._check_upload(bucket, key, upload_id)
        self._require(options, PageOptions)
        check.check_limit(options.limit)
        check.check_cursor(options.cursor)
        page = self._chain.list_parts(bucket, key, upload_id, options)
        check_page(page, options.cursor)
        return page

    def iter_parts(self, bucket: str, key: str, upload_id: str, options: PageOptions = _ALL_PARTS) -> Iterator[Part]:
        """Yields all parts of an upload.

        Raises:
            NoSuchUpload: As `list_parts`, at the first part.
            Unavailable: A page does not move on from the one before.
        """
        paging = Paging()
        while True:
            page = self.list_parts(bucket, key, upload_id, options)
            cursor = paging.follow(page)
            yield from page.parts
            if cursor is None:
                return
            options = check.changed(options, cursor=cursor)

    def complete_multipart_upload(
        self,
        bucket: str,
        key: str,
        upload_id: str,
        parts: Sequence[CompletedPart | Part],
        options: CompleteOptions = _COMPLETE,
    ) -> ObjectInfo:
        """Makes the listed parts the object; those that are not listed are discarded, where the driver can do that.

        Raises:
            NoSuchUpload: The upload does not exist, was completed or aborted, or is another key's.
            NoSuchKey: ``if_match`` is given, and the key holds no object.
            InvalidPart: A part was not stored or has another etag or checksum, or the numbers are not ascending, or
                there is none.
            PartTooSmall: A part other than the last is smaller than the driver's ``min_part_size``.
            PreconditionFailed: A condition does not hold; the upload stays as it was.
            BadDigest: The object would have another ``checksum``; or a part is listed with one of another algorithm
                than the upload's.
            InvalidChecksum: ``checksum`` or ``checksum_type`` is another than the upload began with; or its checksum is
                to be one of its parts' checksums, and one is not listed with its checksum.
            InvalidArgument: The object would have another size than ``size_bytes``.
            Unsupported: The driver does not declare an option that is used, or ``complete_subset`` where parts are
                stored that are not listed.
        """
        self._check_upload(bucket, key, upload_id)
        self._require(options, CompleteOptions)
        listed = _ascending(parts)
        if not self._features.checksums and any(part.checksum is not None for part in listed):
            raise Unsupported(f"the driver {self._driver_name!r} does not declare checksums, which a part's needs")
        return self._chain.complete_multipart_upload(bucket, key, upload_id, listed, normalise.completion(options))

    def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> None:
        """Ends an upload and frees its parts.

        Raises:
            NoSuchUpload: The upload does not exist, was completed or aborted, or is another key's.
        """
        self._check_upload(bucket, key, upload_id)
        self._chain.abort_multipart_upload(bucket, key, upload_id)

    def _check_part_number(self, part_number: int) -> None:
        check_type(part_number, int, "a part number")
        if not 1 <= part_number <= self._features.max_parts:
            raise InvalidArgument(f"a part number is 1 to {self._features.max_parts}, not {part_number}")

    def _check_upload(self, bucket: str, key: str, upload_id: str) -> None:
        check.check_bucket(bucket)
        check.check_key(key)
        check_type(upload_id, str, "an upload id")
        if not upload_id or len(upload_id) > _MAX_UPLOAD_ID or not upload_id.isascii() or not upload_id.isprintable():
            raise NoSuchUpload("that is no upload id", bucket=bucket, key=key)


def _ascending(parts: Sequence[CompletedPart | Part]) -> tuple[CompletedPart, ...]:
    check_listed(parts, "the parts are a list of CompletedPart or Part")
    for part in parts:
        check_type(part, CompletedPart | Part, "a part")
    listed = tuple(
        CompletedPart(
            part.part_number,
            check.normalised_etag(part.etag) or "",
            None if part.checksum is None else part.checksum.checked(),
        )
        for part in parts
    )
    if not listed:
        raise InvalidPart("an upload is completed with at least one part")
    if any(later.part_number <= earlier.part_number for earlier, later in pairwise(listed)):
        raise InvalidPart("the part numbers are not in ascending order")
    return listed
