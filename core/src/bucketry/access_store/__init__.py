"""The access store: where it is kept who may use what, for a driver whose backend must not hear of it.

The users of a server are its own, and the backend knows one of them alone: the service. So what names the server's
users (policies, ACLs, owners, the block of public access) lies in documents of a bucket that nobody sees, and
`bucketry_access` decides before the backend is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from bucketry._validation import check_new_bucket
from bucketry.errors import InvalidBucketName, InvalidSettings

if TYPE_CHECKING:
    from bucketry.hookspecs import DriverSpec
    from bucketry.store import Store

__all__ = ["ACCESS_BUCKET", "FRESH_SECONDS", "AccessStore"]

ACCESS_BUCKET: Final = "bucketry-access"
"""The default name of the bucket that the documents lie in."""

FRESH_SECONDS: Final = 1.0
"""For how long a document that was read counts, by default. Other processes' changes hold after that time."""


@final
class AccessStore:
    """Where it is kept who may use a store. `open_store` takes it.

    The store that is opened with it has owners, policies, ACLs, object ownership and the block of public access,
    whatever its driver declares. None of them reaches the backend. Documents are written with conditions, so that any
    number of processes may share them. A change holds in its own process at once, and in others after
    ``fresh_seconds``.

    If the access store cannot be used, calls fail with `Unavailable`: nothing is allowed because nobody can tell.

    Attributes:
        bucket: The bucket that the documents lie in. No user sees it or can create it.
    """

    def __init__(self, store: Store, bucket: str = ACCESS_BUCKET, *, fresh_seconds: float = FRESH_SECONDS) -> None:
        """Takes the store that the documents lie in. It may have the same backend as the store that they are about.

        Args:
            store: The store. It closes with the one that is opened with it.
            bucket: The bucket, which is made when something is set for the first time.
            fresh_seconds: For how long a document that was read counts.

        Raises:
            InvalidSettings: The store cannot write with conditions, or the name is not that of a bucket.
        """
        features = store.capabilities.features
        if not (features.put_if_match and features.put_if_none_match):
            driver = store.capabilities.driver
            raise InvalidSettings(f"{driver}:// cannot be an access store: it does not write with conditions")
        try:
            check_new_bucket(bucket)
        except InvalidBucketName as error:
            raise InvalidSettings(f"the bucket of the access store: {error.detail}") from None
        self.bucket = bucket
        self._store = store
        self._fresh_seconds = fresh_seconds

    def around(self, driver: DriverSpec) -> DriverSpec:
        """Makes a driver around another one that keeps access here.

        Args:
            driver: The driver. It closes with the new one.

        Raises:
            InvalidDriver: It has neither `head_bucket` nor `head_object`.
        """
        from bucketry.access_store._bucket_of_documents import BucketOfDocuments
        from bucketry.access_store._driver import around

        return around(driver, BucketOfDocuments(self._store, self.bucket), self.bucket, self._fresh_seconds)
