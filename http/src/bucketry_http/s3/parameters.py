"""Reads parameters that several operations have: numbers, and the id of a version."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from bucketry.ranges import whole_number

from bucketry_http.s3.errors import S3Error, invalid_argument

NULL_VERSION: Final = "null"
"""The id of the only version of an object in a bucket that never had versioning (S3 user guide, "How S3 Versioning
works")."""

_VERSION_ID: Final = re.compile(r"[A-Za-z0-9._-]{32}")
"""What the ids that S3 makes look like; it refuses others as malformed."""


def number(query: Mapping[str, str], name: str, default: int, *, least: int = 0, most: int = 2**31 - 1) -> int:
    """Returns a parameter that is a number.

    Raises:
        S3Error: It is none, or out of bounds.
    """
    text = query.get(name)
    if text is None or (not text and name != "partNumber"):
        return default
    if not (text.isascii() and text.isdecimal()) or not least <= (value := whole_number(text)) <= most:
        raise invalid_argument(name, text, f"Argument {name} must be an integer between {least} and {most}")
    return value


def check_version(version_id: str | None, name: str = "versionId") -> None:
    """Checks the id of a version, where no bucket has another version than ``null``.

    Args:
        version_id: The id; ``None``: the request names no version.
        name: The parameter that it stands in.

    Raises:
        S3Error: The id is malformed, or names a version that does not exist.
    """
    if version_id is None or version_id == NULL_VERSION:
        return
    if not version_id:
        raise invalid_argument(name, "", "Version id cannot be the empty string")
    if not _VERSION_ID.fullmatch(version_id):
        raise invalid_argument(name, version_id, "Invalid version id specified")
    raise S3Error("NoSuchVersion", elements={"VersionId": version_id})
