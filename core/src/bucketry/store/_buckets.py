"""A store's operations on itself and on buckets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bucketry import _validation as check
from bucketry._types import type_name
from bucketry.cors import CorsRule, checked_rules
from bucketry.errors import InvalidArgument, NoSuchBucket
from bucketry.models import BucketInfo, ObjectInfo, ObjectPage, Status, Upload, UploadPage, Usage, UsageReport
from bucketry.options import ListOptions, UploadListOptions
from bucketry.paging import Paging, check_page
from bucketry.store._base import StoreBase

_LIST_ALL = ListOptions()
_LIST_ALL_UPLOADS = UploadListOptions()


class BucketOperations(StoreBase):
    """Operations on the store and on its buckets."""

    def status(self) -> Status:
        """Says whether the backend answers and accepts the credentials; that it does not is no error."""
        return self._chain.status()

    def list_buckets(self) -> tuple[BucketInfo, ...]:
        """Returns all buckets, in byte order of their names."""
        return self._chain.list_buckets()

    def create_bucket(self, bucket: str) -> BucketInfo:
        """Creates a bucket.

        Raises:
            InvalidBucketName: The name breaks S3's rules for new buckets.
            BucketAlreadyExists: It exists, whoever owns it.
        """
        check.check_new_bucket(bucket)
        return self._chain.create_bucket(bucket)

    def head_bucket(self, bucket: str) -> BucketInfo:
        """Returns one bucket.

        Raises:
            NoSuchBucket: It does not exist.
        """
        check.check_bucket(bucket)
        return self._chain.head_bucket(bucket)

    def delete_bucket(self, bucket: str) -> None:
        """Deletes an empty bucket.

        Raises:
            BucketNotEmpty: It holds an object; nothing was deleted.
            NoSuchBucket: It does not exist.
        """
        check.check_bucket(bucket)
        self._chain.delete_bucket(bucket)

    def bucket_usage(self, bucket: str) -> Usage:
        """Says how much a bucket holds, from which source, and when that was true.

        Raises:
            NoSuchBucket: It does not exist.
        """
        usage = self.bucket_usages([bucket]).get(bucket)
        if usage is None:
            raise NoSuchBucket(bucket=bucket)
        return usage

    def bucket_usages(self, buckets: Iterable[str]) -> dict[str, Usage]:
        """Says how much each of these buckets holds, in one call; one that does not exist is left out."""
        if isinstance(buckets, str | bytes) or not isinstance(buckets, Iterable):
            raise InvalidArgument(
                f"bucket_usages takes a list of names, not {type_name(buckets)}; bucket_usage takes one name"
            )
        listed = tuple(buckets)
        for bucket in listed:
            check.check_bucket(bucket)
        return self._chain.bucket_usage(tuple(dict.fromkeys(listed))) if listed else {}

    def usage_report(self) -> UsageReport:
        """Says what the backend knows of its use beyond sizes: room on disk, owners, quotas, operations.

        Raises:
            Unsupported: The driver has nothing to report.
        """
        return self._chain.usage_report()

    def list_objects(self, bucket: str, options: ListOptions = _LIST_ALL) -> ObjectPage:
        """Lists one page of a bucket, in UTF-8 byte order; `iter_objects` gives all pages.

        Raises:
            NoSuchBucket: The bucket does not exist.
            InvalidArgument: An option is out of bounds, or the cursor is not from this listing.
            Unsupported: The driver does not declare an option that is used.
        """
        check.check_bucket(bucket)
        if options is not _LIST_ALL:
            self._check_listing(options)
        page = self._chain.list_objects(bucket, options)
        check_page(page, options.cursor)
        return page

    def iter_objects(self, bucket: str, options: ListOptions = _LIST_ALL) -> Iterator[ObjectInfo]:
        """Yields all objects of a bucket that the options ask for, page after page.

        Common prefixes are left out; ``options.limit`` is the size of a page.

        Raises:
            NoSuchBucket: The bucket does not exist, at the first object.
            Unavailable: A page does not move on from the one before, as where a cache repeats it.
        """
        for page in self.iter_object_pages(bucket, options):
            yield from page.objects

    def iter_object_pages(self, bucket: str, options: ListOptions = _LIST_ALL) -> Iterator[ObjectPage]:
        """Yields all pages of a listing, with their common prefixes; ``options.limit`` is the size of a page.

        Raises:
            NoSuchBucket: The bucket does not exist, at the first page.
            Unavailable: A page does not move on from the one before, as where a cache repeats it.
        """
        paging = Paging()
        while True:
            page = self.list_objects(bucket, options)
            cursor = paging.follow(page)
            yield page
            if cursor is None:
                return
            options = check.changed(options, cursor=cursor)

    def list_multipart_uploads(self, bucket: str, options: UploadListOptions = _LIST_ALL_UPLOADS) -> UploadPage:
        """Lists one page of the multipart uploads in progress, by key and then by time.

        Raises:
            NoSuchBucket: The bucket does not exist.
        """
        check.check_bucket(bucket)
        self._require(options, UploadListOptions)
        check.check_limit(options.limit)
        check.check_cursor(options.cursor)
        check.check_prefix(options.prefix)
        page = self._chain.list_multipart_uploads(bucket, options)
        check_page(page, options.cursor)
        return page

    def iter_multipart_uploads(self, bucket: str, options: UploadListOptions = _LIST_ALL_UPLOADS) -> Iterator[Upload]:
        """Yields all multipart uploads in progress.

        Raises:
            NoSuchBucket: The bucket does not exist, at the first upload.
            Unavailable: A page does not move on from the one before.
        """
        paging = Paging()
        while True:
            page = self.list_multipart_uploads(bucket, options)
            cursor = paging.follow(page)
            yield from page.uploads
            if cursor is None:
                return
            options = check.changed(options, cursor=cursor)

    def get_bucket_cors(self, bucket: str) -> tuple[CorsRule, ...]:
        """Returns a bucket's rules for pages of other origins, in their order; empty where it has none.

        Raises:
            NoSuchBucket: It does not exist.
            Unsupported: The driver knows no such rules.
        """
        check.check_bucket(bucket)
        return self._chain.get_bucket_cors(bucket)

    def put_bucket_cors(self, bucket: str, rules: Sequence[CorsRule]) -> None:
        """Has a bucket have these rules for pages of other origins, and no others.

        Raises:
            NoSuchBucket: It does not exist.
            InvalidArgument: There is no rule or more than 100, or one breaks S3's bounds; the message says which.
            Unsupported: The driver knows no such rules.
        """
        check.check_bucket(bucket)
        self._chain.put_bucket_cors(bucket, checked_rules(rules))

    def delete_bucket_cors(self, bucket: str) -> None:
        """Takes all rules for pages of other origins from a bucket; if it has none, this is a no-op that succeeds.

        Raises:
            NoSuchBucket: It does not exist.
            Unsupported: The driver knows no such rules.
        """
        check.check_bucket(bucket)
        self._chain.delete_bucket_cors(bucket)

    def _check_listing(self, options: ListOptions) -> None:
        check.check_options(options, ListOptions)
        check.check_limit(options.limit)
        check.check_cursor(options.cursor)
        for text in (options.prefix, options.delimiter, options.start_after):
            check.check_prefix(text)
        self._require_declared(options)
