"""Stores that a process shares: file systems of fsspec and storages of Django with the same settings use one."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Final

from bucketry import DriverSettings, InvalidSettings, Store, find_settings, open_store

THREADS: Final = 16
"""Calls that are made side by side for many files."""


class SharedStore:
    """A store, and threads for calls that are made side by side. It lives as long as somebody uses it.

    Attributes:
        store: The store.
        settings: The settings that it was opened with; ``None``: the caller gave an open store.
        blocks: Whether its calls wait for anything, so that threads are of use.
    """

    def __init__(self, store: Store, settings: DriverSettings | None = None) -> None:
        self.store = store
        self.settings = settings
        self.blocks = not store.capabilities.features.non_blocking

    @cached_property
    def threads(self) -> ThreadPoolExecutor:
        """The threads; they start with the calls."""
        return ThreadPoolExecutor(THREADS, thread_name_prefix="bucketry-files")


_lock = threading.Lock()
_shared: Final[list[weakref.ref[SharedStore]]] = []


def _after_fork() -> None:
    """A child process opens its own stores: connections and locks are the parent's."""
    global _lock  # noqa: PLW0603 - another thread of the parent may have held it
    _lock = threading.Lock()
    _shared.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def shared_store(target: str | Store | DriverSettings, options: Mapping[str, object]) -> SharedStore:
    """Returns the store for a URL or settings.

    Args:
        target: Its URL, its driver's settings, or an open store, which stays the caller's to close.
        options: More settings for the URL's driver.

    Raises:
        InvalidSettings: As `open_store`; or there are options beside a store or settings.
    """
    if isinstance(target, str):
        settings = find_settings(target, settings=options)
    elif options:
        raise InvalidSettings(f"the store is given, so there is nothing to set: {', '.join(sorted(options))}")
    elif isinstance(target, Store):
        return SharedStore(target)
    else:
        settings = target
    with _lock:
        found = [shared for reference in _shared if (shared := reference()) is not None]
        _shared[:] = [weakref.ref(shared) for shared in found]
        same = next((shared for shared in found if shared.settings == settings), None)
        return same or _open(settings)


def _close(store: Store, opened_by: int) -> None:
    if os.getpid() == opened_by:  # In a forked process the store is still the parent's.
        store.close()


def _open(settings: DriverSettings) -> SharedStore:
    made = SharedStore(open_store(settings), settings)
    weakref.finalize(made, _close, made.store, os.getpid())
    _shared.append(weakref.ref(made))
    return made
