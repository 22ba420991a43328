"""Object lock: retention and legal hold of a version, in headers and as documents.

Source: S3 user guide, "Locking objects with Object Lock"; S3 API reference, the actions ``…ObjectRetention`` and
``…ObjectLegalHold``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from bucketry import HeadOptions, ObjectInfo, Retention, RetentionOptions, VersionOptions
from bucketry.object_lock import COMPLIANCE, GOVERNANCE, RetentionMode
from bucketry.s3 import xml_time

from bucketry_http.s3.body import S3Body
from bucketry_http.s3.errors import S3Error, invalid_argument, no_object_lock, not_implemented
from bucketry_http.s3.request import Endpoint, S3Request
from bucketry_http.s3.response import Response, empty_response, xml_response
from bucketry_http.s3.response_headers import LEGAL_HOLD, LOCK_MODE, LOCK_UNTIL
from bucketry_http.s3.xml import MAX_DOCUMENT_BYTES, Node, document, element, malformed, read_xml

LOCK_HEADERS: Final = frozenset({LOCK_MODE, LOCK_UNTIL, LEGAL_HOLD})
BYPASS: Final = "x-amz-bypass-governance-retention"
BUCKET_LOCK: Final = "x-amz-bucket-object-lock-enabled"

_MODES: Final[Mapping[str, RetentionMode]] = {GOVERNANCE: GOVERNANCE, COMPLIANCE: COMPLIANCE}
_HOLDS: Final = {"ON": True, "OFF": False}
_UNTIL: Final = "RetainUntilDate"
_MAX_ELEMENTS: Final = 10
"""Most elements of a document about the lock of a version, which has three."""

_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)", re.ASCII)
"""ISO 8601 with date, time and zone, as SDKs write it: with seconds, milliseconds, microseconds or nanoseconds."""


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
        if mode not in _MODES:
            raise invalid_argument(LOCK_MODE, mode, "Unknown wormMode directive.")
        fields["retention"] = Retention(mode=_MODES[mode], until=_future(endpoint, LOCK_UNTIL, until))
    if (hold := headers.get(LEGAL_HOLD)) is not None:
        if hold not in _HOLDS:
            raise invalid_argument(LEGAL_HOLD, hold, "Legal Hold must be either of 'ON' or 'OFF'")
        fields["legal_hold"] = _HOLDS[hold]
    return fields


def _future(endpoint: Endpoint, name: str, text: str) -> datetime:
    """Returns the time in a header after which a retention ends.

    Raises:
        S3Error: It is malformed, or not in the future.
    """
    moment = _moment(text)
    if moment is None:
        raise invalid_argument(name, text, "The retain until date must be provided in ISO 8601 format")
    return _checked(endpoint, name, moment)


def _moment(text: str) -> datetime | None:
    """Returns a time in UTC and to the millisecond; ``None`` if the text is not a time."""
    try:
        if not _TIME.fullmatch(text.strip()):
            return None
        moment = datetime.fromisoformat(text.strip()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _checked(endpoint: Endpoint, name: str, moment: datetime) -> datetime:
    if moment <= endpoint.store.clock.now():
        raise invalid_argument(name, xml_time(moment), "The retain until date must be in the future!")
    return moment


def read_bypass(_endpoint: Endpoint, _request: S3Request, headers: Mapping[str, str]) -> Mapping[str, Any]:
    """Returns ``bypass_governance``."""
    return _flag("bypass_governance", BYPASS, headers)


def read_bucket_lock(_endpoint: Endpoint, _request: S3Request, headers: Mapping[str, str]) -> Mapping[str, Any]:
    """Returns ``object_lock`` of a new bucket."""
    return _flag("object_lock", BUCKET_LOCK, headers)


def _flag(field: str, name: str, headers: Mapping[str, str]) -> Mapping[str, Any]:
    text = headers[name]
    if text.strip().lower() not in {"true", "false"}:
        raise invalid_argument(name, text, f"{name} is true or false")
    return {field: True} if text.strip().lower() == "true" else {}


async def get_retention(endpoint: Endpoint, request: S3Request) -> Response:
    """GetObjectRetention."""
    kept = (await _locked(endpoint, request)).retention
    if kept is None or kept.mode is None or kept.until is None:
        raise await _no_lock(endpoint, request)
    content = element("Mode", kept.mode) + element("RetainUntilDate", xml_time(kept.until))
    return xml_response(document("Retention", content))


async def put_retention(endpoint: Endpoint, request: S3Request) -> Response:
    """PutObjectRetention. An empty document removes the retention."""
    _require_feature(endpoint, request)
    root = await read_xml(await S3Body(request).read(MAX_DOCUMENT_BYTES), "Retention", most=_MAX_ELEMENTS)
    retention = _read_retention(endpoint, root)
    options = RetentionOptions(version_id=request.version_id, **request.options)
    put = endpoint.store.put_object_retention
    await endpoint.calls.call(put, request.bucket, request.key, retention, options)
    return empty_response(200)


def _read_retention(endpoint: Endpoint, root: Node) -> Retention:
    root.only("Mode", _UNTIL)
    mode, until = root.text_of("Mode"), root.text_of(_UNTIL)
    if mode is None and until is None:
        return Retention()
    if mode is None or mode not in _MODES or until is None:
        raise malformed(f"Retention has a Mode, {GOVERNANCE} or {COMPLIANCE}, and a {_UNTIL}")
    moment = _moment(until)
    if moment is None:
        raise malformed(f"{_UNTIL} is not a time in ISO 8601 format")
    return Retention(mode=_MODES[mode], until=_checked(endpoint, _UNTIL, moment))


async def get_legal_hold(endpoint: Endpoint, request: S3Request) -> Response:
    """GetObjectLegalHold."""
    hold = (await _locked(endpoint, request)).legal_hold
    if hold is None:
        raise await _no_lock(endpoint, request)
    return xml_response(document("LegalHold", element("Status", "ON" if hold else "OFF")))


async def put_legal_hold(endpoint: Endpoint, request: S3Request) -> Response:
    """PutObjectLegalHold."""
    _require_feature(endpoint, request)
    root = await read_xml(await S3Body(request).read(MAX_DOCUMENT_BYTES), "LegalHold", most=_MAX_ELEMENTS)
    root.only("Status")
    status = root.required("Status")
    if status not in _HOLDS:
        raise malformed("the Status of a LegalHold is ON or OFF")
    options = VersionOptions(version_id=request.version_id, **request.options)
    put = endpoint.store.put_object_legal_hold
    await endpoint.calls.call(put, request.bucket, request.key, _HOLDS[status], options)
    return empty_response(200)


async def _locked(endpoint: Endpoint, request: S3Request) -> ObjectInfo:
    """Returns the version whose lock a request asks for."""
    _require_feature(endpoint, request)
    options = HeadOptions(version_id=request.version_id)
    return await endpoint.calls.call(endpoint.store.head_object, request.bucket, request.key, options)


def _require_feature(endpoint: Endpoint, request: S3Request) -> None:
    if not endpoint.features.bucket_object_lock:
        what = "legal-hold" if "legal-hold" in request.query else "retention"
        raise not_implemented(f"{request.method} of {what} over this store")


async def _no_lock(endpoint: Endpoint, request: S3Request) -> S3Error:
    """Returns the error of a version that has no lock: its bucket may have none, or only the version."""
    info = await endpoint.calls.call(endpoint.store.head_bucket, request.bucket)
    return S3Error("NoSuchObjectLockConfiguration") if info.object_lock else no_object_lock()
