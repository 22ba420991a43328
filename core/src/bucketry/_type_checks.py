"""Checks that values have the types of their annotations: what callers pass, and what drivers return.

The contract's own annotations are the table. A quick test comes first: every call passes it. `find_mismatch` looks at
a value that the quick test refuses, and describes what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Final, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec

from bucketry.errors import InvalidArgument

_MAPPINGS: Final = frozenset({dict, MappingProxyType})
"""The usual mappings. To ask whether a type is another one takes ten times as long."""

_MOST_MEMBERS: Final = 20
"""How many entries of a page `find_mismatch` looks into in a result: a thousand take 50 ms."""


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
    """Returns a quick test of values against an annotation. `find_mismatch` describes what it refuses.

    The test looks at a value, at the fields of a Struct, and at the types of the members of a tuple or mapping. Of a
    tuple of Structs it looks into the first one alone: to look into the 1,000 entries of a page would cost more than
    the rest of a listing.
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
        right, fits_member = set(_choices(arguments[0])), fits(arguments[0])
        return lambda value: (
            type(value) is tuple and (not value or (set(map(type, value)) <= right and fits_member(value[0])))
        )
    if origin in {dict, Mapping}:
        return lambda value: (
            (type(value) in _MAPPINGS or isinstance(value, origin))
            and all(isinstance(key, arguments[0]) and isinstance(member, arguments[1]) for key, member in value.items())
        )
    if origin is Literal:
        kinds = frozenset(map(type, arguments))
        return lambda value: type(value) in kinds
    if isinstance(annotation, type) and annotation is not int:
        return lambda value: isinstance(value, annotation)
    return lambda value: _is_of(value, annotation)


def _struct_test(kind: type[msgspec.Struct]) -> Callable[[Any], bool]:
    hints = _hints(kind)
    names: dict[str, Any] = {f"fits_{name}": fits(_present(hint)) for name, hint in hints.items()}
    names |= {f"kind_{name}": choice for name, hint in hints.items() for choice in _choices(hint)}
    defaults = _defaults(kind)
    names |= {f"default_{name}": default for name, default in defaults.items() if default is not None}

    def look(value: object) -> bool:
        """Takes its time: a value of a kind of the wanted types is right, too."""
        return find_mismatch(value, kind, most=_MOST_MEMBERS) is None

    # Written out as code, as attrs and namedtuple do: every call passes here, and a loop takes four times as long.
    tests = " and ".join(
        ["type(value) is kind", *(_field_test(name, hint, f"default_{name}" in names) for name, hint in hints.items())]
    )
    return eval(f"lambda value: ({tests}) or look(value)", names | {"kind": kind, "look": look})  # type: ignore[no-any-return]  # noqa: S307 - of the names of fields alone


def _field_test(name: str, hint: Any, has_default: bool) -> str:
    """Returns the code that tests one field: the default and the usual types by identity, all others with `fits`."""
    choices = _choices(hint)
    if len(choices) != 1 or not isinstance(choices[0], type) or _is_struct(choices[0]):
        test = f"fits_{name}(value.{name})"
    else:
        test = f"type(value.{name}) is kind_{name}"
    if NoneType in get_args(hint):
        test = f"value.{name} is None or {test}"
    return f"(value.{name} is default_{name} or {test})" if has_default else f"({test})"


def _defaults(kind: type[msgspec.Struct]) -> dict[str, object]:
    """Returns the defaults of the fields that have one."""
    fields = msgspec.structs.fields(kind)
    return {field.name: field.default for field in fields if field.default is not msgspec.NODEFAULT}


def _choices(hint: Any) -> list[Any]:
    """Returns the types that a value may have, except ``None``."""
    return [choice for choice in (get_args(hint) if _is_union(hint) else (hint,)) if choice is not NoneType]


def _present(hint: Any) -> Any:
    """Returns the annotation of a value that is not ``None``, since `_field_test` looks for that."""
    choices = _choices(hint)
    return choices[0] if len(choices) == 1 else hint


