"""Reads parameters of a query that are numbers."""

from __future__ import annotations

from collections.abc import Mapping

from bucketry_http.s3.errors import invalid_argument


def number(query: Mapping[str, str], name: str, default: int, *, least: int = 0, most: int = 2**31 - 1) -> int:
    """Returns a parameter that is a number.

    Raises:
        S3Error: It is none, or out of bounds.
    """
    text = query.get(name)
    if text is None or (not text and name != "partNumber"):
        return default
    if not (text.isascii() and text.isdecimal()) or len(text) > 10 or not least <= int(text) <= most:
        raise invalid_argument(name, text, f"{name} is a number from {least} to {most}")
    return int(text)
