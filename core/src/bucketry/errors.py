"""The errors of the contract: one tree, and for each class one stable code and one sentence.

Callers act on the class or on ``code``, never on the message. An error carries the facts that its reader needs, so that
nobody has to ask the backend again; each fact is ``None`` where it is not known.

Drivers raise these errors, or let the errors of their SDK pass. Then core asks the driver's ``classify_error`` for the
class and the facts, and keeps the SDK's error as ``__cause__``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final, Literal

import msgspec

if TYPE_CHECKING:
    from bucketry.models import NotModifiedInfo

Condition = Literal[
    "if_match", "if_none_match", "if_modified_since", "if_unmodified_since", "if_last_modified", "source_if_match"
]
"""The options that state conditions."""

Digest = Literal["md5", "sha256", "checksum"]
"""What a body is compared with: ``content_md5``, the hash that its signature covers, or ``checksum``."""

PartFault = Literal["empty", "order", "missing", "etag", "checksum"]
"""What is wrong: the list is empty or not ascending, or a part is missing or has another etag or checksum."""

SettingsFault = Literal["schema", "value", "refused", "retention_period", "policy"]
"""What is wrong with settings of a bucket. ``schema``: something is missing, unknown, or there too often. ``value``: a
value is out of bounds. ``refused``: S3 does not accept the value or the combination. ``retention_period``: the default
retention is not a number of days or years that S3 takes. ``policy``: the policy is malformed."""

_SHOWN = 120
"""Longest part of a bucket's name or a key that a message shows, in characters."""


