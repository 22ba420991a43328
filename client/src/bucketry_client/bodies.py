"""What is uploaded: bytes, files and pieces, counted as they are sent, and begun again where that is possible."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from inspect import isawaitable, iscoroutinefunction
from typing import Any, Final, NoReturn, Protocol, TypeAlias

import msgspec
from bucketry import BucketryError, IncompleteBody, InvalidArgument

from bucketry_client.texts import header_value, utf8

PIECE_BYTES: Final = 256 * 1024
"""How much is read from a file at once, in bytes."""

_END: Final = object()
"""What an iterator of a body gives at its end. A body may hold anything else, which is refused."""

_BYTES_LIKE: Final = (bytes, bytearray, memoryview)


class ReadsFile(Protocol):
    """A binary file, whose ``read`` may be a coroutine function."""

    def read(self, size: int, /) -> bytes | Awaitable[bytes]:
        """Returns up to ``size`` bytes. No bytes mean the end."""


Source: TypeAlias = bytes | bytearray | memoryview | ReadsFile | Iterable[bytes] | AsyncIterable[bytes]
"""What may be uploaded. `Client` takes no asynchronous files and iterables."""

ReadFile: TypeAlias = Callable[[Callable[[int], Any], int], Awaitable[Any]]
"""Calls the ``read`` of a file, in a thread where an event loop must not wait for it."""


class Content(Protocol):
    """The body of a request.

    Attributes:
        length: Its length in bytes; ``None``: it is sent in chunks.
        media_type: Its ``Content-Type``; ``None``: it says none itself.
    """

    length: int | None
    media_type: str | None

    @property
    def is_asynchronous(self) -> bool:
        """Whether it can be read on an event loop alone."""

    @property
    def again(self) -> bool:
        """Whether it can be sent from its beginning, now."""

    def begin(self) -> None:
        """Goes to its beginning."""

    async def next(self, read: ReadFile) -> bytes:
        """Returns the next piece, and no bytes at the end."""


class Upload:
    """One body.

    Attributes:
        length: As in `Content`.
        media_type: As in `Content`.
    """

    def __init__(self, source: Source, length: int | None = None, media_type: str | None = None) -> None:
        """Makes a body of a source.

        Raises:
            InvalidArgument: The source is something else, or bytes are not as many as declared.
        """
        self.media_type = media_type
        self._source: Any = bytes(source) if isinstance(source, bytearray | memoryview) else source
        self._start: int | None = None
        self._sent = 0
        self._begun = False
        self._iterator: Iterator[bytes] | AsyncIterator[bytes] | None = None
        if isinstance(source, str | Mapping) or not (
            isinstance(source, (*_BYTES_LIKE, Iterable, AsyncIterable)) or callable(getattr(source, "read", None))
        ):
            raise InvalidArgument("a body is bytes, a binary file or an iterable of bytes", field="body")
        self.length = self._length(length)

    def _length(self, declared: int | None) -> int | None:
        found = declared
        if isinstance(self._source, bytes):
            found = len(self._source)
        elif _is_seekable(self._source):
            self._start = self._source.tell()
            found = self._source.seek(0, 2) - self._start
            self._source.seek(self._start)
        if declared is not None and declared != found:
            raise InvalidArgument(f"the body has {found} bytes, not the declared {declared}", field="length")
        return found

    @property
    def is_asynchronous(self) -> bool:
        """Whether it can be read on an event loop alone."""
        return _is_asynchronous(self._source)

    @property
    def again(self) -> bool:
        """Whether it can be sent from its beginning, now."""
        return not self._begun or self._start is not None or isinstance(self._source, bytes)

    def begin(self) -> None:
        """Goes to its beginning."""
        if self._start is not None and self._begun:
            self._source.seek(self._start)
        self._sent = 0
        self._begun = False

    async def next(self, read: ReadFile) -> bytes:
        """Returns the next piece, and no bytes at the end.

        Raises:
            IncompleteBody: The source failed, or is not as long as declared.
        """
        self._begun = True
        try:
            piece = await self._next(read)
        except BucketryError:
            raise
        except Exception as error:
            raise IncompleteBody(f"its source failed with {type(error).__name__}") from error
        self._sent += len(piece)
        if self.length is not None and (self._sent > self.length or (not piece and self._sent < self.length)):
            more = "more than " if self._sent > self.length else f"{self._sent} of "
            raise IncompleteBody(f"{more}the declared {self.length} bytes came")
        return piece

    async def _next(self, read: ReadFile) -> bytes:
        source = self._source
        if isinstance(source, bytes):
            return source[self._sent : self._sent + PIECE_BYTES] if len(source) > PIECE_BYTES or self._sent else source
        if self._iterator is None and hasattr(source, "read"):
            wait_here = iscoroutinefunction(source.read)
            found = source.read(PIECE_BYTES) if wait_here else await read(source.read, PIECE_BYTES)
            return _as_bytes(await found if isawaitable(found) else found)
        if self._iterator is None:
            self._iterator = aiter(source) if isinstance(source, AsyncIterable) else iter(source)
        # An empty piece in the middle does not mean the end.
        while (found := await self._pull(read)) is not _END:
            if piece := _as_bytes(found):
                return piece
        return b""

    async def _pull(self, read: ReadFile) -> object:
        iterator: Any = self._iterator
        if isinstance(iterator, AsyncIterator):
            return await anext(iterator, _END)
        return await read(lambda _: next(iterator, _END), 0)


def _is_asynchronous(source: Any) -> bool:
    methods = (getattr(source, name, None) for name in ("read", "seekable", "seek", "tell"))
    return isinstance(source, AsyncIterable) or any(map(iscoroutinefunction, methods))


def _is_seekable(source: Any) -> bool:
    has_all = all(callable(getattr(source, name, None)) for name in ("read", "seekable", "seek", "tell"))
    return has_all and not _is_asynchronous(source) and bool(source.seekable())


def _as_bytes(piece: object) -> bytes:
    if isinstance(piece, _BYTES_LIKE):
        return bytes(piece)
    raise InvalidArgument(
        f"a body is made of bytes, not of {type(piece).__name__}: open files in binary mode", field="body"
    )


class FormFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a form.

    Attributes:
        name: Its file name, path and all: its key, unless the form has a prefix or a key.
        content: Its content.
        content_type: Its media type; ``None``: the server guesses it from the name.
        length: Its length, where it is known and the content does not tell.
    """

    name: str
    content: Any
    content_type: str | None = None
    length: int | None = None


