"""Which requests are audited, and what an entry says of one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final, Literal

import msgspec
from bucketry_access import Change

from bucketry_http.shared.record import PRESIGN, RequestRecord
from bucketry_http.telemetry.shown import shown

Kind = Literal["write", "delete", "presign", "access", "refusal"]
Outcome = Literal["ok", "refused", "failed", "aborted"]

NO_PORT: Final = "file"
"""In place of a port: somebody has changed the access file or the settings file."""

_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_REFUSED: Final = frozenset({401, 403, 421, 429})
"""Statuses of requests that are refused because of who sends them, from where, or how often. S3 has others too."""

_ACCESS: Final = re.compile(r"(Put|Delete)(Bucket(Acl|Policy|OwnershipControls)|ObjectAcl|PublicAccessBlock)")
"""Operations that change who may do what."""


class AuditEntry(msgspec.Struct, kw_only=True, omit_defaults=True):
    """An entry of the audit stream. What a request does not have is left out.

    Attributes:
        time: When the request came.
        kind: What it was: a write, a delete, a presigned URL, a change of who may do what; or a refusal of anything.
        outcome: What became of it.
        port: The port that it came to.
        request_id: Its id.
        principal: Id of the user who sent it.
        credential: Id of the key or token that proved it.
        address: IP address of the client.
        user_agent: What the client calls itself.
        action: The operation's name in the S3 API.
        bucket: The bucket that it names.
        key: The key that it names.
        keys: The keys, if it names several.
        version_id: The version that it names.
        source_bucket: The bucket that it copies from.
        source_key: The key that it copies from.
        source_version_id: The version that it copies, if it names one or the response does.
        status: Status of the response; 0: none was begun.
        code: Code of the error.
        bytes_in: Bytes of the request's body.
        user: Whom a change of the access file or the settings file is about: a user, or a group.
        user_credential: The token, by its id, or the access key that it is about.
    """

    time: datetime
    kind: Kind
    outcome: Outcome
    port: str
    request_id: str
    principal: str = ""
    credential: str = ""
    address: str = ""
    user_agent: str = ""
    action: str = ""
    bucket: str = ""
    key: str = ""
    keys: Sequence[str] = ()
    version_id: str | None = None
    source_bucket: str = ""
    source_key: str = ""
    source_version_id: str | None = None
    status: int
    code: str = ""
    bytes_in: int = 0
    user: str = ""
    user_credential: str = ""


def audited(record: RequestRecord) -> AuditEntry | None:
    """Returns the entry of a request; ``None``: it read something, and was not refused; or it was none yet."""
    refused = record.refused or record.status in _REFUSED
    if not record.method or (record.method in _READING and not refused):
        return None
    return AuditEntry(
        time=datetime.fromtimestamp(record.time, UTC),
        kind="refusal" if refused else _kind_of(record.operation),
        outcome="refused" if refused else _outcome_of(record),
        port=record.port,
        request_id=record.id,
        principal=record.principal,
        credential=record.credential,
        address=record.address,
        user_agent=shown(record.user_agent),
        action=record.operation,
        bucket=shown(record.bucket),
        key=shown(record.key),
        keys=[shown(key) for key in record.keys] or (),
        version_id=record.version_id,
        source_bucket=shown(record.source_bucket),
        source_key=shown(record.source_key),
        source_version_id=shown(record.source_version_id) if record.source_version_id else None,
        status=record.status,
        code=record.code,
        bytes_in=record.bytes_in,
    )


def of_changes(found: Sequence[Change], time: datetime) -> Iterator[AuditEntry]:
    """Yields an entry for each change of users and groups, which no request has made.

    All processes of a server see a change, and give its entries the same ids.

    Args:
        found: The changes.
        time: When they were seen.
    """
    batch = blake2b(repr(found).encode(), digest_size=6).hexdigest()
    for number, change in enumerate(found):
        yield AuditEntry(
            time=time,
            kind="access",
            outcome="ok",
            port=NO_PORT,
            request_id=f"{batch}-{number}",
            action=change.action,
            user=change.name,
            user_credential=change.credential,
            status=0,
        )


def _kind_of(operation: str) -> Kind:
    if operation.startswith(PRESIGN):
        return "presign"
    if _ACCESS.fullmatch(operation):
        return "access"
    return "delete" if operation.startswith(("Delete", "Abort")) else "write"


def _outcome_of(record: RequestRecord) -> Outcome:
    if record.status >= 400:
        return "failed"
    return "aborted" if record.aborted else "ok"
