"""What must be true: of the objects of one client, and of objects that many clients write at once."""

from __future__ import annotations

import math
import random
from hashlib import md5
from typing import Final

import msgspec

from tests.load.wire import PATIENCE, Reply

_MOST_WRITES: Final = 300
_BLOCK: Final = random.Random(7).randbytes(16 * 1024**2)


def content_of(name: str, size: int) -> bytes:
    """Content that no other name has, of at least the name's length."""
    start = hash_of(name) % (len(_BLOCK) // 2)
    begin = name.encode() + b"\n"
    return begin + _BLOCK[start : start + max(0, size - len(begin))]


def hash_of(name: str) -> int:
    return int.from_bytes(md5(name.encode(), usedforsecurity=False).digest()[:8])


def etag_of(content: bytes) -> str:
    return f'"{md5(content, usedforsecurity=False).hexdigest()}"'


class Known(msgspec.Struct, frozen=True):
    """An object as it must be.

    Attributes:
        content: Its content.
        content_type: Its type.
        etag: Its etag, in quotes.
        metadata: Its metadata.
        tags: Its tags.
    """

    content: bytes
    content_type: str
    etag: str
    metadata: dict[str, str] = {}
    tags: dict[str, str] = {}


class Wrong(Exception):
    """A response is not what it must be."""


class Busy(Exception):
    """The server asked to come back later, which it may do."""


class Write(msgspec.Struct):
    """A write or a delete of a shared object.

    Attributes:
        value: The content; `None` for a delete.
        begun: When its request was sent.
        ended: When its response came; infinity while it has not, or if it says that it may have been done.
    """

    value: bytes | None
    begun: float
    ended: float = math.inf


class Register:
    """An object that many clients write and read at once. A read must give a value that it can have had meanwhile."""

    def __init__(self) -> None:
        self._writes: list[Write] = [Write(None, -math.inf, -math.inf)]

    def begin(self, value: bytes | None, now: float) -> Write:
        write = Write(value, now)
        self._writes.append(write)
        return write

    def end(self, write: Write, reply: Reply) -> None:
        """Note that a write was done."""
        write.ended = reply.ended
        if len(self._writes) > _MOST_WRITES:
            # Reads that are on their way began after this.
            latest = self._latest(reply.ended - PATIENCE)
            self._writes = [other for other in self._writes if other.ended >= latest]

    def _latest(self, moment: float) -> float:
        """When the last of the writes began that were done at a moment."""
        return max((write.begun for write in self._writes if write.ended < moment), default=-math.inf)

    def check(self, value: bytes | None, reply: Reply) -> None:
        """Raise `Wrong` unless some write of this value may be the last one before some moment of the read."""
        same = [write for write in self._writes if write.value == value and write.begun <= reply.ended]
        if not same:
            raise Wrong(f"{reply.asked}: a value that nobody wrote: {(value or b'nothing')[:80]!r}")
        # A write that ended before another one began, which ended before the read began, was replaced by then.
        latest = self._latest(reply.begun)
        if all(write.ended < latest for write in same):
            raise Wrong(f"{reply.asked}: a value that was replaced before: {(value or b'nothing')[:80]!r}")
