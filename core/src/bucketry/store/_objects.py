"""A store's operations on objects."""

from __future__ import annotations

from collections.abc import Iterable

from bucketry import _validation as check
from bucketry._types import type_name
from bucketry.body import Body, BodySource
from bucketry.errors import InvalidArgument, TooLarge, Unsupported
from bucketry.models import DeleteResult, ObjectAttributes, ObjectInfo, PresignedUrl
from bucketry.opened import OpenedObject
from bucketry.options import (
    HEADER_FEATURES,
    AttributesOptions,
    CopyOptions,
    DeleteOptions,
    GetOptions,
    HeadOptions,
    PresignOptions,
    PutOptions,
)
from bucketry.s3 import MAX_PAGE
from bucketry.store import _normalise as normalise
from bucketry.store._base import StoreBase

_HEAD = HeadOptions()
_ATTRIBUTES = AttributesOptions()
_GET = GetOptions()
_PUT = PutOptions()
_COPY = CopyOptions()
_DELETE = DeleteOptions()
_PRESIGN = PresignOptions()


class ObjectOperations(StoreBase):
    """Operations on objects."""

    def head_object(self, bucket: str, key: str, options: HeadOptions = _HEAD) -> ObjectInfo:
        """Returns an object without its content.

        Raises:
            NoSuchBucket: The bucket does not exist.
            NoSuchKey: It holds no such object.
            InvalidRange: The object has no part of the number ``part_number``.
            PreconditionFailed: ``if_match`` or ``if_unmodified_since`` does not hold.
            NotModified: ``if_none_match`` or ``if_modified_since`` says that the caller's copy is current.
            Unsupported: The driver does not declare an option that is used.
        """
        self._check_target(bucket, key)
        if options is not _HEAD:
            self._require(options, HeadOptions)
            options = normalise.read_conditions(options)
        return self._chain.head_object(bucket, key, options)

    def get_object_attributes(
        self, bucket: str, key: str, options: AttributesOptions = _ATTRIBUTES
    ) -> ObjectAttributes:
        """Returns an object with one page of the parts that it was uploaded in.

        Raises:
            NoSuchBucket: The bucket does not exist.
            NoSuchKey: It holds no such object.
            InvalidArgument: An option is out of bounds.
            Unsupported: The driver does not know an object's parts.
        """
        self._check_target(bucket, key)
        if options is not _ATTRIBUTES:
            self._require(options, AttributesOptions)
            check.check_limit(options.limit)
            if options.after < 0:
                raise InvalidArgument("after is the number of a part, or 0")
        return self._chain.get_object_attributes(bucket, key, options)

    def get_object(self, bucket: str, key: str, options: GetOptions = _GET) -> OpenedObject:
        """Opens an object, or a range or part of it, for reading; use it in a ``with`` statement.

        Raises:
            NoSuchBucket: The bucket does not exist.
            NoSuchKey: It holds no such object.
            InvalidRange: No byte of the object is in the range, or it has no such part. The last bytes of an empty
                object can be had: they are none.
            PreconditionFailed: As in `head_object`.
            NotModified: As in `head_object`.
            Unsupported: The driver does not declare an option that is used.
        """
        self._check_target(bucket, key)
        if options is not _GET:
            self._require(options, GetOptions)
            options = normalise.get(options)
        return self._chain.get_object(bucket, key, options)

    def put_object(self, bucket: str, key: str, body: Body | BodySource, options: PutOptions = _PUT) -> ObjectInfo:
        """Stores an object; a reader sees the old one or the new one, whole.

        Args:
            bucket: The bucket.
            key: The key, byte for byte.
            body: Bytes, a binary file, an iterable of pieces, or a `Body` where the length of these is known.
            options: Headers and tags of the object, and conditions.

        Raises:
            NoSuchBucket: The bucket does not exist.
            NoSuchKey: ``if_match`` is given, and the key holds no object.
            PreconditionFailed: A condition does not hold.
            IncompleteBody: The body broke off; nothing was stored.
            BadDigest: The body is not the one that ``content_md5`` or ``checksum`` is of; nothing was stored.
            InvalidChecksum: ``checksum`` or its algorithm is none that there is.
            TooLarge: The body is larger than the driver's ``max_put_size``.
            QuotaExceeded: There is no room for it.
            InvalidKey: The key is invalid, or the backend cannot hold it unchanged.
            InvalidArgument: ``body`` is a `Body` that was read from already.
            Unsupported: The driver does not declare an option that is used.
        """
        self._check_target(bucket, key)
        content = normalise.content(body)
        if options is not _PUT:
            self._require(options, PutOptions)
            options = normalise.put(options)
            normalise.require_digests(content, options)
        content.limit = self._features.max_put_size
        if content.length is not None and content.length > self._features.max_put_size:
            raise TooLarge(f"one put takes at most {self._features.max_put_size} bytes", bucket=bucket, key=key)
        return self._chain.put_object(bucket, key, content, options)

    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions = _COPY
    ) -> ObjectInfo:
        """Copies an object within the backend: content, headers, metadata and tags, or those of ``options``.

        Raises:
            NoSuchBucket: One of the buckets does not exist.
            NoSuchKey: The source does not exist; or ``if_match`` is given, and the key holds no object.
            PreconditionFailed: A condition does not hold.
            InvalidArgument: The copy would be the source itself, unchanged.
            Unsupported: The driver does not declare an option that is used.
        """
        self._check_target(source_bucket, source_key)
        self._check_target(bucket, key)
        self._require(options, CopyOptions)
        if options.headers is not None:
            check.check_declared(options.headers, HEADER_FEATURES, self._features, self._driver_name)
        if options.tags is not None and not self._features.copy_tagging:  # Also for "none at all".
            raise Unsupported(f"the driver {self._driver_name!r} does not declare copy_tagging")
        options = normalise.copy(options)
        if options.headers is None and (source_bucket, source_key) == (bucket, key):
            raise InvalidArgument("a copy of an object onto itself needs new headers", bucket=bucket, key=key)
        return self._chain.copy_object(source_bucket, source_key, bucket, key, options)

    def delete_object(self, bucket: str, key: str, options: DeleteOptions = _DELETE) -> None:
        """Deletes an object; if no such object exists, this is a no-op that succeeds.

        Raises:
            NoSuchBucket: The bucket does not exist.
            NoSuchKey: ``if_match`` is given, and the key holds no object.
            PreconditionFailed: ``if_match`` is given, and the key holds another object.
            Unsupported: The driver does not declare an option that is used.
        """
        self._check_target(bucket, key)
        if options is not _DELETE:
            self._require(options, DeleteOptions)
            options = check.changed(options, if_match=check.normalised_etag(options.if_match))
        self._chain.delete_object(bucket, key, options)

    def delete_objects(self, bucket: str, keys: Iterable[str]) -> DeleteResult:
        """Deletes any number of objects, 1,000 a call; a key that fails does not hold up the others.

        Returns:
            Every key once, as deleted (also where it did not exist) or failed, in the order given.

        Raises:
            NoSuchBucket: The bucket does not exist.
            InvalidKey: One of the keys is invalid; nothing was deleted.
        """
        check.check_bucket(bucket)
        if isinstance(keys, str | bytes) or not isinstance(keys, Iterable):
            raise InvalidArgument(
                f"delete_objects takes a list of keys, not {type_name(keys)}; delete_object takes one key"
            )
        listed = tuple(keys)
        for key in listed:
            check.check_key(key)
        wanted = tuple(dict.fromkeys(listed))
        results = [
            self._chain.delete_objects(bucket, wanted[start : start + MAX_PAGE])
            for start in range(0, len(wanted), MAX_PAGE)
        ]
        return DeleteResult(
            tuple(key for result in results for key in result.deleted),
            tuple(failure for result in results for failure in result.failed),
        )

    def presign(self, bucket: str, key: str, options: PresignOptions = _PRESIGN) -> PresignedUrl:
        """Makes a URL that lets its holder download or upload this object for a while. It is a secret.

        Raises:
            InvalidArgument: ``expires_in`` is not 1 to 604,800 seconds, or the method neither GET nor PUT.
            Unsupported: The driver does not declare an option that is used, or cannot presign.
        """
        self._check_target(bucket, key)
        check.check_options(options, PresignOptions)
        normalise.presign(options)
        self._require_declared(options)
        return self._chain.presign(bucket, key, options)
