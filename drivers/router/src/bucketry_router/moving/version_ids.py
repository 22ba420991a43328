"""The file that says which new id a version has got."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import BinaryIO, Final, Self

import msgspec
from bucketry import InvalidSettings

from bucketry_router.moving.copies import Copies

_encode: Final = msgspec.json.Encoder().encode


class _Line(msgspec.Struct):
    bucket: str
    key: str
    old: str
    new: str


class VersionIdFile:
    """Lines of JSON, one for each version: ``{"bucket": …, "key": …, "old": …, "new": …}``.

    Use it in a ``with`` statement.
    """

    def __init__(self, path: str | None, bucket: str) -> None:
        """Opens the file, so that it is known before the move whether it can be written. What it has stays.

        Args:
            path: The file; ``None``: there is none.
            bucket: The bucket that is moved.

        Raises:
            InvalidSettings: The file cannot be opened.
        """
        self._path, self._bucket = path, bucket
        self._file: BinaryIO | None = None
        if path is not None:
            try:
                self._file = open(path, "ab")  # noqa: SIM115 - closed in __exit__
            except OSError as error:
                raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> InvalidSettings:
        return InvalidSettings(f"the file of version ids {self._path!r} cannot be written: {error.strerror}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, held: Iterable[tuple[str, Copies]]) -> None:
        """Writes all versions.

        Args:
            held: The copies of each key.

        Raises:
            InvalidSettings: The file cannot be written.
        """
        if self._file is None:
            return
        try:
            for key, copies in held:
                for copy in copies:
                    if copy.source.version_id is not None and copy.target_id is not None:
                        line = _Line(self._bucket, key, copy.source.version_id, copy.target_id)
                        self._file.write(_encode(line) + b"\n")
            self._file.flush()
        except OSError as error:
            raise self._unwritable(error) from error
