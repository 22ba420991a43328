"""The contract: operations on objects."""

from __future__ import annotations

from bucketry.body import Body
from bucketry.hookspecs._markers import operation
from bucketry.models import Deleted, DeleteResult, ObjectAttributes, ObjectInfo, ObjectToDelete, PresignedUrl
from bucketry.opened_object import OpenedObject
from bucketry.options import (
    AttributesOptions,
    BatchDeleteOptions,
    CopyOptions,
    DeleteOptions,
    GetOptions,
    HeadOptions,
    PresignOptions,
    PutOptions,
)


def _presigns_a_write(options: PresignOptions) -> bool:
    return options.method != "GET"


class ObjectSpec:
    """Operations on objects."""

    @operation(writes=False, optional=False)
    def head_object(self, bucket: str, key: str, options: HeadOptions) -> ObjectInfo:
        """Returns an object without its content.

        Behaviour:
            - Headers and metadata are those of the last write, unchanged: every header, and every character of the
              metadata's values, also several blanks in a row. An empty value is kept too; a driver whose backend drops
              it refuses the write (`Unsupported`).
            - ``metadata`` is immutable.
            - ``last_modified`` is in UTC. Every write makes it later: an overwrite, a copy, and a copy onto itself.
            - ``etag`` has no quotes. Other content has another etag, also if the length of the body was unknown.
            - ``tag_count`` is the number of its tags, if the driver has `get_object_tagging`.
            - ``checksum`` is what the last write gave it, if the driver declares ``checksums``. With ``part_number`` it
              is the checksum of that part.
            - Conditions are evaluated in the order of RFC 9110, 13.2.2. Times are compared in whole seconds, as HTTP
              dates have them (RFC 9110, 5.6.7).
            - With ``part_number``: ``part_range`` says which bytes of the object that part is, and ``parts_count`` how
              many parts the object was uploaded in. An object that was not uploaded in parts has one part, number 1,
              and no count; so has an empty one. Without ``part_number`` both are ``None``.
            - ``encryption`` is how the last write encrypted it. A version under a customer's key has
              ``customer_key_md5`` instead.
            - ``expiration`` is when a rule of `LifecycleSettings` will delete the current version, and which rule: the
              earliest of those that are about it. Days end at the next midnight UTC.
            - A version under a customer's key is told only with that key. Deletes and tags need no key.
            - With a ``version_id`` the result is that version, and without one the newest. ``version_id`` of the result
              says which it is. ``null`` is the version that was written while versioning was not on.
            - ``retention`` and ``legal_hold`` are those of the version.

        Raises:
            NoSuchBucket: The bucket does not exist.
            NoSuchKey: It holds no such object, or the newest version is a delete marker, whose id the error says.
            NoSuchVersion: It has no such version.
            IsDeleteMarker: The version is a delete marker. Some backends say `NoSuchVersion` of it.
            CustomerKeyNeeded: The version is under a customer's key, and none was sent.
            WrongCustomerKey: It is under another customer's key.
            CustomerKeyNotNeeded: A customer's key was sent, and the version is not under one.
            InvalidRange: The object has no part of that number.
            PreconditionFailed: ``if_match`` or ``if_unmodified_since`` does not hold.
            NotModified: ``if_none_match`` or ``if_modified_since`` says that the caller's copy is current.
        """
        raise NotImplementedError

    @operation(writes=False)
    def get_object_attributes(self, bucket: str, key: str, options: AttributesOptions) -> ObjectAttributes:
        """Returns an object with one page of the parts that it was uploaded in. Optional.

        Requires:
            ``limit`` is 1 to 1,000, and ``after`` is not negative.

        Behaviour:
            - ``info`` is what `head_object` returns.
            - ``parts_count`` is in how many parts the object was uploaded. ``parts`` are those with a number above
              ``after``, in ascending order. An object that was not uploaded in parts, or is a copy, has neither.
            - Sizes are those of the parts. Checksums are those that the parts were uploaded with.
            - A version under a customer's key is told only with that key.
            - ``version_id`` is honoured as in `head_object`.

        Raises:
            NoSuchBucket: The bucket does not exist.
            NoSuchKey: As in `head_object`.
            NoSuchVersion: As in `head_object`.
            IsDeleteMarker: As in `head_object`.
            CustomerKeyNeeded: As in `head_object`.
            WrongCustomerKey: As in `head_object`.
            CustomerKeyNotNeeded: As in `head_object`.
        """
        raise NotImplementedError

    @operation(writes=False, optional=False)
    def get_object(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        """Opens an object, or a range of it, for reading.

        Behaviour:
            - The content is that of one write, and complete. A put or delete in the meantime does not change it.
            - Content comes as it is read: memory does not grow with the object.
            - ``info.size_bytes`` is the size of the whole object. ``content_range`` says which bytes are read.
            - The last bytes of an empty object are no bytes; this is not an error (RFC 9110, 14.1.2), and
              ``content_range`` is 0 to 0. Any other range of an empty object is ``InvalidRange``.
            - With ``part_number``, that part is read. ``content_range`` and ``info`` are as `head_object` says.
            - Content that breaks off is an error, never an early end.
            - ``close`` frees everything, whether or not the content was read to its end.
            - A version under a customer's key is read only with that key, also a range or a part of it.
            - ``version_id`` is honoured as in `head_object`.

        Raises:
            NoSuchBucket: The bucket does not exist.
            NoSuchKey: As in `head_object`.
            NoSuchVersion: As in `head_object`.
            IsDeleteMarker: As in `head_object`.
            CustomerKeyNeeded: As in `head_object`.
            WrongCustomerKey: As in `head_object`.
            CustomerKeyNotNeeded: As in `head_object`.
            InvalidRange: No byte of the object is in the range, or it has no part of that number.
            PreconditionFailed: As in `head_object`.
            NotModified: As in `head_object`.
        """
        raise NotImplementedError

    @operation(writes=True, optional=False)
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        """Stores an object.

        Requires:
            A ``content_type`` is set. Names of metadata are lower case. Tags are immutable and within S3's limits.
            Nobody has read from the body, and it fails beyond ``max_put_size``. With a ``checksum_algorithm`` it
            computes that
            checksum: `Body.checksum` returns it after the last read, which fails if another checksum was wanted.

        Behaviour:
            - Atomic: a reader sees the old object or the new one, complete.
            - The body is pulled as it is stored: memory does not grow with it.
            - An error out of ``body.read`` leaves the old object as it was, and leaves no parts behind. The object is
              stored only after the body has ended without an error.
            - A put that fails takes up no room.
            - The answer is what the next `head_object` returns.
            - Its tags are those of ``options.tags``. Tags of the object that it replaces are gone.
            - With a ``checksum_algorithm``, the object has that checksum of the body; otherwise it has none.
            - Conditions are checked and the object is written in one step: if two writers have ``if_none_match="*"``,
              one of them succeeds. ``if_match="*"`` replaces any object, but never creates one.
            - It is encrypted as ``encryption`` or ``customer_key`` says; without both, as the bucket's
              `EncryptionSettings` say. The result's ``encryption`` tells it, with the key that was asked for.
            - If ``encrypts_at_rest`` is declared, the stored bytes of an encrypted version do not tell its content.
            - For conditions, a key whose newest version is a delete marker holds no object.
            - While versioning is enabled, the object is a new version with an id that no other has, and all older
              versions stay. While it is suspended, the object replaces the version ``null``, and all others stay.
            - In a bucket with object lock, the version has the ``retention`` and ``legal_hold`` of the options. Without
              a ``retention`` it has the bucket's default, if there is one.

        Raises:
            NoSuchBucket: The bucket does not exist.
            NoSuchKey: ``if_match`` is given, also ``*``, and the key holds no object.
            PreconditionFailed: A condition does not hold.
            TooLarge: The body is larger than ``max_put_size``.
            QuotaExceeded: There is no room for the object.
            InvalidKey: The backend cannot hold this key unchanged.
            InvalidArgument: The backend cannot hold a character of these tags. Or the retention ends in the past.
            NoSuchKmsKey: The key service has no such key.
            InvalidBucketState: A lock is given, and the bucket has no object lock.
        """
        raise NotImplementedError

    @operation(writes=True)
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        """Copies an object within the backend.

        Behaviour:
            - Content, headers and metadata are the source's; ``options.headers`` replaces all headers and metadata.
            - Tags are the source's, even with new headers; ``options.tags`` replaces all of them.
            - Onto itself: all headers and metadata are replaced, and the content stays.
            - It is one part, and has the etag of one, if ``copy_own_etag`` is declared. This holds for a copy onto
              itself too.
            - Its checksum is of its whole content. The algorithm is ``checksum_algorithm`` or the source's; without
              either, it has none, or a CRC64NVME as in S3.
            - It is encrypted as a put with these options would be, however its source is encrypted. So a copy onto
              itself may change the encryption alone.
            - A source under a customer's key is copied only with ``source_customer_key``.
            - Atomic, as a put. It makes a version as a put does.
            - With a ``source_version_id`` the source is that version. A copy of an older version onto its own key makes
              that content the newest.
            - Its lock is that of the options, or the default of its bucket. It is never that of the source.

        Raises:
            NoSuchBucket: One of the buckets does not exist.
            NoSuchKey: The source does not exist; or ``if_match`` is given, also ``*``, and the key holds no object.
            NoSuchVersion: The source has no such version.
            IsDeleteMarker: The source's version is a delete marker.
            PreconditionFailed: A condition does not hold.
            InvalidArgument: The copy would be the source itself, unchanged. Or the retention ends in the past.
            CustomerKeyNeeded: The source is under a customer's key, and ``source_customer_key`` is not set.
            WrongCustomerKey: It is under another customer's key.
            CustomerKeyNotNeeded: ``source_customer_key`` is set, and the source is not under one.
            NoSuchKmsKey: As in `put_object`.
            InvalidBucketState: A lock is given, and the bucket has no object lock.
        """
        raise NotImplementedError

    @operation(writes=True, optional=False)
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        """Deletes an object.

        Behaviour:
            - If no such object exists, this is a no-op that succeeds.
            - Exactly this key is deleted: no key that begins with it, and no folder above it.
            - Without a ``version_id``, in a bucket with versions, it makes a delete marker and keeps all versions.
              Where there is no object, S3 makes a marker too, and some backends make none. While versioning is
              suspended, the marker's id is ``null``, and it replaces the version ``null``.
            - With a ``version_id``, exactly this version is gone for good. If it was the newest, the one before is the
              newest again: deleting a delete marker brings the object back. If there is no such version, this is a
              no-op that succeeds.
            - The result says which version is gone or which marker was made.
            - A lock holds up the delete of its version, and nothing else: neither a delete without a ``version_id`` nor
              a write.

        Raises:
            NoSuchBucket: The bucket does not exist.
            NoSuchKey: There is a condition, also ``if_match="*"``, and the key holds no object.
            PreconditionFailed: The key holds another object than ``if_match`` says, or one that was written at another
                time than ``if_last_modified`` says.
            ObjectLocked: The version is locked, and ``bypass_governance`` does not help.
        """
        raise NotImplementedError

    @operation(writes=True)
    def delete_objects(
        self, bucket: str, objects: tuple[ObjectToDelete, ...], options: BatchDeleteOptions
    ) -> DeleteResult:
        """Deletes up to 1,000 objects or versions of objects.

        Requires:
            1 to 1,000 entries with valid keys, each once. An entry has a ``version_id`` only if the driver declares
            ``bucket_versioning``.

        Behaviour:
            - Every key stands in ``deleted`` or ``failed``. A key that did not exist counts as deleted.
            - A key that fails does not stop the others.
            - Versions are deleted and delete markers are made as in `delete_object`, and the result says which. A
              locked version stands in ``failed``, with the code of ``ObjectLocked``.

        Raises:
            NoSuchBucket: The bucket does not exist.
        """
        raise NotImplementedError

    @operation(writes=_presigns_a_write)
    def presign(self, bucket: str, key: str, options: PresignOptions) -> PresignedUrl:
        """Makes a URL that lets its holder download or upload this object for a while.

        Requires:
            ``expires_in`` is 1 to 604,800 seconds; ``method`` is ``GET`` or ``PUT``.

        Behaviour:
            - Asks the backend nothing: neither the bucket nor the object needs to exist.
            - Signed for the public endpoint if one is set, otherwise for the endpoint. A driver that keeps buckets in
              several stores, and has no endpoint of its own, signs for that of the bucket's store.
            - ``expires_at`` is what was signed, in whole seconds.
            - Good for this method and object only, until it expires. If a content type is signed, the upload needs it.
            - With a ``version_id``, the download is of that version.
        """
        raise NotImplementedError
