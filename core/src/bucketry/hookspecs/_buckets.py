"""The contract: operations on a bucket."""

from __future__ import annotations

from bucketry.bucket_settings import AnyBucketSettings
from bucketry.hookspecs._markers import operation
from bucketry.models import BucketInfo, Done, ObjectPage, UploadPage, VersionPage
from bucketry.options import ListOptions, UploadListOptions, VersionListOptions


class BucketSpec:
    """Operations on a bucket."""

    @operation(writes=True, optional=False)
    def create_bucket(self, bucket: str) -> BucketInfo:
        """Creates a bucket.

        Requires:
            A name that keeps S3's naming rules for new buckets.

        Behaviour:
            - The bucket exists, empty, when the call returns.
            - ``created_at`` is in UTC and never changes, whatever is written to the bucket.

        Raises:
            BucketAlreadyExists: It exists, whoever owns it; whichever way the backend itself treats that.
        """
        raise NotImplementedError

    @operation(writes=False)
    def head_bucket(self, bucket: str) -> BucketInfo:
        """Returns one bucket.

        Raises:
            NoSuchBucket: It does not exist.
        """
        raise NotImplementedError

    @operation(writes=True, optional=False)
    def delete_bucket(self, bucket: str) -> Done:
        """Deletes a bucket that holds no object.

        Behaviour:
            - Uploads in progress do not hold it up; they end with it.
            - A put on its way to the bucket is kept, or fails with ``NoSuchBucket``: none succeeds and is lost.

        Raises:
            BucketNotEmpty: It holds an object; nothing was deleted.
            NoSuchBucket: It does not exist.
        """
        raise NotImplementedError

    @operation(writes=False, optional=False)
    def list_objects(self, bucket: str, options: ListOptions) -> ObjectPage:
        """Lists one page of a bucket's objects.

        Requires:
            ``limit`` is 1 to 1,000; the cursor is ``None`` or one that this bucket's listing gave.

        Behaviour:
            - Ascending UTF-8 byte order of keys and common prefixes together. Every entry is after ``start_after``,
              common prefixes too: one within which that lies is not listed.
            - Page after page, every object that exists throughout is listed exactly once, whatever is written or
              deleted in between.
            - At most ``limit`` entries, objects and prefixes together. ``cursor`` is ``None`` on the last page; none
              leads to an empty page.
            - Only keys that begin with ``prefix``, byte for byte: it is no path and no pattern.
            - With a ``delimiter``, keys that hold it after the prefix are rolled up: one common prefix each, up to and
              with the delimiter, which counts as one entry.
            - Each object carries key, size, etag, time and, where ``options.content_type`` asks for it, content type.
            - A put or delete that has returned shows in the next listing.

        Raises:
            NoSuchBucket: The bucket does not exist.
            InvalidArgument: The cursor is none of this driver's.
        """
        raise NotImplementedError

    @operation(writes=False)
    def list_object_versions(self, bucket: str, options: VersionListOptions) -> VersionPage:
        """Lists one page of the versions of a bucket's objects. Optional.

        Requires:
            ``limit`` is 1 to 1,000; the cursor is ``None`` or one that this call gave for this bucket.

        Behaviour:
            - Keys and common prefixes are those of `list_objects` with the same options, in the same order.
            - An object that was written without versioning has one version: its id is ``null``, and it is the latest.
            - ``cursor`` is ``None`` on the last page.

        Raises:
            NoSuchBucket: The bucket does not exist.
        """
        raise NotImplementedError

    @operation(writes=False)
    def list_multipart_uploads(self, bucket: str, options: UploadListOptions) -> UploadPage:
        """Lists one page of the multipart uploads in progress, by key and then by time.

        Requires:
            ``limit`` is 1 to 1,000; the cursor is ``None`` or one that this call gave for this bucket.

        Behaviour:
            - Only uploads whose key begins with ``prefix``.
            - Neither completed nor aborted uploads.
            - ``cursor`` is ``None`` on the last page.

        Raises:
            NoSuchBucket: The bucket does not exist.
        """
        raise NotImplementedError

    @operation(writes=False)
    def get_bucket_settings(self, bucket: str, kind: type[AnyBucketSettings]) -> AnyBucketSettings:
        """Returns a bucket's settings of one kind. Optional, as are the two below.

        Requires:
            The driver declares the feature of the kind.

        Behaviour:
            - The result is of this kind. Where nothing is set, it is ``kind()``, and that is no error.
            - CORS rules come in the order in which they were given, since the first that fits decides. The values
              within a rule may come in another order.
            - Settings end with their bucket.

        Raises:
            NoSuchBucket: It does not exist.
        """
        raise NotImplementedError

    @operation(writes=True)
    def put_bucket_settings(self, bucket: str, settings: AnyBucketSettings) -> Done:
        """Replaces a bucket's settings of one kind.

        Requires:
            The driver declares the feature of their kind. They are checked, and something is set in them.

        Behaviour:
            - Settings of this kind that the bucket had are replaced, all of them. Other kinds and other buckets keep
              theirs.
            - Each value is kept.

        Raises:
            NoSuchBucket: It does not exist.
        """
        raise NotImplementedError

    @operation(writes=True)
    def delete_bucket_settings(self, bucket: str, kind: type[AnyBucketSettings]) -> Done:
        """Deletes a bucket's settings of one kind.

        Requires:
            The driver declares the feature of the kind.

        Behaviour:
            - If nothing is set, this is a no-op that succeeds.

        Raises:
            NoSuchBucket: It does not exist.
        """
        raise NotImplementedError
