"""The content of an upload, which a driver pulls."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, NoReturn, Protocol, TypeAlias

from bucketry._type_checks import check_type, type_name
from bucketry.checksums import Checksum, Digest, algorithm_named
from bucketry.errors import BadDigest, BucketryError, IncompleteBody, InvalidArgument, InvalidChecksum, TooLarge


class SupportsRead(Protocol):
    """A binary file, or anything that can be read like one."""

    def read(self, size: int, /) -> bytes:
        """Returns up to ``size`` bytes. No bytes mean the end."""


BodySource: TypeAlias = bytes | bytearray | memoryview | SupportsRead | Iterable[bytes]
"""What a caller may upload: bytes, a binary file, or pieces of bytes."""

_BYTES_LIKE: Final = (bytes, bytearray, memoryview)

_EMPTY_MD5: Final = hashlib.md5(usedforsecurity=False)
"""A copy is made for each body. A new object from OpenSSL takes twice the time."""

PIECE_BYTES: Final = 1024 * 1024
"""How much is read from a file at once, in bytes."""


class Body:
    """The content of an upload. It is read once, from front to back; it counts and checks its bytes as they pass.

    A body fails if it breaks off, if it is longer or shorter than declared, or if it has another digest than the one
    that was given with it. It fails in the call that would return its last byte. So a driver that stores only after its
    last ``read`` stores nothing wrong. An error of the source becomes the cause of an `IncompleteBody`, so that it does
    not look like an error of the backend.

    Each upload needs a new body: `Store` refuses one that somebody has read from.

    Attributes:
        length: Declared length in bytes, or ``None`` if unknown.
        limit: Most bytes that the body may have, or ``None``. `Store` sets it, for bodies of unknown length.
        bytes_read: How many bytes were read so far.
        failure: The error that the body failed with. It is why the operation failed, whatever error an SDK made of it.
    """

    __slots__ = (
        "_algorithm",
        "_buffer",
        "_checksum",
        "_expected_checksum",
        "_expected_md5",
        "_finished",
        "_has_ended",
        "_md5",
        "_pull",
        "_tracks_md5",
        "_whole",
        "bytes_read",
        "failure",
        "length",
        "limit",
    )

    def __init__(self, source: BodySource, length: int | None = None) -> None:
        """Makes a body of a source.

        Args:
            source: Bytes (which are not copied), a binary file, or an iterable of pieces.
            length: Length in bytes, where it is known; bytes know their own.

        Raises:
            InvalidArgument: The source is something else, or its length is not the declared one.
        """
        self.bytes_read = 0
        self.limit: int | None = None
        self.failure: BucketryError | None = None
        self._finished = self._has_ended = False
        self._tracks_md5 = False
        self._md5: hashlib._Hash | None = None
        self._expected_md5: bytes | None = None
        self._algorithm = ""
        self._checksum: Digest | None = None
        self._expected_checksum: Checksum | None = None
        self._whole: bytes | None = None
        self._buffer = b""
        # Exact bytes first: they are the usual case, and this check is the cheapest.
        if type(source) is bytes or isinstance(source, _BYTES_LIKE):
            self._whole = whole = source if type(source) is bytes else bytes(source)
            self.length: int | None = len(whole)
            if length is not None and length != self.length:
                raise InvalidArgument(f"the body has {self.length} bytes, not the declared {length}", field="length")
            return
        check_type(length, int | None, "a body's length", field="length")
        if length is not None and length < 0:
            raise InvalidArgument("a body's length cannot be negative", field="length")
        self.length = length
        self._pull = _puller(source)

    def require_md5(self, digest: bytes) -> None:
        """Makes the body fail with `BadDigest` at its end if it has another MD5 (16 bytes). Call before reading."""
        self.track_md5()
        self._expected_md5 = digest

    def track_md5(self) -> None:
        """Computes the MD5 as the body passes, for `md5_hex`. Call before reading."""
        self._tracks_md5 = True

    def track_checksum(self, algorithm: str) -> None:
        """Computes a checksum as the body passes, for `checksum`. Call before reading.

        Raises:
            InvalidChecksum: The algorithm does not exist, or the body computes a checksum of another algorithm already.
        """
        if algorithm == self._algorithm:
            return
        if self._algorithm:
            raise InvalidChecksum(f"a body has one checksum: {self._algorithm} or {algorithm}")
        self._checksum = algorithm_named(algorithm).new()
        self._algorithm = algorithm

    def require_checksum(self, checksum: Checksum) -> None:
        """Makes the body fail with `BadDigest` at its end if it has another checksum; else as `track_checksum`."""
        self.track_checksum(checksum.algorithm)
        self._expected_checksum = checksum

    def checksum(self) -> Checksum | None:
        """Returns the checksum of the bytes so far; ``None`` if the body computes none."""
        return None if self._checksum is None else Checksum(self._algorithm, self._checksum.digest())

    @property
    def is_held(self) -> bool:
        """Whether all the content is in memory, so that reading it waits for nothing."""
        return self._whole is not None

    @property
    def is_checked(self) -> bool:
        """Whether a digest was given with it, so that reading it may fail though it is held."""
        return self._expected_md5 is not None or self._expected_checksum is not None

    def wrap(self, pieces: Callable[[Iterator[bytes]], Iterator[bytes]]) -> None:
        """Puts a layer's generator around the source. The generator sees each piece, and may fail between two pieces.

        It must yield the bytes that it gets, unchanged: the declared length and digest stay. Call before reading.
        """
        whole = self._whole
        source = iter((whole,)) if whole is not None else _pieces(self._pull)
        self._whole = None
        self._pull = _puller(pieces(source))

    def require_unread(self) -> None:
        """Checks that nobody has read from the body.

        Raises:
            InvalidArgument: Somebody has, or the body failed.
        """
        if self.bytes_read or self._finished or self.failure is not None:
            raise InvalidArgument(
                "this Body was read from already, and is stored once only: make a new Body", field="body"
            )

    def md5_hex(self) -> str:
        """Returns the MD5 of the bytes since `track_md5`, in hexadecimal."""
        if not self._tracks_md5:
            raise InvalidArgument("track_md5() was not called before the body was read", field="body")
        return (self._md5 or self._md5_so_far()).hexdigest()

    def read(self, size: int = -1) -> bytes:
        """Returns exactly ``size`` bytes, or fewer at the end. A negative ``size`` reads to the end.

        Raises:
            IncompleteBody: The body broke off, or does not have its declared length.
            BadDigest: The body is complete, but has another digest than the one that was given.
            TooLarge: The body has more than `limit` bytes.
        """
        whole = self._whole
        if whole is not None:
            if size < 0 and not (self.bytes_read or self._checksum or self._expected_md5):
                self.bytes_read = len(whole)
                return whole
            return self._read_whole(whole, size)
        if size < 0:
            return b"".join(self)
        pieces, missing = [], size
        while missing and (piece := self._next(missing)):
            pieces.append(piece)
            missing -= len(piece)
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        # At once: each update of a hash lets another thread run, and waits for its turn again.
        self._digest(data)
        return data

    def __iter__(self) -> Iterator[bytes]:
        """Yields the pieces that are left as they come, without joining or splitting them.

        Raises:
            IncompleteBody: As `read`.
            BadDigest: As `read`.
            TooLarge: As `read`.
        """
        if self._whole is not None:
            if rest := self.read():
                yield rest
            return
        while piece := self._next(-1):
            self._digest(piece)
            yield piece
        self._digest(b"")

    def _read_whole(self, whole: bytes, size: int) -> bytes:
        start, total = self.bytes_read, len(whole)
        stop = total if size < 0 or start + size > total else start + size
        piece = whole if stop - start == total else whole[start:stop]
        self.bytes_read = stop
        if self._tracks_md5 and piece is not whole:  # A body that is read at once is hashed at once, in md5_hex.
            self._hash(piece)
        if self._checksum is not None:
            self._checksum.update(piece)
        if stop == total and (self._expected_md5 is not None or self._expected_checksum is not None):
            self._check_digests()
        return piece

    def _next(self, most: int) -> bytes:
        """Returns the next piece, of at most ``most`` bytes (negative: of any length); empty at the end.

        Call `_digest` with it before anybody gets it.
        """
        if self._has_ended:
            return b""
        if self.failure is not None:
            raise self.failure
        piece = self._buffer or self._pull_from_source(most if most > 0 else PIECE_BYTES)
        self._buffer = b""
        if most > 0 and len(piece) > most:
            self._buffer = piece[most:]
            piece = piece[:most]
        self._count(piece)
        return piece

    def _pull_from_source(self, most: int) -> bytes:
        try:
            return self._pull(most)
        except BucketryError as error:
            self._fail(error)
        except Exception as error:  # noqa: BLE001 - whatever the caller's source raises
            failure = IncompleteBody(f"its source failed with {type(error).__name__}")
            failure.__cause__ = error
            self._fail(failure)

    def _count(self, piece: bytes) -> None:
        self.bytes_read += len(piece)
        if self.limit is not None and self.bytes_read > self.limit:
            self._fail(TooLarge(f"more than {self.limit} bytes came", max_size_bytes=self.limit))
        if self.length is None:
            self._has_ended = not piece
        elif self.bytes_read < self.length:
            if not piece:
                self._fail(IncompleteBody(f"{self.bytes_read} of the declared {self.length} bytes came"))
        elif self.bytes_read > self.length or self._buffer or self._pull_from_source(1):
            self._fail(IncompleteBody(f"more than the declared {self.length} bytes came"))
        else:
            self._has_ended = True

    def _digest(self, data: bytes) -> None:
        """Digests what was taken from the source, and compares the digests once that was all."""
        if data:
            if self._tracks_md5:
                self._hash(data)
            if self._checksum is not None:
                self._checksum.update(data)
        if self._has_ended and not self._finished:
            self._finish()

    def _hash(self, piece: bytes) -> None:
        # The hash is made with the first piece. An update of an empty hash takes a good part of a small object's time.
        if self._md5 is not None:
            self._md5.update(piece)
        elif piece:
            self._md5 = _md5(piece)

    def _md5_so_far(self) -> hashlib._Hash:
        if self._md5 is None:
            if self._whole is None or not self.bytes_read:
                return _md5(b"")
            self._md5 = _md5(self._whole)
        return self._md5

    def _finish(self) -> None:
        self._finished = True
        self._check_digests()

    def _check_digests(self) -> None:
        if self._expected_md5 is not None and self._md5_so_far().digest() != self._expected_md5:
            self._fail(
                BadDigest(
                    "its MD5 is another: it was damaged on its way, or the digest is of something else", digest="md5"
                )
            )
        expected = self._expected_checksum
        if expected is None:
            return
        found = self.checksum()
        if found is None or not found.same_as(expected):
            self._fail(
                BadDigest(
                    f"The {expected.algorithm} you specified did not match the calculated checksum.", digest="checksum"
                )
            )

    def _fail(self, failure: BucketryError) -> NoReturn:
        self.failure = failure
        raise failure


def _md5(piece: bytes) -> hashlib._Hash:
    digest = _EMPTY_MD5.copy()
    digest.update(piece)
    return digest


def _puller(source: SupportsRead | Iterable[bytes]) -> Callable[[int], bytes]:
    read = getattr(source, "read", None)
    if callable(read):
        return lambda size: as_bytes(read(size))
    if isinstance(source, Iterable) and not isinstance(source, str | Mapping):
        pieces = iter(source)
        # An empty piece in the middle does not mean the end.
        return lambda _: next((data for piece in pieces if (data := as_bytes(piece))), b"")
    advice = ": encode it" if isinstance(source, str) else ""
    raise InvalidArgument(
        f"a body is bytes, a binary file or an iterable of bytes, not {type_name(source)}{advice}", field="body"
    )


def _pieces(pull: Callable[[int], bytes]) -> Iterator[bytes]:
    while piece := pull(PIECE_BYTES):
        yield piece


def as_bytes(piece: object) -> bytes:
    """Returns a piece of a body as bytes.

    Raises:
        InvalidArgument: It is something else.
    """
    if isinstance(piece, _BYTES_LIKE):
        return bytes(piece)  # Bytes are returned as they are, without a copy.
    raise InvalidArgument(
        f"a body is made of bytes, not of {type(piece).__name__}: open files in binary mode", field="body"
    )
