"""A layer that bounds the size of an object."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from bucketry.errors import InvalidSettings, TooLarge
from bucketry.hookspecs import DriverSpec, hookimpl
from bucketry.models import CompletedPart, ObjectInfo
from bucketry.options import CopyOptions

if TYPE_CHECKING:
    from bucketry.quotas._backend import BackendView


class MaxObjectSize:
    """Refuses objects that are larger than a limit (`TooLarge`), whichever operation makes them.

    The store declares no larger sizes than that. So it refuses a put or a part by its declared length, and otherwise
    while the body is read. An upload is refused when it is completed, and a copy by the size of its source: for each of
    these the backend is asked once more.

    Attributes:
        max_object_size: Largest object, in bytes.
    """

    def __init__(self, max_object_size: int) -> None:
        """Makes the layer.

        Raises:
            InvalidSettings: The limit is less than 1 byte.
        """
        if max_object_size < 1:
            raise InvalidSettings("the largest size of an object is at least 1 byte")
        self.max_object_size = max_object_size
        self._backend: BackendView | None = None

    def attach(self, driver: DriverSpec) -> None:
        """Takes the driver below the layers. The store calls it when it opens."""
        from bucketry.quotas._backend import BackendView

        self._backend = BackendView(driver)

    def require_room(self, bucket: str, key: str, size_bytes: int, objects: int) -> None:
        """Checks a size. Servers ask it before they read a body.

        Raises:
            TooLarge: It is too large.
        """
        self._require(size_bytes)

    @hookimpl(wrapper=True)
    def copy_object(
        self, source_bucket: str, source_key: str, options: CopyOptions
    ) -> Generator[None, ObjectInfo, ObjectInfo]:
        """Looks how large the source is."""
        self._require(self._view().size_of_source(source_bucket, source_key, options))
        return (yield)

    @hookimpl(wrapper=True)
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...]
    ) -> Generator[None, ObjectInfo, ObjectInfo]:
        """Adds up the parts. The upload stays as it was if they are too many."""
        sizes = self._view().parts_of(bucket, key, upload_id) or {}  # The driver knows of completed ones.
        self._require(sum(sizes.get(part.part_number, 0) for part in parts))
        return (yield)

    def _view(self) -> BackendView:
        assert self._backend is not None  # noqa: S101 - a store attaches its layers before their first call
        return self._backend

    def _require(self, size: int) -> None:
        if size > self.max_object_size:
            most = self.max_object_size
            raise TooLarge(f"the object would have {size} bytes, at most {most} are allowed", max_size_bytes=most)
