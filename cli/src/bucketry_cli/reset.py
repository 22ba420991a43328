"""``POST /_bucketry/reset``: brings a store back to its state at the start, between two tests."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from http import HTTPStatus
from itertools import islice
from typing import Final

from bucketry import (
    BackendError,
    BatchDeleteOptions,
    BucketNotEmpty,
    BucketryError,
    CustomerKeyNeeded,
    DeleteOptions,
    HeadOptions,
    NoSuchBucket,
    ObjectLocked,
    ObjectToDelete,
    Retention,
    Store,
    VersionOptions,
)
from bucketry.clock import LAST
from bucketry.object_lock import COMPLIANCE
from bucketry.s3 import MAX_PAGE

from bucketry_cli.control import ControlError, ControlRequest
from bucketry_cli.rm import delete_keys

_ATTEMPTS: Final = 5
"""How often a bucket is emptied while somebody goes on writing to it."""

_UPLOADS: Final = ("list_multipart_uploads", "abort_multipart_upload")
"""The operations that find unfinished uploads and abort them."""

logger = logging.getLogger("bucketry_cli")


def delete_everything(store: Store) -> None:
    """Deletes all buckets with all that is in them. Turns the store's clock if locked versions can be deleted so.

    Raises:
        BucketryError: The store fails, or somebody goes on writing to it.
    """
    for bucket in store.list_buckets():
        # Another process may reset the store at the same time.
        with suppress(NoSuchBucket):
            _delete(store, bucket.name)


def _delete(store: Store, bucket: str) -> None:
    for attempt in range(_ATTEMPTS):
        if store.capabilities.features.bucket_versioning:
            _delete_versions(store, bucket)
        else:
            keys = (info.key for info in store.iter_objects(bucket))
            while page := list(islice(keys, MAX_PAGE)):
                delete_keys(store, bucket, page)
        if store.capabilities.operations.issuperset(_UPLOADS):
            for upload in list(store.iter_multipart_uploads(bucket)):
                store.abort_multipart_upload(bucket, upload.key, upload.upload_id)
        try:
            store.delete_bucket(bucket)
        except BucketNotEmpty:
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            return


def _delete_versions(store: Store, bucket: str) -> None:
    """Deletes all versions, locked ones too. Time is turned past the end of a retention in compliance mode."""
    versions = store.iter_object_versions(bucket)
    while page := [ObjectToDelete(version.key, version.version_id) for version in islice(versions, MAX_PAGE)]:
        failed = store.delete_objects(bucket, page, BatchDeleteOptions(bypass_governance=True)).failed
        for failure in failed:
            if failure.code == ObjectLocked.code:
                _delete_locked(store, bucket, failure.key, failure.version_id)


def _delete_locked(store: Store, bucket: str, key: str, version_id: str | None) -> None:
    try:
        info = store.head_object(bucket, key, HeadOptions(version_id=version_id))
        held, retention = info.legal_hold, info.retention or Retention()
    except CustomerKeyNeeded:
        # Nobody here has the key, so nobody knows the lock.
        held, retention = True, Retention(mode=COMPLIANCE, until=LAST)
    if held:
        store.put_object_legal_hold(bucket, key, False, VersionOptions(version_id=version_id))
    if retention.until is not None and retention.until > store.clock.now():
        # Only a store whose time is the test's own lets it go then. The reset sets the clock back in the end.
        store.clock.set(min(retention.until + timedelta(seconds=1), LAST))
    store.delete_object(bucket, key, DeleteOptions(version_id=version_id, bypass_governance=True))


class ResetEndpoint:
    """Resets a store when it is asked to."""

    def __init__(self, reset: Callable[[], None]) -> None:
        """Takes what resets.

        Args:
            reset: Called in a thread.
        """
        self._reset = reset

    async def post(self, _request: ControlRequest) -> None:
        """Resets.

        Raises:
            ControlError: The store fails.
        """
        import anyio.to_thread

        try:
            await anyio.to_thread.run_sync(self._reset)
        except BucketryError as error:
            logger.warning("a reset failed: %s", error, exc_info=error.__cause__)
            # The text of an unknown error may come from a library: it is for the log only.
            detail = f"{error.sentence}; the log says why" if isinstance(error, BackendError) else str(error)
            raise ControlError(HTTPStatus.INTERNAL_SERVER_ERROR, detail) from error
