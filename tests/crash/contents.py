"""Contents that need not be kept to be compared: a seed and a size say every byte."""

from __future__ import annotations

import hashlib
import random
from functools import lru_cache

import msgspec


class Content(msgspec.Struct, frozen=True):
    """So many bytes, drawn from a seed."""

    seed: int
    size: int

    def data(self) -> bytes:
        """Returns the bytes."""
        return random.Random(self.seed).randbytes(self.size)


Contents = tuple[Content, ...]
"""Contents one after the other, as the parts of an object are."""


def size_of(contents: Contents) -> int:
    """Returns how many bytes they have."""
    return sum(content.size for content in contents)


@lru_cache(maxsize=4096)
def sha256_of(contents: Contents) -> str:
    """Returns their SHA-256 in hexadecimal."""
    return sha256(b"".join(content.data() for content in contents))


@lru_cache(maxsize=4096)
def md5_of(contents: Contents) -> str:
    """Returns their MD5 in hexadecimal, which is the etag of a part."""
    return md5(b"".join(content.data() for content in contents))


def sha256(data: bytes) -> str:
    """Returns a SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def md5(data: bytes) -> str:
    """Returns an MD5 in hexadecimal."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
