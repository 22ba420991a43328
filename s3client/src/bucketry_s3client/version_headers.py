"""Headers about a version of an object: id, lock, storage class, redirect, owner's list, encryption and checksum.

Source: S3 API reference, PutObject, CopyObject, CreateMultipartUpload, GetObject and HeadObject.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, cast

from bucketry import (
    Acl,
    Checksum,
    CopyOptions,
    CustomerKey,
    Deleted,
    Encryption,
    Grantee,
    InvalidChecksum,
    PutOptions,
    Retention,
    UploadOptions,
)
from bucketry.acls import GROUP_URIS
from bucketry.checksums import CHECKSUM_ALGORITHMS
from bucketry.expiration_header import EXPIRATION, parse_expiration
from bucketry.object_lock import LEGAL_HOLD, LOCK_MODE, LOCK_UNTIL
from bucketry.s3 import COPY_SOURCE, WEBSITE_REDIRECT_HEADER

AMAZON: Final = "x-amz-"
VERSION_ID: Final = "x-amz-version-id"
SOURCE_VERSION_ID: Final = f"{COPY_SOURCE}-version-id"
DELETE_MARKER: Final = "x-amz-delete-marker"
CHECKSUM_ALGORITHM: Final = "x-amz-checksum-algorithm"
CHECKSUM_TYPE: Final = "x-amz-checksum-type"
CHECKSUM_MODE: Final[Mapping[str, str]] = {"x-amz-checksum-mode": "ENABLED"}
"""Asks for the checksum of an object with the object."""

_STORAGE_CLASS: Final = "x-amz-storage-class"
_ENCRYPTION: Final = "x-amz-server-side-encryption"
_CUSTOMER: Final = f"{_ENCRYPTION}-customer-"
_OF_SOURCE: Final = f"{COPY_SOURCE}-server-side-encryption-customer-"
_GRANT: Final[Mapping[str, str]] = {
    "FULL_CONTROL": "x-amz-grant-full-control",
    "READ": "x-amz-grant-read",
    "WRITE": "x-amz-grant-write",
    "READ_ACP": "x-amz-grant-read-acp",
    "WRITE_ACP": "x-amz-grant-write-acp",
}
_GRANTEE: Final[Mapping[str, str]] = {"user": "id", "group": "uri", "email": "emailAddress"}

Headers = Mapping[str, str]


def version_query(version_id: str | None) -> dict[str, str]:
    """Returns the parameter that names a version."""
    return {} if version_id is None else {"versionId": version_id}


def lock_time(moment: datetime) -> str:
    """Returns a time as lock headers and documents have it: ISO 8601 in UTC, with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def new_version_headers(options: PutOptions | CopyOptions | UploadOptions) -> dict[str, str]:
    """Returns the request headers that give a new version all that it has beside headers, tags and checksum."""
    sent: dict[str, str] = {}
    if options.retention is not None and options.retention.mode is not None and options.retention.until is not None:
        sent |= {LOCK_MODE: options.retention.mode, LOCK_UNTIL: lock_time(options.retention.until)}
    if options.legal_hold is not None:
        sent[LEGAL_HOLD] = "ON" if options.legal_hold else "OFF"
    if options.storage_class is not None:
        sent[_STORAGE_CLASS] = options.storage_class
    if options.website_redirect is not None:
        sent[WEBSITE_REDIRECT_HEADER] = options.website_redirect
    if options.acl is not None:
        sent |= grant_headers(options.acl)
    if options.encryption is not None:
        sent |= _encryption_headers(options.encryption)
    return sent | customer_key_headers(options.customer_key)


def _encryption_headers(encryption: Encryption) -> dict[str, str]:
    sent = {_ENCRYPTION: str(encryption.algorithm)}
    if encryption.key_id is not None:
        sent[f"{_ENCRYPTION}-aws-kms-key-id"] = encryption.key_id
    if encryption.context is not None:
        sent[f"{_ENCRYPTION}-context"] = encryption.context
    if encryption.bucket_key is not None:
        sent[f"{_ENCRYPTION}-bucket-key-enabled"] = "true" if encryption.bucket_key else "false"
    return sent


