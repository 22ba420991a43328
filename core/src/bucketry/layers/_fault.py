"""One fault: which calls it strikes, and what it does to them. As a Struct, and in a short text form."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

import msgspec

from bucketry import errors
from bucketry.errors import BucketryError, InvalidArgument
from bucketry.hookspecs import OPERATIONS

_NOT_A_FAULT: Final = (BucketryError, errors.NotFound, errors.InvalidDriver, errors.InvalidSettings)
"""Bases of others, and what no operation fails with."""

ERRORS: Final[Mapping[str, type[BucketryError]]] = {
    kind.code: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, BucketryError) and kind not in _NOT_A_FAULT
}
"""The errors that a fault can raise, by their codes."""

STREAMING: Final = frozenset(name for name, facts in OPERATIONS.items() if facts.takes_body or facts.opens)
"""The operations with content that can be torn."""

_ONLY_BY_NAME: Final = frozenset({"close", "status", "presign"})
"""What ``*`` leaves out: these ask a backend nothing, or never fail."""

MAX_LATENCY: Final = 3600.0

_TORN: Final = "torn"
_EXAMPLE: Final = "such as put_object:throttled:nth=3, get_object:torn:after=1000 or *:latency=0.2"
_WINDOW: Final = re.compile(r"([1-9]\d{0,17})(-([1-9]\d{0,17})?)?")


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What goes wrong, and when.

    Its text form is ``OPERATION:EFFECT[:WHEN]…``, parts in any order but the first and the last::

        put_object:throttled:nth=3            the third put fails
        get_object:torn:after=1000            every download breaks off after 1,000 bytes
        *:latency=0.2                         every call takes 0.2 seconds longer
        put_*,upload_part:unavailable:probability=0.1:bucket=assets:prefix=images/

    Attributes:
        operation: The operations' names, joined by commas; ``*`` in one stands for any letters. ``close``, ``status``
            and ``presign``, which ask a backend nothing or never fail, must be written out.
        error: Code of the error to raise (``throttled``); with ``torn``, the one that the content breaks off with.
        torn: Whether the content breaks off on its way, not the call; of ``get_object``, ``put_object`` and
            ``upload_part`` only. With ``unavailable``, unless ``error`` says otherwise.
        after: With ``torn``: how many bytes still come; ``None``: half of them, and none where nobody knows how many
            there are. Content that has no more than that comes whole.
        latency: Seconds to wait before the call, up to an hour.
        first: The first call that is struck, counted from 1 among the calls that this fault is about.
        last: The last call that is struck; ``None``: no end. The text form of both: ``nth=3``, ``nth=3-5``, ``nth=3-``.
        probability: How likely each of these calls is struck, 0 to 1.
        bucket: Only calls about this bucket.
        prefix: Only calls about a key that begins with it. In the text form it comes last, and may hold any character.

    Raises:
        InvalidArgument: It says nothing, or what it says makes no sense.
    """

    operation: str = "*"
    error: str | None = None
    torn: bool = False
    after: int | None = None
    latency: float = 0.0
    first: int = 1
    last: int | None = None
    probability: float = 1.0
    bucket: str | None = None
    prefix: str = ""

    def __post_init__(self) -> None:
        if not self.operations:
            named = ", ".join(sorted(STREAMING) if self.torn else OPERATIONS)
            raise InvalidArgument(f"no operation {self.operation!r} (there are: {named})")
        if self.error is not None and self.error not in ERRORS:
            raise InvalidArgument(f"no error {self.error!r} (there are: {', '.join(sorted(ERRORS))})")
        if not (self.error or self.torn or self.latency):
            raise InvalidArgument("a fault needs an effect: an error's code, torn, or latency=SECONDS")
        if self.after is not None and (not self.torn or self.after < 0):
            raise InvalidArgument("after=BYTES goes with torn and is 0 or more")
        if not 0 <= self.latency <= MAX_LATENCY:
            raise InvalidArgument(f"latency is 0 to {MAX_LATENCY:g} seconds")
        if self.first < 1 or (self.last is not None and self.last < self.first):
            raise InvalidArgument("nth counts from 1, and a range of calls does not end before it begins")
        if not 0 <= self.probability <= 1:
            raise InvalidArgument("probability is 0 to 1")
        if self.bucket is not None and not self.bucket:
            raise InvalidArgument("bucket is a bucket's name")

    @property
    def operations(self) -> frozenset[str]:
        """The names of the operations that this fault is about; empty if one of those given does not exist."""
        found: set[str] = set()
        for pattern in self.operation.split(","):
            matching = {name for name in OPERATIONS if fnmatchcase(name, pattern)}
            if "*" in pattern:
                matching -= _ONLY_BY_NAME
            if self.torn:
                matching &= STREAMING
            if not matching:
                return frozenset()
            found |= matching
        return frozenset(found)

    @property
    def kind(self) -> type[BucketryError] | None:
        """The class of the error that it raises."""
        if self.error is not None:
            return ERRORS[self.error]
        return errors.Unavailable if self.torn else None

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Reads the text form.

        Raises:
            InvalidArgument: It cannot be read; the message says why.
        """
        try:
            return cls(**_fields(text))
        except InvalidArgument as error:
            raise InvalidArgument(f"the fault {text!r}: {error.detail}") from None

    def __str__(self) -> str:
        """Writes the text form."""
        window = (
            str(self.first) if self.last == self.first else f"{self.first}-{'' if self.last is None else self.last}"
        )
        parts = (
            self.operation,
            self.error,
            _TORN if self.torn else None,
            None if self.after is None else f"after={self.after}",
            f"latency={self.latency!r}" if self.latency else None,
            None if (self.first, self.last) == (1, None) else f"nth={window}",
            None if self.probability == 1 else f"probability={self.probability!r}",
            None if self.bucket is None else f"bucket={self.bucket}",
            f"prefix={self.prefix}" if self.prefix else None,
        )
        return ":".join(part for part in parts if part is not None)


def _fields(text: str) -> dict[str, Any]:
    head, found, prefix = text.partition(":prefix=")
    operation, *parts = head.split(":")
    fields: dict[str, Any] = {"operation": operation}
    if found:
        fields["prefix"] = prefix
    for part in parts:
        name, equals, value = part.partition("=")
        added = _setting(name, value) if equals else _effect(part)
        if twice := sorted(added.keys() & fields.keys()):
            raise InvalidArgument(f"{part!r} comes after another {twice[0]}")
        fields |= added
    return fields


def _effect(word: str) -> dict[str, Any]:
    if word == _TORN:
        return {"torn": True}
    if word not in ERRORS:
        known = ", ".join(sorted(ERRORS))
        raise InvalidArgument(f"{word!r} is no effect; write {_EXAMPLE}. Effects: torn, latency=SECONDS, {known}")
    return {"error": word}


def _setting(name: str, value: str) -> dict[str, Any]:
    read = _READERS.get(name)
    if read is None:
        raise InvalidArgument(f"{name!r} is not known (known: {', '.join(_READERS)}, prefix)")
    try:
        return read(value)
    except ValueError:
        raise InvalidArgument(f"{name}={value} cannot be read; write {_EXAMPLE}") from None


def _window(value: str) -> dict[str, Any]:
    found = _WINDOW.fullmatch(value)
    if found is None:
        raise ValueError(value)
    first, ranged, last = found.groups()
    return {"first": int(first), "last": int(last) if last else None if ranged else int(first)}


_READERS: Final[Mapping[str, Callable[[str], dict[str, Any]]]] = {
    "nth": _window,
    "probability": lambda value: {"probability": float(value)},
    "latency": lambda value: {"latency": float(value)},
    "after": lambda value: {"after": int(value)},
    "bucket": lambda value: {"bucket": value},
}
