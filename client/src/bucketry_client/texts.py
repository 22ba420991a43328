"""Texts of the caller, as bytes that a request can carry."""

from __future__ import annotations

from bucketry import InvalidArgument


def utf8(text: str, field: str) -> bytes:
    """Returns a text in UTF-8.

    Args:
        text: The text.
        field: The argument that it comes from.

    Raises:
        InvalidArgument: It has lone surrogates.
    """
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise InvalidArgument("it cannot be written in UTF-8", field=field) from None


def header_value(text: str, name: str) -> str:
    """Returns a text that can be the value of a header.

    Args:
        text: The text.
        name: The header.

    Raises:
        InvalidArgument: It has other characters than those of printable US-ASCII, or blanks around it.
    """
    if not (text.isascii() and text.isprintable()) or text != text.strip(" "):
        raise InvalidArgument(f"{name} is not printable US-ASCII without blanks around it", field=name)
    return text