class FormUpload:
    """A multipart form (RFC 7578): fields, and then the files, each sent as it is read.

    Attributes:
        length: As in `Content`; known if the lengths of all files are.
        media_type: As in `Content`.
    """

    def __init__(self, fields: Mapping[str, str], files: Iterable[FormFile]) -> None:
        """Takes the form.

        Raises:
            InvalidArgument: There is no file, or a body cannot be used.
        """
        boundary = secrets.token_hex(16)
        self.media_type: str | None = f"multipart/form-data; boundary={boundary}"
        self._parts: list[Upload] = []
        for name, value in fields.items():
            head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            self._parts.append(Upload(utf8(head, name)))
        count = len(self._parts)
        for file in files:
            self._parts += [Upload(_head(boundary, file)), Upload(file.content, file.length), Upload(b"\r\n")]
        if len(self._parts) == count:
            raise InvalidArgument("a form needs a file", field="files")
        self._parts.append(Upload(f"--{boundary}--\r\n".encode()))
        lengths = [part.length for part in self._parts]
        known = [length for length in lengths if length is not None]
        self.length = sum(known) if len(known) == len(lengths) else None
        self._at = 0

    @property
    def is_asynchronous(self) -> bool:
        """Whether a file can be read on an event loop alone."""
        return any(part.is_asynchronous for part in self._parts)

    @property
    def again(self) -> bool:
        """Whether all files can be sent from their beginning, now."""
        return all(part.again for part in self._parts)

    def begin(self) -> None:
        """Goes to the beginning of all files."""
        self._at = 0
        for part in self._parts:
            part.begin()

    async def next(self, read: ReadFile) -> bytes:
        """Returns the next piece, and no bytes at the end.

        Raises:
            IncompleteBody: As `Upload.next`.
        """
        while self._at < len(self._parts):
            part = self._parts[self._at]
            piece = await part.next(read) if part.length != 0 else b""
            if piece:
                return piece
            self._at += 1
        return b""


def _head(boundary: str, file: FormFile) -> bytes:
    if any(character in file.name for character in '"\r\n\\'):
        _refuse_name(file.name)
    kind = f"Content-Type: {header_value(file.content_type, 'content-type')}\r\n" if file.content_type else ""
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{file.name}"\r\n{kind}\r\n'
    return utf8(head, "files")


def _refuse_name(name: str) -> NoReturn:
    raise InvalidArgument(
        f"the file name {name[:100]!r} cannot stand in a form unchanged: upload it with put_object", field="files"
    )
