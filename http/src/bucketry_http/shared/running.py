"""How many requests of each name are in progress: in one process, or in all processes of a server together."""

from __future__ import annotations

import mmap
import os
import struct
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Final, Protocol

FILE_NAME: Final = "running"

_SETS: Final = 1024
_WAYS: Final = 8
_SPARE_SEATS: Final = 2
_MOST: Final = 0xFFFF


class Running(Protocol):
    """Counts requests in progress."""

    def enter(self, name: str, most: int) -> bool:
        """Counts a request, unless so many are in progress already. Returns whether it was counted."""

    def leave(self, name: str) -> None:
        """Ends a request that was counted."""


class RunningHere:
    """Counts the requests of this process."""

    def __init__(self) -> None:
        """Starts with none."""
        self._counts: Counter[str] = Counter()

    def enter(self, name: str, most: int) -> bool:
        """Counts a request, unless so many are in progress already. Returns whether it was counted."""
        if self._counts[name] >= most:
            return False
        self._counts[name] += 1
        return True

    def leave(self, name: str) -> None:
        """Ends a request that was counted."""
        self._counts[name] -= 1
        if not self._counts[name]:
            del self._counts[name]


class RunningTogether:
    """Counts the requests of all processes of a server, in a table of fixed size in a file.

    A slot of the table has a name's number, and a count for each process. The counts of a process that died are cleared
    by the one that takes its seat, which holds a lock as long as it lives. Where more than eight busy names fall on one
    place of 1,024, the last of them are counted by each process alone.
    """

    def __init__(self, folder: Path, processes: int) -> None:
        """Opens the table, and makes it if it is not there yet.

        Args:
            folder: Where the processes share it.
            processes: How many there are.
        """
        self._seats, self._sets = processes + _SPARE_SEATS, _SETS
        self._slot = struct.Struct(f"=Q{self._seats}H")
        self._set_bytes = _WAYS * self._slot.size
        self._size = _SETS * self._set_bytes
        # It stays open as long as the process lives: to close any of its descriptors would give up all locks.
        self._file = os.open(folder / FILE_NAME, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        os.ftruncate(self._file, self._size)
        self._table = mmap.mmap(self._file, self._size)
        self._alone = RunningHere()
        self._places: dict[str, int] = {}
        self._seat = self._take_seat()

    def enter(self, name: str, most: int) -> bool:
        """Counts a request, unless so many are in progress already. Returns whether it was counted."""
        number = int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big") or 1
        start = number % self._sets * self._set_bytes
        with self._locked(start, self._set_bytes):
            place = self._find(start, number)
            if place is None:
                return self._alone.enter(name, most)
            found, *counts = self._slot.unpack_from(self._table, place)
            if found != number:
                counts = [0] * self._seats
            if sum(counts) >= most or counts[self._seat] == _MOST:
                return False
            counts[self._seat] += 1
            self._slot.pack_into(self._table, place, number, *counts)
        self._places[name] = place
        return True

    def leave(self, name: str) -> None:
        """Ends a request that was counted."""
        place = self._places.get(name)
        if place is None:
            self._alone.leave(name)
            return
        start = place - place % self._set_bytes
        with self._locked(start, self._set_bytes):
            number, *counts = self._slot.unpack_from(self._table, place)
            counts[self._seat] -= 1
            self._slot.pack_into(self._table, place, number, *counts)
        if not counts[self._seat]:
            # Others may take the slot once nobody needs it.
            del self._places[name]

    def _find(self, start: int, number: int) -> int | None:
        """Returns the slot of a number, or one that is free; ``None``: others need all slots."""
        free = None
        for place in range(start, start + self._set_bytes, self._slot.size):
            found, *counts = self._slot.unpack_from(self._table, place)
            if found == number:
                return place
            if free is None and not any(counts):
                free = place
        return free

    def _take_seat(self) -> int:
        """Returns a seat that no process has, and clears what the last one there has left."""
        import fcntl

        for seat in range(self._seats):
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, self._size + seat)
            except OSError:
                continue
            self._clear(seat)
            return seat
        raise RuntimeError("more processes than seats count requests together")

    def _clear(self, seat: int) -> None:
        for start in range(0, self._size, self._set_bytes):
            with self._locked(start, self._set_bytes):
                for place in range(start, start + self._set_bytes, self._slot.size):
                    number, *counts = self._slot.unpack_from(self._table, place)
                    if counts[seat]:
                        counts[seat] = 0
                        self._slot.pack_into(self._table, place, number, *counts)

    @contextmanager
    def _locked(self, start: int, size: int) -> Iterator[None]:
        import fcntl

        fcntl.lockf(self._file, fcntl.LOCK_EX, size, start)
        try:
            yield
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN, size, start)
