"""What a process that serves asks of the C library and of Python: to keep memory that it needs again at once.

A body passes in pieces of 64 to 256 KiB. glibc returns the top of its heap to the system once some 128 KiB of it are
free (mallopt(3), M_TRIM_THRESHOLD), so every few pieces it shrinks the heap and grows it again, and the kernel clears
the same pages over and over: half of the system time of a large upload.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from typing import Final

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
"""Numbers of mallopt(3), from glibc's malloc.h."""

_KEPT_BYTES: Final = 16 * 1024 * 1024
_MAPPED_BYTES: Final = 4 * 1024 * 1024
"""Larger blocks still come from the system and go back to it whole."""


def keep_freed_memory() -> None:
    """Has this process keep up to 16 MiB of freed heap; does nothing where the C library is not glibc."""
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _MAPPED_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)


def exempt_from_garbage_collection() -> None:
    """Has Python's garbage collector leave alone what is in memory now; call once a server is complete.

    A full collection goes through every object. A server's modules and classes are some hundred thousand that never
    become garbage, and a request with tens of thousands of elements starts one: 50 to 100 ms in which nothing else
    runs.
    """
    gc.collect()
    gc.freeze()
