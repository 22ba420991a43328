"""A store in memory that outlives the command which opens it: each command of a test opens the same one."""

from __future__ import annotations

from typing import Any, ClassVar

from bucketry import DONE, Done
from bucketry.hookspecs import hookimpl
from bucketry_memory import MemoryDriver, MemorySettings

STATE: dict[str, Any] = {}
"""What all drivers of this class hold together; a test empties it first."""


class KeptSettings(MemorySettings, frozen=True, kw_only=True):
    """Those of the memory driver."""

    scheme: ClassVar[str] = "kept"


class KeptDriver(MemoryDriver):
    """A memory driver whose objects stay when a store is closed."""

    name = "kept"
    Settings = KeptSettings

    def __init__(self, settings: MemorySettings) -> None:
        if not STATE:
            super().__init__(settings)
            STATE.update(self.__dict__)
        self.__dict__.update(STATE)

    @hookimpl
    def close(self) -> Done:
        return DONE
