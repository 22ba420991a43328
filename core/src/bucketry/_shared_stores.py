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
        place: Where it was opened; it keeps the place.
    """

    place: _Place | None = None

    def __init__(self, store: Store, settings: DriverSettings | None = None) -> None:
        self.store = store
        self.settings = settings
        self.blocks = not store.capabilities.features.non_blocking

    @cached_property
    def threads(self) -> ThreadPoolExecutor:
        """The threads; they start with the calls."""
        return ThreadPoolExecutor(THREADS, thread_name_prefix="bucketry-files")


class _Place:
    """Where the store of some settings is opened. It is there as long as the store, or as somebody waits for it.

    Attributes:
        settings: The settings.
        lock: Is held while the store is opened, which may take long. Stores of other settings do not wait for it.
        opened: The store.
    """

    def __init__(self, settings: DriverSettings) -> None:
        self.settings = settings
        self.lock = threading.Lock()
        self.opened: weakref.ref[SharedStore] | None = None

    def store(self) -> SharedStore:
        with self.lock:
            found = None if self.opened is None else self.opened()
            if found is None:
                found = SharedStore(open_store(self.settings), self.settings)
                found.place = self
                weakref.finalize(found, _close, found.store, os.getpid())
                self.opened = weakref.ref(found)
            return found


_lock = threading.Lock()
_places: Final[list[weakref.ref[_Place]]] = []


def _after_fork() -> None:
    """A child process opens its own stores: connections and locks are the parent's."""
    global _lock  # noqa: PLW0603 - another thread of the parent may have held it
    _lock = threading.Lock()
    _places.clear()


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
    return _place_of(settings).store()


def _place_of(settings: DriverSettings) -> _Place:
    with _lock:
        found = [place for reference in _places if (place := reference()) is not None]
        same = next((place for place in found if place.settings == settings), None) or _Place(settings)
        _places[:] = [weakref.ref(place) for place in {*found, same}]
        return same


def _close(store: Store, opened_by: int) -> None:
    if os.getpid() == opened_by:  # In a forked process the store is still the parent's.
        store.close()
