"""What probes leave in buckets is removed: at their end, and after a process that was killed by the next ones."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from bucketry import (
    BatchDeleteOptions,
    BucketryError,
    DeleteMarker,
    DeleteOptions,
    InvalidKey,
    ListOptions,
    NoSuchBucket,
    ObjectToDelete,
    Store,
    UploadListOptions,
    VersionListOptions,
    VersionOptions,
)

from bucketry_s3.settings import S3StoreSettings

PREFIX: Final = "bucketry-probe"
_BUCKET: Final = re.compile(rf"{PREFIX}-[0-9a-f]{{20}}")
_BELOW: Final = re.compile(rf"{PREFIX}/[0-9a-f]{{20}}/")
_LEFT_AFTER: Final = timedelta(minutes=15)
"""After this time, what probes have made is left over: their process has ended."""

_log = logging.getLogger("bucketry.s3")


def clear(store: Store, bucket: str, prefix: str) -> None:
    """Removes all uploads, versions and objects that begin with a prefix, as far as that is possible."""
    attempt(partial(_abort_uploads, store, bucket, prefix), "uploads")
    attempt(partial(_delete_versions, store, bucket, prefix), "")
    attempt(partial(_delete_objects, store, bucket, prefix), "objects")


def attempt(step: Callable[[], object], what: str) -> None:
    """Does one step; where it fails, the log says what could not be removed, unless that is empty."""
    try:
        step()
    except (InvalidKey, NoSuchBucket):
        # SeaweedFS lists empty folders of a bucket with versions as objects. The driver does not write to such a key.
        # And a probe may have deleted the bucket.
        pass
    except BucketryError as error:
        if what:
            _log.warning("%s of probes could not be removed: %s", what, type(error).__name__)


def _abort_uploads(store: Store, bucket: str, prefix: str) -> None:
    for upload in list(store.iter_multipart_uploads(bucket, UploadListOptions(prefix=prefix))):
        attempt(partial(store.abort_multipart_upload, bucket, upload.key, upload.upload_id), "an upload")


def _delete_versions(store: Store, bucket: str, prefix: str) -> None:
    """Fails on a server without versions."""
    found = list(store.iter_object_versions(bucket, VersionListOptions(prefix=prefix)))
    attempt(partial(_delete_together, store, bucket, [(one.key, one.version_id) for one in found]), "")
    for version in list(store.iter_object_versions(bucket, VersionListOptions(prefix=prefix))) if found else ():
        delete = DeleteOptions(version_id=version.version_id, bypass_governance=True)
        held = VersionOptions(version_id=version.version_id)
        attempt(partial(store.put_object_legal_hold, bucket, version.key, False, held), "")
        attempt(partial(store.delete_object, bucket, version.key, delete), "")


def _delete_objects(store: Store, bucket: str, prefix: str) -> None:
    listing = ListOptions(prefix=prefix, content_type=False)
    found = list(store.iter_objects(bucket, listing))
    attempt(partial(_delete_together, store, bucket, [(one.key, None) for one in found]), "")
    # What a batch leaves, such as on a server that does not have it, goes one by one.
    for info in list(store.iter_objects(bucket, listing)) if found else ():
        attempt(partial(store.delete_object, bucket, info.key), "an object")


def _delete_together(store: Store, bucket: str, found: Sequence[tuple[str, str | None]]) -> None:
    entries = [ObjectToDelete(key, version_id) for key, version_id in found]
    store.delete_objects(bucket, entries, BatchDeleteOptions(bypass_governance=True))


def remove_left_overs(store: Store, settings: S3StoreSettings) -> None:
    """Removes what the probes of processes have left that were killed."""
    before = datetime.now(UTC) - _LEFT_AFTER
    if settings.probe_bucket:
        attempt(partial(_remove_old_objects, store, settings.probe_bucket, before), "")
        return
    attempt(partial(_remove_old_buckets, store, before), "")


def _remove_old_buckets(store: Store, before: datetime) -> None:
    for info in store.list_buckets():
        if _BUCKET.fullmatch(info.name) and info.created_at < before:
            clear(store, info.name, "")
            attempt(partial(store.delete_bucket, info.name), f"the bucket {info.name}")


def _remove_old_objects(store: Store, bucket: str, before: datetime) -> None:
    """Removes the objects, versions and uploads of runs that began before a moment, each run as a whole."""
    found: set[str] = set()
    for entries in (_uploads_of_runs, _objects_of_runs, _versions_of_runs):
        # A server without versions fails at the last of them.
        attempt(partial(_add_old, found, entries, store, bucket, before), "")
    for run in sorted(found):
        clear(store, bucket, run)


def _add_old(
    found: set[str],
    entries: Callable[[Store, str], Iterator[tuple[str, datetime]]],
    store: Store,
    bucket: str,
    before: datetime,
) -> None:
    for key, moment in entries(store, bucket):
        if moment < before and (run := _BELOW.match(key)) is not None:
            found.add(run[0])


def _uploads_of_runs(store: Store, bucket: str) -> Iterator[tuple[str, datetime]]:
    for upload in store.iter_multipart_uploads(bucket, UploadListOptions(prefix=f"{PREFIX}/")):
        yield upload.key, upload.initiated_at


def _objects_of_runs(store: Store, bucket: str) -> Iterator[tuple[str, datetime]]:
    for info in store.iter_objects(bucket, ListOptions(prefix=f"{PREFIX}/", content_type=False)):
        yield info.key, info.last_modified


def _versions_of_runs(store: Store, bucket: str) -> Iterator[tuple[str, datetime]]:
    for version in store.iter_object_versions(bucket, VersionListOptions(prefix=f"{PREFIX}/")):
        info = version if isinstance(version, DeleteMarker) else version.info
        yield info.key, info.last_modified
