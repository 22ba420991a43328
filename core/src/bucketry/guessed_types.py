"""The media type of an object whose writer names none, from its name."""

from __future__ import annotations

import mimetypes
from typing import Final

from bucketry.models import DEFAULT_CONTENT_TYPE

_COMPRESSED: Final = {
    "gzip": "application/gzip",
    "bzip2": "application/x-bzip2",
    "xz": "application/x-xz",
    "compress": "application/x-compress",
    "br": "application/x-brotli",
}


def guessed_type(*names: str) -> str:
    """Returns the media type that the extension of the first name stands for which stands for any.

    Args:
        *names: Names of files, or keys.
    """
    for name in names:
        kind, encoding = mimetypes.guess_type(f"./{name.rpartition('/')[2]}", strict=False)
        # The stored bytes are compressed, so their type is that of the compression.
        if encoding:
            return _COMPRESSED.get(encoding, DEFAULT_CONTENT_TYPE)
        if kind:
            return kind
    return DEFAULT_CONTENT_TYPE
