"""Objects: reading, writing and deleting them, as S3 says it, in the server's dialect."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Final

import msgspec
from bucketry import (
    BatchDeleteOptions,
    Body,
    ContentRange,
    CustomerKey,
    Deleted,
    DeletedObject,
    DeleteFailure,
    DeleteOptions,
    DeleteResult,
    Features,
    GetOptions,
    HeadOptions,
    InvalidKey,
    InvalidRange,
    NoSuchKey,
    ObjectHeaders,
    ObjectInfo,
    ObjectToDelete,
    OpenedObject,
    PreconditionFailed,
    PutOptions,
    Throttled,
    Unsupported,
)
from bucketry.conditions import check_read
from bucketry.headers import METADATA_FEATURE
from bucketry.object_lock import BYPASS_GOVERNANCE
from bucketry.s3 import MAX_PART_BYTES
from bucketry_s3client import (
    CHECKSUM_MODE,
    Content,
    FailedUploads,
    PartsUpload,
    PathGuard,
    S3Client,
    S3ResponseError,
    batch_entry,
    checksum_headers,
    customer_key_headers,
    delete_versions,
    deleted_in,
    explained,
    explaining_customer_key,
    explaining_kms_key,
    explaining_locks,
    explaining_missing_lock,
    failure_of,
    in_order,
    new_version_headers,
    object_headers,
    object_info,
    one_piece,
    opened_object,
    part_info,
    part_sizes,
    read_conditions,
    response_date,
    response_etag,
    stored_info,
    tag_headers,
    take,
    version_query,
    write_conditions,
)

from bucketry_s3.errors import KINDS, classify
from bucketry_s3.found import Dialect
from bucketry_s3.keys import check_key
from bucketry_s3.settings import S3StoreSettings

if TYPE_CHECKING:
    from typing import NoReturn

_LATEST: Final = HeadOptions()
_LOCATION: Final[Mapping[str, str]] = {"location": ""}
_GROWTH: Final = 1
"""By how many times ``part_size`` the parts of a body of unknown length grow after each 1,000 of them."""

GONE: Final = frozenset({"NoSuchKey", "NoSuchVersion"})
"""S3's codes for an object, or a version of it, that is not there."""

_FAILED_CONDITION: Final = frozenset({"PreconditionFailed", "UnknownError"})
_BAD_REQUEST: Final = 400
_FORBIDDEN: Final = 403
_NO_SUCH_BYTES: Final = frozenset({"InvalidPartNumber", "InvalidRange"})

# What XML 1.0 cannot hold (2.2), and what a parser turns into something else (2.11).
_NOT_IN_XML: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\ufffe\uffff]")


