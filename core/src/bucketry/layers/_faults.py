"""A layer that fails on request, so that an application's handling of errors can be tested.

`Fault` says which calls fail, and how. `Faults` is the layer.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatchcase
from random import Random
from typing import Any, Final

import msgspec

from bucketry import errors
from bucketry.body import Body
from bucketry.errors import BucketryError, InvalidArgument
from bucketry.hookspecs import OPERATIONS, hookimpl
from bucketry.models import ObjectInfo, ObjectToDelete, Part
from bucketry.opened_object import OpenedObject
from bucketry.origin import LIFECYCLE, origin_of_call

_NOT_A_FAULT: Final = (BucketryError, errors.NotFound, errors.InvalidDriver, errors.InvalidSettings)
"""Base classes, and errors that no operation raises."""

ERRORS: Final[Mapping[str, type[BucketryError]]] = {
    kind.code: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, BucketryError) and kind not in _NOT_A_FAULT
}
"""The errors that a fault can raise, by their codes."""

STREAMING: Final = frozenset(name for name, facts in OPERATIONS.items() if facts.takes_body or facts.opens)
"""The operations with content that can break off."""

NEVER_FAIL: Final = frozenset({"close", "status", "presign"})
"""Operations that ``*`` does not match: they ask a backend nothing, or never fail."""

MAX_LATENCY: Final = 3600.0

_TORN: Final = "torn"
_EXAMPLE: Final = "such as put_object:throttled:nth=3, get_object:torn:after=1000 or *:latency=0.2"
_WINDOW: Final = re.compile(r"([1-9]\d{0,17})(-([1-9]\d{0,17})?)?")


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which calls fail, and how.

    Its text form is ``OPERATION:EFFECT[:WHEN]…``. The parts between the first and the last come in any order::

        put_object:throttled:nth=3            the third put fails
        get_object:torn:after=1000            every download breaks off after 1,000 bytes
        *:latency=0.2                         every call takes 0.2 seconds longer
        put_*,upload_part:unavailable:probability=0.1:bucket=assets:prefix=images/

    Attributes:
        operation: Names of operations, joined by commas. ``*`` in a name stands for any letters. It does not match
            ``close``, ``status`` and ``presign``, which ask a backend nothing or never fail: write them out.
        error: Code of the error to raise (``throttled``); with ``torn``, the error with which the content breaks off.
        torn: Whether the content breaks off, and not the call. Only for ``get_object``, ``put_object`` and
            ``upload_part``. The error is ``unavailable`` if ``error`` is not set.
        after: With ``torn``: how many bytes still come. ``None``: half of them, or none if their number is unknown.
            Content with no more bytes than that comes whole.
        latency: Seconds to wait before the call, up to an hour.
        first: The first call that fails, counted from 1 among the calls that match.
        last: The last call that fails; ``None``: no end. The text form of both: ``nth=3``, ``nth=3-5``, ``nth=3-``.
        probability: How likely each of these calls fails, 0 to 1.
        bucket: Only calls about this bucket match.
        prefix: Only calls about a key that begins with it match. In the text form it comes last, and may hold any
            character.

    Raises:
        InvalidArgument: The fault has no effect, or its fields contradict each other.
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
            raise InvalidArgument(f"no operation {self.operation!r} (there are: {named})", field="operation")
        if self.error is not None and self.error not in ERRORS:
            raise InvalidArgument(f"no error {self.error!r} (there are: {', '.join(sorted(ERRORS))})", field="error")
        if not (self.error or self.torn or self.latency):
            raise InvalidArgument("a fault needs an effect: an error's code, torn, or latency=SECONDS", field="error")
        if self.after is not None and (not self.torn or self.after < 0):
            raise InvalidArgument("after=BYTES goes with torn and is 0 or more", field="after")
        if not 0 <= self.latency <= MAX_LATENCY:
            raise InvalidArgument(f"latency is 0 to {MAX_LATENCY:g} seconds", field="latency")
        if self.first < 1 or (self.last is not None and self.last < self.first):
            raise InvalidArgument(
                "nth counts from 1, and a range of calls does not end before it begins", field="first"
            )
        if not 0 <= self.probability <= 1:
            raise InvalidArgument("probability is 0 to 1", field="probability")
        if self.bucket is not None and not self.bucket:
            raise InvalidArgument("bucket is a bucket's name", field="bucket")

    @property
    def operations(self) -> frozenset[str]:
        """The names of the operations that match; empty if one of the given names does not exist."""
        found: set[str] = set()
        for pattern in self.operation.split(","):
            matching = {name for name in OPERATIONS if fnmatchcase(name, pattern)}
            if "*" in pattern:
                matching -= NEVER_FAIL
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
            raise InvalidArgument(f"the fault {text!r}: {error.detail}", field=error.field) from None

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
            raise InvalidArgument(f"{part!r} comes after another {twice[0]}", field=twice[0])
        fields |= added
    return fields


def _effect(word: str) -> dict[str, Any]:
    if word == _TORN:
        return {"torn": True}
    if word not in ERRORS:
        known = ", ".join(sorted(ERRORS))
        raise InvalidArgument(
            f"{word!r} is not an effect; write {_EXAMPLE}. Effects: torn, latency=SECONDS, {known}", field="error"
        )
    return {"error": word}


def _setting(name: str, value: str) -> dict[str, Any]:
    read = _READERS.get(name)
    if read is None:
        raise InvalidArgument(f"{name!r} is not known (known: {', '.join(_READERS)}, prefix)", field=name)
    try:
        return read(value)
    except ValueError:
        raise InvalidArgument(f"{name}={value} cannot be read; write {_EXAMPLE}", field=name) from None


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


class FaultCount(msgspec.Struct, frozen=True, kw_only=True):
    """What one fault has done.

    Attributes:
        fault: The fault.
        calls: How many calls matched it.
        struck: How many of these failed or waited.
    """

    fault: Fault
    calls: int
    struck: int


class Faults:
    """Injects faults into a store: latency, any error of the contract, and content that breaks off.

    Each fault counts the calls that match it, even if another fault strikes them too. A call that several faults strike
    waits for all of them, and fails with the first error. Threads can share the layer, and faults can change while the
    store is used. Each store needs a layer of its own.

    Attributes:
        enabled: Whether faults strike, and calls are counted.
        blocks: Whether calls may wait. The store reads it when it opens: its capabilities then lack ``non_blocking``,
            so that servers call it in threads.
    """

    def __init__(self, *faults: Fault | str, seed: int = 0, blocks: bool | None = None) -> None:
        """Makes the layer.

        Args:
            faults: The first faults, each as a `Fault` or in its text form.
            seed: Seed of the probabilities: with the same seed, the same calls in the same order fail.
            blocks: Whether faults with a latency may be added later; ``None``: only if one of ``faults`` has a latency.

        Raises:
            InvalidArgument: A fault cannot be read, or has a latency although ``blocks`` is false.
        """
        parsed = tuple(map(_parsed, faults))
        self.enabled = True
        self.blocks = any(fault.latency for fault in parsed) if blocks is None else blocks
        self._seed = seed
        self._lock = threading.Lock()
        self._cleared = threading.Event()
        self._rules: tuple[_Rule, ...] = ()
        self._add(parsed)

    def add(self, *faults: Fault | str) -> None:
        """Adds faults. They begin to count now.

        Raises:
            InvalidArgument: A fault cannot be read, or has a latency although ``blocks`` is false.
        """
        self._add(faults)

    def _add(self, faults: Iterable[Fault | str]) -> tuple[_Rule, ...]:
        parsed = tuple(map(_parsed, faults))
        if not self.blocks and any(fault.latency for fault in parsed):
            raise InvalidArgument(
                "a store that never waits gets no latency: open it with Faults(blocks=True)", field="latency"
            )
        with self._lock:
            # A seed for each fault, so that its random numbers do not depend on the other faults.
            added = tuple(_Rule(fault, f"{self._seed}/{n}") for n, fault in enumerate(parsed, len(self._rules)))
            self._rules += added
        return added

    def clear(self) -> None:
        """Removes all faults, and ends the waiting of calls in progress."""
        with self._lock:
            self._rules = ()
            cleared, self._cleared = self._cleared, threading.Event()
        cleared.set()

    def reset(self) -> None:
        """Begins counts and probabilities from the start. The faults stay."""
        with self._lock:
            for rule in self._rules:
                rule.reset()

    def counts(self) -> tuple[FaultCount, ...]:
        """Returns what each fault has done since it was added or reset, in their order."""
        with self._lock:
            return tuple(FaultCount(fault=rule.fault, calls=rule.calls, struck=rule.struck) for rule in self._rules)

    @contextmanager
    def injected(self, *faults: Fault | str) -> Iterator[None]:
        """Adds faults for the duration of a ``with`` statement. Faults that were there before stay.

        Raises:
            InvalidArgument: As `add`.
        """
        added = self._add(faults)
        try:
            yield
        finally:
            with self._lock:
                self._rules = tuple(rule for rule in self._rules if rule not in added)

    def __repr__(self) -> str:
        return f"Faults({', '.join(repr(str(rule.fault)) for rule in self._rules)})"

    def _strike(self, operation: str, buckets: tuple[str, ...] = (), keys: tuple[str, ...] = ()) -> Fault | None:
        """Waits and raises as the faults say. Returns a fault that tears the content, if there is one.

        Lifecycle is never struck: it would take the place of a client's call in the count.
        """
        if not (self._rules and self.enabled) or origin_of_call() is LIFECYCLE:
            return None
        with self._lock:
            struck = [rule.fault for rule in self._rules if rule.strikes(operation, buckets, keys)]
            cleared = self._cleared
        if latency := sum(fault.latency for fault in struck):
            cleared.wait(latency)
        for fault in struck:
            if fault.kind is not None and not fault.torn:
                raise _error(fault)
        return next((fault for fault in struck if fault.torn), None)

    @hookimpl(wrapper=True)
    def get_object(self, bucket: str, key: str) -> Generator[None, OpenedObject, OpenedObject]:
        """Fails the call, or the content while it is read."""
        fault = self._strike("get_object", (bucket,), (key,))
        opened = yield
        return opened if fault is None else opened.wrap(_tearing(fault, opened.length, bucket, key))

    @hookimpl(wrapper=True)
    def put_object(self, bucket: str, key: str, body: Body) -> Generator[None, ObjectInfo, ObjectInfo]:
        """Fails the call, or the body while it is read."""
        self._strike_body("put_object", bucket, key, body)
        return (yield)

    @hookimpl(wrapper=True)
    def upload_part(self, bucket: str, key: str, body: Body) -> Generator[None, Part, Part]:
        """Fails the call, or the body while it is read."""
        self._strike_body("upload_part", bucket, key, body)
        return (yield)

    def _strike_body(self, operation: str, bucket: str, key: str, body: Body) -> None:
        fault = self._strike(operation, (bucket,), (key,))
        if fault is not None:
            body.wrap(_tearing(fault, body.length, bucket, key))


class _Rule:
    """A fault, and what it has counted."""

    def __init__(self, fault: Fault, seed: str) -> None:
        self.fault = fault
        self._operations = fault.operations
        self._seed = seed
        self.reset()

    def reset(self) -> None:
        self.calls = self.struck = 0
        self._random = Random(self._seed)  # noqa: S311 - to be repeated, not to be a secret

    def strikes(self, operation: str, buckets: tuple[str, ...], keys: tuple[str, ...]) -> bool:
        """Counts a call if it matches, and says whether the fault strikes it."""
        fault = self.fault
        if operation not in self._operations or (fault.bucket is not None and fault.bucket not in buckets):
            return False
        if fault.prefix and not any(key.startswith(fault.prefix) for key in keys):
            return False
        self.calls += 1
        if self.calls < fault.first or (fault.last is not None and self.calls > fault.last):
            return False
        if fault.probability < 1 and self._random.random() >= fault.probability:
            return False
        self.struck += 1
        return True


def _parsed(fault: Fault | str) -> Fault:
    return fault if isinstance(fault, Fault) else Fault.parse(fault)


def _error(fault: Fault, bucket: str | None = None, key: str | None = None) -> BucketryError:
    assert fault.kind is not None  # noqa: S101 - asked for only where there is one
    return fault.kind(f"the fault {str(fault)!r} was asked for", bucket=bucket, key=key)


def _tearing(fault: Fault, length: int | None, bucket: str, key: str) -> Callable[[Iterator[bytes]], Iterator[bytes]]:
    """Returns a generator around content: it lets the first bytes pass, and then raises."""
    after = fault.after if fault.after is not None else (length or 0) // 2

    def torn(pieces: Iterator[bytes]) -> Iterator[bytes]:
        left = after
        for piece in pieces:
            if len(piece) > left:
                if left:
                    yield piece[:left]
                raise _error(fault, bucket, key)
            left -= len(piece)
            yield piece

    return torn


def _wrapper(operation: str) -> Callable[..., Generator[None, Any, Any]]:
    """Makes the wrapper of an operation. Its parameters are those that name buckets and keys: pluggy passes by name."""

    def on_objects(self: Faults, bucket: str, objects: tuple[ObjectToDelete, ...]) -> Generator[None, Any, Any]:
        self._strike(operation, (bucket,), tuple(entry.key for entry in objects))
        return (yield)

    def on_object(self: Faults, bucket: str, key: str) -> Generator[None, Any, Any]:
        self._strike(operation, (bucket,), (key,))
        return (yield)

    def on_bucket(self: Faults, bucket: str) -> Generator[None, Any, Any]:
        self._strike(operation, (bucket,))
        return (yield)

    def on_buckets(self: Faults, buckets: tuple[str, ...]) -> Generator[None, Any, Any]:
        self._strike(operation, buckets)
        return (yield)

    def on_store(self: Faults) -> Generator[None, Any, Any]:
        self._strike(operation)
        return (yield)

    parameters = OPERATIONS[operation].parameters
    for wrapper, named in ((on_objects, "objects"), (on_object, "key"), (on_bucket, "bucket"), (on_buckets, "buckets")):
        if named in parameters:
            return wrapper
    return on_store


for _operation in OPERATIONS:
    if _operation not in vars(Faults):
        setattr(Faults, _operation, hookimpl(wrapper=True)(_wrapper(_operation)))
