"""XML of the S3 API: writes responses as clients expect them, and reads what clients send within limits."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from string import ascii_letters, digits
from typing import Any, Final
from urllib.parse import quote
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from bucketry.documents import Element as SettingsElement
from bucketry.origin import HOST_ID
from bucketry.owners import DEFAULT_OWNER, Owner
from bucketry.s3 import NAMESPACE
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from bucketry_http.s3.errors import S3Error, invalid_argument

XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'

OWNER_ID: Final = DEFAULT_OWNER.id
OWNER_NAME: Final = DEFAULT_OWNER.display_name

_TYPE: Final = f"{{{XSI}}}type"

_SPECIAL: Final = re.compile('[&<>"\x00-\x1f\x7f-\x9f\ufffe\uffff\u2028]')
_UNWRITABLE: Final = re.compile(r"&#x(?:[0-8bcef]|1[0-9a-f]|fff[ef]);")
"""References to characters that XML 1.0 does not allow (section 2.2)."""

_PLAIN: Final = bytes(set(range(0x20, 0x7F)) - set(b'&<>"'))
"""Characters that need no escape, of those in US-ASCII."""

_UNRESERVED: Final = f"{ascii_letters}{digits}-._~/".encode()
"""Characters that percent-encoding leaves as they are."""

_NAMED: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}

MAX_DEPTH: Final = 12
"""The deepest document of the S3 API (a lifecycle configuration) has six levels."""

MAX_ELEMENTS: Final = 50_000
"""A list of 10,000 parts with checksums has 40,001. For most documents, `read_xml` is called with a lower limit."""

MAX_SETTING_ELEMENTS: Final = 10_000
"""A bucket's lifecycle configuration has up to 1,000 rules with about ten elements each."""

MAX_NAME: Final = 256
"""Longest name of an element or attribute, with its namespace, which the parser adds. S3's has 39 characters."""

MAX_ATTRIBUTES: Final = 8
"""Most attributes of an element. The S3 API has only one: ``xsi:type`` of a grantee."""

MAX_DOCUMENT_BYTES: Final = 256 * 1024
"""Longest document, other than lists of keys or parts. The longest one in S3, a CORS configuration, has 64 KiB."""

_MAX_MARKUP_BYTES: Final = 8 * 1024
_PIECE_BYTES: Final = 4 * 1024


def escape(text: str) -> str:
    """Returns text as it is written in an element.

    Control characters become character references, as in S3. XML 1.0 does not allow most of them, so clients can ask
    for ``encoding-type=url`` (S3 API reference, ListObjectsV2).
    """
    return _SPECIAL.sub(_escaped, text) if _has_other_than(_PLAIN, text) else text


def escape_all(texts: list[str]) -> list[str]:
    """Returns texts as they are written in elements. Few pages need escapes, and one look at all texts tells."""
    return [escape(text) for text in texts] if _has_other_than(_PLAIN, "".join(texts)) else texts


def _has_other_than(characters: bytes, text: str) -> bool:
    """Says whether a text has other characters than these of US-ASCII: four times as fast as a regular expression."""
    return bool(text.encode().translate(None, characters))


def _escaped(match: re.Match[str]) -> str:
    char = match[0]
    return _NAMED.get(char) or f"&#x{ord(char):x};"


def element(name: str, text: object) -> str:
    """Returns an element with text."""
    return f"<{name}>{escape(str(text))}</{name}>"


def optional(name: str, text: object | None) -> str:
    """Returns an element with text, or nothing without text."""
    return "" if text is None or text == "" else element(name, text)


def document(name: str, content: str) -> bytes:
    """Returns a whole document in S3's namespace."""
    return f'{DECLARATION}<{name} xmlns="{NAMESPACE}">{content}</{name}>'.encode()


def settings_document(root: SettingsElement) -> bytes:
    """Returns the document of settings."""
    return document(root.name, "".join(map(written, root.children)))


def written(one: SettingsElement) -> str:
    """Returns an element of settings, with all that is in it."""
    kind = f' xmlns:xsi="{XSI}" xsi:type="{one.type}"' if one.type else ""
    return f"<{one.name}{kind}>{escape(one.text)}{''.join(map(written, one.children))}</{one.name}>"


