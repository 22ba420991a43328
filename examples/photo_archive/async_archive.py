"""The same archive for asyncio and trio: ``python async_archive.py URL``. Only ``async`` and ``await`` are new."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import suppress

import anyio
from bucketry import (
    BucketAlreadyExists,
    ByteRange,
    GetOptions,
    ListOptions,
    NoSuchKey,
    ObjectInfo,
    PreconditionFailed,
    PresignOptions,
    PutOptions,
)
from bucketry.aio import AsyncStore, open_store

BUCKET = "photo-archive"


class Archive:
    """Photos, by keys such as ``2026/cat.jpg``. What stands before the first slash is the album."""

    def __init__(self, store: AsyncStore) -> None:
        self._store = store

    async def prepare(self) -> None:
        """Makes the bucket, if it is not there yet."""
        with suppress(BucketAlreadyExists):
            await self._store.create_bucket(BUCKET)

    async def add(self, key: str, content: bytes | Iterable[bytes], camera: str, tags: dict[str, str]) -> bool:
        """Stores a photo, unless there is one of that name: the store decides, also between two programs."""
        options = PutOptions(content_type="image/jpeg", metadata={"camera": camera}, tags=tags, if_none_match="*")
        try:
            await self._store.put_object(BUCKET, key, content, options)
        except PreconditionFailed:
            return False
        return True

    async def edit(self, seen: ObjectInfo, content: bytes) -> bool:
        """Replaces a photo, unless somebody has replaced it since it was seen."""
        options = PutOptions(content_type=seen.content_type, metadata=seen.metadata, if_match=seen.etag)
        try:
            await self._store.put_object(BUCKET, seen.key, content, options)
        except PreconditionFailed:
            return False
        return True

    async def find(self, key: str) -> ObjectInfo | None:
        """Returns a photo without its content; ``None`` if there is none."""
        try:
            return await self._store.head_object(BUCKET, key)
        except NoSuchKey:
            return None

    async def albums(self) -> list[str]:
        """Lists the albums."""
        if self._store.capabilities.features.list_delimiter:
            pages = self._store.iter_object_pages(BUCKET, ListOptions(delimiter="/"))
            return [prefix async for page in pages for prefix in page.prefixes]
        # The REST API has no delimiters: there, all keys are listed.
        keys = [photo.key async for photo in self._store.iter_objects(BUCKET)]
        return sorted({album + slash for album, slash, _ in (key.partition("/") for key in keys) if slash})

    async def photos(self, album: str) -> list[ObjectInfo]:
        """Lists the photos of an album, without the album itself, which some programs make an object of."""
        return [
            photo async for photo in self._store.iter_objects(BUCKET, ListOptions(prefix=album)) if photo.key != album
        ]

    async def first_bytes(self, key: str, count: int) -> bytes:
        """Reads the beginning of a photo, and no more of it."""
        async with self._store.get_object(BUCKET, key, GetOptions(range=ByteRange(0, count - 1))) as photo:
            return await photo.read()

    async def size(self, key: str) -> int:
        """Reads a photo piece by piece, in the same memory for every size."""
        size = 0
        async with self._store.get_object(BUCKET, key) as photo:
            async for chunk in photo:
                size += len(chunk)
        return size

    async def link(self, key: str) -> str:
        """Makes a URL with which anybody can download a photo for a minute."""
        link = await self._store.presign(BUCKET, key, PresignOptions(expires_in=60))
        return link.url

    async def tags(self, key: str) -> dict[str, str] | None:
        """Returns the tags of a photo; ``None`` if the store does not tell, as the REST API."""
        if "get_object_tagging" not in self._store.capabilities.operations:
            return None
        return dict(await self._store.get_object_tagging(BUCKET, key))

    async def remove(self, album: str) -> int:
        """Deletes an album, and returns how many photos it had."""
        done = await self._store.delete_objects(BUCKET, [photo.key for photo in await self.photos(album)])
        return len(done.deleted)


async def tour(url: str) -> None:
    """Does all of it once, in a store that anything may be deleted from."""
    async with open_store(url) as store:
        archive = Archive(store)
        await archive.prepare()
        print("added:", await archive.add("2026/cat.jpg", b"\xff\xd8 a cat", "K1000", {"animal": "cat"}))
        print("added again:", await archive.add("2026/cat.jpg", b"\xff\xd8 a dog", "K1000", {}))
        print("added in pieces:", await archive.add("2025/sea + sun.jpg", (b"\xff\xd8", b"blue" * 1000), "F3", {}))
        print("albums:", await archive.albums())
        for photo in await archive.photos("2026/"):
            print("photo:", photo.key, photo.size_bytes, photo.content_type)
        print("begins:", await archive.first_bytes("2026/cat.jpg", 2))
        print("read:", await archive.size("2025/sea + sun.jpg"))
        print("tags:", await archive.tags("2026/cat.jpg"))
        if (seen := await archive.find("2026/cat.jpg")) is not None:
            print("camera:", seen.metadata["camera"])
            print("edited:", await archive.edit(seen, b"\xff\xd8 a better cat"))
            print("edited again:", await archive.edit(seen, b"late"))
        print("link:", (await archive.link("2026/cat.jpg")).partition("?")[0].rpartition("/")[2])
        print("removed:", await archive.remove("2025/"), await archive.remove("2026/"))
        print("found:", await archive.find("2026/cat.jpg"))
        await store.delete_bucket(BUCKET)


if __name__ == "__main__":
    anyio.run(tour, sys.argv[1])
