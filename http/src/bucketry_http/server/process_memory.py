"""Memory settings of a process that serves: freed memory is kept, since it is needed again at once.

A body passes in pieces of 64 to 256 KiB. glibc returns the top of its heap to the system once some 128 KiB of it are
free (mallopt(3), M_TRIM_THRESHOLD), so every few pieces it shrinks the heap and grows it again, and the kernel clears
the same pages over and over: half of the system time of a large upload.
"""

from __future__ import annotations

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
    """Keeps up to 16 MiB of freed heap in this process. Does nothing if the C library is not glibc."""
    if sys.platform != "linux":
        return
    import ctypes  # Only here: servers alone need it.

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _MAPPED_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)


def exempt_from_garbage_collection() -> None:
    """Takes all objects of this moment out of Python's garbage collection. Call when a server is complete.

    A full collection looks at every object. A server has some hundred thousand in its modules and classes, which never
    become garbage. A request with tens of thousands of elements starts a full collection, and nothing else runs for 50
    to 100 ms.
    """
    gc.collect()
    gc.freeze()