def owner(of: Owner = DEFAULT_OWNER, name: str = "Owner") -> str:
    """Returns the element of an owner."""
    return f"<{name}>{element('ID', of.id)}{optional('DisplayName', of.display_name)}</{name}>"


class Encoding:
    """How keys are written in a listing: as they are, or percent-encoded if the client asks for it.

    Attributes:
        kind: ``url`` or empty.
    """

    __slots__ = ("kind",)

    def __init__(self, query: dict[str, str]) -> None:
        """Reads ``encoding-type``.

        Raises:
            S3Error: The value is not ``url``.
        """
        self.kind = query.get("encoding-type", "")
        if self.kind not in {"", "url"}:
            raise invalid_argument("encoding-type", self.kind, "Invalid Encoding Method specified in Request")

    def text(self, key: str) -> str:
        """Returns a key, prefix or delimiter as it is written in an element."""
        return quote(key, safe="/") if self.kind else escape(key)

    def texts(self, keys: list[str]) -> list[str]:
        """Returns the same for many keys."""
        if not self.kind:
            return escape_all(keys)
        return [quote(key, safe="/") for key in keys] if _has_other_than(_UNRESERVED, "".join(keys)) else keys

    def element(self, name: str, key: str) -> str:
        """Returns an element with a key, prefix or delimiter."""
        return f"<{name}>{self.text(key)}</{name}>"

    def unencoded(self, name: str, key: str) -> str:
        """Returns the element of a text that clients do not decode. It is encoded if XML cannot hold it otherwise.

        SDKs made from S3's model do not decode the prefix of ListObjects.
        """
        plain = element(name, key)
        return self.element(name, key) if _UNWRITABLE.search(plain) else plain

    def optional(self, name: str, key: str) -> str:
        """Returns an element, or nothing for an empty one."""
        return self.element(name, key) if key else ""

    def declaration(self) -> str:
        """Returns the element that names the encoding."""
        return optional("EncodingType", self.kind)


def error_document(error: S3Error, resource: str, bucket: str, key: str, request_id: str) -> bytes:
    """Returns the document of an error (S3 API reference, "REST error responses"), which has no namespace.

    Characters that XML does not allow are replaced: a client must be able to read the code in any case.
    """
    where = optional("BucketName", bucket) + optional("Key", key)
    more = "".join(element(name, value) for name, value in error.elements.items())
    written = (
        f"{DECLARATION}<Error>{element('Code', error.s3_code)}{element('Message', error.message)}{where}{more}"
        f"{element('Resource', resource)}{element('RequestId', request_id)}{element('HostId', HOST_ID)}</Error>"
    )
    return _UNWRITABLE.sub("\ufffd", written).encode()


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
        if self._depth > MAX_DEPTH or self._elements > self._most or len(attrs) > MAX_ATTRIBUTES:
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


async def read_xml(body: bytes, *names: str, most: int = MAX_ELEMENTS) -> Node:
    """Reads a document. Other requests get their turn in between.

    Args:
        body: The document, whose size the caller limits.
        names: Allowed names of the root.
        most: Most elements.

    Raises:
        S3Error: It is not well-formed, has a document type or entities, is too deep or too large, or another document.
    """
    root = await read_any_xml(body, most)
    if root.name not in names:
        raise malformed(f"the document is not {' or '.join(names)}")
    return root


async def read_any_xml(body: bytes, most: int = MAX_SETTING_ELEMENTS) -> Node:
    """Reads a document with any root.

    Args:
        body: The document, whose size the caller limits.
        most: Most elements.

    Raises:
        S3Error: It is not well-formed, has a document type or entities, or is too deep or too large.
    """
    try:
        parser: Any = DefusedXMLParser(target=_BoundedBuilder(most), forbid_dtd=True)
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
    return S3Error("MalformedXML", "The XML is nested too deeply, or has too many elements or too long tags.")


def malformed(reason: str) -> S3Error:
    """Returns the error for a well-formed document with wrong content."""
    return S3Error("MalformedXML", f"The XML you provided did not validate against our schema: {reason}.")


def _local(tag: Any) -> str:
    return str(tag).rpartition("}")[2]
