"""Reads and writes the XML of S3's answers and requests."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote_plus
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from bucketry import CompletedPart

# MinIO writes the names of user metadata as element names, also those that XML does not allow ("a!b"). Nobody needs
# them in a listing, and the values hold no "<", so that leaving them out is exact.
_USER_METADATA: Final = re.compile(rb"<X-Amz-Meta-[^<>]*>[^<]*</X-Amz-Meta-[^<>]*>")


class Element:
    """An element whose children are found by their names, whatever the namespace."""

    __slots__ = ("_children", "name")

    def __init__(self, element: ElementTree.Element) -> None:
        self.name = _local(element.tag)
        self._children = element

    def texts(self) -> dict[str, str]:
        """Returns the texts of the children that have no children of their own, by name."""
        return {_local(child.tag): child.text or "" for child in self._children}

    def all(self, name: str) -> list[Element]:
        """Returns the children of this name."""
        return [Element(child) for child in self._children if _local(child.tag) == name]

    def text(self, name: str) -> str:
        """Returns the text of the first child of this name; empty if there is none."""
        for child in self._children:
            if _local(child.tag) == name:
                return child.text or ""
        return ""


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def parse(document: bytes) -> Element:
    """Parses an answer.

    Raises:
        ValueError: It is not XML, or declares a document type, which no answer of S3 does and attacks do.
    """
    document = document.lstrip()  # MinIO sends blanks while it works, to keep the connection open.
    if b"<!DOCTYPE" in document:
        raise ValueError("the answer declares a document type")
    if b"<X-Amz-Meta-" in document:
        document = _USER_METADATA.sub(b"", document)
    try:
        return Element(ElementTree.fromstring(document))  # noqa: S314 - without a document type there are no entities
    except ElementTree.ParseError as error:
        raise ValueError(f"the answer is not XML: {error}") from error


def decoded(text: str) -> str:
    """Returns a key or prefix as it is, out of its ``encoding-type=url`` form."""
    return unquote_plus(text, errors="strict") if "%" in text or "+" in text else text


def complete_request(parts: Iterable[CompletedPart]) -> bytes:
    """Returns the body of CompleteMultipartUpload."""
    listed = "".join(
        f"<Part><PartNumber>{part.part_number}</PartNumber><ETag>{escape(part.etag)}</ETag></Part>" for part in parts
    )
    return f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()
