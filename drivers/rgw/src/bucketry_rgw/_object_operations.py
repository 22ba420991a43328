"""The driver's operations on objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bucketry import (
    DONE,
    Body,
    ContentRange,
    CopyOptions,
    DeleteOptions,
    DeleteResult,
    Done,
    GetOptions,
    HeadOptions,
    InvalidRange,
    NoSuchKey,
    NotModified,
    ObjectInfo,
    OpenedObject,
    PreconditionFailed,
    PresignedUrl,
    PresignOptions,
    PutOptions,
    Throttled,
)
from bucketry.hookspecs import hookimpl
from bucketry.tagging import NO_TAGS
from bucketry_s3client import (
    S3ResponseError,
    get_tags,
    object_headers,
    object_info,
    opened_object,
    presigned_url,
    put_tags,
    read_copy_result,
    request_target,
    response_date,
    response_etag,
    stored_info,
)
from typing_extensions import override

from bucketry_rgw._deleting import delete_batch
from bucketry_rgw._headers import of_read
from bucketry_rgw._state import RgwState

if TYPE_CHECKING:
    from typing import NoReturn


class ObjectOperations(RgwState):
    """Operations on objects."""

    @override
    @hookimpl
    def head_object(self, bucket: str, key: str, options: HeadOptions) -> ObjectInfo:
        """Returns an object without its content."""
        self._check_object(bucket, key)
        try:
            headers, _ = self._client.request("HEAD", bucket, key, headers=of_read(options))
        except S3ResponseError as error:
            self._raise_missing(bucket, error)
        _check_any(options)
        return object_info(key, headers)

    def _raise_missing(self, bucket: str, error: S3ResponseError) -> NoReturn:
        """Raises an error again; an answer to HEAD does not say whether the key is missing or the bucket."""
        if error.code == "NoSuchKey":
            self._client.request("HEAD", bucket)
        raise error

    @override
    @hookimpl
    def get_object(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        """Opens an object; its content comes as it is read."""
        self._check_object(bucket, key)
        wanted = options.range
        if wanted is not None and wanted.first is None and not wanted.last:
            # RGW takes the last no bytes for all.
            info = self.head_object(bucket, key, options)
            raise InvalidRange(f"the object has {info.size_bytes} bytes")
        headers = of_read(options)
        if wanted is not None:
            headers["range"] = str(wanted)
        try:
            answer = self._client.open("GET", bucket, key, headers=headers)
        except S3ResponseError as error:
            if error.code == "InvalidRange" and wanted is not None and wanted.first is None:
                return self._last_bytes_of_nothing(bucket, key, options, error)
            raise
        try:
            _check_any(options)
            return opened_object(key, answer, wanted)
        except BaseException:
            answer.close()
            raise

    def _last_bytes_of_nothing(
        self, bucket: str, key: str, options: GetOptions, error: S3ResponseError
    ) -> OpenedObject:
        """Opens an empty object of which the last bytes were asked for: RGW has no range of it at all."""
        info = self.head_object(bucket, key, options)
        if info.size_bytes:
            raise Throttled("another request wrote the same key at the same moment") from error
        return OpenedObject(info, (), content_range=ContentRange(0, 0, 0))

    @override
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        """Stores an object.

        In one piece up to ``part_size`` and in parts beyond. With a condition or tags always in one piece, since RGW
        ignores conditions where parts are completed, and loses an upload's tags: streamed where the length is known,
        and else through a temporary file.
        """
        self._check_object(bucket, key)
        try:
            answered, moment = self._uploader.put(bucket, key, body, options)
        except S3ResponseError as error:
            if options.if_match is not None and error.code in {"UnknownError", "PreconditionFailed"}:
                self._explain_failed(bucket, key, options.if_match, error)
            raise
        put_at = moment or response_date(answered)
        written = stored_info(key, options, body.bytes_read, response_etag(answered), put_at, len(options.tags))
        return self._confirmed(bucket, written) if moment is None else written

    def _explain_failed(self, bucket: str, key: str, if_match: str, error: S3ResponseError) -> NoReturn:
        """Says what became of a condition.

        To the loser of two writers at once RGW answers 500 (its ``ECANCELED``), and where there is no object 412 or, as
        S3 does, 404.
        """
        try:
            holds = if_match in {"*", self._stored(bucket, key).etag}
        except S3ResponseError as gone:
            if gone.code == "NoSuchKey":
                raise NoSuchKey("if_match asks for an object") from error
            raise
        if error.code == "PreconditionFailed":
            raise error
        if holds:
            raise Throttled("another request wrote the same key at the same moment") from error
        raise PreconditionFailed("another request wrote the key meanwhile") from error

    @override
    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        """Copies within RGW, and asks what the copy is.

        With new headers RGW drops the tags: they are read before, and written again after.
        """
        self._check_object(source_bucket, source_key)
        self._check_object(bucket, key)
        tags = NO_TAGS
        headers = {"x-amz-copy-source": request_target(source_bucket, source_key)}
        if options.source_if_match is not None and options.source_if_match != "*":
            # RGW reads the condition under a name of its own.
            headers["x-amz-copy-source-if-match"] = headers["x-amz-copy-if-match"] = options.source_if_match
        if options.headers is not None:
            headers |= {"x-amz-metadata-directive": "REPLACE", **object_headers(options.headers)}
            tags = get_tags(self._client, source_bucket, source_key, may_be_empty=True)
        with self._writing(bucket, key):
            _, document = self._client.request_xml("PUT", bucket, key, root="CopyObjectResult", headers=headers)
            read_copy_result(document)  # RGW begins its response before it has copied.
            if tags:
                put_tags(self._client, bucket, key, tags)
            return self._stored(bucket, key)

    @override
    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Done:
        """Deletes an object."""
        self._check_object(bucket, key)
        try:
            with self._writing(bucket, key):
                self._client.request("DELETE", bucket, key)
        except S3ResponseError as error:
            if error.code != "NoSuchKey":
                raise
        return DONE

    @override
    @hookimpl
    def delete_objects(self, bucket: str, keys: tuple[str, ...]) -> DeleteResult:
        """Deletes objects in one request; those whose keys XML cannot hold one by one."""
        self._check_bucket(bucket)
        with self._writing(bucket, *keys):
            return delete_batch(self._client, bucket, keys)

    @override
    @hookimpl
    def presign(self, bucket: str, key: str, options: PresignOptions) -> PresignedUrl:
        """Signs a URL for the public endpoint; asks RGW nothing."""
        self._check_object(bucket, key)
        return presigned_url(self._presigner, bucket, key, options)


def _check_any(options: HeadOptions) -> None:
    """Evaluates ``if_none_match="*"`` on an object that is there: RGW compares the asterisk with the etag."""
    if options.if_none_match == "*":
        raise NotModified("the key holds an object")
