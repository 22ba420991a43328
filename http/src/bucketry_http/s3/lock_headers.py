"""Object lock in headers: retention and legal hold of a new version, and what a delete may bypass.

Source: S3 user guide, "Locking objects with Object Lock"; S3 API reference, ``PutObject``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bucketry import Retention
from bucketry.object_lock import (
    BUCKET_LOCK,
    BYPASS_GOVERNANCE,
    LEGAL_HOLD,
    LEGAL_HOLDS,
    LOCK_MODE,
    LOCK_UNTIL,
    RETENTION_MODES,
)
from bucketry.s3 import xml_time

from bucketry_http.s3.errors import invalid_argument
from bucketry_http.s3.request import Endpoint, S3Request
from bucketry_http.shared.lock_headers import moment_in


def read_lock(endpoint: Endpoint, _request: S3Request, headers: Mapping[str, str]) -> Mapping[str, Any]:
    """Returns ``retention`` and ``legal_hold`` of a new version.

    Raises:
        S3Error: A header is malformed, one of retention is missing, or the time is not in the future.
    """
    fields: dict[str, Any] = {}
    mode, until = headers.get(LOCK_MODE), headers.get(LOCK_UNTIL)
    if (mode is None) != (until is None):
        missing = LOCK_MODE if mode is None else LOCK_UNTIL
        raise invalid_argument(missing, "", f"{LOCK_UNTIL} and {LOCK_MODE} must both be supplied")
    if mode is not None and until is not None:
        if mode not in RETENTION_MODES:
            raise invalid_argument(LOCK_MODE, mode, "Unknown wormMode directive.")
        fields["retention"] = Retention(mode=RETENTION_MODES[mode], until=_future(endpoint, LOCK_UNTIL, until))
    if (hold := headers.get(LEGAL_HOLD)) is not None:
        if hold not in LEGAL_HOLDS:
            raise invalid_argument(LEGAL_HOLD, hold, "Legal Hold must be either of 'ON' or 'OFF'")
        fields["legal_hold"] = LEGAL_HOLDS[hold]
    return fields


def _future(endpoint: Endpoint, name: str, text: str) -> datetime:
    """Returns the time in a header after which a retention ends.

    Raises:
        S3Error: It is malformed, or not in the future.
    """
    moment = moment_in(text)
    if moment is None:
        raise invalid_argument(name, text, "The retain until date must be provided in ISO 8601 format")
    return in_future(endpoint, name, moment)


def in_future(endpoint: Endpoint, name: str, moment: datetime) -> datetime:
    """Returns a time after which a retention ends.

    Raises:
        S3Error: It is not in the future.
    """
    if moment <= endpoint.store.clock.now():
        raise invalid_argument(name, xml_time(moment), "The retain until date must be in the future!")
    return moment


def read_bypass(_endpoint: Endpoint, _request: S3Request, headers: Mapping[str, str]) -> Mapping[str, Any]:
    """Returns ``bypass_governance``."""
    return _flag("bypass_governance", BYPASS_GOVERNANCE, headers)


def read_bucket_lock(_endpoint: Endpoint, _request: S3Request, headers: Mapping[str, str]) -> Mapping[str, Any]:
    """Returns ``object_lock`` of a new bucket."""
    return _flag("object_lock", BUCKET_LOCK, headers)


def _flag(field: str, name: str, headers: Mapping[str, str]) -> Mapping[str, Any]:
    text = headers[name]
    if text.strip().lower() not in {"true", "false"}:
        raise invalid_argument(name, text, f"{name} is true or false")
    return {field: True} if text.strip().lower() == "true" else {}