class BucketryError(Exception):
    """Base of all errors of the contract.

    Attributes:
        code: Stable name of the failure, for programs (``no_such_key``).
        retryable: Whether the same call may succeed later with nothing changed.
        sentence: What happened, in words, without the particulars.
        detail: What is particular about this failure: what was wrong, and what to do.
        bucket: The bucket of the failed call, if it has one.
        key: The key of the failed call, if it has one.
    """

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False
    sentence: ClassVar[str] = "The operation failed"

    def __init__(self, detail: str = "", *, bucket: str | None = None, key: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.bucket = bucket
        self.key = key

    def __str__(self) -> str:
        where = ", ".join(
            f"{name} {_shown(value)}"
            for name, value in (("bucket", self.bucket), ("key", self.key))
            if value is not None
        )
        return self.sentence + (f": {self.detail}" if self.detail else "") + (f" ({where})" if where else "")

    def __repr__(self) -> str:
        """Shows the code and every fact that is known."""
        about = {"code": self.code, **{name: value for name, value in vars(self).items() if value not in (None, "")}}
        shown = ", ".join(f"{name}={_shown_value(value)}" for name, value in about.items() if name[0] != "_")
        return f"{type(self).__name__}({shown})"

    def locate(self, bucket: str | None, key: str | None) -> None:
        """Fills in the bucket and the key of the failed call, where the raiser did not."""
        if self.bucket is None:
            self.bucket = bucket
        if self.key is None:
            self.key = key


def _shown(value: str) -> str:
    return repr(value if len(value) <= _SHOWN else value[:_SHOWN] + "…")


def _shown_value(value: object) -> str:
    return _shown(value) if isinstance(value, str) else repr(value)


class InvalidArgument(BucketryError):
    """An argument is malformed or out of bounds; nothing was sent to the backend.

    Attributes:
        field: Name of the argument or of the option's field, such as ``cursor`` or ``expires_in``.
        limit: The upper bound that it exceeds.
    """

    code = "invalid_argument"
    sentence = "An argument is not valid"
    _field: ClassVar[str | None] = None

    def __init__(
        self,
        detail: str = "",
        *,
        field: str | None = None,
        limit: int | None = None,
        bucket: str | None = None,
        key: str | None = None,
    ) -> None:
        super().__init__(detail, bucket=bucket, key=key)
        self.field = field or self._field
        self.limit = limit


class InvalidBucketName(InvalidArgument):
    """The bucket's name breaks the naming rules."""

    code = "invalid_bucket_name"
    sentence = "The bucket name is not valid"
    _field = "bucket"


class InvalidKey(InvalidArgument):
    """The key is empty, too long, not UTF-8, or one that this backend cannot hold unchanged."""

    code = "invalid_key"
    sentence = "The object key is not valid"
    _field = "key"


class InvalidChecksum(InvalidArgument):
    """The checksum is malformed, or of another algorithm or type than the one that is wanted here."""

    code = "invalid_checksum"
    sentence = "The checksum cannot be used here"
    _field = "checksum"


class CustomerKeyNeeded(InvalidArgument):
    """The object is encrypted with a customer's key, and the request brings none (SSE-C)."""

    code = "customer_key_needed"
    sentence = "The object is encrypted with a customer's key, which must be sent"
    _field = "customer_key"


class CustomerKeyNotNeeded(InvalidArgument):
    """The request brings a customer's key, and the object is not encrypted with one (SSE-C)."""

    code = "customer_key_not_needed"
    sentence = "The object is not encrypted with a customer's key"
    _field = "customer_key"


class NoSuchKmsKey(InvalidArgument):
    """The key service has no such key."""

    code = "no_such_kms_key"
    sentence = "The encryption key does not exist"
    _field = "encryption"


class InvalidBucketSettings(InvalidArgument):
    """Settings of a bucket are not valid; nothing was changed.

    Attributes:
        fault: What kind of mistake it is.
    """

    code = "invalid_bucket_settings"
    sentence = "The settings of the bucket are not valid"
    _field = "settings"

    def __init__(
        self,
        detail: str = "",
        *,
        fault: SettingsFault | None = None,
        field: str | None = None,
        bucket: str | None = None,
        key: str | None = None,
    ) -> None:
        super().__init__(detail, field=field, bucket=bucket, key=key)
        self.fault = fault


class InvalidRange(InvalidArgument):
    """The byte range lies beyond the object's end, or the object has no part of that number (HTTP 416).

    Attributes:
        size_bytes: Size of the object.
    """

    code = "invalid_range"
    sentence = "The byte range cannot be satisfied"

    def __init__(
        self,
        detail: str = "",
        *,
        size_bytes: int | None = None,
        field: str | None = None,
        bucket: str | None = None,
        key: str | None = None,
    ) -> None:
        super().__init__(detail, field=field, bucket=bucket, key=key)
        self.size_bytes = size_bytes


class NotFound(BucketryError):
    """Something that the call names does not exist; base of the errors that say what."""

    code = "not_found"
    sentence = "It does not exist"


class NoSuchBucket(NotFound):
    """The bucket does not exist."""

    code = "no_such_bucket"
    sentence = "The bucket does not exist"


class NoSuchKey(NotFound):
    """The bucket holds no object with that key, or its newest version is a delete marker.

    Attributes:
        delete_marker: Whether the newest version is a delete marker.
        version_id: The id of that marker.
    """

    code = "no_such_key"
    sentence = "The object does not exist"

    def __init__(
        self,
        detail: str = "",
        *,
        delete_marker: bool | None = None,
        version_id: str | None = None,
        bucket: str | None = None,
        key: str | None = None,
    ) -> None:
        super().__init__(detail, bucket=bucket, key=key)
        self.delete_marker = delete_marker
        self.version_id = version_id


class NoSuchVersion(NotFound):
    """The object has no version with that id.

    Attributes:
        version_id: The id.
    """

    code = "no_such_version"
    sentence = "The version does not exist"

    def __init__(
        self, detail: str = "", *, version_id: str | None = None, bucket: str | None = None, key: str | None = None
    ) -> None:
        super().__init__(detail, bucket=bucket, key=key)
        self.version_id = version_id


class IsDeleteMarker(BucketryError):
    """The version is a delete marker: it can be deleted, and has no content, headers, tags or lock (HTTP 405).

    Attributes:
        version_id: The id of the marker.
        last_modified: When it was made.
    """

    code = "is_delete_marker"
    sentence = "The version is a delete marker"

    def __init__(
        self,
        detail: str = "",
        *,
        version_id: str | None = None,
        last_modified: datetime | None = None,
        bucket: str | None = None,
        key: str | None = None,
    ) -> None:
        super().__init__(detail, bucket=bucket, key=key)
        self.version_id = version_id
        self.last_modified = last_modified


class NoSuchUpload(NotFound):
    """The multipart upload does not exist, or was completed or aborted."""

    code = "no_such_upload"
    sentence = "The multipart upload does not exist"


class BucketAlreadyExists(BucketryError):
    """A bucket of that name exists, the caller's own or another's."""

    code = "bucket_already_exists"
    sentence = "The bucket exists already"


class BucketNotEmpty(BucketryError):
    """The bucket still holds objects; nothing was deleted."""

    code = "bucket_not_empty"
    sentence = "The bucket is not empty: delete its objects first"


class InvalidBucketState(BucketryError):
    """The bucket's other settings do not allow this, as versioning that an object lock needs (HTTP 409)."""

    code = "invalid_bucket_state"
    sentence = "The bucket's settings do not allow this"


class PreconditionFailed(BucketryError):
    """An ``if_match``, ``if_none_match`` or ``if_unmodified_since`` did not hold; nothing was changed (HTTP 412).

    Attributes:
        condition: The option that did not hold.
    """

    code = "precondition_failed"
    sentence = "A condition of the request does not hold"

    def __init__(
        self, detail: str = "", *, condition: Condition | None = None, bucket: str | None = None, key: str | None = None
    ) -> None:
        super().__init__(detail, bucket=bucket, key=key)
        self.condition = condition


class NotModified(BucketryError):
    """A read's ``if_none_match`` or ``if_modified_since`` says that the caller's copy is current (HTTP 304).

    Attributes:
        info: What a cache has to learn about the object.
        condition: The option that held the object back.
    """

    code = "not_modified"
    sentence = "The object was not modified"

    def __init__(
        self,
        detail: str = "",
        *,
        info: NotModifiedInfo | None = None,
        condition: Condition | None = None,
        bucket: str | None = None,
        key: str | None = None,
    ) -> None:
        super().__init__(detail, bucket=bucket, key=key)
        self.info = info
        self.condition = condition


class InvalidPart(BucketryError):
    """A listed part was not uploaded, has another etag or checksum, or the list is not in ascending order.

    Attributes:
        part_number: The part at fault.
        fault: What is wrong.
    """

    code = "invalid_part"
    sentence = "The list of parts is not valid"

    def __init__(
        self,
        detail: str = "",
        *,
        part_number: int | None = None,
        fault: PartFault | None = None,
        bucket: str | None = None,
        key: str | None = None,
    ) -> None:
        super().__init__(detail, bucket=bucket, key=key)
        self.part_number = part_number
        self.fault = fault


class PartTooSmall(InvalidPart):
    """A part other than the last is smaller than the backend's ``min_part_size``.

    Attributes:
        size_bytes: Size of the part.
        min_size_bytes: Smallest size that it may have.
    """

    code = "part_too_small"
    sentence = "A part other than the last one is too small"

    def __init__(
        self,
        detail: str = "",
        *,
        part_number: int | None = None,
        size_bytes: int | None = None,
        min_size_bytes: int | None = None,
        bucket: str | None = None,
        key: str | None = None,
    ) -> None:
        super().__init__(detail, part_number=part_number, bucket=bucket, key=key)
        self.size_bytes = size_bytes
        self.min_size_bytes = min_size_bytes


class IncompleteBody(BucketryError):
    """The body broke off, or is not as long as it was declared to be; nothing was stored."""

    code = "incomplete_body"
    sentence = "The body is not of the declared length"


class BadDigest(BucketryError):
    """The body does not have the digest that was given with it; nothing was stored.

    Attributes:
        digest: Which digest it is.
    """

    code = "bad_digest"
    sentence = "The body does not have the given digest"

    def __init__(
        self, detail: str = "", *, digest: Digest | None = None, bucket: str | None = None, key: str | None = None
    ) -> None:
        super().__init__(detail, bucket=bucket, key=key)
        self.digest = digest


class TooLarge(BucketryError):
    """The body or object is larger than this backend takes.

    Attributes:
        max_size_bytes: Largest size that is allowed.
    """

    code = "too_large"
    sentence = "The object is too large"

    def __init__(
        self, detail: str = "", *, max_size_bytes: int | None = None, bucket: str | None = None, key: str | None = None
    ) -> None:
        super().__init__(detail, bucket=bucket, key=key)
        self.max_size_bytes = max_size_bytes


class QuotaExceeded(BucketryError):
    """A quota or the backend's capacity is used up; nothing was stored."""

    code = "quota_exceeded"
    sentence = "A quota or the capacity of the store is used up"


class AccessDenied(BucketryError):
    """The credentials are refused or do not allow this."""

    code = "access_denied"
    sentence = "Access is denied"


class ObjectLocked(AccessDenied):
    """A retention or a legal hold protects the version: it cannot be deleted, or its lock cannot be shortened."""

    code = "object_locked"
    sentence = "The version is locked"


class WrongCustomerKey(AccessDenied):
    """The object is encrypted with another customer's key than the one that was sent (SSE-C)."""

    code = "wrong_customer_key"
    sentence = "The object is encrypted with another key"


class Unsupported(BucketryError):
    """The driver does not offer this operation or option; it was refused before it reached the backend.

    Attributes:
        operation: The operation that the driver does not implement.
        feature: The feature that the driver does not declare.
    """

    code = "unsupported"
    sentence = "This store does not support the operation"

    def __init__(
        self,
        detail: str = "",
        *,
        operation: str | None = None,
        feature: str | None = None,
        bucket: str | None = None,
        key: str | None = None,
    ) -> None:
        super().__init__(detail, bucket=bucket, key=key)
        self.operation = operation
        self.feature = feature


class Throttled(BucketryError):
    """The backend asks for fewer requests."""

    code = "throttled"
    retryable = True
    sentence = "The store is asked too much at once: try again later"


class Unavailable(BucketryError):
    """The backend cannot be reached, broke off, or did not answer in time."""

    code = "unavailable"
    retryable = True
    sentence = "The store is not available"


class BackendError(BucketryError):
    """The backend failed in a way that the driver has no class for; ``__cause__`` holds its own error."""

    code = "backend_error"
    sentence = "The store failed"


class StoreClosed(BucketryError):
    """The store was closed before this call; open another one."""

    code = "store_closed"
    sentence = "The store is closed"


class InvalidDriver(BucketryError):
    """A driver or layer breaks the contract: wrong version, misspelt hook, a result of another type."""

    code = "invalid_driver"
    sentence = "The driver does not keep the contract"


class InvalidSettings(BucketryError):
    """The store's URL, settings or environment are not usable."""

    code = "invalid_settings"
    sentence = "The settings are not valid"


_NO_FACTS: Final[Mapping[str, object]] = MappingProxyType({})


class Classified(msgspec.Struct, frozen=True):
    """What a driver makes of an error of its SDK.

    Attributes:
        kind: The class that core raises in its place.
        detail: What the SDK said beyond that class's sentence. Never a secret, never a signed URL.
        facts: The facts of that class, by name: ``{"size_bytes": 11}`` for `InvalidRange`.
    """

    kind: type[BucketryError]
    detail: str = ""
    facts: Mapping[str, object] = _NO_FACTS
