"""Reads and writes the XML of S3's responses and requests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, cast
from urllib.parse import unquote_plus
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from bucketry import CHECKSUM_ALGORITHMS, Checksum, CompletedPart, InvalidChecksum, Part, Upload
from bucketry.documents import Element as SettingsElement
from bucketry.s3 import NAMESPACE, STANDARD

from bucketry_s3client.headers import read_count, read_etag

_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_TYPE: Final = f"{{{_XSI}}}type"

_ESCAPED: Final = {"\r": "&#13;"}
"""Characters that a parser would change (XML 1.0, 2.11)."""

_DOCUMENT_TYPE: Final = b"<!DOCTYPE"


# Servers echo keys, prefixes and markers as they are, or as character references. RGW does so whatever encoding was
# asked for, and also with what XML 1.0 (2.2) cannot hold.
NOT_XML: Final = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]"
    rb"|&#(?:[xX]0*(?:[0-8bcBCefEF]|1[0-9a-fA-F]|[fF]{3}[eEfF])|0*(?:[0-8]|1[124-9]|2[0-9]|3[01]|6553[45]));"
)
"""What an XML parser refuses in servers' responses."""


def as_xml(document: bytes) -> bytes:
    """Removes what XML does not allow. Keys that were asked for encoded hold none of it."""
    return NOT_XML.sub(b"", document)


class Element:
    """An element whose children are found by their names, whatever the namespace.

    Attributes:
        name: Its own name.
    """

    __slots__ = ("_children", "name")

    def __init__(self, element: ElementTree.Element) -> None:
        self.name = _local(element.tag)
        self._children = element

    def texts(self) -> dict[str, str]:
        """Returns the texts of the children, by name; empty for those that have children of their own."""
        return {_local(child.tag): child.text or "" for child in self._children}

    def all(self, name: str) -> list[Element]:
        """Returns the children of this name."""
        return [Element(child) for child in self._children if _local(child.tag) == name]

    def children(self) -> list[Element]:
        """Returns all children, in their order."""
        return [Element(child) for child in self._children]

    def attribute(self, name: str) -> str:
        """Returns an attribute by its name, with the namespace in braces; empty if there is none."""
        return self._children.get(name, "")

    def values(self, name: str) -> list[str]:
        """Returns the texts of all children of this name."""
        return [child.text or "" for child in self._children if _local(child.tag) == name]

    def as_tree(self) -> SettingsElement:
        """Returns the element as core's codec of bucket settings reads it."""
        children = tuple(child.as_tree() for child in self.children())
        return SettingsElement(self.name, self._children.text or "", children, self.attribute(_TYPE))

    def text(self, name: str) -> str:
        """Returns the text of the first child of this name; empty if there is none."""
        for child in self._children:
            if _local(child.tag) == name:
                return child.text or ""
        return ""


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def parse_xml(document: bytes) -> Element:
    """Parses a response.

    Raises:
        ValueError: It is not XML, or declares a document type, which no response of S3 does and attacks do.
    """
    document = document.lstrip()  # Servers send blanks while they work, to keep the connection open.
    if _DOCUMENT_TYPE in document:
        raise ValueError("the response declares a document type")
    try:
        return Element(ElementTree.fromstring(document))  # noqa: S314 - without a document type there are no entities
    except ElementTree.ParseError as error:
        raise ValueError(f"the response is not XML: {error}") from error


def document_of(root: SettingsElement) -> bytes:
    """Returns the document of a bucket's settings, as it is sent."""
    content = "".join(map(_written, root.children))
    return f'<{root.name} xmlns="{NAMESPACE}">{content}</{root.name}>'.encode()


def _written(one: SettingsElement) -> str:
    kind = f' xmlns:xsi="{_XSI}" xsi:type="{one.type}"' if one.type else ""
    content = escape(one.text, _ESCAPED) + "".join(map(_written, one.children))
    return f"<{one.name}{kind}>{content}</{one.name}>"


def url_decoded(text: str) -> str:
    """Returns a key or prefix as it is, out of its ``encoding-type=url`` form.

    Raises:
        ValueError: It is not UTF-8.
    """
    return unquote_plus(text, errors="strict") if "%" in text or "+" in text else text


def is_truncated(document: Element) -> bool:
    """Whether a page of a listing is followed by others.

    Raises:
        ValueError: It does not say so.
    """
    said = document.text("IsTruncated")
    if said not in {"true", "false"}:
        raise ValueError("the page does not say whether others follow")
    return said == "true"


def read_time(text: str) -> datetime:
    """Reads a time as S3 writes it in XML.

    Raises:
        ValueError: The text is not a time, or names no time zone.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("the time names no zone")
    return moment


def _not_empty(text: str) -> str:
    if not text:
        raise ValueError("a text is empty")
    return text


def read_storage_class(text: str | None) -> str | None:
    """Returns a storage class as the contract has it: ``None`` for the one that objects have without any."""
    return None if text in {None, "", STANDARD} else text


def read_upload(entry: Element) -> Upload:
    """Reads an entry of ListMultipartUploads whose keys are encoded.

    Raises:
        KeyError: A field is missing.
        ValueError: A field is malformed.
    """
    texts = entry.texts()
    return Upload(
        key=_not_empty(url_decoded(texts["Key"])),
        upload_id=_not_empty(texts["UploadId"]),
        initiated_at=read_time(texts["Initiated"]),
        storage_class=read_storage_class(texts.get("StorageClass")),
        checksum_algorithm=texts.get("ChecksumAlgorithm") or None,
        checksum_type=cast("Any", texts.get("ChecksumType") or None),
    )


def read_part(entry: Element) -> Part:
    """Reads an entry of ListParts. Errors as in `read_upload`."""
    texts = entry.texts()
    return Part(
        part_number=read_count(texts["PartNumber"]),
        etag=read_etag(texts["ETag"]),
        size_bytes=read_count(texts["Size"]),
        last_modified=read_time(texts["LastModified"]),
        checksum=read_checksum(texts),
    )


def read_checksum(texts: Mapping[str, str]) -> Checksum | None:
    """Reads the checksum among the elements about a part; ``None`` if there is none.

    Raises:
        ValueError: It is malformed.
    """
    for name in CHECKSUM_ALGORITHMS:
        if text := texts.get(f"Checksum{name}"):
            try:
                return Checksum.parse(name, text)
            except InvalidChecksum as error:
                raise ValueError(str(error)) from None
    return None


def complete_request(parts: Iterable[CompletedPart]) -> bytes:
    """Returns the body of CompleteMultipartUpload."""
    listed = "".join(
        f'<Part><PartNumber>{part.part_number}</PartNumber><ETag>"{escape(part.etag)}"</ETag>{_checksum(part)}</Part>'
        for part in parts
    )
    return f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()


def _checksum(part: CompletedPart) -> str:
    if part.checksum is None:
        return ""
    name = f"Checksum{part.checksum.algorithm}"
    return f"<{name}>{part.checksum.text}</{name}>"
