"""How a field of a Struct is written in an XML document of S3. Each Struct says it beside its fields."""

from __future__ import annotations

import msgspec


class Xml(msgspec.Struct, frozen=True):
    """Marks a field in its annotation: ``Annotated[str, Xml("ID")]``. Without it, the name is the field's in CamelCase.

    Attributes:
        path: Names of the elements from the Struct's element to the value, with ``/`` between them; empty: the usual
            name; ``.``: the value is a Struct whose elements stand there themselves. A field of several values repeats
            the last element.
        flag: Text of the element if the field is true. There is no element if it is false. ``None``: the field is not
            such a flag.
        wrapped: Whether the element around several values is there even if there are none.
    """

    path: str = ""
    flag: str | None = None
    wrapped: bool = False
