"""Makes drivers and stores for these tests, and reads the driver's private state."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from bucketry import CreateBucketOptions, Store
from bucketry_memory import MemoryDriver, MemorySettings

BUCKET = "under-test"
MIB = 1024 * 1024


def make_driver(**settings: object) -> MemoryDriver:
    """Makes a driver with one empty bucket."""
    driver = MemoryDriver(msgspec.convert(settings, MemorySettings))
    driver.create_bucket(BUCKET, CreateBucketOptions())
    return driver


def make_store(**settings: object) -> tuple[Store, MemoryDriver]:
    """Opens a store with one empty bucket, and gives its driver too."""
    driver = make_driver(**settings)
    return Store(driver), driver


def held(driver: MemoryDriver) -> tuple[int, int]:
    """Returns the bytes and the entries that the driver thinks it holds."""
    return driver._quota.bytes_held, driver._quota.entries_held


def counted(driver: MemoryDriver) -> tuple[int, int]:
    """Counts the bytes and the entries that the driver does hold."""
    sizes = [size for bucket in driver._buckets.values() for size in _sizes(driver, bucket.info.name)]
    return sum(sizes), len(sizes) + len(driver._buckets)


def _sizes(driver: MemoryDriver, name: str) -> Iterator[int]:
    bucket = driver._buckets[name]
    for stored in bucket.objects.values():
        yield len(stored.content)
    if bucket.history is not None:
        for key in bucket.history.keys:
            yield from (version.size_bytes for version in bucket.history.of(key))
    yield from (len(msgspec.json.encode(settings)) for settings in bucket.settings._settings.values())
    for upload in bucket.uploads._by_id.values():
        yield 0
        for part in upload.parts.values():
            yield len(part.content)


class Source:
    """Pieces of a body, that counts how many were pulled and breaks off where it is told."""

    def __init__(self, pieces: int, size: int, breaks_at: int | None = None) -> None:
        self._pieces, self._size, self._breaks_at = pieces, size, breaks_at
        self.pulled = 0

    def __iter__(self) -> Iterator[bytes]:
        for number in range(self._pieces):
            if number == self._breaks_at:
                raise ConnectionResetError("the client went away")
            self.pulled += 1
            yield bytes(self._size)
