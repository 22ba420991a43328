"""What a store holds: items, which steps change, and which are compared with what is found after a crash."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Protocol

import msgspec
from msgspec.structs import replace

UNKNOWN: Final = "?"
"""The id of a version or upload of which nobody was told: the process was killed before it could say so."""

UNREADABLE: Final = "unreadable"
"""The digest of a content that is found out to be damaged: to read it is an error."""

NULL: Final = "null"
"""The id of a version that was written without versioning."""


class BucketItem(msgspec.Struct, frozen=True, tag="bucket"):
    """A bucket; its value is ``True``."""

    bucket: str


class SettingItem(msgspec.Struct, frozen=True, tag="setting"):
    """A setting of a bucket; its value is the text in it."""

    bucket: str
    kind: str


class ObjectItem(msgspec.Struct, frozen=True, tag="object"):
    """All versions of an object, the latest first; its value is a tuple of `Version`."""

    bucket: str
    key: str


class UploadItem(msgspec.Struct, frozen=True, tag="upload"):
    """An upload in progress; its value is a tuple of `PartOfUpload`, in ascending number."""

    bucket: str
    key: str
    upload_id: str


class Version(msgspec.Struct, frozen=True, tag="version"):
    """One version of an object.

    Attributes:
        version_id: Its id.
        digest: The SHA-256 of its content; ``None``: it is a delete marker.
        size: Bytes of its content.
        tags: The text in its tags.
    """

    version_id: str
    digest: str | None
    size: int = 0
    tags: str = ""


class PartOfUpload(msgspec.Struct, frozen=True, tag="part"):
    """One part of an upload."""

    number: int
    etag: str
    size: int


Item = BucketItem | SettingItem | ObjectItem | UploadItem
Value = bool | str | tuple[Version | PartOfUpload, ...] | None
"""``None``: there is no such item."""

World = Mapping[Item, Value]


class Change(Protocol):
    """What a step may change, as `tests.crash.steps.Step` says it."""

    @property
    def is_atomic(self) -> bool:
        """Whether all items change at once."""

    def changes(self, world: World, new_id: str) -> World:
        """Returns the items that it changes, with their new values."""


def versions_of(world: World, item: ObjectItem) -> tuple[Version, ...]:
    """Returns the versions of an object, the latest first."""
    found = world.get(item)
    return tuple(one for one in found if isinstance(one, Version)) if isinstance(found, tuple) else ()


def parts_of(world: World, item: UploadItem) -> tuple[PartOfUpload, ...]:
    """Returns the parts of an upload."""
    found = world.get(item)
    return tuple(one for one in found if isinstance(one, PartOfUpload)) if isinstance(found, tuple) else ()


def changed(world: World, changes: World) -> dict[Item, Value]:
    """Returns a world with these changes."""
    return {item: value for item, value in {**world, **changes}.items() if value is not None}


def differences(world: World, under_way: Iterable[Change], found: World) -> list[str]:
    """Returns how what was found differs from what may be there.

    Args:
        world: What all acknowledged steps made.
        under_way: Steps that began and were not acknowledged. No two of them change the same item.
        found: What a store holds.
    """
    found = _without_new_ids(world, found)
    problems, settled = list[str](), set[Item]()
    for step in under_way:
        changes = step.changes(world, UNKNOWN)
        problems += _differences_of(step, world, changes, found)
        settled.update(changes)
    for item in sorted({*world, *found} - settled, key=str):
        if world.get(item) != found.get(item):
            problems.append(f"{item} was acknowledged as {world.get(item)}, found {found.get(item)}")
    return problems


def _differences_of(step: Change, world: World, changes: World, found: World) -> Iterator[str]:
    old = {item for item in changes if found.get(item) == world.get(item)}
    new = {item for item in changes if found.get(item) == changes[item]}
    for item in changes.keys() - old - new:
        yield f"{item} under {step}: expected {world.get(item)} or {changes[item]}, found {found.get(item)}"
    if step.is_atomic and old != changes.keys() != new:
        yield f"{step} is done by half: {[(item, found.get(item)) for item in changes]}"


def _without_new_ids(world: World, found: World) -> dict[Item, Value]:
    """Replaces ids of which nobody was told."""
    return dict(_without_new_id(world, item, value) for item, value in found.items())


def _without_new_id(world: World, item: Item, value: Value) -> tuple[Item, Value]:
    if isinstance(item, UploadItem) and item not in world:
        return replace(item, upload_id=UNKNOWN), value
    if isinstance(item, ObjectItem):
        known = {NULL, *(version.version_id for version in versions_of(world, item))}
        versions = versions_of({item: value}, item)
        return item, tuple(v if v.version_id in known else replace(v, version_id=UNKNOWN) for v in versions)
    return item, value
