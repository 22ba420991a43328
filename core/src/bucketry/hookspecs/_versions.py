"""The contract: the lock and the access control list of a version of an object. All of it is optional."""

from __future__ import annotations

from bucketry.acls import Acl
from bucketry.hookspecs._markers import operation
from bucketry.models import Done
from bucketry.object_lock import Retention
from bucketry.options import RetentionOptions, VersionOptions


class VersionSpec:
    """The lock and the access control list of a version. `head_object` tells the lock."""

    @operation(writes=True)
    def put_object_retention(self, bucket: str, key: str, retention: Retention, options: RetentionOptions) -> Done:
        """Replaces the retention of a version; ``Retention()`` removes it.

        Behaviour:
            - It is the retention of this version alone: of ``version_id``, or else of the newest.
            - A retention that has not ended can be made longer in its mode. Governance mode lets a caller with
              ``bypass_governance`` make it shorter, remove it, or give it the other mode. Compliance mode lets nobody.

        Raises:
            NoSuchBucket: The bucket does not exist.
            NoSuchKey: It holds no such object.
            NoSuchVersion: The object has no such version.
            IsDeleteMarker: The version is a delete marker.
            ObjectLocked: The retention that the version has does not allow the change.
            InvalidArgument: The retention ends in the past.
            Unsupported: The backend cannot remove a retention.
            InvalidBucketState: The bucket has no object lock.
        """
        raise NotImplementedError

    @operation(writes=True)
    def put_object_legal_hold(self, bucket: str, key: str, legal_hold: bool, options: VersionOptions) -> Done:
        """Sets or removes the legal hold of a version.

        Behaviour:
            - It is the legal hold of this version alone: of ``version_id``, or else of the newest. Its retention stays.
            - It holds up the delete of its version until it is removed, whoever bypasses governance.

        Raises:
            NoSuchBucket: The bucket does not exist.
            NoSuchKey: It holds no such object.
            NoSuchVersion: The object has no such version.
            IsDeleteMarker: The version is a delete marker.
            InvalidBucketState: The bucket has no object lock.
        """
        raise NotImplementedError

    @operation(writes=False)
    def get_object_acl(self, bucket: str, key: str, options: VersionOptions) -> Acl:
        """Returns the access control list of a version.

        Behaviour:
            - Its owner is the ``owner`` of the write, if the write named one, and otherwise whoever owns the bucket.
            - If no list was put, its owner has all rights, and nobody else has any. A write leaves nothing of the list
              that its key had, and a copy does not take the one of its source.
            - With ``acl`` of a put, a copy or an upload, that is the list.

        Raises:
            NoSuchBucket: The bucket does not exist.
            NoSuchKey: It holds no such object.
            NoSuchVersion: The object has no such version.
            IsDeleteMarker: The version is a delete marker.
        """
        raise NotImplementedError

    @operation(writes=True)
    def put_object_acl(self, bucket: str, key: str, acl: Acl, options: VersionOptions) -> Done:
        """Replaces the access control list of a version.

        Requires:
            Its owner is the one that `get_object_acl` returns.

        Behaviour:
            - All rights that the version had are replaced.
            - Content, headers, metadata and etag stay as they are, and so do the lists of other versions and objects.

        Raises:
            NoSuchBucket: The bucket does not exist.
            NoSuchKey: It holds no such object.
            NoSuchVersion: The object has no such version.
            IsDeleteMarker: The version is a delete marker.
        """
        raise NotImplementedError
