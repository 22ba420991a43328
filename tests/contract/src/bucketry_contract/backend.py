"""What the author of a driver fills in: how to open a store, look into its backend, and make it fail."""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from typing import Final

from bucketry import NotificationSettings, Store


class CannotLook(enum.Enum):
    """The result of a `Backend` that cannot look into its backend without the driver."""

    CANNOT_LOOK = "cannot look"


CANNOT_LOOK: Final = CannotLook.CANNOT_LOOK


class Backend(ABC):
    """A driver's backend, for the suite. It is made once for a test class, without arguments.

    Only `open` must be written. Without the other methods, some tests are not run, or look at the backend through the
    store itself. The report says so.

    Attributes:
        serves_presigned_urls: Whether a server serves the URLs that ``presign`` makes, so that tests can use them.
        knows_all_facts: Whether the driver fills in every fact of its errors. Otherwise it may leave facts out.
        secrets: Secrets of the stores. No error, status or ``repr`` may show one.
        part_bytes: Size of the parts into which the driver splits a body of unknown length, in bytes. Bodies that break
            off do so after more than this.
        kms_keys: Ids of keys that the backend's key service has: two, or the only one.
        missing_kms_key: Id of a key that it does not have; ``None``: it takes any id.
        notifications: Two notification configurations that the backend takes; ``None``: it takes any.
        server: Name and version of the backend's server, as it says itself, for the report: ``SeaweedFS 4.48``.
    """

    serves_presigned_urls: bool = False
    knows_all_facts: bool = False
    secrets: Sequence[str] = ()
    part_bytes: int = 16 * 1024**2
    kms_keys: Sequence[str] = ("contract-key", "other-contract-key")
    missing_kms_key: str | None = None
    notifications: tuple[NotificationSettings, NotificationSettings] | None = None
    server: str = ""

    @abstractmethod
    def open(self, layers: Sequence[object]) -> Store:
        """Opens a new store with these layers; the suite closes it.

        If the driver declares ``persistent``, all of these stores must show the same buckets, even while others are
        open. For other drivers it does not matter. The suite touches no bucket but its own.
        """

    def raw_object(self, bucket: str, key: str) -> bytes | CannotLook | None:
        """Returns what the backend holds under exactly this key, or ``None``, without using the driver."""
        return CANNOT_LOOK

    def raw_uploads(self, bucket: str) -> Collection[str] | CannotLook:
        """Returns the ids of the multipart uploads that take up room in this bucket, without using the driver."""
        return CANNOT_LOOK

    def unreachable(self) -> Store | None:
        """Opens a store whose backend does not respond, with a short timeout; ``None`` if there is no way to do so."""
        return None

    def bad_credentials(self) -> Store | None:
        """Opens a store with credentials that the backend refuses; ``None`` if there are none."""
        return None

    def full(self) -> Store | None:
        """Opens a store that takes an object of 1 KiB but has no room for one of 4 MiB; ``None`` if there is none."""
        return None

    def breaking_reads(self) -> Store | None:
        """Opens a store where the content of an object of 4 MiB breaks off on reading; ``None`` if there is none."""
        return None

    def cleanup(self) -> None:  # noqa: B027 - most backends have nothing to remove
        """Frees what this backend uses, after all tests and after an interrupt. The stores are closed already."""