class Objects:
    """The objects of all buckets. Threads may share it.

    Attributes:
        paths: Refuses keys that would hide others from listings.
    """

    def __init__(
        self,
        client: S3Client,
        failed_uploads: FailedUploads,
        settings: S3StoreSettings,
        features: Features,
        dialect: Dialect,
    ) -> None:
        self._client = client
        self._failed_uploads = failed_uploads
        self._settings = settings
        self._features = features
        self._dialect = dialect
        self.paths: Final = PathGuard(client, is_on=dialect.hides_below)

    def check_key(self, key: str) -> None:
        """Refuses a key that the server would not keep as it is.

        Raises:
            InvalidKey: It is such a key.
        """
        check_key(key, self._dialect.refused_keys)

    def check_metadata(self, headers: ObjectHeaders | None) -> None:
        """Refuses metadata that the server would drop without a word.

        Raises:
            Unsupported: A value is empty.
        """
        if self._dialect.empty_metadata or headers is None:
            return
        for name, value in headers.metadata.items():
            if not value:
                raise Unsupported(
                    f"the server drops metadata whose value is empty, or is not known to keep it: {name!r}",
                    feature=METADATA_FEATURE,
                )

    def stored(self, bucket: str, key: str, options: HeadOptions = _LATEST) -> ObjectInfo:
        """Returns what a key or a version of it holds: one request."""
        return object_info(key, self._head(bucket, key, options))

    def _head(self, bucket: str, key: str, options: HeadOptions) -> Mapping[str, str]:
        query, sent = _read_request(options)
        return self._client.request("HEAD", bucket, key, query=query, headers=sent)[0]

    def made(self, bucket: str, key: str, version_id: str | None, customer_key: CustomerKey | None) -> ObjectInfo:
        """Returns what a write has made: one request."""
        try:
            return self.stored(bucket, key, HeadOptions(version_id=version_id, customer_key=customer_key))
        except S3ResponseError as error:
            if version_id is None or error.status != _BAD_REQUEST:
                raise
        # moto names a version in a bucket without versions, and does not know it then.
        return self.stored(bucket, key, HeadOptions(customer_key=customer_key))

    def confirmed(self, bucket: str, written: ObjectInfo, customer_key: CustomerKey | None) -> ObjectInfo:
        """Returns what a key holds after a write; what was written, if that is gone or under another customer's key.

        No response to a write says when the object was written.
        """
        try:
            return self.made(bucket, written.key, written.version_id, customer_key)
        except S3ResponseError as error:
            is_anothers = error.status == _BAD_REQUEST or (error.status == _FORBIDDEN and customer_key is not None)
            if error.code not in GONE and not is_anothers:
                raise
            return written

    def head(self, bucket: str, key: str, options: HeadOptions) -> ObjectInfo:
        """Returns an object without its content: one request.

        The conditions are evaluated here: a response to ``HEAD`` does not say why the server refused.
        """
        try:
            headers = self._head(bucket, key, options)
        except S3ResponseError as error:
            with explaining_customer_key(options.customer_key):
                self.explain_missing(bucket, key, options, error)
        info = part_info(key, headers) if options.part_number is not None else object_info(key, headers)
        check_read(info, options)
        return info

    def explain_missing(self, bucket: str, key: str, options: HeadOptions, error: S3ResponseError) -> NoReturn:
        """Says what is missing, which a response to ``HEAD`` does not: it has no body (S3 API reference).

        Raises:
            BucketryError: A condition does not hold.
            S3ResponseError: The bucket is missing, or why it was refused, or ``error``.
        """
        if error.code in {"NoSuchKey", "BadRequest"}:
            self.find_bucket(bucket)
        self._check_conditions(bucket, key, options, error)
        if error.code == "BadRequest":
            self._read_a_byte(bucket, key, options)
        raise error

    def _read_a_byte(self, bucket: str, key: str, options: HeadOptions) -> None:
        """Asks for what was refused in a way whose response says why: a version, or a customer's key, is wrong.

        Raises:
            S3ResponseError: It is refused for that reason.
        """
        # S3 refuses a range of a part.
        query, headers = _read_request(msgspec.structs.replace(options, part_number=None))
        response = self._client.open("GET", bucket, key, query=query, headers={**headers, "range": "bytes=0-0"})
        response.close()
        response.release_conn()

    def find_bucket(self, bucket: str) -> None:
        """Looks whether a bucket exists.

        Raises:
            S3ResponseError: It does not.
        """
        try:
            self._client.request("HEAD", bucket)
        except S3ResponseError as error:
            if error.code == "NoSuchBucket":
                raise
            if error.code == "BadRequest":  # MinIO says so to HEAD of a name that no bucket can have.
                self._client.request("GET", bucket, query=_LOCATION)

    def _check_conditions(self, bucket: str, key: str, options: HeadOptions, error: S3ResponseError) -> None:
        """Evaluates the conditions before the range or part (RFC 9110, 13.2.2). Some servers look at these first."""
        if error.code in _NO_SUCH_BYTES and (options.part_number is not None or read_conditions(options)):
            self.head(bucket, key, msgspec.structs.replace(_as_head(options), part_number=None))

    def get(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        """Opens an object: one request, whose response is read as it comes."""
        wanted = options.range
        if wanted is not None and wanted.first is None and not wanted.last:
            # Servers differ in what the last 0 bytes are: nothing, everything, or an error.
            info = self.head(bucket, key, _as_head(options))
            raise InvalidRange(f"the object has {info.size_bytes} bytes", size_bytes=info.size_bytes)
        query, headers = _read_request(options)
        if self._dialect.read_conditions:
            headers |= read_conditions(options)
        if wanted is not None:
            headers["range"] = str(wanted)
        try:
            with explaining_customer_key(options.customer_key):
                response = self._client.open_object(bucket, key, query=query, headers=headers)
        except S3ResponseError as error:
            self._check_conditions(bucket, key, options, error)
            if error.code == "InvalidRange" and wanted is not None and wanted.first is None:
                return self._last_bytes_of_nothing(bucket, key, options, error)
            raise
        try:
            opened = opened_object(key, response, wanted, options.part_number)
            check_read(opened.info, options)
            return opened
        except BaseException:
            response.close()
            raise

    def _last_bytes_of_nothing(
        self, bucket: str, key: str, options: GetOptions, error: S3ResponseError
    ) -> OpenedObject:
        """Opens an empty object of which the last bytes were asked for: some servers refuse every range of it."""
        info = self.head(bucket, key, _as_head(options))
        if info.size_bytes:
            raise Throttled("another request wrote the same key at the same moment") from error
        return OpenedObject(info, (), content_range=ContentRange(0, 0, 0))

    def put(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        """Stores an object, and asks what it is then: two requests if it goes in one piece."""
        self.check_metadata(options)
        self._failed_uploads.sweep()
        self.paths.check(bucket, key)
        # With if_match the server may miss the object, and has the same code for that.
        encryption = None if options.if_match is not None else options.encryption
        try:
            with explaining_missing_lock(self._client, bucket, options), explaining_kms_key(encryption):
                received = self._put(bucket, key, body, options)
        except S3ResponseError as error:
            self.explain_condition(bucket, key, options.if_match, error)
        self.paths.wrote(bucket, key)
        written = stored_info(
            key,
            options,
            body.bytes_read,
            response_etag(received),
            response_date(received),
            len(options.tags),
            received,
        )
        return self.confirmed(bucket, written, options.customer_key)

    def explain_condition(self, bucket: str, key: str, if_match: str | None, error: S3ResponseError) -> NoReturn:
        """Raises `NoSuchKey` where a server says of a key without an object that ``if_match`` does not hold.

        RGW calls it an unknown error where the writer loses a race.
        """
        if if_match is not None and error.code in _FAILED_CONDITION:
            try:
                there = self.stored(bucket, key)
            except S3ResponseError as gone:
                if gone.code == "NoSuchKey":
                    raise NoSuchKey("if_match asks for an object") from error
            else:
                if if_match == "*":
                    raise Throttled("another request wrote the same key at the same moment") from error
                if there.etag != if_match:
                    raise PreconditionFailed("the object has another etag", condition="if_match") from error
        raise error

    def conditions(self, bucket: str, key: str, if_match: str | None, if_none_match: str | None) -> dict[str, str]:
        """Returns the headers of a write's conditions, as the server takes them.

        Where the server does not know ``*``, its place takes the etag of the object that is there: one request.
        """
        if if_match == "*" and not self._dialect.any_etag:
            if_match = self._etag_there(bucket, key)
        return write_conditions(if_match, if_none_match, quotes=self._dialect.etag_quotes)

    def _etag_there(self, bucket: str, key: str) -> str:
        try:
            return self.stored(bucket, key).etag
        except S3ResponseError as error:
            self.explain_missing(bucket, key, _LATEST, error)

    def _put(self, bucket: str, key: str, body: Body, options: PutOptions) -> Mapping[str, str]:
        headers = object_headers(options) | tag_headers(options.tags) | new_version_headers(options)
        conditions = self.conditions(bucket, key, options.if_match, options.if_none_match)
        if self._goes_whole(key, body, options):
            first = options.checksum_algorithm is not None and options.checksum is None
            with one_piece(body, self._settings.part_size, MAX_PART_BYTES, first=first) as content:
                if options.checksum_algorithm is not None:
                    headers |= checksum_headers(options.checksum or body.checksum())
                return self._put_whole(bucket, key, content, headers, conditions)
        sizes = part_sizes(body.length, self._settings.part_size, growth=_GROWTH)
        taken = [take(body, next(sizes)), take(body, next(sizes))]
        if not taken[1]:
            return self._put_whole(bucket, key, taken[0], headers, conditions)
        upload = PartsUpload(self._client, self._failed_uploads, bucket, key, self._settings)
        keyed = customer_key_headers(options.customer_key)
        return upload.run(taken, body, sizes, headers, conditions, part_headers=keyed)

    def _goes_whole(self, key: str, body: Body, options: PutOptions) -> bool:
        """Whether a body goes in one request. It does where the server honours an option in no other way."""
        features = self._features
        if body.length is not None and body.length <= MAX_PART_BYTES:
            return True
        return (
            key.endswith("/")  # MinIO takes no parts for it.
            or options.checksum_algorithm is not None
            or (options.if_match is not None and not features.complete_if_match)
            or (options.if_none_match is not None and not features.complete_if_none_match)
            or (bool(options.tags) and not features.upload_tagging)
            or ((options.retention or options.legal_hold) is not None and not features.upload_object_lock)
        )

    def _put_whole(
        self, bucket: str, key: str, content: Content, headers: dict[str, str], conditions: dict[str, str]
    ) -> Mapping[str, str]:
        whole = content[0] if isinstance(content, list) and len(content) == 1 else content
        # Sent again after it was done, a conditional put would fail because of its own object.
        return self._client.request(
            "PUT", bucket, key, headers=headers | conditions, content=whole, repeatable=not conditions
        )[0]

    def delete(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        """Deletes an object or a version: one request. It succeeds where there is none, unless there is a condition."""
        headers = {BYPASS_GOVERNANCE: "true"} if options.bypass_governance else {}
        headers |= self.conditions(bucket, key, options.if_match, None)
        query = version_query(options.version_id)
        # Without a version a delete makes a marker, which no lock prevents.
        refused = explaining_locks(self._client, bucket, key, options.version_id) if query else nullcontext()
        try:
            with refused:
                received, _ = self._client.request(
                    "DELETE", bucket, key, query=query, headers=headers, repeatable=options.if_match is None
                )
        except S3ResponseError as error:
            if error.code in GONE and options.if_match is None:
                return deleted_in({}, options.version_id)
            self.explain_condition(bucket, key, options.if_match, error)
        return deleted_in(received, options.version_id)

    def delete_many(
        self, bucket: str, objects: tuple[ObjectToDelete, ...], options: BatchDeleteOptions
    ) -> DeleteResult:
        """Deletes up to 1,000 objects or versions: one request, and one for each key that XML cannot hold."""
        deleted: list[DeletedObject] = []
        failed: list[DeleteFailure] = []
        together: list[ObjectToDelete] = []
        for entry in objects:
            if not _NOT_IN_XML.search(entry.key) and self._is_kept(entry.key):
                together.append(entry)
            elif isinstance(done := self._delete_alone(bucket, entry, options), DeleteFailure):
                failed.append(done)
            else:
                deleted.append(done)
        if together:
            found = delete_versions(self._client, bucket, together, bypass_governance=options.bypass_governance)
            deleted += found.deleted
            for failure in found.failed:
                if failure.code in GONE:
                    deleted.append(DeletedObject(failure.key, failure.version_id))
                else:
                    reason = explained(self._client, bucket, failure)
                    failed.append(failure_of(reason, KINDS.get(reason.code)))
        return in_order(objects, deleted, failed)

    def _is_kept(self, key: str) -> bool:
        try:
            self.check_key(key)
        except InvalidKey:
            return False
        return True

    def _delete_alone(
        self, bucket: str, entry: ObjectToDelete, options: BatchDeleteOptions
    ) -> DeletedObject | DeleteFailure:
        asked = DeleteOptions(version_id=entry.version_id, bypass_governance=options.bypass_governance)
        try:
            self.check_key(entry.key)
            return batch_entry(entry, self.delete(bucket, entry.key, asked))
        except InvalidKey as error:
            return DeleteFailure(entry.key, error.code, str(error), entry.version_id)
        except S3ResponseError as error:
            if error.code == "NoSuchBucket":
                raise
            verdict = classify(error)
            return DeleteFailure(
                entry.key, verdict.kind.code, verdict.detail or verdict.kind.sentence, entry.version_id
            )


def _as_head(options: HeadOptions) -> HeadOptions:
    return HeadOptions(**{name: getattr(options, name) for name in HeadOptions.__struct_fields__})


def _read_request(options: HeadOptions) -> tuple[dict[str, str], dict[str, str]]:
    """Returns the parameters and the headers of a read."""
    query = version_query(options.version_id)
    if options.part_number is not None:
        query["partNumber"] = str(options.part_number)
    return query, {**customer_key_headers(options.customer_key), **CHECKSUM_MODE}
