"""A string that its ``repr`` does not show."""

from __future__ import annotations

import hmac
import logging
import stat
import time
from pathlib import Path
from typing import Final, Self, final
from weakref import WeakValueDictionary

MAX_SECRET_BYTES: Final = 64 * 1024
"""Largest file, in bytes. A mounted secret is one line, so a larger file is the wrong one."""

_FRESH_NANOSECONDS: Final = 2_000_000_000
"""In this time after a change a file may change again and keep its time, since file systems count time in steps."""

_READ_ONCE: Final = (0, 0, 0)
"""The state of everything that is not an ordinary file."""

_log = logging.getLogger("bucketry")


@final
class Secret:
    """A secret string, such as a password, a secret key or a session token.

    Its ``repr``, ``str`` and ``format`` are always ``***``, so that a settings object can be logged as it is. Two
    secrets are compared in constant time.
    """

    __slots__ = ("__weakref__", "_file", "_value")

    def __init__(self, value: str) -> None:
        self._value = value
        self._file: SecretFile | None = None
        _live[id(self)] = self

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """Returns the secret in a file, such as a mounted one. When the file changes, the secret changes too.

        The secret is the file's text without the line break at its end. If the file is missing or empty later, the
        secret stays as it was: somebody may be replacing the file. A pipe is read once.

        Args:
            path: The file.

        Raises:
            OSError: It cannot be read.
            ValueError: It is empty, is not UTF-8, or is larger than 64 KiB.
        """
        file = SecretFile(Path(path))
        secret = cls(file.read())
        secret._file = file
        return secret

    def reveal(self) -> str:
        """Returns the secret itself. Call it only where the secret signs or is sent."""
        if self._file is not None and (value := self._file.changed()) is not None:
            self._value = value
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"

    def __str__(self) -> str:
        return "***"

    def __bool__(self) -> bool:
        return bool(self.reveal())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self.reveal().encode(), other.reveal().encode())

    def __hash__(self) -> int:
        return hash((Secret, self.reveal()))

    def __reduce__(self) -> tuple[object, ...]:
        # A pickle would hold the secret in clear.
        raise TypeError("a Secret cannot be pickled: pass it on through settings or the environment")


@final
class SecretFile:
    """A file that holds a secret. Each use of the secret checks whether the file has changed."""

    __slots__ = ("_failed", "_path", "_seen")

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._failed = False

    def read(self) -> str:
        """Returns the secret in the file.

        Raises:
            OSError: It cannot be read.
            ValueError: It is empty, is not UTF-8, or is too large.
        """
        state = self._state()
        with self._path.open("rb") as file:
            content = file.read(MAX_SECRET_BYTES + 1)
        if len(content) > MAX_SECRET_BYTES:
            raise ValueError("it is too large for a secret")
        try:
            text = content.decode().rstrip("\r\n")
        except UnicodeDecodeError:
            # The message of the decoder's error repeats the text.
            raise ValueError("it is not UTF-8") from None
        if not text:
            raise ValueError("it is empty")
        self._seen = state
        return text

    def changed(self) -> str | None:
        """Returns the secret if the file has changed since it was last read, otherwise ``None``."""
        try:
            state = self._state()
            value = None if state is _READ_ONCE or (state is not None and state == self._seen) else self.read()
        except (OSError, ValueError) as error:
            if not self._failed:
                _log.warning("a secret's file cannot be read, and the secret stays as it was: %s", type(error).__name__)
            self._failed = True
            return None
        self._failed = False
        return value

    def _state(self) -> tuple[int, int, int] | None:
        """Returns what differs between two contents of the file; ``None`` while the file may change and keep it."""
        found = self._path.stat()
        if not stat.S_ISREG(found.st_mode):
            # A pipe, as from `<(pass show key)`, gives its content once. Reading it again would wait for ever.
            return _READ_ONCE
        if abs(time.time_ns() - found.st_mtime_ns) < _FRESH_NANOSECONDS:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


_live: Final[WeakValueDictionary[int, Secret]] = WeakValueDictionary()


def live_secrets() -> list[str]:
    """Returns the values of all secrets that are in use, the longest first. They must not show anywhere."""
    alive = [secret for reference in _live.valuerefs() if (secret := reference()) is not None]
    return sorted({secret._value for secret in alive}, key=len, reverse=True)
