"""The contract: operations on objects."""

from __future__ import annotations

from bucketry.body import Body
from bucketry.hookspecs._markers import operation
from bucketry.models import DeleteResult, Done, ObjectAttributes, ObjectInfo, PresignedUrl
from bucketry.opened import OpenedObject
from bucketry.options import (
    AttributesOptions,
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
            - Headers and metadata are those of the last write, unchanged: each header, and each character of each value
              of the metadata, empty values and runs of blanks too.
            - ``metadata`` is immutable.
            - ``last_modified`` is in UTC. Every write moves it on: an overwrite and a copy, also one onto itself.
            - ``etag`` has no quotes, and other content has another one, also where the body's length was unknown.
            - ``tag_count`` is the number of its tags, for a driver that has `get_object_tagging`.
            - ``checksum`` is what the last write gave it, for a driver that declares ``checksums``. With
              ``part_number`` it is that part's.
            - Conditions are evaluated in the order of RFC 9110, 13.2.2. Times are compared in whole seconds, as HTTP
              dates have them (RFC 9110, 5.6.7).
            - With ``part_number``: ``part_range`` is where that part lies in the object, and ``parts_count`` how many
              parts the object was uploaded in. An object that was not uploaded in parts has one, number 1, also if it
              is empty, and no count. Without ``part_number`` both are ``None``.

        Raises:
            NoSuchBucket: The bucket does not exist.
            NoSuchKey: It holds no such object.
            InvalidRange: The object has no part of that number.
            PreconditionFailed: ``if_match`` or ``if_unmodified_since`` does not hold.
            NotModified: ``if_none_match`` or ``if_modified_since`` says that the caller's copy is current.
        """
        raise NotImplementedError

    @operation(writes=False)
    def get_object_attributes(self, bucket: str, key: str, options: AttributesOptions) -> ObjectAttributes:
        """Returns an object with one page of the parts that it was uploaded in. Optional.

        Requires:
            ``limit`` is 1 to 1,000, and ``after`` not negative.

        Behaviour:
            - ``info`` is what `head_object` gives.
            - ``parts_count`` is in how many parts the object was uploaded, and ``parts`` those above ``after``, in
              ascending number from 1. An object that was not uploaded in parts, or is a copy, has neither.
            - Sizes are those of the parts, and checksums what they were uploaded with.

        Raises:
            NoSuchBucket: The bucket does not exist.
            NoSuchKey: It holds no such object.
        """
        raise NotImplementedError

    @operation(writes=False, optional=False)
    def get_object(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        """Opens an object, or a range of it, for reading.

        Behaviour:
            - The content is that of one write, whole: a put or delete meanwhile does not show in it.
            - Content comes as it is read: memory does not grow with the object.
            - ``info.size_bytes`` is the whole object's size; ``content_range`` says what comes of it.
            - The last bytes of an empty object are none, and that is no error (RFC 9110, 14.1.2): ``content_range`` is
              then 0 to 0. Any other range of an empty object is ``InvalidRange``.
            - With ``part_number``, that part comes alone: ``content_range`` and ``info`` are as `head_object` says.
            - Content that breaks off is an error, never an early end.
            - ``close`` frees everything, read to the end or not.

        Raises:
            NoSuchBucket: The bucket does not exist.
            NoSuchKey: It holds no such object.
            InvalidRange: No byte of the object is in the range, or it has no part of that number.
            PreconditionFailed: As in `head_object`.
            NotModified: As in `head_object`.
        """
        raise NotImplementedError

    @operation(writes=True, optional=False)
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        """Stores an object.

        Requires:
            A ``content_type`` is set. Metadata names are lower case, tags immutable and within S3's bounds. Nobody
            has read from the body, and it fails beyond ``max_put_size``. With a ``checksum_algorithm`` it computes that
            checksum, which `Body.checksum` gives after the last read, and fails there if it is another than wanted.

        Behaviour:
            - Atomic: a reader sees the old object or the new one, whole.
            - The body is pulled as it is stored: memory does not grow with it.
            - An error out of ``body.read`` leaves the old object as it was, and no parts behind. Bytes are stored only
              after the body has ended without one.
            - A put that fails takes up no room.
            - The answer is what the next `head_object` gives.
            - Its tags are those of ``options.tags`` alone; what the key held before takes its own along.
            - With a ``checksum_algorithm``, it has that checksum of the body; else none.
            - Conditions are checked and the object is written as one step: of two writers with
              ``if_none_match="*"``, one wins. ``if_match="*"`` replaces any object, but never makes one.

        Raises:
            NoSuchBucket: The bucket does not exist.
            NoSuchKey: ``if_match`` is given, also ``*``, and the key holds no object.
            PreconditionFailed: A condition does not hold.
            TooLarge: The body is larger than ``max_put_size``.
            QuotaExceeded: There is no room for it.
            InvalidKey: The backend cannot hold this key unchanged.
            InvalidArgument: The backend cannot hold a character of these tags.
        """
        raise NotImplementedError

    @operation(writes=True)
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        """Copies an object within the backend.

        Behaviour:
            - Content, headers and metadata are the source's; ``options.headers`` replaces all headers and metadata.
            - Tags are the source's, with new headers too; ``options.tags`` replaces all of them.
            - Onto itself: all headers and metadata are replaced, the content stays.
            - It is one part, and has the etag of one, where ``copy_own_etag`` is declared; onto itself too.
            - Its checksum is of its whole content, of ``checksum_algorithm`` or the source's algorithm; else it has
              none.
            - Atomic, as a put.

        Raises:
            NoSuchBucket: One of the buckets does not exist.
            NoSuchKey: The source does not exist; or ``if_match`` is given, also ``*``, and the key holds no object.
            PreconditionFailed: A condition does not hold.
            InvalidArgument: The copy would be the source itself, unchanged.
        """
        raise NotImplementedError

    @operation(writes=True, optional=False)
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Done:
        """Deletes an object.

        Behaviour:
            - If no such object exists, this is a no-op that succeeds.
            - Exactly this key: neither keys that begin with it nor any above it.

        Raises:
            NoSuchBucket: The bucket does not exist.
            NoSuchKey: ``if_match`` is given, also ``*``, and the key holds no object.
            PreconditionFailed: ``if_match`` is given, and the key holds another object.
        """
        raise NotImplementedError

    @operation(writes=True)
    def delete_objects(self, bucket: str, keys: tuple[str, ...]) -> DeleteResult:
        """Deletes up to 1,000 objects.

        Requires:
            1 to 1,000 valid keys, each once.

        Behaviour:
            - Every key stands in ``deleted`` or ``failed``; one that did not exist is deleted.
            - A key that fails does not hold up the others.

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
            - Asks the backend nothing: neither bucket nor object needs to exist.
            - Signed for the public endpoint where one is set; else for the endpoint.
            - ``expires_at`` is what was signed, in whole seconds.
            - Good for this method and object only, with the content type that is signed if one is, and until then.
        """
        raise NotImplementedError
