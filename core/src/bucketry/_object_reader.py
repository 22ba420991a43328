"""An object as a binary file that is read: in one request from front to back, and anew after a seek."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bucketry._file_errors import file_errors
from bucketry.options import GetOptions
from bucketry.ranges import ByteRange

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from bucketry.opened_object import OpenedObject
    from bucketry.store import Store


class ObjectReader(io.RawIOBase):
    """Reads an object. Put an `io.BufferedReader` around it.

    Reading fails if the object is replaced meanwhile, where the store has conditions for reads.

    Attributes:
        size: Size of the object, in bytes.
    """

    def __init__(self, store: Store, bucket: str, key: str) -> None:
        """Looks the object up.

        Raises:
            FileNotFoundError: There is none.
            OSError: The store failed, as in all methods.
        """
        super().__init__()
        self._opened: OpenedObject | None = None
        self._store, self._bucket, self._key = store, bucket, key
        with file_errors(key):
            info = store.head_object(bucket, key)
        self.size = info.size_bytes
        self._etag = info.etag if store.capabilities.features.get_if_match else None
        self._at = 0
        self._chunks: Iterator[bytes] = iter(())
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """Always true."""
        return True

    def seekable(self) -> bool:
        """Always true."""
        return True

    def tell(self) -> int:
        """Returns the offset of the next byte."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Goes to another offset; the next read begins there."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise ValueError("an offset cannot be negative")
        if base + offset != self._at:
            self._leave()
            self._at = base + offset
        return self._at

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Reads what is there, up to the size of the buffer."""
        target = memoryview(buffer).cast("B")
        if self._at >= self.size or not target:
            return 0
        with file_errors(self._key):
            if not self._rest:
                self._rest = memoryview(self._next())
        count = min(len(target), len(self._rest))
        target[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        self._at += count
        return count

    def _next(self) -> bytes:
        try:
            if self._opened is None:
                wanted = ByteRange(self._at) if self._at else None
                self._opened = self._store.get_object(
                    self._bucket, self._key, GetOptions(range=wanted, if_match=self._etag)
                )
                self._chunks = iter(self._opened)
            return next((chunk for chunk in self._chunks if chunk), b"")
        except BaseException:
            self._leave()  # What is left of the chunks would look like the end of the object.
            raise

    def _leave(self) -> None:
        opened, self._opened = self._opened, None
        self._rest = memoryview(b"")
        if opened is not None:
            opened.close()

    def close(self) -> None:
        """Frees the connection."""
        if not self.closed:
            self._leave()
        super().close()
