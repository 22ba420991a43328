"""Writes the XML of the S3 API, as clients expect it."""

from __future__ import annotations

import re
from string import ascii_letters, digits
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from bucketry.origin import HOST_ID
from bucketry.owners import DEFAULT_OWNER, Owner
from bucketry.s3 import NAMESPACE

from bucketry_http.s3.errors import S3Error, invalid_argument

if TYPE_CHECKING:
    from bucketry.documents import Element as SettingsElement

XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'

OWNER_ID: Final = DEFAULT_OWNER.id
OWNER_NAME: Final = DEFAULT_OWNER.display_name

_SPECIAL: Final = re.compile('[&<>"\x00-\x1f\x7f-\x9f\ufffe\uffff\u2028]')
_UNWRITABLE: Final = re.compile(r"&#x(?:[0-8bcef]|1[0-9a-f]|fff[ef]);")
"""References to characters that XML 1.0 does not allow (section 2.2)."""

_PLAIN: Final = bytes(set(range(0x20, 0x7F)) - set(b'&<>"'))
"""Characters that need no escape, of those in US-ASCII."""

_UNRESERVED: Final = f"{ascii_letters}{digits}-._~/".encode()
"""Characters that percent-encoding leaves as they are."""

_NAMED: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


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
        f"{DECLARATION}<Error>{element('Code', error.s3_code)}{_message(error.message)}{where}{more}"
        f"{element('Resource', resource)}{element('RequestId', request_id)}{element('HostId', HOST_ID)}</Error>"
    )
    return _UNWRITABLE.sub("\ufffd", written).encode()


def _message(text: str) -> str:
    """Returns the element of an error's message. S3 writes quotes there as they are, unlike those of etags."""
    return element("Message", text).replace("&quot;", '"')
