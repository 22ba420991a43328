"""Describes the fields of requests and responses in the OpenAPI document, as the docstrings of their Structs do."""

from __future__ import annotations

import dataclasses
import inspect
import re
from typing import TYPE_CHECKING, Final

from litestar.openapi.spec import Reference, Schema
from litestar.plugins import OpenAPISchemaPlugin
from msgspec import Struct

if TYPE_CHECKING:
    from litestar._openapi.schema_generation import SchemaCreator
    from litestar.typing import FieldDefinition

_ATTRIBUTES: Final = re.compile(r"^Attributes:\n((?:(?: {4}.*)?\n)*)", re.MULTILINE)
_ATTRIBUTE: Final = re.compile(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", re.MULTILINE)


class FieldDescriptions(OpenAPISchemaPlugin):
    """Gives each field of a Struct the text that its docstring has for it. What its type says follows."""

    def is_plugin_supported_field(self, field_definition: FieldDefinition) -> bool:
        """Whether it is a Struct."""
        return not field_definition.is_union and field_definition.is_subclass_of(Struct)

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: SchemaCreator) -> Schema:
        """Returns what Litestar makes of the Struct, with descriptions."""
        others = (plugin for plugin in schema_creator.plugins if plugin is not self)
        made = next(each for each in others if schema_creator.plugin_supports_field(each, field_definition))
        schema = made.to_openapi_schema(field_definition, schema_creator)
        texts = descriptions(field_definition.type_)
        schema.properties = {
            name: _described(field, texts.get(name)) for name, field in (schema.properties or {}).items()
        }
        return schema


def _described(field: Schema | Reference, text: str | None) -> Schema | Reference:
    # What a reference leads to has its own.
    if text is None or isinstance(field, Reference):
        return field
    return dataclasses.replace(field, description=f"{text} {field.description or ''}".rstrip())


def descriptions(kind: type) -> dict[str, str]:
    """Returns what the docstrings of a class and its bases say of its attributes, as Markdown about JSON."""
    found: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        section = _ATTRIBUTES.search(inspect.cleandoc(each.__doc__ or "") + "\n")
        for name, text in _ATTRIBUTE.findall(section[1]) if section else ():
            found[name] = " ".join(text.split()).replace("``None``", "`null`").replace("``", "`")
    return found
