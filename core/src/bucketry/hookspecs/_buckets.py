"""The contract: operations on a bucket."""

from __future__ import annotations

from bucketry.bucket_access import BucketAccess
from bucketry.bucket_settings import AnyBucketSettings
from bucketry.hookspecs._markers import operation
from bucketry.models import BucketInfo, Done, ObjectPage, UploadPage, VersionPage
from bucketry.options import CreateBucketOptions, ListOptions, UploadListOptions, VersionListOptions


class BucketSpec:
    """Operations on a bucket."""

    @operation(writes=True, optional=False)
    def create_bucket(self, bucket: str, options: CreateBucketOptions) -> BucketInfo:
        """Creates a bucket.

        Requires:
            The name follows S3's rules for new buckets.

        Behaviour:
            - The bucket exists, empty, when the call returns.
            - ``created_at`` is in UTC and never changes, whatever is written to the bucket.
            - It belongs to ``owner``, or to whoever owns the store if there is none.
            - With ``object_lock``, versioning is on and versions can be locked: the bucket's `VersioningSettings` and
              `ObjectLockSettings` say so.

        Raises:
            BucketAlreadyExists: It exists, whoever owns it. This holds even where the backend itself does not fail.
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
            - Uploads in progress do not prevent it; they end with the bucket.
            - A put on its way to the bucket is kept, or fails with ``NoSuchBucket``. No put succeeds and is lost.
            - Versions of objects and delete markers prevent it as objects do.

        Raises:
            BucketNotEmpty: It holds an object, a version or a delete marker; nothing was deleted.
            NoSuchBucket: It does not exist.
        """
        raise NotImplementedError

    @operation(writes=False, optional=False)
    def list_objects(self, bucket: str, options: ListOptions) -> ObjectPage:
        """Lists one page of a bucket's objects.

        Requires:
            ``limit`` is 1 to 1,000. The cursor is ``None``, or comes from a listing of this bucket.

        Behaviour:
            - Ascending UTF-8 byte order, of keys and common prefixes together. Every entry is after ``start_after``.
              That includes common prefixes: one that ``start_after`` begins with is not listed.
            - Page after page, a listing has every object exactly once that exists all the while, whatever is written or
              deleted in between.
            - At most ``limit`` entries, objects and prefixes together. ``cursor`` is ``None`` on the last page. No
              cursor leads to an empty page.
            - Only keys that begin with ``prefix``, byte for byte. It is neither a path nor a pattern.
            - With a ``delimiter``, keys that hold it after the prefix are rolled up into common prefixes. A common
              prefix ends with the delimiter, and counts as one entry.
            - Each object carries key, size, etag and time, and its content type if ``options.content_type`` asks for
              it.
            - A put or delete that has returned shows in the next listing.
            - Only current objects: no older version, and no key whose newest version is a delete marker.

        Raises:
            NoSuchBucket: The bucket does not exist.
            InvalidArgument: The cursor is not one of this driver's.
        """
        raise NotImplementedError

    @operation(writes=False)
    def list_object_versions(self, bucket: str, options: VersionListOptions) -> VersionPage:
        """Lists one page of the versions of a bucket's objects. Optional.

        Requires:
            ``limit`` is 1 to 1,000. The cursor is ``None``, or comes from this call for this bucket.

        Behaviour:
            - Keys and common prefixes are in the order of `list_objects`, and the versions of a key from the newest to
              the oldest. Delete markers stand among them.
            - The newest version of a key, object or delete marker, is the latest, and no other version is.
            - An object that was written without versioning has one version: its id is ``null``, and it is the latest.
            - With ``start_after_version``, the listing begins with those versions of the key ``start_after`` that are
              older than this one.
            - Page after page, a listing has every version exactly once. ``cursor`` is ``None`` on the last page. No
              cursor leads to an empty page.

        Raises:
            NoSuchBucket: The bucket does not exist.
        """
        raise NotImplementedError

    @operation(writes=False)
    def list_multipart_uploads(self, bucket: str, options: UploadListOptions) -> UploadPage:
        """Lists one page of the multipart uploads in progress, by key and then by time.

        Requires:
            ``limit`` is 1 to 1,000. The cursor is ``None``, or comes from this call for this bucket.

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
            - The result is of this kind. If nothing is set, it is ``kind()``; this is not an error.
            - CORS rules come in the order in which they were put, since the first rule that fits decides. The values
              within a rule, and rules and configurations of other kinds, may come in another order.
            - A policy is the same JSON, perhaps with other blanks. An ACL that gives rights to the owner alone may
              count as not set.
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
              their settings, also those that are put at the same moment.
            - Each value is kept. Settings with a value that the backend does not have are refused, all of them.
            - Object lock needs versioning that is on: it is refused without it, and keeps it from being suspended.
            - ``BucketOwnerEnforced`` and an ACL that gives rights to others exclude each other: the later is refused.
            - Versions that the bucket has stay as they are when its versioning is suspended, and when it is enabled
              again.
            - The rules of `LifecycleSettings` are carried out, except for transitions: by the backend, or by core for
              drivers that leave it to core. What is written meanwhile is kept, and so are locked versions.

        Raises:
            NoSuchBucket: It does not exist.
            InvalidBucketState: Other settings of the bucket exclude these.
        """
        raise NotImplementedError

    @operation(writes=True)
    def delete_bucket_settings(self, bucket: str, kind: type[AnyBucketSettings]) -> Done:
        """Deletes a bucket's settings of one kind.

        Requires:
            The driver declares the feature of the kind.

        Behaviour:
            - If nothing is set, this is a no-op that succeeds.
            - Kinds that are not ``removable`` (versioning, object lock, acceleration) stay once they are set.

        Raises:
            NoSuchBucket: It does not exist.
            InvalidBucketState: Something of such a kind is set.
        """
        raise NotImplementedError

    @operation(writes=False)
    def get_bucket_access(self, bucket: str) -> BucketAccess:
        """Returns what is set on a bucket about who may use it, all of it in one call. Optional.

        Whoever decides about requests calls it for each of them, so it should cost next to nothing.

        Behaviour:
            - Its policy, ACL, ownership and public access block are what `get_bucket_settings` returns, right after
              they were put or deleted too.
            - Its owner is the one that `head_bucket` names.
            - ``foreign_objects`` is true while the bucket holds an object, or a version of one, that has another owner
              or an ACL of its own.

        Raises:
            NoSuchBucket: It does not exist.
        """
        raise NotImplementedError
