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


def guess_content_type(name: str) -> str:
    """Returns the media type that a name's ending stands for; ``application/octet-stream`` if none."""
    _, dot, ending = name.rpartition(".")
    return _TYPES.get(dot + ending.lower(), DEFAULT_CONTENT_TYPE)
