"""Structs as trees of XML elements, derived from their fields.

Whoever sends or receives XML has a parser and a writer of its own, and reads and writes these trees. What the elements
are called stands beside the fields, in `Annotated[…, Xml(…)]`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from functools import cache
from types import NoneType
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from bucketry._xml_names import Xml
from bucketry.acls import GROUP_URIS, Grantee
from bucketry.errors import InvalidBucketSettings
from bucketry.s3 import xml_time

_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,19}")
_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_BOOLEANS: Final[Mapping[str, bool]] = {"true": True, "false": False}


class Element(NamedTuple):
    """An element of a document, as every parser has it.

    Attributes:
        name: Its name, without a namespace.
        text: Its text, as it is.
        children: The elements in it.
        type: Its attribute ``xsi:type``, the only one in S3; empty without it.
    """

    name: str
    text: str = ""
    children: tuple[Element, ...] = ()
    type: str = ""


StructT = TypeVar("StructT", bound=msgspec.Struct)


def write_struct(name: str, struct: msgspec.Struct) -> Element:
    """Returns the element of a Struct.

    Args:
        name: Name of the element.
        struct: The Struct.
    """
    if isinstance(struct, Grantee):
        return _write_grantee(name, struct)
    children: list[tuple[tuple[str, ...], Element]] = []
    for field in _fields(type(struct)):
        value = getattr(struct, field.name)
        if field.is_inline:
            return write_struct(name, value) if value is not None else Element(name)
        *around, last = field.path
        children += [(tuple(around), element) for element in _write_values(field, last, value)]
        if field.is_wrapped and not value:
            children.append((tuple(around[:-1]), Element(around[-1])))
    grouped = _grouped(children)
    combined_in = getattr(struct, "combined_in", "")
    if combined_in and len(grouped) > 1:
        grouped = (Element(combined_in, children=grouped),)
    return Element(name, children=grouped)


def read_struct(element: Element, kind: type[StructT]) -> StructT:
    """Reads a Struct. Values are only checked for being of the right type.

    Raises:
        InvalidBucketSettings: An element is missing, unknown, or there too often, or its text is not of its type.
    """
    fields = _fields(kind)
    if fields and fields[0].is_inline:
        values: dict[str, Any] = {fields[0].name: read_struct(element, fields[0].kind)}
        return kind(**values)
    values = {}
    _collect(_conditions_in(element, kind), _places(kind), values)
    for field in fields:
        if field.name not in values and field.is_required:
            raise _mistake(f"{element.name} has no element {'/'.join(field.path)}")
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})


class _Field(NamedTuple):
    """A field of a Struct, and how it is written.

    Attributes:
        name: Its name.
        path: Names of the elements from the Struct's to the value's.
        flag: Text that stands for true; ``None``: it is not a flag.
        is_wrapped: Whether the element around several values is there even if there are none.
        kind: The type of one value.
        is_list: Whether it has several values.
        is_required: Whether it has no default.
    """

    name: str
    path: tuple[str, ...]
    flag: str | None
    is_wrapped: bool
    kind: Any
    is_list: bool
    is_required: bool

    @property
    def is_inline(self) -> bool:
        """Whether its elements stand for themselves in the Struct's element."""
        return not self.path


@cache
def _fields(kind: type[msgspec.Struct]) -> tuple[_Field, ...]:
    hints = get_type_hints(kind, include_extras=True)
    return tuple(_field(field, hints[field.name]) for field in msgspec.structs.fields(kind))


def _field(field: msgspec.structs.FieldInfo, hint: Any) -> _Field:
    mark = Xml()
    if get_origin(hint) is Annotated:
        hint, *marks = get_args(hint)
        mark = next((one for one in marks if isinstance(one, Xml)), mark)
    is_list = get_origin(hint) is tuple
    one = get_args(hint)[0] if is_list else hint
    (kind,) = [choice for choice in get_args(one) if choice is not NoneType] if _is_optional(one) else [one]
    path = mark.path or "".join(word.capitalize() for word in field.name.split("_"))
    return _Field(
        name=field.name,
        path=() if path == "." else tuple(path.split("/")),
        flag=mark.flag,
        is_wrapped=mark.wrapped,
        kind=kind,
        is_list=is_list,
        is_required=field.required,
    )


def _is_optional(hint: Any) -> bool:
    return NoneType in get_args(hint)


def _write_values(field: _Field, name: str, value: Any) -> list[Element]:
    values = value if field.is_list else () if value is None else (value,)
    if field.flag is not None:
        return [Element(name, field.flag)] if value else []
    return [write_struct(name, one) if isinstance(one, msgspec.Struct) else Element(name, _text(one)) for one in values]


def _text(value: str | bool | int | datetime) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return xml_time(value) if isinstance(value, datetime) else str(value)


def _grouped(entries: Iterable[tuple[tuple[str, ...], Element]]) -> tuple[Element, ...]:
    """Puts elements into those around them: one for each name, where the first of its elements comes."""
    groups: dict[str, list[tuple[tuple[str, ...], Element]]] = {}
    order: list[Element | str] = []
    for around, element in entries:
        if not around:
            order.append(element)
            continue
        if around[0] not in groups:
            order.append(around[0])
        groups.setdefault(around[0], []).append((around[1:], element))
    return tuple(Element(one, children=_grouped(groups[one])) if isinstance(one, str) else one for one in order)


_Places = dict[str, "_Field | _Places"]
"""What may stand in an element, by name: the value of a field, or an element around such."""


