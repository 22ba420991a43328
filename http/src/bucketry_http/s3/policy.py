"""The policy of a form upload: what the one who signed it allows the one who sends it.

Source: S3 API reference, "Creating a POST policy". A policy without a condition on a field does not allow that field,
and without one on the bucket it is valid for none.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from bucketry.ranges import whole_number

from bucketry_http.s3.errors import S3Error
from bucketry_http.shared.json_names import RepeatedName, check_names

_FREE: Final = frozenset({"policy", "x-amz-signature", "signature", "awsaccesskeyid", "file"})
_FREE_PREFIX: Final = "x-ignore-"
_MAX_CONDITIONS: Final = 200
_RANGE_BOUND: Final = re.compile("[0-9]+")
"""Some signers write the numbers as strings."""

_EXPIRATION: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
"""ISO 8601 with date, time and zone (S3 API reference, "Creating a POST policy", "Expiration")."""


class _Document(msgspec.Struct, frozen=True):
    """A policy as it is written."""

    expiration: str
    conditions: list[Any]


class Policy:
    """A policy that was signed.

    Attributes:
        least: Fewest bytes that the file may have.
        most: Most bytes that it may have; ``None``: any.
    """

    def __init__(self, encoded: str) -> None:
        """Reads it.

        Raises:
            S3Error: It is malformed.
        """
        self.least, self.most = 0, None
        self._equal: list[tuple[str, str]] = []
        self._starts: list[tuple[str, str]] = []
        document = _decoded(encoded)
        self._expiration = _time(document.expiration)
        if len(document.conditions) > _MAX_CONDITIONS:
            raise _invalid(f"it has more than {_MAX_CONDITIONS} conditions")
        for number, condition in enumerate(document.conditions, 1):
            self._read(number, condition)

    most: int | None

    def _read(self, number: int, condition: Any) -> None:
        if isinstance(condition, dict) and len(condition) == 1:
            ((name, value),) = condition.items()
            if isinstance(value, str):
                self._equal.append((name.lower(), value))
                return
        if isinstance(condition, list) and len(condition) == 3 and isinstance(condition[0], str):
            kind, first, second = condition[0].lower(), condition[1], condition[2]
            if kind == "content-length-range":
                self._read_range(first, second)
                return
            if isinstance(first, str) and isinstance(second, str) and first.startswith("$") and kind in _KINDS:
                (self._equal if kind == "eq" else self._starts).append((first[1:].lower(), second))
                return
        raise _invalid(f"its condition {number} cannot be read")

    def _read_range(self, *bounds: Any) -> None:
        if not all(_RANGE_BOUND.fullmatch(str(bound)) for bound in bounds):
            raise _invalid("content-length-range has two numbers")
        least, most = (whole_number(str(bound)) for bound in bounds)
        # Of several ranges all hold, as of all conditions.
        self.least = max(self.least, least)
        self.most = most if self.most is None else min(self.most, most)

    def check(self, fields: Mapping[str, str], bucket: str, now: datetime | None = None) -> None:
        """Compares a form with it.

        Args:
            fields: The form's fields by lower-case name, variables in them already replaced.
            bucket: The bucket that the form was sent to.
            now: The time to judge by.

        Raises:
            S3Error: It has expired, a condition does not hold, or there is a field that it does not allow.
        """
        if (now or datetime.now(UTC)) > self._expiration:
            raise S3Error("AccessDenied", "Invalid according to Policy: Policy expired.")
        values = {**fields, "bucket": bucket}
        for name, expected in self._equal:
            if values.get(name, "") != expected:
                raise _failed(["eq", f"${name}", expected])
        for name, start in self._starts:
            value = values.get(name, "")
            # Of a list of content types, each must begin so (same place, "Condition matching").
            parts = value.split(",") if name == "content-type" else [value]
            if not all(part.strip().startswith(start) for part in parts):
                raise _failed(["starts-with", f"${name}", start])
        allowed = {name for name, _ in self._equal + self._starts} | _FREE
        # The bucket too: without a condition on it, S3 calls it an extra field.
        extra = sorted(name for name in values if name not in allowed and not name.startswith(_FREE_PREFIX))
        if extra:
            raise S3Error("AccessDenied", f"Invalid according to Policy: Extra input fields: {', '.join(extra)[:200]}")


_KINDS: Final = frozenset({"eq", "starts-with"})


def _decoded(encoded: str) -> _Document:
    try:
        text = base64.b64decode(encoded, validate=True)
        document = msgspec.json.decode(text, type=_Document)
        check_names(text)
    except RepeatedName as error:
        raise _invalid(f"the name {error.name[:100]!r} stands twice in one object") from None
    except (binascii.Error, msgspec.DecodeError, ValueError, RecursionError):
        raise _invalid("it is no JSON with expiration and conditions") from None
    return document


def _time(expiration: str) -> datetime:
    try:
        if _EXPIRATION.fullmatch(expiration):
            return datetime.fromisoformat(expiration)
    except ValueError:
        pass
    raise _invalid(f"Invalid 'expiration' value: {expiration[:100]!r} is no time such as 2030-01-01T00:00:00Z")


def _invalid(reason: str) -> S3Error:
    return S3Error("InvalidPolicyDocument", f"Invalid Policy: {reason}.")


def _failed(condition: list[str]) -> S3Error:
    shown = msgspec.json.encode(condition).decode()[:300]
    return S3Error("AccessDenied", f"Invalid according to Policy: Policy Condition failed: {shown}")
