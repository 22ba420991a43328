"""The outcome of a call, in a form in which two calls can be compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

import msgspec
from bucketry import BucketryError, OpenedObject, Status

TIMES: Final = frozenset({"as_of"})
"""Fields that say when the call was made."""

CHANGING: Final = TIMES | {
    "last_modified",
    "created_at",
    "initiated_at",
    "upload_id",
    "endpoint",
    "detail",
    "operations",
}
"""Fields that differ from one object or upload to the next, or count what was asked."""


class Outcome(msgspec.Struct, frozen=True):
    """A call's result or error.

    Attributes:
        error: Code of the error; empty if there was none.
        retryable: Whether that says that it may be tried again.
        result: The result, made of plain values.
        text: The error's text.
    """

    error: str = ""
    retryable: bool = False
    result: object = None
    text: str = ""

    def is_allowed(self, truth: Outcome) -> bool:
        """Whether this may come of a call that a response was cut of, where ``truth`` comes of it with a whole one."""
        if self.error == "unavailable":
            return self.retryable
        return (self.error, self.result) == (truth.error, truth.result) or self._says_unavailable()

    def _says_unavailable(self) -> bool:
        """Whether it is a status that says so: that a server does not answer is no error of that operation."""
        return isinstance(self.result, dict) and self.result.get("available") is False


def outcome_of(call: Callable[[], object], ignored: frozenset[str] = TIMES) -> Outcome:
    """Make a call and return what came of it. Errors that are none of the contract's are none of the outcomes."""
    try:
        return Outcome(result=_plain(call(), ignored))
    except BucketryError as error:
        return Outcome(error=error.code, retryable=error.retryable, text=str(error))


def _plain(value: object, ignored: frozenset[str]) -> object:
    if isinstance(value, OpenedObject):
        with value:
            return {"info": _plain(value.info, ignored), "range": str(value.content_range), "content": value.read()}
    if isinstance(value, Status) and not value.available:
        return {"available": False}
    if isinstance(value, msgspec.Struct):
        fields = [name for name in value.__struct_fields__ if name not in ignored]
        return {name: _plain(getattr(value, name), ignored) for name in fields}
    if isinstance(value, Mapping):
        return {name: _plain(found, ignored) for name, found in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(found, ignored) for found in value]
    assert value is None or isinstance(value, (str, int, float, bool, bytes, datetime)), type(value)
    return value
