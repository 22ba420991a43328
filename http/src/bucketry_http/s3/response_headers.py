"""Headers that tell the facts of an object, an upload or a part: one table, which all operations share.

Headers of every response about an object, such as ``ETag``, are in `bucketry_http.shared.headers`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final, NamedTuple, final
from urllib.parse import quote

from bucketry import Encryption, Expiration, ObjectInfo
from bucketry.s3 import NULL_VERSION, WEBSITE_REDIRECT_HEADER, http_date
from msgspec.structs import fields

from bucketry_http.shared.headers import VERSION_ID, encoded, expiration_headers
from bucketry_http.shared.lock_headers import legal_hold_headers, retention_headers
from bucketry_http.shared.response_body import RawHeaders

ENCRYPTION: Final = "x-amz-server-side-encryption"
KMS_KEY: Final = f"{ENCRYPTION}-aws-kms-key-id"
KMS_CONTEXT: Final = f"{ENCRYPTION}-context"
BUCKET_KEY: Final = f"{ENCRYPTION}-bucket-key-enabled"


def version_id_header(version_id: str) -> tuple[bytes, bytes]:
    """Returns the header with the id of a version."""
    return VERSION_ID.encode(), encoded(version_id)


def _version_id(version_id: str) -> RawHeaders:
    return [version_id_header(version_id)]


def _new_version_id(version_id: str) -> RawHeaders:
    # A write that replaces the version ``null`` makes no version, and S3, MinIO and Ceph RGW tell none.
    return [] if version_id == NULL_VERSION else [version_id_header(version_id)]


def abort_headers(abort: Expiration | None) -> RawHeaders:
    """Returns the headers about an upload that lifecycle will abort (S3 API reference, CreateMultipartUpload)."""
    if abort is None:
        return []
    rule_id = quote(abort.rule_id, safe="").encode()
    return [(b"x-amz-abort-date", http_date(abort.at).encode()), (b"x-amz-abort-rule-id", rule_id)]


def _storage_class(storage_class: str) -> RawHeaders:
    # S3 does not tell the standard one (S3 API reference, HeadObject, ``x-amz-storage-class``).
    return [(b"x-amz-storage-class", encoded(storage_class))]


def _website_redirect(location: str) -> RawHeaders:
    return [(WEBSITE_REDIRECT_HEADER.encode(), encoded(location))]


def _encryption(encryption: Encryption) -> RawHeaders:
    headers = [(ENCRYPTION.encode(), encryption.algorithm.encode())]
    if encryption.key_id is not None:
        headers.append((KMS_KEY.encode(), encoded(encryption.key_id)))
    if encryption.bucket_key:
        headers.append((BUCKET_KEY.encode(), b"true"))
    return headers


def _written_encryption(encryption: Encryption) -> RawHeaders:
    # S3 tells the context to the writer alone (S3 API reference, PutObject).
    context = encryption.context
    told = [] if context is None else [(KMS_CONTEXT.encode(), encoded(context))]
    return _encryption(encryption) + told


def _customer_key(md5: bytes) -> RawHeaders:
    return [
        (f"{ENCRYPTION}-customer-algorithm".encode(), b"AES256"),
        (f"{ENCRYPTION}-customer-key-md5".encode(), base64.b64encode(md5)),
    ]


class _Row(NamedTuple):
    """A fact, and how it is told.

    Attributes:
        field: The field of `ObjectInfo` that holds it; also of ``Upload`` and ``Part`` if it is told while uploading.
        headers: Returns the headers for a value that is set.
        read: Whether a read tells it.
        written: Whether a write tells it.
        uploading: Whether the beginning of an upload and the upload of a part tell it.
    """

    field: str
    headers: Callable[[Any], RawHeaders]
    read: bool = True
    written: bool = False
    uploading: bool = False


_ROWS: Final = (
    _Row("version_id", _version_id),
    _Row("version_id", _new_version_id, read=False, written=True),
    _Row("expiration", expiration_headers, written=True),
    _Row("retention", retention_headers),
    _Row("legal_hold", legal_hold_headers),
    _Row("storage_class", _storage_class),
    _Row("website_redirect", _website_redirect),
    _Row("encryption", _encryption),
    _Row("encryption", _written_encryption, read=False, written=True, uploading=True),
    _Row("customer_key_md5", _customer_key, written=True, uploading=True),
)
"""All facts (S3 API reference: the response headers of GetObject, PutObject, CopyObject, CompleteMultipartUpload,
CreateMultipartUpload and UploadPart)."""


@final
class Facts:
    """The facts that one kind of response tells.

    Most objects have none of them. So compare before you make headers, which costs no call of Python::

        if (found := READ.of(info)) != READ.unset:
            headers += READ.headers(found)

    Attributes:
        of: Returns the values of the facts of a result.
        unset: The values of a result that has none.
    """

    __slots__ = ("_rows", "of", "unset")

    def __init__(self, *rows: _Row) -> None:
        """Takes the rows of the table, at least two: `attrgetter` returns no tuple for a single name."""
        defaults = {field.name: field.default for field in fields(ObjectInfo)}
        self._rows = rows
        self.of: Callable[[Any], tuple[Any, ...]] = attrgetter(*(row.field for row in rows))
        self.unset = tuple(defaults[row.field] for row in rows)

    def headers(self, values: tuple[Any, ...]) -> RawHeaders:
        """Returns the headers of the facts that are set."""
        told = zip(self._rows, values, self.unset, strict=True)
        return [header for row, value, unset in told if value != unset for header in row.headers(value)]


READ: Final = Facts(*(row for row in _ROWS if row.read))
"""Those of GetObject and HeadObject."""

WRITTEN: Final = Facts(*(row for row in _ROWS if row.written))
"""Those of PutObject, CopyObject, CompleteMultipartUpload and POST Object."""

UPLOADING: Final = Facts(*(row for row in _ROWS if row.uploading))
"""Those of CreateMultipartUpload, UploadPart and UploadPartCopy."""
