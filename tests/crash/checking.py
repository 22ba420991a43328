"""Opens a store after a crash, and says what is wrong with it."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from unittest import mock

from bucketry import BucketryError, Secret, open_store
from bucketry_file import sessions
from bucketry_file.checking import check_folder
from bucketry_file.folder import Folder
from msgspec.structs import replace

from tests.crash.folders import files_left, rows_left
from tests.crash.found import found_in
from tests.crash.notes import History
from tests.crash.world import (
    UNKNOWN,
    UNREADABLE,
    Item,
    ObjectItem,
    Value,
    Version,
    World,
    changed,
    differences,
    versions_of,
)

MASTER_KEYS: Final = {"encryption_keys": Secret(f"test:{base64.b64encode(bytes(32)).decode()}")}
"""The setting that stores are opened with whose contents may be encrypted."""

Found = tuple[dict[Item, Value], list[str]]
"""What a store holds, and what is wrong."""


def check(url: str, folder: Path, start: World, histories: Sequence[History]) -> Found:
    """Opens a store that keeps all that it acknowledged, and closes it again.

    Args:
        url: The store.
        folder: Its folder.
        start: What it held before these histories.
        histories: What the writers of each process were told. Writers of two processes change different items.
    """
    world = dict(start)
    for history in histories:
        world = history.world(world)
    under_way = [step for history in histories for step in history.under_way]
    found, problems = _opened(url)
    if problems:
        return found, problems
    return found, [*differences(world, under_way, found), *rows_left(folder), *files_left(folder)]


def check_without_sync(url: str, folder: Path, history: History, kept: int) -> Found:
    """Opens a store that may lose the last moments of one writer with ``sync=false``, and closes it again.

    What it holds was there at some moment. Contents may be unreadable, and files may be left over.

    Args:
        url: The store.
        folder: Its folder.
        history: What the writer was told.
        kept: How many acknowledged steps were in SQLite's log when it was synced last. These are not lost.
    """
    found, problems = _opened(url)
    if problems:
        return found, problems
    moments = list(_differences_by_moment(history, found))[kept:]
    return found, [*min(moments, key=len), *rows_left(folder), *_told_as_damage(folder)]


def _told_as_damage(folder: Path) -> list[str]:
    """Returns what is called damage after the machine was started again, though a loss of power left it."""
    said = list[str]()
    with mock.patch.object(sessions, "boot", return_value="another"):
        check_folder(Folder(folder), said.append, reads=True)
    return [f"told as damage: {line}" for line in said if "restore" in line]


def _opened(url: str) -> Found:
    try:
        with open_store(url, settings=MASTER_KEYS) as store:
            return found_in(store)
    except BucketryError as error:
        return {}, [f"the store fails: {error!r}"]


def _differences_by_moment(history: History, found: World) -> Iterator[list[str]]:
    """Yields how what was found differs from what was there before each step, and after the last."""
    steps = [*history.acknowledged, *((step, UNKNOWN) for step in history.under_way)]
    world: dict[Item, Value] = {}
    for step, new_id in steps:
        following = changed(world, step.changes(world, new_id))
        yield differences(world, [step], _readable(found, following, world))
        world = following
    yield differences(world, [], _readable(found, world))


def _readable(found: World, *worlds: World) -> dict[Item, Value]:
    """Replaces digests of contents that are unreadable by those that they must have had."""
    return {
        item: tuple(_readable_version(version, item, worlds) for version in versions_of(found, item))
        if isinstance(item, ObjectItem)
        else value
        for item, value in found.items()
    }


def _readable_version(version: Version, item: ObjectItem, worlds: Sequence[World]) -> Version:
    if version.digest != UNREADABLE:
        return version
    for known in (known for world in worlds for known in versions_of(world, item)):
        if known.version_id in {version.version_id, UNKNOWN} and (known.size, known.tags) == (
            version.size,
            version.tags,
        ):
            return replace(version, digest=known.digest)
    return version
