"""Honest drivers of other kinds: one whose buckets outlive it, and one that stores only small objects."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec
from bucketry import DONE, Done, TooLarge
from bucketry.features import MIB
from bucketry.hookspecs import hookimpl

from tests.contract_self.backends import DriverBackend
from tests.contract_self.honest import HonestDriver
from tests.contract_self.honest_state import ALL_FEATURES, BucketState, UploadState


class PersistentDriver(HonestDriver):
    """Its buckets are those of all stores of its class."""

    is_honest = True
    features = msgspec.structs.replace(ALL_FEATURES, persistent=True)
    kept: ClassVar[dict[type, dict[str, BucketState]]] = {}

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.buckets = self.kept.setdefault(type(self), {})

    @hookimpl
    def close(self) -> Done:
        return DONE


class SmallDriver(HonestDriver):
    """Holds objects of at most two and a half MiB."""

    is_honest = True
    features = msgspec.structs.replace(
        ALL_FEATURES, max_object_size=5 * MIB // 2, max_put_size=2 * MIB, max_part_size=MIB
    )

    def joined(self, upload: UploadState, listed: Any) -> tuple[bytes, ...]:
        pieces = super().joined(upload, listed)
        self.check_size(sum(map(len, pieces)))
        return pieces

    def check_size(self, size: int) -> None:
        if size > self.features.max_object_size:
            raise TooLarge


class OneAlgorithmDriver(HonestDriver):
    """Keeps the checksums of one algorithm."""

    is_honest = True
    features = msgspec.structs.replace(ALL_FEATURES, checksum_algorithms=("CRC32",))


class PersistentBackend(DriverBackend):
    driver = PersistentDriver


class SmallBackend(DriverBackend):
    driver = SmallDriver


class OneAlgorithmBackend(DriverBackend):
    driver = OneAlgorithmDriver
