"""The lock of a new version, in the headers of an upload."""

from __future__ import annotations

from collections.abc import Mapping

from bucketry import InvalidArgument, Retention
from bucketry.object_lock import (
    COMPLIANCE,
    GOVERNANCE,
    LEGAL_HOLD,
    LEGAL_HOLDS,
    LOCK_MODE,
    LOCK_UNTIL,
    RETENTION_MODES,
)

from bucketry_http.shared.lock_headers import moment_in


def retention_of(headers: Mapping[str, str]) -> Retention | None:
    """Returns until when an upload wants its version to be kept; ``None``: as the bucket's default says.

    Raises:
        InvalidArgument: One of the two headers is missing or malformed.
    """
    mode, until = headers.get(LOCK_MODE), headers.get(LOCK_UNTIL)
    if mode is None and until is None:
        return None
    if mode is None or until is None:
        raise InvalidArgument(f"{LOCK_MODE} and {LOCK_UNTIL} need each other", field="retention")
    if mode not in RETENTION_MODES:
        raise InvalidArgument(f"{LOCK_MODE} is {GOVERNANCE} or {COMPLIANCE}", field="retention")
    moment = moment_in(until)
    if moment is None:
        raise InvalidArgument(f"{LOCK_UNTIL} is a time such as 2030-01-15T10:30:00Z", field="retention")
    return Retention(mode=RETENTION_MODES[mode], until=moment)


def legal_hold_of(headers: Mapping[str, str]) -> bool | None:
    """Returns whether an upload wants its version to have a legal hold; ``None``: it does not say.

    Raises:
        InvalidArgument: The header is neither ``ON`` nor ``OFF``.
    """
    hold = headers.get(LEGAL_HOLD)
    if hold is None:
        return None
    if hold not in LEGAL_HOLDS:
        raise InvalidArgument(f"{LEGAL_HOLD} is ON or OFF", field="legal_hold")
    return LEGAL_HOLDS[hold]
