"""The audit stream: who changed what, presigned a URL, or was refused. One JSON object for each."""

from __future__ import annotations

from bucketry_http.telemetry.audit.entries import AuditEntry, audited
from bucketry_http.telemetry.audit.stream import Audit, AuditMeter, WhenFull
from bucketry_http.telemetry.audit.targets import FileTarget, Target, WebhookTarget, target_of

__all__ = [
    "Audit",
    "AuditEntry",
    "AuditMeter",
    "FileTarget",
    "Target",
    "WebhookTarget",
    "WhenFull",
    "audited",
    "target_of",
]
