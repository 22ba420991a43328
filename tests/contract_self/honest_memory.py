"""The memory driver as the honest one, for features that the small honest driver does not have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bucketry import Store
from bucketry.encrypting import ContentKey
from bucketry_contract import Backend
from bucketry_contract.backend import CANNOT_LOOK, CannotLook
from bucketry_memory import MemoryDriver, MemorySettings
from bucketry_memory.content import whole
from msgspec.structs import replace

KMS_KEYS: Final = ("contract-key", "other-contract-key")


class HonestMemory(MemoryDriver):
    """Drivers that are wrong about versions, locks and what goes with them inherit it."""

    is_honest = True

    def __init__(self, settings: MemorySettings | None = None) -> None:
        super().__init__(settings or MemorySettings(kms_keys=",".join(KMS_KEYS)))

    def raw_object(self, bucket: str, key: str) -> bytes | CannotLook | None:
        """Returns the bytes behind an object."""
        return CANNOT_LOOK


class HonestVault(HonestMemory):
    """Declares that it encrypts, and stands for a driver that does: an encrypted object looks encrypted from behind."""

    is_honest = True

    def __init__(self, settings: MemorySettings | None = None) -> None:
        super().__init__(settings)
        self.features = replace(self.features, encrypts_at_rest=True)

    def raw_object(self, bucket: str, key: str) -> bytes | CannotLook | None:
        stored = self._buckets[bucket].objects.get(key)
        if stored is None:
            return None
        facts = stored.facts
        encrypted = facts.encryption is not None or facts.key_digest is not None
        return self.on_disk(b"".join(whole(stored.content)), encrypted=encrypted)

    def on_disk(self, content: bytes, *, encrypted: bool) -> bytes:
        """Returns the bytes that a disk would hold."""
        return ContentKey().encrypt(0, content) if encrypted else content


class MemoryBackend(Backend):
    """Opens memory drivers of one class."""

    driver: type[HonestMemory] = HonestMemory
    knows_all_facts = True
    kms_keys = KMS_KEYS
    missing_kms_key = "missing-key"

    def __init__(self) -> None:
        self._opened: list[HonestMemory] = []

    def open(self, layers: Sequence[object]) -> Store:
        self._opened.append(self.driver())
        return Store(self._opened[-1], layers)

    def raw_object(self, bucket: str, key: str) -> bytes | CannotLook | None:
        return next(driver for driver in self._opened if bucket in driver._buckets).raw_object(bucket, key)
