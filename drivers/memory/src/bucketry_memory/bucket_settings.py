"""The settings of a bucket, and which of them exclude each other."""

from __future__ import annotations

from typing import Final, final

import msgspec
from bucketry import BucketSettings
from bucketry.bucket_rules import check_removal, check_settings_change
from bucketry.bucket_settings import SETTINGS_KINDS, SettingsT

from bucketry_memory.quota import Quota

_UNSET: Final = {kind: kind() for kind in SETTINGS_KINDS}


@final
class SettingsTable:
    """The settings of one bucket, by kind. Call whatever changes them under the store's lock.

    Each kind that is set counts as an entry of the quota, and its JSON towards the bytes.
    """

    __slots__ = ("_quota", "_settings")

    def __init__(self, quota: Quota) -> None:
        """Makes a table in which nothing is set."""
        self._quota = quota
        self._settings: dict[type[BucketSettings], BucketSettings] = {}

    def get(self, kind: type[SettingsT]) -> SettingsT:
        """Returns the settings of a kind; ``kind()`` if nothing is set. This needs no lock."""
        return self._settings.get(kind) or _UNSET[kind]  # type: ignore[return-value]

    def put(self, settings: BucketSettings) -> None:
        """Replaces the settings of a kind.

        Raises:
            InvalidBucketState: Other settings of the bucket exclude them. Nothing was changed.
            QuotaExceeded: A limit would be exceeded. Nothing was changed.
        """
        check_settings_change(settings, self)
        previous = self._settings.get(type(settings))
        self._quota.take(_size(settings) - _size(previous), entries=previous is None)
        self._settings[type(settings)] = settings

    def remove(self, kind: type[BucketSettings]) -> None:
        """Removes the settings of a kind, if something is set.

        Raises:
            InvalidBucketState: Settings of this kind cannot be removed.
        """
        previous = self._settings.get(kind)
        if previous is None:
            return
        check_removal(kind)
        self._quota.give(_size(previous), entries=1)
        del self._settings[kind]

    def clear(self) -> None:
        """Gives back everything, when the bucket is deleted."""
        self._quota.give(sum(map(_size, self._settings.values())), entries=len(self._settings))
        self._settings.clear()


def _size(settings: BucketSettings | None) -> int:
    return 0 if settings is None else len(msgspec.json.encode(settings))
