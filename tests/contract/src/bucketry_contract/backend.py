"""What a driver author fills in: how to open his store, how to look into it, and how to make it fail."""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from typing import Final

from bucketry import Store


class CannotLook(enum.Enum):
    """The answer of a `Backend` that has no way to look behind the driver's back."""

    CANNOT_LOOK = "cannot look"


CANNOT_LOOK: Final = CannotLook.CANNOT_LOOK


class Backend(ABC):
    """A driver's backend, as the suite needs it. Made once for a test class, without arguments.

    Only `open` must be written. What else is left out is not tested, or seen through the store itself, and the report
    says so.

    Attributes:
        serves_presigned_urls: Whether something answers the URLs that ``presign`` makes, so that they can be tried.
        knows_all_facts: Whether the driver fills in every fact of its errors. Otherwise it may leave facts out.
        secrets: Secrets that the stores were opened with; no error, status or ``repr`` may show one.
        part_bytes: How much the driver sends at once where it splits a body of unknown length into parts, in bytes.
            Bodies that break off do so after more than this.
    """

    serves_presigned_urls: bool = False
    knows_all_facts: bool = False
    secrets: Sequence[str] = ()
    part_bytes: int = 16 * 1024**2

    @abstractmethod
    def open(self, layers: Sequence[object]) -> Store:
        """Opens a new store with these layers; the suite closes it.

        Where the driver declares ``persistent``, all of these stores show the same buckets, also while others are open;
        of other drivers it does not matter. What is in them besides the suite's own
        buckets is neither touched nor changed.
        """

    def raw_object(self, bucket: str, key: str) -> bytes | CannotLook | None:
        """Returns what the backend holds under exactly this key, or ``None``, without using the driver."""
        return CANNOT_LOOK

    def raw_uploads(self, bucket: str) -> Collection[str] | CannotLook:
        """Returns the ids of the multipart uploads that take up room in this bucket, without using the driver."""
        return CANNOT_LOOK

    def unreachable(self) -> Store | None:
        """Opens a store whose backend does not answer, with a short timeout; ``None`` where that cannot be."""
        return None

    def bad_credentials(self) -> Store | None:
        """Opens a store with credentials that the backend refuses; ``None`` where there are none."""
        return None

    def full(self) -> Store | None:
        """Opens a store that takes an object of 1 KiB but has no room for one of 4 MiB; ``None`` if there is none."""
        return None

    def breaking_reads(self) -> Store | None:
        """Opens a store on which the content of any object of 4 MiB breaks off while it is read; ``None`` if none."""
        return None

    def cleanup(self) -> None:  # noqa: B027 - most backends have nothing to remove
        """Removes what this backend took, after all tests, also after an interrupt. The stores are closed already."""
