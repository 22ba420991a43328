"""Multipart uploads: their requests, parts that are copied, and the lists of parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import partial
from http import HTTPStatus
from typing import Final

import msgspec
from bucketry import (
    Body,
    CompletedPart,
    CompleteOptions,
    CustomerKey,
    Features,
    GetOptions,
    HeadOptions,
    InvalidRange,
    NoSuchUpload,
    ObjectHeaders,
    ObjectInfo,
    PageOptions,
    Part,
    PartCopyOptions,
    PartOptions,
    PartPage,
    PreconditionFailed,
    Unsupported,
    Upload,
    UploadOptions,
)
from bucketry.conditions import check_copy_source
from bucketry.paging import iter_pages
from bucketry.s3 import MAX_PART_BYTES
from bucketry_s3client import (
    VERSION_ID,
    S3Client,
    S3ResponseError,
    check_part_size,
    checksum_headers,
    checksum_in,
    complete_upload,
    copy_part,
    copy_source_headers,
    create_upload,
    customer_key_headers,
    encryption_fields,
    explaining_kms_key,
    explaining_missing_lock,
    is_decoded_twice,
    new_version_headers,
    object_headers,
    one_piece,
    part_body,
    part_page,
    reading,
    request_target,
    response_date,
    response_etag,
    source_of,
    stored_info,
    tag_headers,
    upload_part,
    version_query,
)

from bucketry_s3.copies import pinned_source
from bucketry_s3.found import Dialect
from bucketry_s3.listing import listed_object
from bucketry_s3.objects import Objects
from bucketry_s3.upload_checksums import Kind, UploadKinds, begin_headers, complete_headers
from bucketry_s3.upload_keys import UploadKeys

_PARTS: Final = "s3 parts"
_FIRST: Final = PageOptions(limit=1)
_ALL: Final = PageOptions()
_TRIES: Final = 5

Begun = tuple[str, str, str]
"""Bucket, key and upload id."""

Place = tuple[str, str, str, int]
"""Bucket, key, upload id and part number."""


class Uploads:
    """Multipart uploads in all buckets. Threads may share it."""

    def __init__(
        self, client: S3Client, objects: Objects, part_size: int, features: Features, dialect: Dialect
    ) -> None:
        self._client = client
        self._objects = objects
        self._part_size = part_size
        self._features = features
        self._dialect = dialect
        self._keys = UploadKeys(server_has_keys=features.encrypt_sse_c)
        self._kinds = UploadKinds(self.list_parts, are_kept=features.upload_checksums)

    def create(self, bucket: str, key: str, options: UploadOptions) -> Upload:
        """Begins an upload: one request."""
        self._objects.check_metadata(options)
        self._objects.paths.check(bucket, key)
        sent = object_headers(options) | tag_headers(options.tags) | new_version_headers(options)
        sent |= begin_headers(options)
        with explaining_missing_lock(self._client, bucket, options), explaining_kms_key(options.encryption):
            received, upload_id = create_upload(self._client, bucket, key, sent)
        self._keys.begun(upload_id, options.customer_key)
        self._kinds.begun(upload_id, Kind(options.checksum_algorithm, options.checksum_type))
        with reading("the response to a new upload"):
            told = {"encryption": options.encryption, **encryption_fields(received)}
            told["storage_class"] = options.storage_class
            told |= {"checksum_algorithm": options.checksum_algorithm, "checksum_type": options.checksum_type}
        return Upload(key=key, upload_id=upload_id, initiated_at=response_date(received), **told)

    def send(self, bucket: str, key: str, upload_id: str, part_number: int, body: Body, options: PartOptions) -> Part:
        """Stores a part: one request. Where its length is not known, it goes through a temporary file first."""
        first = options.checksum_algorithm is not None and options.checksum is None
        place = bucket, key, upload_id
        explaining = self._explaining(place, options.customer_key)
        with one_piece(body, self._part_size, MAX_PART_BYTES, first=first) as content, explaining:
            checksum = options.checksum or body.checksum()
            headers = customer_key_headers(options.customer_key) | checksum_headers(checksum)
            try:
                received = upload_part(self._client, *place, part_number, content, headers)
            except S3ResponseError as error:
                self._kinds.explain_part(place, checksum, error)
                raise
        with reading("the response to a part"):
            told = encryption_fields(received) | {"checksum": checksum_in(received)}
        part = Part(
            part_number=part_number,
            etag=response_etag(received),
            size_bytes=body.bytes_read,
            last_modified=response_date(received),
            **told,
        )
        return self._kinds.told(part, place)

    @contextmanager
    def _explaining(self, place: Begun, sent: CustomerKey | None) -> Iterator[None]:
        """Raises what is wrong with the customer's key of an upload, or what of it is missing."""
        bucket, _, upload_id = place
        try:
            with self._keys.explaining(upload_id, sent):
                yield
        except S3ResponseError as error:
            self._explain_missing(bucket, error)
            raise

    def _explain_missing(self, bucket: str, error: S3ResponseError) -> None:
        """Raises what is missing: some servers say only that there is no such upload, or no such key.

        Raises:
            S3ResponseError: ``NoSuchBucket``.
            NoSuchUpload: The bucket is there.
        """
        if error.code in {"NoSuchUpload", "NoSuchKey"}:
            self._objects.find_bucket(bucket)
            raise NoSuchUpload from error

    def copy(self, place: Place, source_bucket: str, source_key: str, options: PartCopyOptions) -> Part:
        """Copies a part: one request for what the source is, or its content, and one for the copy.

        Args:
            place: Bucket, key, upload id and part number of the copy.
            source_bucket: The bucket of the source.
            source_key: The key of the source.
            options: Which bytes are copied, and the condition.
        """
        if self._dialect.decodes_part_sources and is_decoded_twice(source_key):
            return self._pass_through(place, source_bucket, source_key, options)
        for _ in range(_TRIES):
            source = self._objects.head(source_bucket, source_key, source_of(options))
            check_copy_source(source, options)
            size = _copied_bytes(source, options)
            path = request_target(source_bucket, source_key, version_query(options.source_version_id))
            headers = copy_source_headers(path, options.range)
            headers |= pinned_source(source.etag, self._dialect.part_copy_pin)
            headers |= customer_key_headers(options.customer_key)
            headers |= customer_key_headers(options.source_customer_key, of_source=True)
            try:
                with self._keys.explaining(place[2], options.customer_key):
                    return self._kinds.told(copy_part(self._client, *place, headers, size), place[:3])
            except S3ResponseError as error:
                self._explain_missing(place[0], error)
                # The source was written meanwhile. The part has the size that is returned.
                if error.code != "PreconditionFailed":
                    raise
        raise PreconditionFailed("the source is written again and again", condition="source_if_match")

    def _pass_through(self, place: Place, source_bucket: str, source_key: str, options: PartCopyOptions) -> Part:
        """Copies a part of a source that the server would take for another one: the content passes through here."""
        source = source_of(options)
        asked = GetOptions(range=options.range, version_id=source.version_id, customer_key=source.customer_key)
        with self._objects.get(source_bucket, source_key, asked) as opened:
            check_copy_source(opened.info, options)
            sent = PartOptions(customer_key=options.customer_key)
            part = self.send(*place, part_body(opened, options.range), sent)
            return msgspec.structs.replace(part, source_version_id=opened.info.version_id)

    def list_parts(self, bucket: str, key: str, upload_id: str, options: PageOptions = _FIRST) -> PartPage:
        """Lists one page of an upload's parts: one request."""
        try:
            return part_page(self._client, _PARTS, bucket, key, upload_id, options)
        except S3ResponseError as error:
            self._explain_missing(bucket, error)
            raise

    def complete(
        self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...], options: CompleteOptions
    ) -> ObjectInfo:
        """Makes the parts the object: one request, and one for what it is then."""
        if not self._features.complete_subset:
            self._check_all_listed(bucket, key, upload_id, parts)
        elif self._dialect.completes_gone:
            self.list_parts(bucket, key, upload_id)
        self._objects.paths.check(bucket, key)
        conditions = self._objects.conditions(bucket, key, options.if_match, options.if_none_match)
        conditions |= customer_key_headers(options.customer_key) | complete_headers(options)
        is_keyed = options.customer_key is not None
        try:
            with self._keys.explaining(upload_id, options.customer_key) if is_keyed else nullcontext():
                done = self._complete((bucket, key, upload_id), parts, options, conditions)
        except S3ResponseError as error:
            if options.if_match is None or error.code == "NoSuchUpload":
                self._explain_missing(bucket, error)
            self._objects.explain_condition(bucket, key, options.if_match, error)
        self._objects.paths.wrote(bucket, key)
        self._kinds.ended(upload_id)
        return self._made(bucket, key, done, options)

    def _complete(
        self, place: Begun, parts: tuple[CompletedPart, ...], options: CompleteOptions, headers: dict[str, str]
    ) -> Mapping[str, str]:
        self._kinds.check_completion(place, parts, options)
        try:
            return complete_upload(self._client, *place, parts, headers)
        except S3ResponseError as error:
            made = partial(self._objects.stored, *place[:2], HeadOptions(customer_key=options.customer_key))
            self._kinds.explain_completion(place, parts, options, made, error)
            raise

    def _made(self, bucket: str, key: str, done: Mapping[str, str], options: CompleteOptions) -> ObjectInfo:
        """Returns the object. Under a customer's key that was not given, it is what a listing says of it."""
        try:
            return self._objects.made(bucket, key, done.get(VERSION_ID), options.customer_key)
        except S3ResponseError as error:
            listed = None
            if error.status == HTTPStatus.BAD_REQUEST:
                listed = listed_object(self._client, bucket, key)
            if listed is None:
                raise
            made = listed.size_bytes, response_etag(done), listed.last_modified
            return stored_info(key, ObjectHeaders(), *made, response=done)

    def _check_all_listed(self, bucket: str, key: str, upload_id: str, listed: tuple[CompletedPart, ...]) -> None:
        """Refuses to complete an upload with some of its parts, on a server that cannot: one request more."""
        pages = iter_pages(lambda asked: self.list_parts(bucket, key, upload_id, asked), _ALL)
        stored = {part.part_number: part.etag for page in pages for part in page.parts}
        if len(stored) > len(listed) and all(stored.get(part.part_number) == part.etag for part in listed):
            raise Unsupported(
                f"the server completes an upload with all of its parts only: {len(stored)} are stored, "
                f"{len(listed)} listed",
                feature="complete_subset",
            )

    def abort(self, bucket: str, key: str, upload_id: str) -> None:
        """Ends an upload: two requests, since some servers say nothing where there is none to end."""
        self.list_parts(bucket, key, upload_id)
        try:
            self._client.request("DELETE", bucket, key, query={"uploadId": upload_id}, repeatable=False)
        except S3ResponseError as error:
            self._explain_missing(bucket, error)
            raise


def _copied_bytes(source: ObjectInfo, options: PartCopyOptions) -> int:
    """Returns how many bytes are copied.

    Raises:
        InvalidRange: The range ends beyond the source.
        TooLarge: A part cannot have so many.
    """
    wanted, size = options.range, source.size_bytes
    if wanted is not None:
        if (wanted.last or 0) >= size:
            raise InvalidRange(f"the source has {size} bytes", size_bytes=size)
        size = (wanted.last or 0) + 1 - (wanted.first or 0)
    check_part_size(size)
    return size
