"""Deletes many keys at once, where the store can do that."""

from __future__ import annotations

from collections.abc import Sequence

from bucketry import DeleteFailure, Store


def delete_keys(store: Store, bucket: str, keys: Sequence[str]) -> Sequence[DeleteFailure]:
    """Deletes keys, in batches or else one by one; returns those that the store would not delete.

    Raises:
        BucketryError: The store fails; some of the keys may be gone.
    """
    if "delete_objects" in store.capabilities.operations:
        return store.delete_objects(bucket, keys).failed
    for key in keys:
        store.delete_object(bucket, key)
    return ()