def customer_key_headers(key: CustomerKey | None, *, of_source: bool = False) -> dict[str, str]:
    """Returns the headers with a customer's key (SSE-C), of the object or of the source of a copy."""
    if key is None:
        return {}
    prefix = _OF_SOURCE if of_source else _CUSTOMER
    return {
        f"{prefix}algorithm": "AES256",
        f"{prefix}key": b64encode(key.reveal()).decode(),
        f"{prefix}key-md5": b64encode(key.md5).decode(),
    }


def grant_headers(acl: Acl) -> dict[str, str]:
    """Returns the headers that grant what an access control list grants."""
    listed: dict[str, list[str]] = {}
    for grant in acl.grants:
        listed.setdefault(_GRANT[grant.permission], []).append(_named(grant.grantee))
    return {name: ", ".join(grantees) for name, grantees in listed.items()}


def _named(grantee: Grantee) -> str:
    value = GROUP_URIS[grantee.id] if grantee.kind == "group" else grantee.id
    return f'{_GRANTEE[grantee.kind]}="{value}"'


def version_fields(response: Headers) -> dict[str, Any]:
    """Returns the fields of ``ObjectInfo`` that a response's headers about its version give.

    Raises:
        ValueError: A header is malformed.
    """
    found: dict[str, Any] = {}
    for name, value in response.items():
        lower = name.lower()
        if lower.startswith(AMAZON) and value and (read := _READERS.get(lower)) is not None:
            found |= read(value, response)
    return found


def _lock(mode: str, response: Headers) -> dict[str, Any]:
    until = datetime.fromisoformat(response[LOCK_UNTIL])
    return {"retention": Retention(mode=cast("Any", mode), until=until.astimezone(UTC))}


def _encryption(algorithm: str, response: Headers) -> dict[str, Any]:
    bucket_key = response.get(f"{_ENCRYPTION}-bucket-key-enabled")
    return {
        "encryption": Encryption(
            algorithm=cast("Any", algorithm),
            key_id=response.get(f"{_ENCRYPTION}-aws-kms-key-id") or None,
            bucket_key=None if bucket_key is None else bucket_key.lower() == "true",
        )
    }


def _expiration(value: str, _: Headers) -> dict[str, Any]:
    found = parse_expiration(value)
    return {} if found is None else {"expiration": found}


def checksum_headers(checksum: Checksum | None) -> dict[str, str]:
    """Returns the header of the checksum that a body must have."""
    return {} if checksum is None else {f"x-amz-checksum-{checksum.algorithm.lower()}": checksum.text}


def checksum_in(response: Headers) -> Checksum | None:
    """Returns the checksum of a part, out of the headers of a response about it.

    Raises:
        ValueError: It is malformed.
    """
    for name, value in response.items():
        if (read := _CHECKSUM_READERS.get(name.lower())) is not None and value:
            found: Checksum = read(value, response)["checksum"]
            return found
    return None


def _checksum_reader(algorithm: str) -> Callable[[str, Headers], dict[str, Any]]:
    def read(value: str, _: Headers) -> dict[str, Any]:
        try:
            return {"checksum": Checksum.parse(algorithm, value)}
        except InvalidChecksum as error:
            raise ValueError(str(error)) from None

    return read


_CHECKSUM_READERS: Final = {f"x-amz-checksum-{name.lower()}": _checksum_reader(name) for name in CHECKSUM_ALGORITHMS}

_READERS: Final[Mapping[str, Callable[[str, Headers], dict[str, Any]]]] = {
    VERSION_ID: lambda value, _: {"version_id": value},
    LOCK_MODE: _lock,
    LEGAL_HOLD: lambda value, _: {"legal_hold": value.upper() == "ON"},
    _STORAGE_CLASS: lambda value, _: {} if value == "STANDARD" else {"storage_class": value},
    WEBSITE_REDIRECT_HEADER: lambda value, _: {"website_redirect": value},
    _ENCRYPTION: _encryption,
    f"{_CUSTOMER}key-md5": lambda value, _: {"customer_key_md5": b64decode(value, validate=True)},
    EXPIRATION: _expiration,
    **_CHECKSUM_READERS,
}
"""What each header says, by its name in lower case. The reader also gets all other headers."""


def deleted_in(response: Headers, version_id: str | None) -> Deleted:
    """Returns what a delete did, from the headers of its response.

    Args:
        response: The headers.
        version_id: The version that the request named.
    """
    return Deleted(
        version_id=response.get(VERSION_ID) or version_id,
        delete_marker=response.get(DELETE_MARKER, "").lower() == "true",
    )
