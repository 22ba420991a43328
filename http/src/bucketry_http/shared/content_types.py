"""Media types by file name."""

from __future__ import annotations

import mimetypes
from typing import Final

from bucketry import DEFAULT_CONTENT_TYPE

_TYPES: Final = {
    # Python's own table, never the machine's: the same name means the same type everywhere.
    **mimetypes.MimeTypes().types_map[True],
    ".gz": "application/gzip",
    ".md": "text/markdown",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}


OWN_SITE: Final = ("cross-origin-resource-policy", "same-site")
"""Keeps a response out of the pages of other sites, unless they ask for it under CORS (Fetch standard, 3.7)."""


def is_code(content_type: str) -> bool:
    """Says whether a page may take this in as its own script or style, whichever site it is from, and so read it.

    With ``nosniff``, a browser does that for scripts and style sheets alone. It takes the last type of a list, so the
    words may stand anywhere.
    """
    lower = content_type.lower()
    return "script" in lower or "css" in lower


def guess_content_type(name: str) -> str:
    """Returns the media type that a name's ending stands for; ``application/octet-stream`` if none."""
    _, dot, ending = name.rpartition(".")
    return _TYPES.get(dot + ending.lower(), DEFAULT_CONTENT_TYPE)
