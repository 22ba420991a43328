"""Versions against a naive model: order, ids, what is latest, usage and quota, after any operations."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from bucketry import (
    CopyOptions,
    DeleteMarker,
    DeleteOptions,
    HeadOptions,
    IsDeleteMarker,
    NoSuchKey,
    NoSuchVersion,
    ObjectToDelete,
    ObjectVersion,
    VersioningSettings,
    VersionListOptions,
    VersionOptions,
)
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.memory.opened import BUCKET, counted, held, make_store

KEYS = st.sampled_from(["a", "a/b", "a/c", "b", "é"])
SIZES = st.integers(0, 9)
PREFIXES = st.sampled_from(["", "a", "a/", "b", "c"])
NTH = st.integers(0, 5)
NULL = "null"


class Kept(NamedTuple):
    """A version in the model; ``size`` is ``None`` for a delete marker."""

    version_id: str
    size: int | None
    tags: dict[str, str]


class Versions(RuleBasedStateMachine):
    """Does the same to a store and to a dictionary of lists, the newest version first."""

    def __init__(self) -> None:
        super().__init__()
        self.store, self.driver = make_store(min_part_size=1)
        self.status: str | None = None
        self.kept: dict[str, list[Kept]] = {}

    # The model

    def write(self, key: str, version_id: str | None, size: int | None, tags: dict[str, str]) -> None:
        stack = self.kept.setdefault(key, [])
        if self.status is None:
            assert version_id is None
            stack.clear()
        elif self.status == "Suspended":
            assert version_id == NULL
            stack[:] = [one for one in stack if one.version_id != NULL]
        else:
            assert version_id is not None
            assert version_id not in {NULL, *(one.version_id for versions in self.kept.values() for one in versions)}
        stack.insert(0, Kept(version_id or NULL, size, tags))

    def current(self, key: str) -> Kept | None:
        stack = self.kept.get(key)
        return stack[0] if stack and stack[0].size is not None else None

    def nth(self, key: str, number: int) -> Kept | None:
        stack = self.kept.get(key)
        return stack[number % len(stack)] if stack else None

    def shown(self, kept: Kept) -> str | None:
        return None if self.status is None else kept.version_id

    # Operations

    @rule(status=st.sampled_from(["Enabled", "Suspended"]))
    def set_versioning(self, status: str) -> None:
        self.store.put_bucket_settings(BUCKET, VersioningSettings(status=status))  # type: ignore[arg-type]
        self.status = status

    @rule(key=KEYS, size=SIZES)
    def put(self, key: str, size: int) -> None:
        info = self.store.put_object(BUCKET, key, bytes(size))
        self.write(key, info.version_id, size, {})

    @rule(key=KEYS, size=SIZES)
    def upload(self, key: str, size: int) -> None:
        upload_id = self.store.create_multipart_upload(BUCKET, key).upload_id
        part = self.store.upload_part(BUCKET, key, upload_id, 1, bytes(size))
        info = self.store.complete_multipart_upload(BUCKET, key, upload_id, [part])
        assert self.store.complete_multipart_upload(BUCKET, key, upload_id, [part]) == info
        self.write(key, info.version_id, size, {})

    @rule(source=KEYS, number=NTH, key=KEYS)
    def copy(self, source: str, number: int, key: str) -> None:
        kept = self.nth(source, number)
        if kept is None or kept.size is None:
            return
        options = CopyOptions(source_version_id=kept.version_id)
        info = self.store.copy_object(BUCKET, source, BUCKET, key, options)
        self.write(key, info.version_id, kept.size, kept.tags)

    @rule(key=KEYS, batch=st.booleans())
    def delete(self, key: str, batch: bool) -> None:
        if batch:
            done = self.store.delete_objects(BUCKET, [key]).deleted[0]
            version_id, marked = done.delete_marker_version_id, done.delete_marker
        else:
            deleted = self.store.delete_object(BUCKET, key)
            version_id, marked = deleted.version_id, deleted.delete_marker
        assert marked == (self.status is not None)
        if self.status is None:
            self.kept.pop(key, None)
        else:
            self.write(key, version_id, None, {})

    @rule(key=KEYS, number=NTH, batch=st.booleans())
    def delete_version(self, key: str, number: int, batch: bool) -> None:
        kept = self.nth(key, number)
        if kept is None:
            return
        if batch:
            done = self.store.delete_objects(BUCKET, [ObjectToDelete(key, kept.version_id)]).deleted[0]
            assert done.version_id == kept.version_id
        else:
            deleted = self.store.delete_object(BUCKET, key, DeleteOptions(version_id=kept.version_id))
            assert (deleted.version_id, deleted.delete_marker) == (kept.version_id, kept.size is None)
        self.kept[key].remove(kept)
        with pytest.raises(NoSuchVersion):
            self.store.head_object(BUCKET, key, HeadOptions(version_id=kept.version_id))

    @rule(key=KEYS, number=NTH, value=st.sampled_from("xyz"))
    def tag(self, key: str, number: int, value: str) -> None:
        kept = self.nth(key, number)
        if kept is None or kept.size is None:
            return
        tags = {"value": value}
        self.store.put_object_tagging(BUCKET, key, tags, VersionOptions(version_id=kept.version_id))
        self.kept[key][self.kept[key].index(kept)] = kept._replace(tags=tags)

    # What must hold

    @invariant()
    def the_account_is_exact(self) -> None:
        assert held(self.driver) == counted(self.driver)
        usage = self.store.bucket_usage(BUCKET)
        current = [one.size for key in self.kept if (one := self.current(key)) is not None]
        everything = [one.size or 0 for stack in self.kept.values() for one in stack]
        assert (usage.object_count, usage.size_bytes) == (len(current), sum(size or 0 for size in current))
        assert usage.noncurrent_count == len(everything) - len(current)
        assert usage.noncurrent_bytes == sum(everything) - usage.size_bytes

    @invariant()
    def every_version_reads_as_it_was_written(self) -> None:
        for key, stack in self.kept.items():
            for kept in stack:
                options = HeadOptions(version_id=kept.version_id)
                if kept.size is None:
                    with pytest.raises(IsDeleteMarker):
                        self.store.head_object(BUCKET, key, options)
                    continue
                info = self.store.head_object(BUCKET, key, options)
                assert (info.size_bytes, info.version_id) == (kept.size, self.shown(kept))
                tags = self.store.get_object_tagging(BUCKET, key, VersionOptions(version_id=kept.version_id))
                assert tags == kept.tags

    @invariant()
    def reads_without_an_id_give_the_newest(self) -> None:
        listed = {info.key for info in self.store.iter_objects(BUCKET)}
        assert listed == {key for key in self.kept if self.current(key)}
        for key, stack in self.kept.items():
            current = self.current(key)
            if current is not None:
                assert self.store.head_object(BUCKET, key).version_id == self.shown(current)
                continue
            with pytest.raises(NoSuchKey) as caught:
                self.store.head_object(BUCKET, key)
            assert bool(caught.value.delete_marker) == bool(stack)
            assert caught.value.version_id == (stack[0].version_id if stack else None)

    @rule(limit=st.integers(1, 4), prefix=PREFIXES, delimiter=st.sampled_from(["", "/"]))
    def list_versions(self, limit: int, prefix: str, delimiter: str) -> None:
        options = VersionListOptions(limit=limit, prefix=prefix, delimiter=delimiter)
        found = [seen(version) for version in self.store.iter_object_versions(BUCKET, options)]
        assert found == self.expected(prefix, delimiter)

    @rule(key=KEYS, number=NTH)
    def list_after_a_version(self, key: str, number: int) -> None:
        kept = self.nth(key, number)
        if kept is None:
            return
        options = VersionListOptions(start_after=key, start_after_version=kept.version_id, limit=2)
        found = [seen(version) for version in self.store.iter_object_versions(BUCKET, options)]
        everything = self.expected("", "")
        at = next(at for at, one in enumerate(everything) if one[:2] == (key, kept.version_id))
        assert found == everything[at + 1 :]

    def expected(self, prefix: str, delimiter: str) -> list[tuple[str, str, bool, int | None]]:
        return [
            (key, kept.version_id, at == 0, kept.size)
            for key in sorted(self.kept)
            if key.startswith(prefix) and not (delimiter and delimiter in key[len(prefix) :])
            for at, kept in enumerate(self.kept[key])
        ]


def seen(version: ObjectVersion | DeleteMarker) -> tuple[str, str, bool, int | None]:
    """Returns what the model says of a version."""
    size = version.info.size_bytes if isinstance(version, ObjectVersion) else None
    return version.key, version.version_id, version.is_latest, size


TestVersions = Versions.TestCase
TestVersions.settings = settings(deadline=None, max_examples=60, stateful_step_count=30)
