"""Kinds of keys that some servers change or do not list. On such a server the driver refuses them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final
from unicodedata import normalize

from bucketry import InvalidKey

_DOTS: Final = frozenset({".", ".."})
_NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""What XML 1.0 cannot hold (2.2): lost where a server does not encode keys in its listings."""

KINDS_OF_KEYS: Final[Mapping[str, Callable[[str], bool]]] = {
    "empty segments": lambda key: "//" in key,
    "a slash at the beginning": lambda key: key.startswith("/"),
    "a slash at the end": lambda key: key.endswith("/"),
    "segments of dots": lambda key: not _DOTS.isdisjoint(key.split("/")),
    "backslashes": lambda key: "\\" in key,
    "a NUL": lambda key: "\0" in key,
    "control characters": lambda key: any(ord(letter) < ord(" ") or letter == "\x7f" for letter in key),
    "characters that XML does not have": lambda key: _NOT_IN_XML.search(key) is not None,
    "segments of more than 255 bytes": lambda key: any(len(part.encode()) > 255 for part in key.split("/")),
    "capital letters": lambda key: key.casefold() != key,
    "characters in several code points": lambda key: normalize("NFC", key) != key,
    "characters that can be taken apart": lambda key: normalize("NFD", key) != key,
}
"""Each kind by its name, with what tells whether a key is of it."""

EXAMPLES: Final[Mapping[str, str]] = {
    "empty segments": "a//b",
    "a slash at the beginning": "/a",
    "a slash at the end": "a/",
    "segments of dots": "a/../b",
    "backslashes": "a\\b",
    "a NUL": "a\0b",
    "control characters": "a\tb\nc",
    "characters that XML does not have": "a\x07b\uffff",
    "segments of more than 255 bytes": "a" * 300,
    "capital letters": "Case",
    "characters in several code points": "e\u0301",
    "characters that can be taken apart": "\u00e9",
}
"""An example of each kind, for probes. It is put behind a prefix, but where its beginning counts."""

TWINS: Final[Mapping[str, str]] = {"Case": "case", "e\u0301": "\u00e9"}
"""Other keys that a file system takes for these, if it is blind to case, or to the form of Unicode (UAX #15)."""


def begins_no_key(prefix: str, refused: tuple[str, ...]) -> bool:
    """Says whether all keys that begin so are of these kinds, whatever follows."""
    return all(any(KINDS_OF_KEYS[kind](key) for kind in refused) for key in (prefix, f"{prefix}x"))


def check_key(key: str, refused: tuple[str, ...]) -> None:
    """Refuses keys of these kinds.

    Raises:
        InvalidKey: The key is of one of them.
    """
    for kind in refused:
        if KINDS_OF_KEYS[kind](key):
            raise InvalidKey(f"this server does not keep keys with {kind} as they are")
