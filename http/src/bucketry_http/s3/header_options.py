"""Request headers that are options of an operation of the contract: one table, which all operations share.

An operation takes the headers of a row if its options have the row's fields. So PutObject, CopyObject,
CreateMultipartUpload and POST Object read the same headers in the same way, and all other operations refuse them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, NamedTuple, final

from bucketry.object_lock import BUCKET_LOCK, BYPASS_GOVERNANCE
from bucketry.options import Options
from bucketry.s3 import WEBSITE_REDIRECT_HEADER

from bucketry_http.s3 import encryption, lock_headers
from bucketry_http.s3.errors import header_not_implemented
from bucketry_http.s3.request import Endpoint, S3Request
from bucketry_http.s3.storage_classes import STORAGE_CLASS, read_storage_class
from bucketry_http.shared.lock_headers import LOCK_HEADERS


class _Row(NamedTuple):
    """Headers that belong together.

    Attributes:
        names: Their lower-case names.
        fields: The fields of options that they give.
        read: Returns these fields, without those that the headers leave as they are. The headers that it gets are those
            of the request, or the fields of a form.
    """

    names: frozenset[str]
    fields: frozenset[str]
    read: Callable[[Endpoint, S3Request, Mapping[str, str]], Mapping[str, Any]]


def _read_redirect(_endpoint: Endpoint, _request: S3Request, headers: Mapping[str, str]) -> Mapping[str, Any]:
    # `Store` checks it.
    return {"website_redirect": headers[WEBSITE_REDIRECT_HEADER]}


_ROWS: Final = (
    _Row(LOCK_HEADERS, frozenset({"retention", "legal_hold"}), lock_headers.read_lock),
    _Row(frozenset({BYPASS_GOVERNANCE}), frozenset({"bypass_governance"}), lock_headers.read_bypass),
    _Row(frozenset({STORAGE_CLASS}), frozenset({"storage_class"}), read_storage_class),
    _Row(frozenset({WEBSITE_REDIRECT_HEADER}), frozenset({"website_redirect"}), _read_redirect),
    _Row(encryption.ENCRYPTION_HEADERS, frozenset({"encryption"}), encryption.read_encryption),
    _Row(encryption.CUSTOMER_KEY_HEADERS, frozenset({"customer_key"}), encryption.read_customer_key),
    _Row(encryption.SOURCE_KEY_HEADERS, frozenset({"source_customer_key"}), encryption.read_source_key),
    _Row(frozenset({BUCKET_LOCK}), frozenset({"object_lock"}), lock_headers.read_bucket_lock),
)


@final
class HeaderOptions:
    """The headers that are options of one operation of S3.

    Attributes:
        names: Their lower-case names.
    """

    __slots__ = ("_feature_of", "_rows", "names")

    def __init__(self, *kinds: type[Options], also: Collection[str] = ()) -> None:
        """Finds the headers of an operation.

        Args:
            kinds: The classes of the options of the operations that are performed.
            also: Names of headers that the operation reads itself.
        """
        self._rows = tuple(row for row in _ROWS if any(row.fields <= {*kind.__struct_fields__} for kind in kinds))
        self._feature_of = {field: feature for kind in kinds for field, feature in kind.feature_of.items()}
        self.names: frozenset[str] = frozenset(also).union(*(row.names for row in self._rows))

    def read(self, endpoint: Endpoint, request: S3Request, headers: Mapping[str, str]) -> dict[str, Any]:
        """Returns the fields of the options that the headers give.

        Args:
            endpoint: The endpoint.
            request: The request.
            headers: The request's headers, or the fields of a form.

        Raises:
            S3Error: A header is malformed, or this store cannot honour it.
        """
        fields: dict[str, Any] = {}
        for row in self._rows:
            given = row.names & headers.keys()
            if not given:
                continue
            read = row.read(endpoint, request, headers)
            features = (self._feature_of.get(field) for field in read)
            if not all(feature is None or getattr(endpoint.features, feature) for feature in features):
                raise header_not_implemented(min(given))
            fields.update(read)
        return fields
