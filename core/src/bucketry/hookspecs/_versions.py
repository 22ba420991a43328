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

        Raises:
            NoSuchBucket: The bucket does not exist.
            NoSuchKey: It holds no such object.
            NoSuchVersion: The object has no such version.
            IsDeleteMarker: The version is a delete marker.
            ObjectLocked: The retention that the version has may not be shortened.
            InvalidBucketState: The bucket was not created with object lock, and has no lock settings.
        """
        raise NotImplementedError

    @operation(writes=True)
    def put_object_legal_hold(self, bucket: str, key: str, legal_hold: bool, options: VersionOptions) -> Done:
        """Sets or removes the legal hold of a version.

        Raises:
            NoSuchBucket: The bucket does not exist.
            NoSuchKey: It holds no such object.
            NoSuchVersion: The object has no such version.
            IsDeleteMarker: The version is a delete marker.
            InvalidBucketState: The bucket was not created with object lock, and has no lock settings.
        """
        raise NotImplementedError

    @operation(writes=False)
    def get_object_acl(self, bucket: str, key: str, options: VersionOptions) -> Acl:
        """Returns the access control list of a version.

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

        Raises:
            NoSuchBucket: The bucket does not exist.
            NoSuchKey: It holds no such object.
            NoSuchVersion: The object has no such version.
            IsDeleteMarker: The version is a delete marker.
        """
        raise NotImplementedError
