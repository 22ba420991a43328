"""Metadata beyond US-ASCII: kept and returned as encoded words, as S3 returns it.

Sources: S3 user guide, "Working with object metadata" ("User-defined object metadata"); RFC 2047. Clients send the text
as it is, in UTF-8, or in encoded words. Stores keep US-ASCII.
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Iterator
from string import ascii_letters, digits
from typing import Final

_WORD: Final = re.compile(r"=\?([A-Za-z0-9_-]{1,20})\?([BbQq])\?([!->@-~]*)\?=")
_BETWEEN_WORDS: Final = re.compile(r"(?<=\?=)[ \t]+(?==\?)")
_CHARSETS: Final = frozenset({"utf-8", "us-ascii", "iso-8859-1", "windows-1252"})
_MAX_BYTES_OF_WORD: Final = 45
"""Bytes of text in one word: base64 makes 60 characters of them, and a word has at most 75 (RFC 2047, section 2)."""

_MAX_BYTES_OF_QUOTED: Final = 20
"""The same where each byte may take three characters."""

_UNQUOTED: Final = f"{ascii_letters}{digits}!*+-/".encode()
"""Characters that stand for themselves in any place (RFC 2047, section 5)."""


def kept_metadata(value: str) -> str:
    """Returns a value of metadata in US-ASCII, as it is kept and returned.

    Args:
        value: The header as it came. Each character is a byte.
    """
    if value.isascii() and "=?" not in value:
        return value
    text = _decoded(_text(value))
    if not text.isprintable() or text != text.strip():
        # No header can hold such a text, so it stays encoded. Without encoded words the store refuses it.
        return value
    return text if text.isascii() else " ".join(_words(text))


def _text(value: str) -> str:
    """Returns the text of a header: UTF-8, or Latin-1 as HTTP once had it (RFC 9110, 5.5)."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def _decoded(text: str) -> str:
    return _WORD.sub(_decoded_word, _BETWEEN_WORDS.sub("", text))


def _decoded_word(word: re.Match[str]) -> str:
    charset, kind, content = word[1].lower(), word[2].upper(), word[3]
    if charset not in _CHARSETS:
        return word[0]
    try:
        if kind == "B":
            return base64.b64decode(content, validate=True).decode(charset)
        return quopri.decodestring(content.encode(), header=True).decode(charset)
    except (binascii.Error, UnicodeDecodeError):
        return word[0]


def _words(text: str) -> Iterator[str]:
    """Yields the encoded words of a text. The shorter encoding is used, which is readable for mostly ASCII."""
    ascii_count = sum(map(str.isascii, text))
    quoted = ascii_count > len(text) - ascii_count
    for piece in _pieces(text, _MAX_BYTES_OF_QUOTED if quoted else _MAX_BYTES_OF_WORD):
        if quoted:
            yield f"=?UTF-8?Q?{''.join(map(_quoted, piece))}?="
        else:
            yield f"=?UTF-8?B?{base64.b64encode(piece).decode()}?="


def _quoted(byte: int) -> str:
    if byte == ord(" "):
        return "_"
    return chr(byte) if byte in _UNQUOTED else f"={byte:02X}"


def _pieces(text: str, most: int) -> Iterator[bytes]:
    """Yields the text in UTF-8, in pieces of at most this many bytes, each of whole characters."""
    piece = b""
    for char in text:
        encoded = char.encode()
        if len(piece) + len(encoded) > most:
            yield piece
            piece = b""
        piece += encoded
    yield piece
