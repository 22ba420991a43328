"""Files that are open: `BucketryFile`, and what text and compression need around it."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from fsspec.compression import compr
from fsspec.core import get_compression
from fsspec.spec import AbstractBufferedFile

from bucketry._file_errors import file_errors
from bucketry._object_writer import Writer
from bucketry._written_text import WrittenText
from bucketry.features import MIB
from bucketry.fsspec._paths import split

if TYPE_CHECKING:
    from bucketry.fsspec._filesystem import BucketryFileSystem

WRITE_BLOCK_BYTES: Final = 8 * MIB
"""Bytes of a part by default. A file that has no more is written in one request."""


class BucketryFile(AbstractBufferedFile):  # type: ignore[misc]  # fsspec has no types
    """A file that is open for reading, in blocks that fsspec caches, or for writing, in parts.

    Reading fails if the object is replaced meanwhile, where the store has conditions for reads. Writing is atomic: the
    object is there once the file is closed. It is not there, and no parts are, if the ``with`` statement of the file is
    left by an error, if a part fails, or if the file is dropped without being closed.
    """

    blocksize: int
    buffer: io.BytesIO

    def __init__(
        self,
        fs: BucketryFileSystem,
        path: str,
        mode: str = "rb",
        block_size: int | None = None,
        autocommit: bool = True,
        *,
        version_id: str | None = None,
        content_type: str | None = None,
        metadata: Mapping[str, str] | None = None,
        **options: Any,
    ) -> None:
        """Opens it; `BucketryFileSystem.open` describes the arguments."""
        self._writer: Writer | None = None
        self._version_id = version_id
        if mode == "rb":
            self._details = fs.info(path, version_id=version_id)
            if self._details["type"] != "file":
                raise IsADirectoryError(path)
        elif version_id is not None:
            raise ValueError("a version cannot be written: leave out version_id")
        else:
            least = fs.store.capabilities.features.min_part_size
            block_size = max(block_size or WRITE_BLOCK_BYTES, least)
        super().__init__(fs, path, mode, block_size or "default", autocommit, **options)
        if mode != "rb":
            given = {"content_type": content_type, "metadata": metadata}
            headers = {name: value for name, value in given.items() if value}
            writer = Writer(fs.store, *split(path), mode, self.blocksize, headers)
            self.closed = True  # Until nothing can fail any more.
            with file_errors(path):
                self.loc = writer.start()
            self._writer, self.closed = writer, False

    def _fetch_range(self, start: int, end: int) -> bytes:
        etag = self.details["ETag"]
        content: bytes = self.fs.read_range(self.path, start, end, etag=etag, version_id=self._version_id)
        return content

    def _initiate_upload(self) -> None:
        """Nothing: the writer begins an upload with the second part."""

    def _upload_chunk(self, final: bool = False) -> bool:
        assert self._writer is not None  # noqa: S101 - fsspec flushes only what is written
        try:
            # The view is released: kept by the traceback of an error, it crashes the collector of Python 3.12.1.
            with file_errors(self.path), self.buffer.getbuffer() as content:
                rest = self._writer.write(content, final=final)
                if final and self.autocommit:
                    self._writer.commit()
        except BaseException:
            self.discard()  # Some of the buffer is sent: it must not be sent again when the file is closed.
            raise
        self.buffer = io.BytesIO()
        self.buffer.write(rest)
        self.blocksize = self._writer.part_bytes
        return False

    def commit(self) -> None:
        """Makes what was written the file, at the end of a transaction."""
        if self._writer is None:
            return
        self.close()
        with file_errors(self.path):
            self._writer.commit()
        self.fs.invalidate_cache(self.path)

    def discard(self) -> None:
        """Throws away what was written; the file stays as it was."""
        self.closed = True
        if self._writer is not None:
            self._writer.discard()

    def close(self) -> None:
        """Closes the file; what was written is stored now, or at the end of the transaction."""
        try:
            super().close()
        except BaseException:
            self.discard()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and self._writer is not None and not self.closed:
            self.discard()
        self.close()

    def __del__(self) -> None:
        if self._writer is None or self.closed:
            super().__del__()
        else:
            self.drop()

    def drop(self) -> None:
        """Throws away what was written, since nobody closed the file, and warns of that."""
        self.discard()
        warnings.warn(f"{self.path} was not closed, so nothing was written", ResourceWarning, stacklevel=2)


class TextFile(WrittenText):
    """Text that is written to a file; nothing is stored if the ``with`` statement is left by an error."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            file: Any = self.buffer
            file.__exit__(kind, error, trace)
            return
        super().__exit__(kind, error, trace)


class _Target:
    """What a compressor writes to: a file, and nothing any more once what was written is thrown away.

    A compressor that nobody closes writes its end when it is collected. Python 3.13 and later report an error then, if
    the file is closed.
    """

    def __init__(self, file: Any) -> None:
        self._file = file
        self._dropped = False

    def write(self, data: Any) -> int:
        return memoryview(data).nbytes if self._dropped else int(self._file.write(data))

    def flush(self) -> None:
        if not self._dropped:
            self._file.flush()

    def drop(self) -> None:
        self._dropped = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class CompressedFile(io.BufferedIOBase):
    """A file that is compressed while it is written. It closes the file below, which compressors do not."""

    def __init__(self, file: Any, path: str, compression: str) -> None:
        self._file = file
        self._target = _Target(file)
        try:
            self._compressor = compr[get_compression(path, compression)](self._target, mode="wb")
        except BaseException:
            file.discard()
            super().close()
            raise

    def writable(self) -> bool:
        """Always true."""
        return True

    def write(self, data: Any) -> int:
        """Compresses and writes."""
        self._compressor.write(data)
        return memoryview(data).nbytes

    def close(self) -> None:
        """Ends the compressed content, and stores it."""
        if self.closed:
            return
        try:
            self._compressor.close()
            self._file.close()
        except BaseException:
            self._discard()
            raise
        finally:
            super().close()

    def drop(self) -> None:
        """Throws away what was written, since nobody closed the file."""
        self._target.drop()
        try:
            self._file.drop()
        finally:
            super().close()

    def __del__(self) -> None:
        if not self.closed:
            self.drop()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._discard()
            super().close()
            return
        self.close()

    def _discard(self) -> None:
        self._target.drop()
        self._file.discard()
