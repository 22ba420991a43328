"""Copies of objects: all of one version of the source, with what the server leaves out of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

import msgspec
from bucketry import (
    CopyOptions,
    HeadOptions,
    ObjectHeaders,
    ObjectInfo,
    PreconditionFailed,
    Unsupported,
)
from bucketry.conditions import check_copy_source
from bucketry.features import GIB
from bucketry.s3 import COPY_SOURCE, MAX_PART_BYTES
from bucketry.tagging import NO_TAGS
from bucketry_s3client import (
    CHECKSUM_ALGORITHM,
    CopiedParts,
    FailedUploads,
    S3Client,
    S3ResponseError,
    check_lock,
    customer_key_headers,
    explaining_customer_key,
    explaining_kms_key,
    explaining_missing_lock,
    get_tags,
    new_version_headers,
    object_headers,
    put_legal_hold,
    put_retention,
    put_tags,
    quoted,
    request_target,
    response_date,
    source_of,
    stored_info,
    tag_headers,
    version_query,
)

from bucketry_s3.found import Dialect, Pin
from bucketry_s3.objects import GONE, Objects
from bucketry_s3.settings import S3StoreSettings

_TRIES: Final = 5


class Copies:
    """Copies within all buckets. Threads may share it.

    Attributes:
        max_copy_bytes: What is copied in one request, at most (S3 API reference, CopyObject).
        copied_part_bytes: Bytes of one part where more is copied.
    """

    max_copy_bytes: ClassVar[int] = MAX_PART_BYTES
    copied_part_bytes: ClassVar[int] = GIB

    def __init__(
        self,
        client: S3Client,
        objects: Objects,
        failed_uploads: FailedUploads,
        settings: S3StoreSettings,
        dialect: Dialect,
    ) -> None:
        self._client = client
        self._objects = objects
        self._failed_uploads = failed_uploads
        self._settings = settings
        self._dialect = dialect

    def copy(self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions) -> ObjectInfo:
        """Copies an object: one request for what the source is, one for the copy, and one for what that is."""
        self._objects.check_metadata(options.headers)
        self._failed_uploads.sweep()
        self._objects.paths.check(bucket, key)
        check_lock(self._client, bucket, options)  # Some servers ignore it; then it is set after the copy.
        for _ in range(_TRIES):
            source = self._source(source_bucket, source_key, source_of(options))
            check_copy_source(source, options)
            tags = self._own_tags(source, (source_bucket, source_key), (bucket, key), options)
            try:
                with explaining_missing_lock(self._client, bucket, options), explaining_kms_key(options.encryption):
                    written = self._copy((source_bucket, source_key), source, bucket, key, options)
                self._objects.paths.wrote(bucket, key)
                if not self._is_of(source, (source_bucket, source_key), options):
                    options = _over_own(options, written)
                    continue
                return self._mended(bucket, written, source, (source_bucket, source_key), options, tags)
            except S3ResponseError as error:
                # The source was written meanwhile. The copy is of one version, the one whose headers are returned.
                if error.code != "PreconditionFailed":
                    raise
                if options.if_match is not None or options.if_none_match is not None:
                    self._explain_copy(source, (source_bucket, source_key), bucket, key, options, error)
        raise PreconditionFailed("the source is written again and again", condition="source_if_match")

    def _source(self, bucket: str, key: str, options: HeadOptions) -> ObjectInfo:
        try:
            return self._objects.stored(bucket, key, options)
        except S3ResponseError as error:
            with explaining_customer_key(options.customer_key):
                self._objects.explain_missing(bucket, key, options, error)

    def _is_of(self, source: ObjectInfo, place: tuple[str, str], options: CopyOptions) -> bool:
        """Whether a copy is of the source that was looked at: else it has the headers of older content.

        A server that checks the source's etag has seen to it. Of another, the source is looked at again.
        """
        sent = options.headers is None and source.expires is not None
        if not sent or self._dialect.copy_pin or options.source_version_id is not None:
            return True
        try:
            now = self._objects.stored(*place, source_of(options))
        except S3ResponseError as error:
            if error.code not in GONE:
                raise
            return True
        return (now.etag, now.last_modified) == (source.etag, source.last_modified)

    def _explain_copy(
        self,
        source: ObjectInfo,
        place: tuple[str, str],
        bucket: str,
        key: str,
        options: CopyOptions,
        error: S3ResponseError,
    ) -> None:
        """Raises what a failed condition was: returns if it was the pin of the source, which is then read again."""
        if self._objects.stored(*place, source_of(options)).etag != source.etag:
            return
        self._objects.explain_condition(bucket, key, options.if_match, error)

    def _copy(
        self, place: tuple[str, str], source: ObjectInfo, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        headers: ObjectHeaders = options.headers or source
        named = {COPY_SOURCE: request_target(*place, version_query(options.source_version_id))}
        named |= customer_key_headers(options.source_customer_key, of_source=True)
        onto_itself = place == (bucket, key)
        if source.size_bytes > self.max_copy_bytes:
            return self._copy_large(place, source, bucket, key, options, named)
        sent = named | pinned_source(source.etag, self._dialect.copy_pin)
        # Some servers drop Expires unless it is sent; S3 copies nothing onto itself without new headers.
        if options.headers is not None or source.expires is not None or onto_itself:
            self._objects.check_metadata(headers)
            sent |= object_headers(headers) | {"x-amz-metadata-directive": "REPLACE"}
        if options.tags is not None:
            sent |= tag_headers(options.tags) | {"x-amz-tagging-directive": "REPLACE"}
        if options.checksum_algorithm is not None:
            sent[CHECKSUM_ALGORITHM] = options.checksum_algorithm
        conditions = self._objects.conditions(bucket, key, options.if_match, options.if_none_match)
        sent |= new_version_headers(options) | conditions
        received, document = self._client.request_xml(
            "PUT", bucket, key, root="CopyObjectResult", headers=sent, repeatable=not conditions
        )
        tag_count = source.tag_count if options.tags is None else len(options.tags)
        etag = document.text("ETag")
        return stored_info(key, headers, source.size_bytes, etag, response_date(received), tag_count, received)

    def _copy_large(
        self,
        place: tuple[str, str],
        source: ObjectInfo,
        bucket: str,
        key: str,
        options: CopyOptions,
        named: dict[str, str],
    ) -> ObjectInfo:
        """Copies in parts, all of one version of the source, which the headers ``named`` name."""
        pinned = pinned_source(source.etag, self._dialect.part_copy_pin)
        if not pinned and options.source_version_id is None:
            raise Unsupported(
                f"a copy of more than {self.max_copy_bytes} bytes goes in parts, and this server does not check "
                "that all of them are of one version of the source",
                feature="part_copy_source_if_match",
            )
        if options.checksum_algorithm is not None or options.if_match or options.if_none_match:
            raise Unsupported(
                f"a copy of more than {self.max_copy_bytes} bytes takes neither checksum nor condition",
                feature="checksums",
            )
        tags = options.tags
        if tags is None:
            tags = get_tags(self._client, *place, options.source_version_id) if source.tag_count else {}
        headers: ObjectHeaders = options.headers or source
        self._objects.check_metadata(headers)
        sent = object_headers(headers) | tag_headers(tags) | new_version_headers(options)
        keyed = customer_key_headers(options.customer_key)
        copied = CopiedParts(
            named | pinned | keyed, source.size_bytes, self.copied_part_bytes, self._settings.upload_threads
        )
        done = copied.run(self._client, self._failed_uploads, bucket, key, sent)
        return stored_info(key, headers, source.size_bytes, done["etag"], response_date(done), len(tags), done)

    def _own_tags(
        self, source: ObjectInfo, place: tuple[str, str], target: tuple[str, str], options: CopyOptions
    ) -> Mapping[str, str]:
        """Returns the tags of a source that the copy replaces and drops: afterwards they cannot be read any more."""
        is_replaced = place == target and options.source_version_id is None
        if self._dialect.copy_tags or not is_replaced or options.tags is not None or not source.tag_count:
            return NO_TAGS
        return get_tags(self._client, *place)

    def _mended(
        self,
        bucket: str,
        written: ObjectInfo,
        source: ObjectInfo,
        place: tuple[str, str],
        options: CopyOptions,
        tags: Mapping[str, str],
    ) -> ObjectInfo:
        """Returns what a copy is; puts the tags that the server has dropped, as RGW does where headers are new."""
        self._lock_copy(bucket, written, options)
        made = self._objects.confirmed(bucket, written, options.customer_key)
        if options.tags is not None or made.tag_count or not source.tag_count:
            return made
        tags = tags or get_tags(self._client, *place, options.source_version_id)
        if not tags:
            return made
        put_tags(self._client, bucket, written.key, tags, made.version_id)
        return self._objects.confirmed(bucket, made, options.customer_key)

    def _lock_copy(self, bucket: str, written: ObjectInfo, options: CopyOptions) -> None:
        """Locks a copy where the server has ignored the headers that ask for it, as RGW does."""
        if options.retention is None and options.legal_hold is None:
            return
        key, version_id = written.key, written.version_id
        made = self._objects.stored(bucket, key, HeadOptions(version_id=version_id, customer_key=options.customer_key))
        # The bucket's default is a retention too.
        if options.retention is not None and options.retention.mode is not None and made.retention != options.retention:
            put_retention(self._client, bucket, key, options.retention, version_id, bypass_governance=False)
        if options.legal_hold and not made.legal_hold:
            put_legal_hold(self._client, bucket, key, True, version_id)


def pinned_source(etag: str, way: Pin) -> dict[str, str]:
    """Returns the headers that name the etag which a copy's source must have."""
    if way == "quoted":
        return {f"{COPY_SOURCE}-if-match": quoted(etag)}
    # RGW reads the condition under a name of its own.
    return {f"{COPY_SOURCE}-if-match": etag, "x-amz-copy-if-match": etag} if way else {}


def _over_own(options: CopyOptions, written: ObjectInfo) -> CopyOptions:
    """Returns the options with which a copy that was just made is made anew: its condition was met."""
    if options.if_match is None and options.if_none_match is None:
        return options
    return msgspec.structs.replace(options, if_match=written.etag, if_none_match=None)
