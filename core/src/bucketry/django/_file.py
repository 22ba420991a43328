"""Files of a storage that are open."""

from __future__ import annotations

import io
from types import TracebackType
from typing import TYPE_CHECKING, Any

from django.core.files import File

from bucketry._file_errors import file_errors
from bucketry._object_reader import ObjectReader
from bucketry._object_writer import Writer
from bucketry._written_text import WrittenText
from bucketry.features import MIB

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bucketry.store import Store


class WrittenFile(io.RawIOBase):
    """A binary file that is written in parts. The object is there once it is closed."""

    def __init__(self, store: Store, bucket: str, key: str, mode: str, headers: Mapping[str, Any]) -> None:
        super().__init__()
        self._key = key
        least = max(8 * MIB, store.capabilities.features.min_part_size)
        self._writer = Writer(store, bucket, key, mode, least, headers)
        self._waiting = bytearray()
        with file_errors(key):
            self.size = self._writer.start()

    def writable(self) -> bool:
        """Always true."""
        return True

    def tell(self) -> int:
        """Returns how many bytes the file has so far."""
        return self.size

    def write(self, data: Any, /) -> int:
        """Takes bytes; they are sent when there are enough for a part."""
        if self.closed:
            raise ValueError("I/O operation on closed file.")
        count = memoryview(data).nbytes
        self._waiting += data
        self.size += count
        if len(self._waiting) >= self._writer.part_bytes:
            self._send(final=False)
        return count

    def _send(self, *, final: bool) -> None:
        try:
            with file_errors(self._key), memoryview(bytes(self._waiting)) as content:
                self._waiting = bytearray(self._writer.write(content, final=final))
                if final:
                    self._writer.commit()
        except BaseException:
            self.discard()
            raise

    def discard(self) -> None:
        """Throws away what was written; the file stays as it was."""
        self._writer.discard()
        super().close()

    def close(self) -> None:
        """Stores what was written."""
        if not self.closed:
            self._send(final=True)
        super().close()

    def drop(self) -> None:
        """Throws away what was written, since nobody closed the file."""
        if not self.closed:
            self.discard()

    def __del__(self) -> None:
        self.drop()


class StorageFile(File):  # type: ignore[misc]  # Django has no types
    """A file of a storage. Left by an error, a ``with`` statement stores nothing."""

    def __init__(self, storage: Any, name: str, mode: str, store: Store, bucket: str, key: str) -> None:
        self._storage, self._place = storage, (store, bucket, key)
        self.mode = mode
        super().__init__(self._opened(mode), name)

    def _opened(self, mode: str) -> Any:
        store, bucket, key = self._place
        kind = mode.replace("b", "").replace("t", "")
        if kind not in {"r", "w", "x", "a"}:
            raise ValueError(f"a file of a store is opened to read (r), write (w, x) or append (a), not {mode!r}")
        self._raw: ObjectReader | WrittenFile
        if kind == "r":
            self._raw = ObjectReader(store, bucket, key)
            file: Any = io.BufferedReader(self._raw, MIB)
        else:
            file = self._raw = WrittenFile(store, bucket, key, f"{kind}b", self._storage.headers)
        if "b" in mode:
            return file
        return (io.TextIOWrapper if kind == "r" else WrittenText)(file, encoding="utf-8")

    @property
    def size(self) -> int:
        """Size of the file, in bytes."""
        return self._raw.size

    def open(self, mode: str | None = None) -> StorageFile:
        """Goes to the front of an open file, or opens a closed one again."""
        if not self.closed and mode in {None, self.mode}:
            self.seek(0)
            return self
        self.close()
        self.mode = mode or self.mode
        self.file = self._opened(self.mode)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and isinstance(self._raw, WrittenFile):
            self._raw.discard()
            return
        self.close()
