"""The contract: multipart uploads."""

from __future__ import annotations

from bucketry.body import Body
from bucketry.hookspecs._markers import operation
from bucketry.models import CompletedPart, Done, ObjectInfo, Part, PartPage, Upload
from bucketry.options import CompleteOptions, PageOptions, PartCopyOptions, PartOptions, UploadOptions


class UploadSpec:
    """Multipart uploads."""

    @operation(writes=True)
    def create_multipart_upload(self, bucket: str, key: str, options: UploadOptions) -> Upload:
        """Begins a multipart upload.

        Requires:
            A ``content_type`` is set. Names of metadata are lower case. Tags are immutable and within S3's limits. With
            a ``checksum_algorithm``, a ``checksum_type`` of that algorithm is set too.

        Behaviour:
            - The key keeps its object, if any, until the upload is completed.
            - Any number of uploads to one key may be in progress.
            - What its checksums are of is kept: the results of this call, `list_parts` and `list_multipart_uploads` say
              it.
            - Its object will be encrypted as `put_object` with these options would encrypt it now. The result's
              ``encryption`` or ``customer_key_md5`` tells how, unless the backend tells it of the object alone.
            - ``abort`` is when a rule of `LifecycleSettings` will abort it, and which rule, or ``None`` if the driver
              does not say. `list_parts` says the same.

        Raises:
            NoSuchBucket: The bucket does not exist.
            InvalidKey: The backend cannot hold this key unchanged.
            InvalidArgument: The backend cannot hold a character of these tags. Or the retention ends in the past.
            NoSuchKmsKey: As in `put_object`.
            InvalidBucketState: A lock is given, and the bucket has no object lock.
        """
        raise NotImplementedError

    @operation(writes=True)
    def upload_part(
        self, bucket: str, key: str, upload_id: str, part_number: int, body: Body, options: PartOptions
    ) -> Part:
        """Stores one part.

        Requires:
            ``part_number`` is 1 to ``max_parts``. Nobody has read from the body, and it fails beyond ``max_part_size``.
            With a ``checksum_algorithm``, the body computes and checks as in `put_object`.

        Behaviour:
            - Parts come in any order, and in parallel. A part that is sent again replaces the one before.
            - A part whose body breaks off leaves no trace.
            - A part on its way to an upload that ends in the meantime never brings the upload back.
            - In an upload with a ``checksum_algorithm`` the part has that checksum, and `list_parts` returns it. In
              other uploads, a given checksum is checked and not kept.
            - It is encrypted as the upload is. Its result tells it, unless the backend tells it of the object alone. An
              upload under a customer's key takes only parts with that key.

        Raises:
            NoSuchBucket: The bucket does not exist.
            NoSuchUpload: The upload does not exist, was completed or aborted, or is another key's.
            InvalidChecksum: The upload has another ``checksum_algorithm``. Or the object will have a composite
                checksum, and the part has none.
            CustomerKeyNeeded: The upload is under a customer's key, and none was sent.
            WrongCustomerKey: It is under another customer's key.
            CustomerKeyNotNeeded: A customer's key was sent, and the upload is not under one.
        """
        raise NotImplementedError

    @operation(writes=True)
    def upload_part_copy(
        self,
        bucket: str,
        key: str,
        upload_id: str,
        part_number: int,
        source_bucket: str,
        source_key: str,
        options: PartCopyOptions,
    ) -> Part:
        """Stores one part whose content is an object's, or a range of it, within the backend. Optional.

        Requires:
            ``part_number`` is 1 to ``max_parts``. A range has a first and a last byte, and at most ``max_part_size``.

        Behaviour:
            - It is a part like one that was sent. It replaces the one before, and its content stays the same, whatever
              happens to the source.
            - With a range, the part has its bytes from the first to the last.
            - In an upload with a ``checksum_algorithm`` the part has that checksum.
            - It is encrypted as the upload is, however its source is encrypted. An upload under a customer's key needs
              ``customer_key``, and a source under one needs ``source_customer_key``.
            - With a ``source_version_id`` the source is that version.

        Raises:
            NoSuchUpload: As in `upload_part`.
            NoSuchBucket: One of the buckets does not exist.
            NoSuchKey: The source does not exist.
            NoSuchVersion: The source has no such version.
            IsDeleteMarker: The source's version is a delete marker.
            InvalidRange: Some bytes of the range lie beyond the end of the source.
            PreconditionFailed: The source has another etag than ``source_if_match`` says.
            TooLarge: The source is larger than ``max_part_size``.
            CustomerKeyNeeded: Upload or source is under a customer's key, and that key was not sent.
            WrongCustomerKey: It is under another customer's key.
            CustomerKeyNotNeeded: A customer's key was sent for what is not under one.
        """
        raise NotImplementedError

    @operation(writes=False)
    def list_parts(self, bucket: str, key: str, upload_id: str, options: PageOptions) -> PartPage:
        """Lists one page of the parts that were stored, in ascending number.

        Requires:
            ``limit`` is 1 to 1,000. The cursor is ``None``, or comes from this call for this upload.

        Behaviour:
            - At most ``limit`` parts; ``cursor`` is ``None`` on the last page.

        Raises:
            NoSuchBucket: The bucket does not exist.
            NoSuchUpload: As in `upload_part`.
        """
        raise NotImplementedError

    @operation(writes=True)
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...], options: CompleteOptions
    ) -> ObjectInfo:
        """Makes the listed parts, in that order, the object.

        Requires:
            At least one part; numbers strictly ascending; etags without quotes.

        Behaviour:
            - Atomic, as a put; its conditions too. An upload that fails to complete stays as it was.
            - It makes a version as a put does, with the lock that the upload began with.
            - Stored parts that are not listed are discarded, if ``complete_subset`` is declared.
            - Headers, metadata, tags and encryption are those that the upload began with.
            - An upload under a customer's key is completed without a key, or with that key.
            - In an upload with a ``checksum_algorithm`` the object's checksum is computed from its parts' checksums, as
              `checksum_of_parts` in `bucketry.checksums` does it. It must be the one in ``options.checksum``.
            - Sent again, if ``complete_again`` is declared: the same parts return the object again, whatever the
              conditions, as long as the bucket has the version that this upload made. Other parts, and the same parts
              later, are `NoSuchUpload`. A part with another checksum than it has counts as another part. The options
              are compared with the object's checksum, type and size again.

        Raises:
            NoSuchBucket: The bucket does not exist.
            NoSuchUpload: As in `upload_part`.
            NoSuchKey: ``if_match`` is given, also ``*``, and the key holds no object.
            InvalidPart: A listed part was not stored, or has another etag or checksum.
            PartTooSmall: A part other than the last is smaller than ``min_part_size``.
            TooLarge: The parts together are larger than ``max_object_size``.
            PreconditionFailed: A condition does not hold.
            BadDigest: The object would have another checksum than ``options.checksum``. Or a part is listed with a
                checksum of another algorithm than the upload's.
            InvalidChecksum: ``checksum`` or ``checksum_type`` is another than the upload's. Or the object will have a
                composite checksum, and a part is listed without one.
            InvalidArgument: The object would have another size than ``options.size_bytes``.
            Unsupported: Parts are stored that are not listed, and ``complete_subset`` is not declared.
            WrongCustomerKey: ``customer_key`` is another than the upload began with.
            CustomerKeyNotNeeded: ``customer_key`` is set, and the upload is not under one.
        """
        raise NotImplementedError

    @operation(writes=True)
    def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> Done:
        """Ends an upload and frees its parts.

        Raises:
            NoSuchBucket: The bucket does not exist.
            NoSuchUpload: As in `upload_part`.
        """
        raise NotImplementedError
