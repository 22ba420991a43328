"""What conditions of policies ask about a request to the S3 port, besides what they ask on both ports.

Source: Service Authorization Reference, "Condition keys for Amazon S3"; S3 user guide, "Bucket policy examples".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from bucketry.s3 import COPY_SOURCE
from bucketry.sigv4 import Verified
from bucketry_access import UnclearError

from bucketry_http.s3.errors import S3Error
from bucketry_http.s3.request import Endpoint, S3Request, copy_source
from bucketry_http.shared.access_facts import CommonFacts, one

_OF_QUERY: Final[Mapping[str, str]] = {
    "s3:delimiter": "delimiter",
    "s3:max-keys": "max-keys",
    "s3:prefix": "prefix",
}


class RequestFacts(CommonFacts):
    """What conditions may ask about a request, looked up when they ask."""

    __slots__ = ("_region", "_request")

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
        query = request.query
        named = {key: query[name] for key, name in _OF_QUERY.items() if name in query} if query else query
        headers = request.headers if headers is None else headers
        super().__init__(operation, request.scope, endpoint.store.clock, headers, named, query.get("versionId"))
        self._region = endpoint.settings.region
        self._request = request

    def get(self, key: str, /) -> tuple[str, ...] | None:
        """Returns the values of a condition key.

        Raises:
            UnclearError: The value cannot be known before the decision.
        """
        other = _OTHERS.get(key)
        return super().get(key) if other is None else one(other(self))

    def region(self) -> str:
        """The region of the endpoint."""
        return self._region

    def copied(self) -> str | None:
        """The bucket and key of a copy's source, in one spelling: clients encode them in different ways."""
        header = self._headers.get(COPY_SOURCE)
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
        ages = [(now - verified.date).total_seconds() for now in (self.now(), datetime.now(UTC))]
        return str(max(0, int(min(ages, key=abs) * 1000)))


_OTHERS: Final[Mapping[str, Callable[[RequestFacts], str | None]]] = {
    "aws:requestedregion": RequestFacts.region,
    "s3:authtype": RequestFacts.auth_type,
    "s3:signatureage": RequestFacts.signature_age,
    "s3:signatureversion": RequestFacts.signature_version,
    f"s3:{COPY_SOURCE}": RequestFacts.copied,
}
