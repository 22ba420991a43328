"""Compares values with annotations: what callers hand in, and what drivers give back.

The contract's own annotations are the table. A value is first compared by the types of its fields, which were seen to
be right before; only what was not seen is looked at one by one, and then described.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from types import NoneType, UnionType
from typing import Any, Final, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec

from bucketry.errors import InvalidArgument

_MOST_MEMBERS: Final = 20
"""How many entries of a page are looked into, when one first comes: a thousand take 50 ms."""

_MOST_SEEN: Final = 256
"""Most combinations of field types that are remembered of one class; real callers make a few."""


class Mismatch(NamedTuple):
    """A value of another type than the annotation says.

    Attributes:
        where: The field, as ``Struct.field``; empty for the value itself.
        came: What came: the name of its type, or ``None``.
        wanted: The annotation, as it is written in code.
    """

    where: str
    came: str
    wanted: str


@cache
def fits(annotation: Any) -> Callable[[Any], bool]:
    """Returns a quick test of values against an annotation; what it refuses, `find_mismatch` describes.

    It looks at a value, at the fields of a Struct, and at the types of what a tuple or mapping holds. It does not look
    into the thousand entries of a page: that would cost more than all the rest of a listing.
    """
    if _is_struct(annotation):
        return _struct_test(annotation)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if _is_union(annotation):
        tests = [fits(choice) for choice in arguments if choice is not NoneType]
        if len(tests) == 1 and NoneType in arguments:  # The usual one: a value or ``None``.
            test = tests[0]
            return lambda value: value is None or test(value)
        return lambda value: (value is None and NoneType in arguments) or any(test(value) for test in tests)
    if origin is tuple:
        right = {arguments[0]}
        return lambda value: type(value) is tuple and set(map(type, value)) <= right
    if origin in {dict, Mapping}:
        return lambda value: (
            isinstance(value, origin)
            and all(isinstance(key, arguments[0]) and isinstance(member, arguments[1]) for key, member in value.items())
        )
    if isinstance(annotation, type) and annotation is not int:
        return lambda value: isinstance(value, annotation)
    return lambda value: _is_of(value, annotation)


def _struct_test(kind: type[msgspec.Struct]) -> Callable[[Any], bool]:
    hints = _hints(kind)
    seen: set[tuple[type, ...]] = set()

    def look(value: object) -> bool:
        if find_mismatch(value, kind, most=_MOST_MEMBERS) is not None:
            return False
        if len(seen) < _MOST_SEEN:
            types = (type(value), *(type(getattr(value, name)) for name in hints))
            seen.add(types)
        return True

    # Written out as code, as attrs and namedtuple do: every result passes here, and a loop takes three times as long.
    types = ", ".join(["type(value)", *(f"type(value.{name})" for name in hints)])
    inside = [name for name, hint in hints.items() if _has_inside(hint)]
    also = "".join(f" and (not value.{name} or {name}(value.{name}))" for name in inside)
    names = {"kind": kind, "seen": seen, "look": look, **{name: fits(hints[name]) for name in inside}}
    return eval(f"lambda value: isinstance(value, kind) and (({types}) in seen or look(value)){also}", names)  # type: ignore[no-any-return]  # noqa: S307 - of the names of fields alone


def find_mismatch(value: object, annotation: Any, where: str = "", most: int | None = None) -> Mismatch | None:
    """Returns the first thing in a value that is not of its type.

    Args:
        value: The value.
        annotation: Its annotation.
        where: What the value itself is called.
        most: How many members of a tuple or mapping to look at; ``None``: all.
    """
    if _is_union(annotation):
        found = [find_mismatch(value, choice, where, most) for choice in get_args(annotation)]
        if None in found:
            return None
        # What is wrong within a value of one of these types says more than that it is none of them.
        within = (mismatch for mismatch in found if mismatch is not None and mismatch.where != where)
        return next(within, _mismatch(value, annotation, where))
    if not _is_of(value, annotation):
        return _mismatch(value, annotation, where)
    for name, member, hint in _inside(value, annotation, where, most):
        if (mismatch := find_mismatch(member, hint, name, most)) is not None:
            return mismatch
    return None


def check_type(value: object, annotation: object, name: str) -> None:
    """Checks that a value, and what it holds, is of the type of an annotation.

    Args:
        value: The value.
        annotation: Its annotation.
        name: What the caller knows it as.

    Raises:
        InvalidArgument: It is not; the message says which type is wanted, and never repeats the value.
    """
    if fits(annotation)(value):
        return
    mismatch = find_mismatch(value, annotation, name)
    if mismatch is not None:
        field = mismatch.where.partition(".")[2].partition("[")[0]
        raise InvalidArgument(f"{mismatch.where} must be {mismatch.wanted}, not {mismatch.came}", field=field or None)


def check_listed(value: object, wanted: str) -> None:
    """Checks that a value is a list or another sequence, and no text, which would be one of characters.

    Raises:
        InvalidArgument: It is not; ``wanted`` says what is wanted.
    """
    if isinstance(value, str | bytes) or not isinstance(value, Sequence):
        raise InvalidArgument(f"{wanted}, not {type_name(value)}")


def type_name(value: object) -> str:
    """Returns what a value is, for a message: the name of its type, or ``None``."""
    return "None" if value is None else type(value).__name__


def name_of(annotation: Any) -> str:
    """Returns an annotation as code has it: ``tuple[ObjectInfo, ...]``, ``str | None``."""
    if annotation is Ellipsis:
        return "..."
    arguments = get_args(annotation)
    if _is_union(annotation):
        return " | ".join(map(name_of, arguments))
    if get_origin(annotation) is Literal:
        return " or ".join(map(repr, arguments))
    name = "None" if annotation is NoneType else annotation.__name__
    return f"{name}[{', '.join(map(name_of, arguments))}]" if arguments else str(name)


def _mismatch(value: object, annotation: Any, where: str) -> Mismatch:
    return Mismatch(where, type_name(value), name_of(annotation))


def _is_of(value: object, annotation: Any) -> bool:
    """Whether a value is of the annotation's outer type; ``True`` and ``False`` are no numbers."""
    origin = get_origin(annotation)
    if origin is Literal:
        return isinstance(value, tuple({type(choice) for choice in get_args(annotation)}))
    kind = origin or annotation
    return isinstance(value, kind) and not (kind is int and isinstance(value, bool))


def _inside(value: Any, annotation: Any, where: str, most: int | None) -> Iterator[tuple[str, object, Any]]:
    """Yields what a value holds: what it is called, itself, and its annotation."""
    arguments = get_args(annotation)
    if _is_struct(annotation):
        for name, hint in _hints(annotation).items():
            yield f"{type(value).__name__}.{name}", getattr(value, name), hint
    elif isinstance(value, tuple) and arguments:
        for index, member in enumerate(islice(value, most)):
            yield f"{where}[{index}]", member, arguments[0]
    elif isinstance(value, Mapping) and arguments:
        for key, member in islice(value.items(), most):
            yield f"a name in {where}", key, arguments[0]
            yield f"{where}[{key!r:.40}]", member, arguments[1]


def _has_inside(annotation: Any) -> bool:
    choices = get_args(annotation) if _is_union(annotation) else (annotation,)
    return any(_is_struct(choice) or get_origin(choice) in {tuple, dict, Mapping} for choice in choices)


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in {Union, UnionType}


def _is_struct(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, msgspec.Struct)


@cache
def _hints(kind: type[msgspec.Struct]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {name: hints[name] for name in kind.__struct_fields__}
