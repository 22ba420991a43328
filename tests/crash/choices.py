"""Which step a writer makes next. Writers have names of their own, so what one does changes nothing of another's."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

import msgspec

from tests.crash.contents import Content, Contents, md5_of, sha256_of
from tests.crash.steps import (
    LIFECYCLE,
    TAGS,
    Abort,
    BreakOff,
    Complete,
    Copy,
    CopyPart,
    CreateBucket,
    CreateUpload,
    Delete,
    DeleteBatch,
    DeleteBucket,
    DeleteBucketTags,
    DeleteVersion,
    EnableVersioning,
    Encrypt,
    Expire,
    Put,
    PutBucketTags,
    PutPart,
    PutTags,
    Step,
    StopExpiring,
)
from tests.crash.world import (
    BucketItem,
    Item,
    ObjectItem,
    SettingItem,
    UploadItem,
    Value,
    Version,
    changed,
    parts_of,
    versions_of,
)

SHARED: Final = "shared-versions"
"""The bucket that all writers share; each has a prefix in it."""

OLD: Final = "old/"
"""The prefix of what lifecycle deletes."""

_MAX_VERSIONS: Final = 3
_MAX_UPLOADS: Final = 2
_PLAIN_KEYS: Final = ("a", "a//b", "../c", "d/\u00fc", f"{OLD}1", f"{OLD}2", f"{OLD}3")


class Sizes(msgspec.Struct, frozen=True):
    """Bytes of contents.

    Attributes:
        small: The most of a small one.
        large: The most of a large one; the least is half of it.
    """

    small: int = 2_000
    large: int = 300_000


def preparation(numbers: range, *, encrypted: bool = False) -> list[Step]:
    """Returns the steps that make what writers need.

    Args:
        numbers: The numbers of the writers.
        encrypted: Whether the bucket that they share encrypts. The others do not: copies go both ways.
    """
    if not numbers:
        return []
    plain: list[Step] = [CreateBucket(f"w{number}-plain") for number in numbers]
    shared: list[Step] = [CreateBucket(SHARED), EnableVersioning(SHARED)]
    return [*shared, *([Encrypt(SHARED)] if encrypted else []), *plain]


class Chooser:
    """Chooses the steps of one writer."""

    def __init__(self, number: int, rng: random.Random, sizes: Sizes, start: dict[Item, Value]) -> None:
        """Makes a chooser.

        Args:
            number: The number of the writer.
            rng: Draws the steps.
            sizes: How large contents are.
            start: What the store holds.
        """
        self.world = start
        self._rng = rng
        self._sizes = sizes
        self._plain = f"w{number}-plain"
        self._passing = f"w{number}-passing"
        self._prefix = f"w{number}/"
        self._known: dict[str, Contents] = {}

    def know(self, contents: Contents) -> None:
        """Tells of contents that the store may hold."""
        self._known[sha256_of(contents)] = contents
        self._known[md5_of(contents)] = contents

    def done(self, step: Step, new_id: str) -> None:
        """Tells that a step succeeded."""
        self.world = changed(self.world, step.changes(self.world, new_id))

    def next(self) -> Step:
        """Returns the next step."""
        while True:
            kind = self._rng.choices(_KINDS, _WEIGHTS)[0]
            step = kind(self)
            if step is not None:
                return step

    def _contents(self) -> Contents:
        draw = self._rng.random()
        small, large = self._sizes.small, self._sizes.large
        sizes = [self._rng.randrange(small + 1)] if draw < 0.5 else [self._rng.randrange(large // 2, large + 1)]
        if draw > 0.9:
            sizes.append(small)
        contents = tuple(Content(self._rng.getrandbits(48), size) for size in sizes)
        self.know(contents)
        return contents

    def _key(self) -> tuple[str, str]:
        """Returns a bucket with a key, of which there may be an object."""
        if self._rng.random() < 0.5:
            return SHARED, f"{self._prefix}{self._rng.randrange(2)}"
        keys = [key for key in _PLAIN_KEYS if not (key.startswith(OLD) and self._is_expiring())]
        return self._plain, self._rng.choice(keys)

    def _is_expiring(self) -> bool:
        return SettingItem(self._plain, LIFECYCLE) in self.world

    def _latest(self, bucket: str, key: str) -> Version | None:
        """Returns the latest version of an object; ``None``: there is none, or it is a delete marker."""
        versions = versions_of(self.world, ObjectItem(bucket, key))
        return versions[0] if versions and versions[0].digest is not None else None

    def _is_full(self, bucket: str, key: str) -> bool:
        return len(versions_of(self.world, ObjectItem(bucket, key))) >= _MAX_VERSIONS

    def _put(self) -> Step | None:
        bucket, key = self._key()
        return None if self._is_full(bucket, key) else Put(bucket, key, self._contents())

    def _break_off(self) -> Step:
        return BreakOff(*self._key())

    def _copy(self) -> Step | None:
        source, target = self._key(), self._key()
        if source == target or self._latest(*source) is None or self._is_full(*target):
            return None
        return Copy(*target, *source)

    def _put_tags(self) -> Step | None:
        bucket, key = self._key()
        return None if self._latest(bucket, key) is None else PutTags(bucket, key, f"{self._rng.getrandbits(16)}")

    def _delete(self) -> Step | None:
        bucket, key = self._key()
        return None if self._latest(bucket, key) is None else Delete(bucket, key)

    def _delete_version(self) -> Step | None:
        key = f"{self._prefix}{self._rng.randrange(2)}"
        versions = versions_of(self.world, ObjectItem(SHARED, key))
        return DeleteVersion(SHARED, key, self._rng.choice(versions).version_id) if versions else None

    def _delete_batch(self) -> Step | None:
        keys = tuple(key for key in _PLAIN_KEYS if self._latest(self._plain, key) is not None)
        return DeleteBatch(self._plain, keys[: self._rng.randrange(2, 5)]) if len(keys) > 3 else None

    def _expire(self) -> Step | None:
        if self._is_expiring():
            return StopExpiring(self._plain)
        is_worth_it = any(self._latest(self._plain, key) is not None for key in _PLAIN_KEYS if key.startswith(OLD))
        return Expire(self._plain, OLD) if is_worth_it else None

    def _bucket(self) -> Step:
        if BucketItem(self._passing) not in self.world:
            return CreateBucket(self._passing)
        if SettingItem(self._passing, TAGS) not in self.world:
            return PutBucketTags(self._passing, f"{self._rng.getrandbits(16)}")
        return self._rng.choice((DeleteBucket(self._passing), DeleteBucketTags(self._passing)))

    def _uploads(self) -> list[UploadItem]:
        uploads = [item for item in self.world if isinstance(item, UploadItem)]
        return [item for item in uploads if item.bucket == self._plain or item.key.startswith(self._prefix)]

    def _create_upload(self) -> Step | None:
        return CreateUpload(*self._key()) if len(self._uploads()) < _MAX_UPLOADS else None

    def _of_upload(self) -> Step | None:
        uploads = self._uploads()
        if not uploads:
            return None
        upload = self._rng.choice(uploads)
        where = upload.bucket, upload.key, upload.upload_id
        draw = self._rng.random()
        if draw < 0.4:
            return PutPart(*where, self._rng.randrange(1, 4), self._contents())
        if draw < 0.5:
            return self._copy_part(upload)
        return self._complete(upload) if draw < 0.9 else Abort(*where)

    def _copy_part(self, upload: UploadItem) -> Step | None:
        _, key = self._key()
        latest = self._latest(upload.bucket, key)
        known = None if latest is None or latest.digest is None else self._known.get(latest.digest)
        if known is None:
            return None
        number = self._rng.randrange(1, 4)
        return CopyPart(upload.bucket, upload.key, upload.upload_id, number, known, key)

    def _complete(self, upload: UploadItem) -> Step | None:
        known = [(part.number, self._known.get(part.etag)) for part in parts_of(self.world, upload)]
        parts = tuple((number, contents) for number, contents in known if contents is not None)
        is_barred = upload.key.startswith(OLD) and self._is_expiring()
        if not parts or is_barred or self._is_full(upload.bucket, upload.key):
            return None
        return Complete(upload.bucket, upload.key, upload.upload_id, parts)


_CHOICES: Final[list[tuple[Callable[[Chooser], Step | None], int]]] = [
    (Chooser._put, 30),
    (Chooser._break_off, 4),
    (Chooser._copy, 8),
    (Chooser._put_tags, 4),
    (Chooser._delete, 8),
    (Chooser._delete_version, 10),
    (Chooser._delete_batch, 4),
    (Chooser._expire, 4),
    (Chooser._bucket, 6),
    (Chooser._create_upload, 8),
    (Chooser._of_upload, 24),
]
_KINDS: Final = [kind for kind, _ in _CHOICES]
_WEIGHTS: Final = [weight for _, weight in _CHOICES]