@cache
def _places(kind: type[msgspec.Struct]) -> _Places:
    places: _Places = {}
    for field in _fields(kind):
        inside = places
        for name in field.path[:-1]:
            found = inside.setdefault(name, {})
            assert isinstance(found, dict)  # noqa: S101 - a mistake in the annotations of a Struct
            inside = found
        inside[field.path[-1]] = field
    return places


def _conditions_in(element: Element, kind: type[msgspec.Struct]) -> Element:
    """Returns the element that holds the conditions of a filter: itself if there is one, or the one around several."""
    combined_in = getattr(kind, "combined_in", "")
    if not combined_in:
        return element
    if len(element.children) > 1:
        raise _mistake(f"{element.name} has several conditions outside {combined_in}")
    (first, *_) = element.children or (element,)
    if first.name != combined_in:
        return element
    if not first.children:
        raise _mistake(f"{combined_in} is empty")
    return first


def _collect(element: Element, places: _Places, values: dict[str, Any]) -> None:
    """Adds the values in an element to those that were found."""
    if element.text.strip():
        raise _mistake(f"{element.name} has a text")
    seen: set[str] = set()
    for child in element.children:
        place = places.get(child.name)
        if place is None:
            raise _mistake(f"{element.name} has an element {child.name[:64]!r}")
        if isinstance(place, _Field) and place.is_list:
            values.setdefault(place.name, []).append(_read_value(child, place))
            continue
        if child.name in seen:
            raise _mistake(f"{element.name} has several elements {child.name}")
        seen.add(child.name)
        if isinstance(place, _Field):
            values[place.name] = _read_value(child, place)
        elif not child.children and not _may_be_empty(place):
            raise _mistake(f"{child.name} is empty")
        else:
            _collect(child, place, values)


def _may_be_empty(places: _Places) -> bool:
    return all(place.is_list if isinstance(place, _Field) else _may_be_empty(place) for place in places.values())


def _read_value(element: Element, field: _Field) -> Any:
    kind = field.kind
    if kind is Grantee:
        return _read_grantee(element)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return read_struct(element, kind)
    if element.children:
        raise _mistake(f"{element.name} has an element {element.children[0].name[:64]!r}")
    if kind is str:
        return element.text
    text = element.text.strip()
    if field.flag is not None:
        return _one_of(element, text, {field.flag: True})
    if get_origin(kind) is Literal:
        return _one_of(element, text, {choice: choice for choice in get_args(kind)})
    return _READERS[kind](element, text)


def _one_of(element: Element, text: str, choices: Mapping[str, Any]) -> Any:
    if text not in choices:
        raise _mistake(f"{element.name} is not {' or '.join(map(repr, choices))}")
    return choices[text]


def _read_number(element: Element, text: str) -> int:
    if not _NUMBER.fullmatch(text) or not -(2**31) <= int(text) < 2**63:
        raise _mistake(f"{element.name} is not a number")
    return int(text)


def _read_boolean(element: Element, text: str) -> bool:
    return bool(_one_of(element, text.lower(), _BOOLEANS))


def _read_time(element: Element, text: str) -> datetime:
    if not _TIME.fullmatch(text):
        raise _mistake(f"{element.name} is not a time in ISO 8601")
    try:
        if len(text) == len("2026-01-01"):
            return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _mistake(f"{element.name} is not a time in ISO 8601") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


_READERS: Final[Mapping[type, Callable[[Element, str], Any]]] = {
    int: _read_number,
    bool: _read_boolean,
    datetime: _read_time,
}
"""How the text of an element is read, by the type of the field."""


def _write_grantee(name: str, grantee: Grantee) -> Element:
    if grantee.kind == "group":
        return Element(name, children=(Element("URI", GROUP_URIS[grantee.id]),), type="Group")
    if grantee.kind == "email":
        return Element(name, children=(Element("EmailAddress", grantee.id),), type="AmazonCustomerByEmail")
    named = (Element("DisplayName", grantee.display_name),) if grantee.display_name else ()
    return Element(name, children=(Element("ID", grantee.id), *named), type="CanonicalUser")


class _GranteeXml(msgspec.Struct, frozen=True, kw_only=True):
    """What may stand in the element of a grantee. Which of them counts says its type, or what is there."""

    id: Annotated[str | None, Xml("ID")] = None
    display_name: str | None = None
    uri: Annotated[str | None, Xml("URI")] = None
    email: Annotated[str | None, Xml("EmailAddress")] = None


def _read_grantee(element: Element) -> Grantee:
    found = read_struct(element, _GranteeXml)
    if sum(value is not None for value in (found.id, found.uri, found.email)) != 1:
        raise _mistake(f"{element.name} has one of ID, URI and EmailAddress")
    wanted = "CanonicalUser" if found.id is not None else "Group" if found.uri is not None else "AmazonCustomerByEmail"
    if element.type not in {"", wanted}:
        raise _mistake(f"the type of {element.name} does not fit what is in it")
    if found.uri is not None:
        group = next((name for name, uri in GROUP_URIS.items() if uri == found.uri), None)
        if group is None:
            raise InvalidBucketSettings("Invalid group uri", fault="value", field="acl")
        return Grantee(kind="group", id=group)
    if found.email is not None:
        return Grantee(kind="email", id=found.email)
    return Grantee(kind="user", id=found.id or "", display_name=found.display_name or "")


def _mistake(why: str) -> InvalidBucketSettings:
    return InvalidBucketSettings(why, fault="schema")
