"""Drivers that implement and declare as little as possible. The suite must see everything else refused."""

from __future__ import annotations

from typing import Any

from bucketry import CompletedPart, Features, ObjectHeaders, Unsupported
from bucketry.hookspecs import OPERATIONS, DriverSpec

from tests.contract_self.backends import DriverBackend
from tests.contract_self.honest import HonestDriver
from tests.contract_self.honest_state import UploadState

OPTIONAL = tuple(name for name, operation in OPERATIONS.items() if operation.optional)


class PlainDriver(HonestDriver):
    """All operations, no feature."""

    features = Features(min_part_size=1000, max_part_size=64 * 1024, max_put_size=8 * 1024**2)

    def joined(self, upload: UploadState, listed: tuple[CompletedPart, ...]) -> tuple[bytes, ...]:
        pieces = super().joined(upload, listed)
        if len(listed) < len(upload.parts):
            raise Unsupported("all parts have to be listed")
        return pieces

    def kept_headers(self, headers: ObjectHeaders) -> dict[str, Any]:
        return {"content_type": headers.content_type}


class MinimalDriver(PlainDriver):
    """The required operations alone: the others are the base class's again."""


for _name in OPTIONAL:
    setattr(MinimalDriver, _name, getattr(DriverSpec, _name))


class WriteOnlyDriver(MinimalDriver):
    """Lacks what the suite cannot do without."""


for _name in ("get_object", "list_objects"):
    setattr(WriteOnlyDriver, _name, getattr(DriverSpec, _name))


class PlainBackend(DriverBackend):
    driver = PlainDriver


class MinimalBackend(DriverBackend):
    driver = MinimalDriver


class WriteOnlyBackend(DriverBackend):
    driver = WriteOnlyDriver
