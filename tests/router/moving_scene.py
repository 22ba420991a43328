"""Two stores, a router in use, and what moves a bucket from the one to the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from bucketry import DONE, DeleteMarker, Done, GetOptions, ObjectVersion, Store
from bucketry.hookspecs import hookimpl
from bucketry_memory import MemoryDriver, MemorySettings
from bucketry_router import Moved, MoveOptions, Mover, RouterDriver, RouterSettings, StoreSettings
from bucketry_router.placements import Placement, read_placements

BUCKET = "web-assets"
QUICK = MoveOptions(settle_seconds=2.0, read_only_seconds=20.0, threads=4)


class Kept(MemoryDriver):
    """Outlives its stores, as a server does."""

    @hookimpl
    def close(self) -> Done:
        return DONE


class Scene:
    """Two stores, a router in use, and a mover whose waits can be used to do something."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "placements.json"
        self.drivers = {"old": Kept(MemorySettings()), "new": Kept(MemorySettings())}
        self.settings = RouterSettings(
            stores=(
                StoreSettings(name="old", url="memory://", buckets=("web-*",)),
                StoreSettings(name="new", url="memory://", default=True),
            ),
            placements=str(self.path),
        )
        self.router = self.open_router()
        self.inner = {name: Store(driver) for name, driver in self.drivers.items()}
        self.waits: list[float] = []
        self.told: list[str] = []
        self.while_waiting: list[Callable[[], object]] = []

    def use(self, driver: Kept) -> None:
        """Moves to another driver than the usual one."""
        self.drivers["new"], self.inner["new"] = driver, Store(driver)

    def open_router(self) -> Store:
        return Store(RouterDriver(self.settings, drivers=self.drivers))

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        if self.while_waiting:
            self.while_waiting.pop(0)()

    def mover(self, settings: RouterSettings | None = None) -> Mover:
        return Mover(settings or self.settings, drivers=self.drivers, sleep=self.sleep, tell=self.told.append)

    def placed(self) -> Placement | None:
        return read_placements(self.path).buckets.get(BUCKET)

    def notice(self) -> None:
        """Has the router look at the file now, as it would within a second."""
        driver: Any = self.router.sdk().__self__
        driver._placements._next = 0.0

    def listed(self, store: str) -> dict[str, bytes]:
        found = self.inner[store]
        return {info.key: found.get_object(BUCKET, info.key).read() for info in found.iter_objects(BUCKET)}


def history(store: Store, key: str) -> list[str]:
    """Returns the contents of a key's versions, the oldest first; a dash for each delete marker."""
    return dict(histories(store)).get(key, [])


def histories(store: Store) -> Iterator[tuple[str, list[str]]]:
    """Yields each key with what `history` returns."""
    for key, found in groupby(store.iter_object_versions(BUCKET), key=lambda version: version.key):
        yield key, [content(store, key, entry) for entry in found][::-1]


def content(store: Store, key: str, entry: ObjectVersion | DeleteMarker) -> str:
    """Returns the content of a version; a dash for a delete marker."""
    if isinstance(entry, DeleteMarker):
        return "-"
    options = GetOptions(version_id=entry.version_id)
    with store.get_object(BUCKET, key, options) as opened:
        return opened.read().decode()


def version_ids(store: Store, key: str) -> list[str]:
    """Returns the ids of a key's versions, the oldest first."""
    return [version.version_id for version in store.iter_object_versions(BUCKET) if version.key == key][::-1]


def write(store: Store, key: str, *contents: str) -> None:
    """Puts each content; a dash deletes the key."""
    for each in contents:
        if each == "-":
            store.delete_object(BUCKET, key)
        else:
            store.put_object(BUCKET, key, each.encode())


def move(scene: Scene, options: MoveOptions = QUICK) -> Moved:
    """Moves the bucket to the new store."""
    with scene.mover() as mover:
        return mover.move(BUCKET, "new", options)
