"""Which processes of a group are alive."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


class Processes:
    """The processes that share a folder. Each holds a lock on a file of its own, which ends with the process.

    Attributes:
        own: The name of this process.
    """

    def __init__(self, folder: Path) -> None:
        """Enters this process."""
        import fcntl

        self._folder = folder
        self._flock, self._exclusive = fcntl.flock, fcntl.LOCK_EX | fcntl.LOCK_NB
        self.own = f"{os.getpid()}-{secrets.token_hex(8)}"
        self._file = os.open(folder / self.own, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        self._flock(self._file, self._exclusive)

    def is_alive(self, name: str) -> bool:
        """Says whether a process is alive. The file of one that is not is removed."""
        if name == self.own:
            return True
        path = self._folder / name
        try:
            file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            self._flock(file, self._exclusive)
        except BlockingIOError:
            return True
        finally:
            os.close(file)
        path.unlink(missing_ok=True)
        return False

    def close(self) -> None:
        """Leaves. What this process had begun is over."""
        os.close(self._file)
        (self._folder / self.own).unlink(missing_ok=True)
