"""Reads the XML that clients of S3 send, within limits. It has a module of its own, since few requests bring XML."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from bucketry.documents import Element as SettingsElement
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from bucketry_http.s3.errors import S3Error
from bucketry_http.s3.xml import XSI

if TYPE_CHECKING:
    from bucketry_http.s3.settings import S3Settings

_TYPE: Final = f"{{{XSI}}}type"

MAX_DEPTH: Final = 12
"""The deepest document of the S3 API (a lifecycle configuration) has six levels.

Neither this limit nor one of those below has a setting: they guard the parser, and no document of S3 comes near."""

MAX_NAME: Final = 256
"""Longest name of an element or attribute, with its namespace, which the parser adds. S3's has 39 characters."""

MAX_ATTRIBUTES: Final = 8
"""Most attributes of an element. The S3 API has only one: ``xsi:type`` of a grantee."""

_MAX_MARKUP_BYTES: Final = 8 * 1024
"""Longest tag or comment."""

_PIECE_BYTES: Final = 4 * 1024


class _BoundedBuilder(TreeBuilder):
    """Builds a tree of a bounded size."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most
        self._depth = 0
        self._elements = 0

    def start(self, tag: str, attrs: dict[str, str]) -> Element:
        self._depth += 1
        self._elements += 1
        if self._elements > self._most:
            raise S3Error("MalformedXML", f"The XML has too many elements: this document may have {self._most}.")
        if self._depth > MAX_DEPTH or len(attrs) > MAX_ATTRIBUTES:
            raise _oversized()
        if len(tag) > MAX_NAME or any(len(name) > MAX_NAME for name in attrs):
            raise _oversized()
        return super().start(tag, attrs)

    def end(self, tag: str) -> Element:
        self._depth -= 1
        return super().end(tag)


class Node:
    """An element. Names of children are compared without their namespace."""

    __slots__ = ("_element", "name")

    def __init__(self, element: Element) -> None:
        """Wraps an element."""
        self._element = element
        self.name = _local(element.tag)

    def __len__(self) -> int:
        """Returns the number of children."""
        return len(self._element)

    def children(self, name: str | None = None) -> Iterator[Node]:
        """Yields the children, or only those of a name."""
        for child in self._element:
            if name is None or _local(child.tag) == name:
                yield Node(child)

    def child(self, name: str) -> Node | None:
        """Returns the child of a name, or ``None`` if there is none.

        Raises:
            S3Error: There are several.
        """
        found = list(self.children(name))
        if len(found) > 1:
            raise malformed(f"{self.name} has several elements {name}")
        return found[0] if found else None

    def text_of(self, name: str) -> str | None:
        """Returns the text of the child of a name, or ``None`` if there is none.

        Raises:
            S3Error: There are several.
        """
        found = self.child(name)
        return None if found is None else found.text

    def required(self, name: str) -> str:
        """Returns the text of the child of a name.

        Raises:
            S3Error: There is none, or there are several.
        """
        text = self.text_of(name)
        if text is None:
            raise malformed(f"{self.name} has no element {name}")
        return text

    def only(self, *names: str) -> None:
        """Refuses children with other names.

        Raises:
            S3Error: A child has another name.
        """
        for child in self.children():
            if child.name not in names:
                raise malformed(f"{self.name} has an element {child.name[:64]}")

    @property
    def text(self) -> str:
        """The text of the element."""
        return self._element.text or ""

    def as_element(self) -> SettingsElement:
        """Returns the element as core's codec reads it."""
        children = tuple(child.as_element() for child in self.children())
        return SettingsElement(self.name, self.text, children, self._element.get(_TYPE, ""))


async def read_xml(settings: S3Settings, body: bytes, *names: str, most: int | None = None) -> Node:
    """Reads a document. Other requests get their turn in between.

    Args:
        settings: How many elements a document may have.
        body: The document, whose size the caller limits.
        names: Allowed names of the root.
        most: Most elements that such a document has in S3, if that is less.

    Raises:
        S3Error: It is not well-formed, has a document type or entities, is too deep or too large, or another document.
    """
    root = await read_any_xml(settings, body, most)
    if root.name not in names:
        raise malformed(f"the document is not {' or '.join(names)}")
    return root


async def read_any_xml(settings: S3Settings, body: bytes, most: int | None = None) -> Node:
    """Reads a document with any root; its arguments are those of `read_xml`.

    Raises:
        S3Error: It is not well-formed, has a document type or entities, or is too deep or too large.
    """
    limit = settings.max_xml_elements
    builder = _BoundedBuilder(limit if most is None else min(most, limit))
    try:
        parser: Any = DefusedXMLParser(target=builder, forbid_dtd=True)
        for start in range(0, len(body), _PIECE_BYTES):
            if start:
                await asyncio.sleep(0)
            piece = body[start : start + _PIECE_BYTES]
            parser.feed(piece)
            # The rest is a tag or comment without its end, which the parser would read in one go.
            if start + len(piece) - parser.parser.CurrentByteIndex > _MAX_MARKUP_BYTES:
                raise _oversized()
        return Node(parser.close())
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        raise S3Error("MalformedXML") from None


def _oversized() -> S3Error:
    return S3Error("MalformedXML", "The XML is nested too deeply, or has too long tags or too many attributes.")


def malformed(reason: str) -> S3Error:
    """Returns the error for a well-formed document with wrong content."""
    return S3Error("MalformedXML", f"The XML you provided did not validate against our schema: {reason}.")


def _local(tag: Any) -> str:
    return str(tag).rpartition("}")[2]
