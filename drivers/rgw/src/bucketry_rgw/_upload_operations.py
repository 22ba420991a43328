"""The driver's multipart uploads."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from bucketry import (
    DONE,
    Body,
    CompletedPart,
    CompleteOptions,
    Done,
    NoSuchUpload,
    ObjectInfo,
    PageOptions,
    Part,
    PartOptions,
    PartPage,
    Unsupported,
    Upload,
    UploadOptions,
)
from bucketry.hookspecs import hookimpl
from bucketry.s3 import MAX_PART_BYTES
from bucketry_s3client import (
    S3ResponseError,
    complete_upload,
    create_upload,
    object_headers,
    one_piece,
    response_date,
    response_etag,
    upload_part,
)
from typing_extensions import override

from bucketry_rgw._headers import written_at
from bucketry_rgw._inflight import parts as parts_of
from bucketry_rgw._paging import page_of_parts
from bucketry_rgw._state import RgwState

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNCLEAR: Final = frozenset({"InternalError", "InvalidPart", "NoSuchKey"})
"""What RGW says when an upload to complete is not there, or has other parts."""


class UploadOperations(RgwState):
    """Multipart uploads."""

    @override
    @hookimpl
    def create_multipart_upload(self, bucket: str, key: str, options: UploadOptions) -> Upload:
        """Begins an upload."""
        self._check_object(bucket, key)
        answered, upload_id = create_upload(self._client, bucket, key, object_headers(options))
        return Upload(key=key, upload_id=upload_id, initiated_at=written_at(answered) or response_date(answered))

    @override
    @hookimpl
    def upload_part(
        self, bucket: str, key: str, upload_id: str, part_number: int, body: Body, options: PartOptions
    ) -> Part:
        """Stores a part: streamed where its length is known; else, if it is long, through a temporary file."""
        self._check_object(bucket, key)
        with one_piece(body, self._settings.part_size, MAX_PART_BYTES) as content:
            answered = upload_part(self._client, bucket, key, upload_id, part_number, content)
        return Part(
            part_number=part_number,
            etag=response_etag(answered),
            size_bytes=body.bytes_read,
            last_modified=written_at(answered) or response_date(answered),
        )

    @override
    @hookimpl
    def list_parts(self, bucket: str, key: str, upload_id: str, options: PageOptions) -> PartPage:
        """Lists a page of an upload's parts."""
        self._check_object(bucket, key)
        with _missing_is_no_upload():
            return page_of_parts(self._client, bucket, key, upload_id, options)

    @override
    @hookimpl
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...], options: CompleteOptions
    ) -> ObjectInfo:
        """Makes the parts the object. RGW completes an upload only with all of its parts."""
        self._check_object(bucket, key)
        with self._writing(bucket, key):
            try:
                complete_upload(self._client, bucket, key, upload_id, parts, {})
            except S3ResponseError as error:
                if error.code in _UNCLEAR:
                    self._explain(bucket, key, upload_id, parts)
                raise
            return self._stored(bucket, key)

    def _explain(self, bucket: str, key: str, upload_id: str, listed: tuple[CompletedPart, ...]) -> None:
        """Raises what is wrong with an upload that was not completed, where it is clearer than what RGW said."""
        with _missing_is_no_upload():
            stored = {part.part_number: part.etag for part in parts_of(self._client, bucket, key, upload_id)}
        if len(stored) > len(listed) and all(stored.get(part.part_number) == part.etag for part in listed):
            raise Unsupported(
                f"RGW completes an upload with all of its parts only: {len(stored)} are stored, {len(listed)} listed"
            )

    @override
    @hookimpl
    def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> Done:
        """Ends an upload."""
        self._check_object(bucket, key)
        with _missing_is_no_upload():
            self._client.request("DELETE", bucket, key, query={"uploadId": upload_id}, repeatable=False)
        return DONE


@contextmanager
def _missing_is_no_upload() -> Iterator[None]:
    """RGW says of some requests that the key is missing where the upload is."""
    try:
        yield
    except S3ResponseError as error:
        if error.code == "NoSuchKey":
            raise NoSuchUpload from error
        raise
