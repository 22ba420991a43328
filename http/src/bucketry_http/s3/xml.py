"""Writes the XML of S3's answers, to the byte as its clients expect it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Final
from urllib.parse import quote

from bucketry_http.s3.errors import S3Error, invalid_argument

NAMESPACE: Final = "http://s3.amazonaws.com/doc/2006-03-01/"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'

OWNER_ID: Final = sha256(b"bucketry").hexdigest()
"""The canonical user id of the one owner that there is: 64 hexadecimal digits, as in S3."""

OWNER_NAME: Final = "bucketry"

_SPECIAL: Final = re.compile('[&<>"\x00-\x1f\x7f-\x9f\ufffe\uffff\u2028]')
_UNWRITABLE: Final = re.compile(r"&#x(?:[0-8bcef]|1[0-9a-f]|fff[ef]);")
"""References to what is no character in XML 1.0 (section 2.2)."""

_NAMED: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


def escape(text: str) -> str:
    """Returns text as it stands in an element.

    Control characters become character references, as S3 writes them. XML 1.0 has no way to write most of them, which
    is why clients ask for ``encoding-type=url`` (S3 API reference, ListObjectsV2).
    """
    return _SPECIAL.sub(_escaped, text) if _SPECIAL.search(text) else text


def _escaped(match: re.Match[str]) -> str:
    char = match[0]
    return _NAMED.get(char) or f"&#x{ord(char):x};"


def element(name: str, text: object) -> str:
    """Returns an element with text."""
    return f"<{name}>{escape(str(text))}</{name}>"


def optional(name: str, text: object | None) -> str:
    """Returns an element with text, or nothing where there is none."""
    return "" if text is None or text == "" else element(name, text)


def document(name: str, content: str) -> bytes:
    """Returns a whole document in S3's namespace."""
    return f'{DECLARATION}<{name} xmlns="{NAMESPACE}">{content}</{name}>'.encode()


@lru_cache(maxsize=4096)
def timestamp(moment: datetime) -> str:
    """Returns a time as S3 writes it in XML: ISO 8601 with milliseconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"


def owner(name: str = "Owner") -> str:
    """Returns the element that names the owner of everything."""
    return f"<{name}><ID>{OWNER_ID}</ID><DisplayName>{OWNER_NAME}</DisplayName></{name}>"


class Encoding:
    """How keys stand in a listing: as they are, or percent-encoded where the client asks for it.

    Attributes:
        kind: ``url`` or empty.
    """

    __slots__ = ("kind",)

    def __init__(self, query: dict[str, str]) -> None:
        """Reads ``encoding-type``.

        Raises:
            S3Error: It is not ``url``.
        """
        self.kind = query.get("encoding-type", "")
        if self.kind not in {"", "url"}:
            raise invalid_argument("encoding-type", self.kind, "Invalid Encoding Method specified in Request")

    def text(self, key: str) -> str:
        """Returns a key, prefix or delimiter as it stands in an element."""
        return quote(key, safe="/") if self.kind else escape(key)

    def element(self, name: str, key: str) -> str:
        """Returns an element with a key, prefix or delimiter."""
        return f"<{name}>{self.text(key)}</{name}>"

    def optional(self, name: str, key: str) -> str:
        """Returns the same, or nothing where it is empty."""
        return self.element(name, key) if key else ""

    def declaration(self) -> str:
        """Returns the element that says it."""
        return optional("EncodingType", self.kind)


def error_document(error: S3Error, resource: str, bucket: str, key: str, request_id: str) -> bytes:
    """Returns the document of an error (S3 API reference, "REST error responses"), which has no namespace.

    What was asked for stands in it as far as XML can say it: a client must be able to read the code in any case.
    """
    where = optional("BucketName", bucket) + optional("Key", key)
    more = "".join(element(name, value) for name, value in error.elements.items())
    written = (
        f"{DECLARATION}<Error>{element('Code', error.s3_code)}{element('Message', error.message)}{where}{more}"
        f"{element('Resource', resource)}{element('RequestId', request_id)}{element('HostId', OWNER_NAME)}</Error>"
    )
    return _UNWRITABLE.sub("\ufffd", written).encode()