def find_mismatch(value: object, annotation: Any, where: str = "", most: int | None = None) -> Mismatch | None:
    """Returns the first thing in a value that is not of its type.

    Args:
        value: The value.
        annotation: Its annotation.
        where: What the value itself is called.
        most: How many members of a tuple or mapping to look into; ``None``: all. Of the others, only the type counts.
    """
    if _is_union(annotation):
        found = [find_mismatch(value, choice, where, most) for choice in get_args(annotation)]
        if None in found:
            return None
        # A mismatch within a value says more than that the value is of another type.
        within = (mismatch for mismatch in found if mismatch is not None and mismatch.where != where)
        return next(within, _mismatch(value, annotation, where))
    if not _is_of(value, annotation):
        return _mismatch(value, annotation, where)
    for name, member, hint in _inside(value, annotation, where, most):
        if (mismatch := find_mismatch(member, hint, name, most)) is not None:
            return mismatch
    return None


def check_type(value: object, annotation: object, name: str, *, field: str | None = None) -> None:
    """Checks that a value, and what it holds, is of the type of an annotation.

    Args:
        value: The value.
        annotation: Its annotation.
        name: What the message calls it.
        field: Name of the argument that it is; ``None``: it is a Struct of options, whose own field is named.

    Raises:
        InvalidArgument: It is of another type. The message says which type is wanted, and never repeats the value.
    """
    if fits(annotation)(value):
        return
    mismatch = find_mismatch(value, annotation, name)
    if mismatch is not None:
        text = f"{mismatch.where} must be {mismatch.wanted}, not {mismatch.came}"
        raise InvalidArgument(text, field=field or _wrong_field(value, annotation))


def _wrong_field(value: object, annotation: Any) -> str | None:
    """Returns the first field of a Struct whose value, or what that holds, is of another type."""
    hints = _hints(annotation).items() if _is_struct(annotation) else ()
    return next((name for name, hint in hints if find_mismatch(getattr(value, name, None), hint) is not None), None)


def check_listed(value: object, wanted: str, field: str) -> None:
    """Checks that a value is a list or another sequence. Text is refused, although it is a sequence of characters.

    Raises:
        InvalidArgument: It is something else. The message begins with ``wanted``.
    """
    if isinstance(value, str | bytes) or not isinstance(value, Sequence):
        raise InvalidArgument(f"{wanted}, not {type_name(value)}", field=field)


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
    """Whether a value is of the annotation's outer type. ``True`` and ``False`` do not count as numbers."""
    origin = get_origin(annotation)
    if origin is Literal:
        return isinstance(value, tuple({type(choice) for choice in get_args(annotation)}))
    kind = origin or annotation
    return isinstance(value, kind) and not (kind is int and isinstance(value, bool))


def _inside(value: Any, annotation: Any, where: str, most: int | None) -> Iterator[tuple[str, object, Any]]:
    """Yields the members of a value: the name, the value and the annotation of each."""
    arguments = get_args(annotation)
    if _is_struct(annotation):
        for name, hint in _hints(annotation).items():
            yield f"{type(value).__name__}.{name}", getattr(value, name), hint
    elif isinstance(value, tuple) and arguments:
        for index, member in enumerate(value):
            if most is None or index < most or not _is_of(member, arguments[0]):
                yield f"{where}[{index}]", member, arguments[0]
    elif isinstance(value, Mapping) and arguments:
        for index, (key, member) in enumerate(value.items()):
            if most is None or index < most or not (_is_of(key, arguments[0]) and _is_of(member, arguments[1])):
                yield f"a name in {where}", key, arguments[0]
                yield f"{where}[{key!r:.40}]", member, arguments[1]


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in {Union, UnionType}


def _is_struct(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, msgspec.Struct)


@cache
def _hints(kind: type[msgspec.Struct]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {name: hints[name] for name in kind.__struct_fields__}
