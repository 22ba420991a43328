"""What conditions of policies ask about a request, on both ports.

Source: Service Authorization Reference, "Condition keys for Amazon S3"; S3 user guide, "Bucket policy examples".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from bucketry import InvalidArgument
from bucketry.clock import Clock
from bucketry.object_lock import LEGAL_HOLD, LOCK_MODE, LOCK_UNTIL
from bucketry.s3 import WEBSITE_REDIRECT_HEADER, xml_time
from bucketry_access import UnclearError

from bucketry_http.shared.headers import TAGGING, tag_pairs
from bucketry_http.shared.origin import client_address

_EXISTING_TAG: Final = "s3:existingobjecttag/"
REQUEST_TAG: Final = "s3:requestobjecttag/"
REQUEST_TAG_KEYS: Final = "s3:requestobjecttagkeys"
_IN_BODY: Final = frozenset(
    {
        "s3:locationconstraint",
        REQUEST_TAG_KEYS,
        "s3:object-lock-mode",
        "s3:object-lock-retain-until-date",
        "s3:object-lock-remaining-retention-days",
        "s3:object-lock-legal-hold",
    }
)
"""Keys that some operations have in their body, which is read after the decision."""

_BODY_OPERATIONS: Final = frozenset({"CreateBucket", "PutObjectTagging", "PutObjectRetention", "PutObjectLegalHold"})
_OF_HEADER: Final[Mapping[str, str]] = {
    "aws:referer": "referer",
    "aws:useragent": "user-agent",
    "s3:if-match": "if-match",
    "s3:if-none-match": "if-none-match",
    "s3:object-lock-legal-hold": LEGAL_HOLD,
    "s3:object-lock-mode": LOCK_MODE,
    "s3:object-lock-retain-until-date": LOCK_UNTIL,
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
            WEBSITE_REDIRECT_HEADER,
        )
    },
}


class CommonFacts:
    """What conditions may ask about a request, looked up when they ask.

    Attributes:
        existing_tags: The tags of the object.
        new_tags: The tags that a form gives its object; ``None``: those in the headers count.
        version_id: The version that the decision is about, which may stand in the body or in the copy source; ``None``:
            no version is named.
    """

    __slots__ = ("_clock", "_headers", "_in_body", "_named", "_scope", "existing_tags", "new_tags", "version_id")

    def __init__(
        self,
        operation: str,
        scope: Any,
        clock: Clock,
        headers: Mapping[str, str],
        named: Mapping[str, str],
        version_id: str | None,
    ) -> None:
        """Takes the request.

        Args:
            operation: The operation's name in the S3 API reference; empty: none whose body matters.
            scope: Its ASGI scope.
            clock: The store's clock.
            headers: Its headers by lower-case name, or what stands for them, such as the fields of a form.
            named: What its query says, by condition key.
            version_id: The version that it names.
        """
        self._in_body = operation in _BODY_OPERATIONS
        self._scope = scope
        self._clock = clock
        self._headers = headers
        self._named = named
        self.existing_tags: Mapping[str, str] = {}
        self.new_tags: Mapping[str, str] | None = None
        self.version_id = version_id

    def get(self, key: str, /) -> tuple[str, ...] | None:
        """Returns the values of a condition key.

        Raises:
            UnclearError: The value cannot be known before the decision.
        """
        if self._in_body and (key in _IN_BODY or key.startswith(REQUEST_TAG)):
            raise UnclearError
        if key.startswith(_EXISTING_TAG):
            return one(self.existing_tags.get(key[len(_EXISTING_TAG) :]))
        if key.startswith(REQUEST_TAG):
            return one(self._new_tags().get(key[len(REQUEST_TAG) :]))
        if key == REQUEST_TAG_KEYS:
            return tuple(self._new_tags()) or None
        if (header := _OF_HEADER.get(key)) is not None:
            return one(self._headers.get(header))
        if key in self._named:
            return one(self._named[key])
        other = _OTHERS.get(key)
        return None if other is None else one(other(self))

    def _new_tags(self) -> Mapping[str, str]:
        if self.new_tags is not None:
            return self.new_tags
        header = self._headers.get(TAGGING)
        if header is None:
            return {}
        try:
            return dict(tag_pairs(header))
        except InvalidArgument:
            raise UnclearError from None

    def now(self) -> datetime:
        """Returns the present, as the store's clock has it."""
        return self._clock.now()

    def current_time(self) -> str:
        """Returns the same as policies write it."""
        return xml_time(self.now())

    def epoch_time(self) -> str:
        """Returns the same in seconds since 1970."""
        return str(int(self.now().timestamp()))

    def source_ip(self) -> str | None:
        """Returns the address that the client connected from."""
        return client_address(self._scope) or None

    def is_secure(self) -> str:
        """Says whether the client used TLS."""
        return "true" if self._scope.get("scheme") == "https" else "false"

    def named_version(self) -> str | None:
        """Returns the version that the request names."""
        return self.version_id

    def remaining_days(self) -> str | None:
        """Returns how many whole days the object will be kept."""
        until = self._headers.get(LOCK_UNTIL)
        if until is None:
            return None
        try:
            moment = datetime.fromisoformat(until)
            return str((moment - self.now()).days)
        except (ValueError, TypeError, OverflowError):
            raise UnclearError from None


def one(value: str | None) -> tuple[str, ...] | None:
    """Returns the values of a key that has one, or none."""
    return None if value is None else (value,)


_OTHERS: Final[Mapping[str, Callable[[CommonFacts], str | None]]] = {
    "aws:currenttime": CommonFacts.current_time,
    "aws:epochtime": CommonFacts.epoch_time,
    "aws:securetransport": CommonFacts.is_secure,
    "aws:sourceip": CommonFacts.source_ip,
    "s3:object-lock-remaining-retention-days": CommonFacts.remaining_days,
    "s3:versionid": CommonFacts.named_version,
}
