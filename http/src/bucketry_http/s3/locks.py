"""Object lock of a version that exists: its retention and its legal hold, as documents.

Source: S3 user guide, "Locking objects with Object Lock"; S3 API reference, the actions ``…ObjectRetention`` and
``…ObjectLegalHold``.
"""

from __future__ import annotations

from typing import Final

from bucketry import HeadOptions, ObjectInfo, Retention, RetentionOptions, VersionOptions
from bucketry.object_lock import COMPLIANCE, GOVERNANCE, LEGAL_HOLDS, RETENTION_MODES
from bucketry.s3 import xml_time

from bucketry_http.s3.body import S3Body
from bucketry_http.s3.errors import S3Error, no_object_lock, not_implemented
from bucketry_http.s3.lock_headers import in_future
from bucketry_http.s3.request import Endpoint, S3Request
from bucketry_http.s3.response import Response, empty_response, xml_response
from bucketry_http.s3.xml import document, element
from bucketry_http.s3.xml_reading import Node, malformed, read_xml
from bucketry_http.shared.lock_headers import moment_in

_UNTIL: Final = "RetainUntilDate"
_MAX_ELEMENTS: Final = 10
"""Most elements of a document about the lock of a version, which has three."""


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
    body = await S3Body(request).read(endpoint.settings.max_xml_bytes)
    root = await read_xml(endpoint.settings, body, "Retention", most=_MAX_ELEMENTS)
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
    if mode is None or mode not in RETENTION_MODES or until is None:
        raise malformed(f"Retention has a Mode, {GOVERNANCE} or {COMPLIANCE}, and a {_UNTIL}")
    moment = moment_in(until)
    if moment is None:
        raise malformed(f"{_UNTIL} is not a time in ISO 8601 format")
    return Retention(mode=RETENTION_MODES[mode], until=in_future(endpoint, _UNTIL, moment))


async def get_legal_hold(endpoint: Endpoint, request: S3Request) -> Response:
    """GetObjectLegalHold."""
    hold = (await _locked(endpoint, request)).legal_hold
    if hold is None:
        raise await _no_lock(endpoint, request)
    return xml_response(document("LegalHold", element("Status", "ON" if hold else "OFF")))


async def put_legal_hold(endpoint: Endpoint, request: S3Request) -> Response:
    """PutObjectLegalHold."""
    _require_feature(endpoint, request)
    body = await S3Body(request).read(endpoint.settings.max_xml_bytes)
    root = await read_xml(endpoint.settings, body, "LegalHold", most=_MAX_ELEMENTS)
    root.only("Status")
    status = root.required("Status")
    if status not in LEGAL_HOLDS:
        raise malformed("the Status of a LegalHold is ON or OFF")
    options = VersionOptions(version_id=request.version_id, **request.options)
    put = endpoint.store.put_object_legal_hold
    await endpoint.calls.call(put, request.bucket, request.key, LEGAL_HOLDS[status], options)
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
