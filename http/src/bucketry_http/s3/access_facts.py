"""What conditions of policies ask about a request.

Source: Service Authorization Reference, "Condition keys for Amazon S3"; S3 user guide, "Bucket policy examples".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from bucketry import InvalidArgument
from bucketry.s3 import xml_time
from bucketry.sigv4 import Verified
from bucketry_access import UnclearError

from bucketry_http.s3.errors import S3Error
from bucketry_http.s3.request import Endpoint, S3Request, copy_source
from bucketry_http.shared.headers import tag_pairs

_EXISTING_TAG: Final = "s3:existingobjecttag/"
_REQUEST_TAG: Final = "s3:requestobjecttag/"
_REQUEST_TAG_KEYS: Final = "s3:requestobjecttagkeys"
_IN_BODY: Final = frozenset(
    {
        "s3:locationconstraint",
        "s3:requestobjecttagkeys",
        "s3:object-lock-mode",
        "s3:object-lock-retain-until-date",
        "s3:object-lock-remaining-retention-days",
        "s3:object-lock-legal-hold",
    }
)
"""Keys that some operations have in their body, which is read after the decision."""

_BODY_OPERATIONS: Final = frozenset({"CreateBucket", "PutObjectTagging", "PutObjectRetention", "PutObjectLegalHold"})

_LOCK_UNTIL: Final = "x-amz-object-lock-retain-until-date"
_OF_HEADER: Final[Mapping[str, str]] = {
    "aws:referer": "referer",
    "aws:useragent": "user-agent",
    "s3:if-match": "if-match",
    "s3:if-none-match": "if-none-match",
    "s3:object-lock-legal-hold": "x-amz-object-lock-legal-hold",
    "s3:object-lock-mode": "x-amz-object-lock-mode",
    "s3:object-lock-retain-until-date": _LOCK_UNTIL,
    **{
        f"s3:{name}": name
        for name in (
            "x-amz-acl",
            "x-amz-content-sha256",
            "x-amz-grant-full-control",
            "x-amz-grant-read",
            "x-amz-grant-read-acp",
            "x-amz-grant-write",
            "x-amz-grant-write-acp",
            "x-amz-metadata-directive",
            "x-amz-object-ownership",
            "x-amz-server-side-encryption",
            "x-amz-server-side-encryption-aws-kms-key-id",
            "x-amz-server-side-encryption-customer-algorithm",
            "x-amz-storage-class",
            "x-amz-website-redirect-location",
        )
    },
}
_OF_QUERY: Final[Mapping[str, str]] = {
    "s3:delimiter": "delimiter",
    "s3:max-keys": "max-keys",
    "s3:prefix": "prefix",
}


class RequestFacts:
    """What conditions may ask about a request, looked up when they ask.

    Attributes:
        existing_tags: The tags of the object.
        new_tags: The tags that a form gives its object; ``None``: those in the headers count.
        version_id: The version that the decision is about, which may stand in the body or in the copy source; ``None``:
            no version is named.
    """

    __slots__ = ("_endpoint", "_headers", "_operation", "_request", "existing_tags", "new_tags", "version_id")

    def __init__(
        self, endpoint: Endpoint, request: S3Request, operation: str, headers: Mapping[str, str] | None = None
    ) -> None:
        """Takes the request.

        Args:
            endpoint: The endpoint.
            request: The request.
            operation: The operation's name in the S3 API reference.
            headers: What stands for the headers, such as the fields of a form.
        """
        self._endpoint = endpoint
        self._request = request
        self._operation = operation
        self._headers = request.headers if headers is None else headers
        self.existing_tags: Mapping[str, str] = {}
        self.new_tags: Mapping[str, str] | None = None
        self.version_id = request.query.get("versionId")

    def get(self, key: str, /) -> tuple[str, ...] | None:
        """Returns the values of a condition key.

        Raises:
            UnclearError: The value is in the body, which is read later.
        """
        if key.startswith(_EXISTING_TAG):
            return _one(self.existing_tags.get(key[len(_EXISTING_TAG) :]))
        if self._operation in _BODY_OPERATIONS and (key in _IN_BODY or key.startswith(_REQUEST_TAG)):
            raise UnclearError
        if key.startswith(_REQUEST_TAG):
            return _one(self._new_tags().get(key[len(_REQUEST_TAG) :]))
        if key == _REQUEST_TAG_KEYS:
            return tuple(self._new_tags()) or None
        if (header := _OF_HEADER.get(key)) is not None:
            return _one(self._headers.get(header))
        if (parameter := _OF_QUERY.get(key)) is not None:
            return _one(self._request.query.get(parameter))
        other = _OTHERS.get(key)
        return None if other is None else _one(other(self))

    def _new_tags(self) -> Mapping[str, str]:
        if self.new_tags is not None:
            return self.new_tags
        header = self._headers.get("x-amz-tagging")
        if header is None:
            return {}
        try:
            return dict(tag_pairs(header))
        except InvalidArgument:
            raise UnclearError from None

    def _now(self) -> datetime:
        return self._endpoint.store.clock.now()

    def current_time(self) -> str:
        """The time, as the store's clock has it."""
        return xml_time(self._now())

    def epoch_time(self) -> str:
        """The same in seconds since 1970."""
        return str(int(self._now().timestamp()))

    def source_ip(self) -> str | None:
        """The address that the client connected from."""
        client = self._request.scope.get("client")
        return client[0] if client else None

    def is_secure(self) -> str:
        """Whether the client used TLS."""
        return "true" if self._request.scope.get("scheme") == "https" else "false"

    def region(self) -> str:
        """The region of the endpoint."""
        return self._endpoint.settings.region

    def named_version(self) -> str | None:
        """The version that the request names."""
        return self.version_id

    def copied(self) -> str | None:
        """The bucket and key of a copy's source, in one spelling: clients encode them in different ways."""
        header = self._headers.get("x-amz-copy-source")
        if header is None:
            return None
        try:
            source = copy_source(header)
        except S3Error:
            raise UnclearError from None
        return f"{source.bucket}/{source.key}"

    def auth_type(self) -> str | None:
        """Where the signature is."""
        verified = self._request.verified
        names = {"header": "REST-HEADER", "query": "REST-QUERY-STRING", "policy": "POST"}
        return None if verified is None else names[verified.kind]

    def signature_version(self) -> str | None:
        """The version of the signature."""
        verified = self._request.verified
        if verified is None:
            return None
        return "AWS4-HMAC-SHA256" if isinstance(verified, Verified) else "AWS"

    def signature_age(self) -> str | None:
        """How old the signature is, in milliseconds."""
        verified = self._request.verified
        if not isinstance(verified, Verified):
            return None
        # A signature may be made by the turned clock or by real time; the younger age is the true one.
        ages = [(now - verified.date).total_seconds() for now in (self._now(), datetime.now(UTC))]
        return str(max(0, int(min(ages, key=abs) * 1000)))

    def remaining_days(self) -> str | None:
        """How many whole days the object will be kept."""
        until = self._headers.get(_LOCK_UNTIL)
        if until is None:
            return None
        try:
            moment = datetime.fromisoformat(until)
            return str((moment - self._now()).days)
        except (ValueError, TypeError, OverflowError):
            raise UnclearError from None


def _one(value: str | None) -> tuple[str, ...] | None:
    return None if value is None else (value,)


_OTHERS: Final[Mapping[str, Callable[[RequestFacts], str | None]]] = {
    "aws:currenttime": RequestFacts.current_time,
    "aws:epochtime": RequestFacts.epoch_time,
    "aws:requestedregion": RequestFacts.region,
    "aws:securetransport": RequestFacts.is_secure,
    "aws:sourceip": RequestFacts.source_ip,
    "s3:authtype": RequestFacts.auth_type,
    "s3:object-lock-remaining-retention-days": RequestFacts.remaining_days,
    "s3:signatureage": RequestFacts.signature_age,
    "s3:signatureversion": RequestFacts.signature_version,
    "s3:versionid": RequestFacts.named_version,
    "s3:x-amz-copy-source": RequestFacts.copied,
}
