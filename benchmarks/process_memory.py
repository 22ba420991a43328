"""How much memory a process takes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

_PAGE = os.sysconf("SC_PAGE_SIZE")


def resident_bytes(pid: int | None = None) -> int:
    """Returns the resident set size of a process, of this one where none is named, in bytes (proc(5), statm)."""
    pid = pid or os.getpid()
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except FileNotFoundError:
        # No Linux: POSIX has ps, which counts in KiB.
        command = ["ps", "-o", "rss=", "-p", str(pid)]
        return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout) * 1024


def growth_during(pid: int, block: Callable[[], object]) -> int:
    """Returns by how much a process's resident set grows at most while a block runs, in bytes.

    It is looked at 50 times a second.
    """
    before = peak = resident_bytes(pid)
    ended = Event()

    def watch() -> None:
        nonlocal peak
        while not ended.wait(0.02):
            peak = max(peak, resident_bytes(pid))

    watching = Thread(target=watch)
    watching.start()
    try:
        block()
    finally:
        ended.set()
        watching.join()
    return max(peak, resident_bytes(pid)) - before
