"""Says in the API's own words what is wrong with a body or a parameter.

The texts of the decoder and of the framework are written for programmers in Python, and change with their releases.
What was wanted comes from the same types that they decode by.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from litestar.params import KwargDefinition
from litestar.typing import FieldDefinition
from msgspec import inspect

_OBJECT: Final = "the body must be a JSON object"
_KINDS: Final = {b"[": "an array", b'"': "a string", b"t": "true", b"f": "false", b"n": "null"}
"""What a JSON value is, by its first character; others are numbers."""


def fault_of_body(kind: type[msgspec.Struct], body: bytes) -> str:
    """Returns why a body, which is JSON as far as it was read, is not of this kind."""
    start = body.lstrip()[:1]
    if start != b"{":
        return f"{_OBJECT}, not {_KINDS.get(start, 'a number')}"
    try:
        found = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return f"{_OBJECT} with the fields of this operation"
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for name, field in fields.items():
        if field.required and name not in found:
            return f"the field `{name}` is required"
    for name, value in found.items():
        if name not in fields:
            known = " and ".join(f"`{each}`" for each in fields)
            return f"the body has a field `{name[:100]}`: it may have {known}"
        if not _fits(value, fields[name].type):
            return f"`$.{name}` must be {_wanted(inspect.type_info(fields[name].type))}"
    return _OBJECT


def _fits(value: msgspec.Raw, kind: Any) -> bool:
    try:
        msgspec.json.decode(value, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _wanted(kind: inspect.Type) -> str:
    if isinstance(kind, inspect.Metadata):
        return _wanted(kind.type)
    if isinstance(kind, inspect.IntType):
        return f"a whole number from {kind.ge} to {kind.le}"
    if isinstance(kind, inspect.LiteralType):
        return " or ".join(f'"{value}"' for value in kind.values)
    if isinstance(kind, inspect.ListType):
        return f"a list of {kind.min_length} to {kind.max_length} strings"
    return "a string"


def fault_of_parameter(name: str, field: FieldDefinition | None) -> str:
    """Returns what a parameter must be that is something else."""
    definition = None if field is None else field.kwarg_definition
    bounds = definition if isinstance(definition, KwargDefinition) else KwargDefinition()
    if bool in _kinds(field):
        wanted = "true or false"
    elif is_number(field):
        wanted = f"a whole number from {bounds.ge} to {bounds.le}"
    elif bounds.max_length is not None:
        wanted = f"text of at most {bounds.max_length} characters"
    else:
        wanted = "text"
    return f"the parameter `{name}` must be {wanted}"


def is_number(field: FieldDefinition | None) -> bool:
    """Says whether a parameter is a whole number."""
    return int in _kinds(field)


def _kinds(field: FieldDefinition | None) -> tuple[Any, ...]:
    return () if field is None else (field.annotation, *(inner.annotation for inner in field.inner_types))
