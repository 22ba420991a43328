"""``bucketry rm``."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

import click
from bucketry import (
    AccessDenied,
    BatchDeleteOptions,
    DeleteFailure,
    DeleteOptions,
    ListOptions,
    NoSuchKey,
    NoSuchUpload,
    ObjectToDelete,
    Store,
    Unsupported,
    Upload,
    UploadListOptions,
    VersionListOptions,
)
from bucketry.s3 import MAX_PAGE

from bucketry_cli.errors import Failure
from bucketry_cli.options import Target, examples, prefix_target, with_store
from bucketry_cli.output import counted, note, printable, size

_DAY: Final = 86_400


@click.command(
    epilog=examples(
        "bucketry rm assets/a.txt assets/b.txt",
        "bucketry rm --recursive assets/logs/",
        "bucketry rm --recursive --versions assets",
        "bucketry rm --recursive --uploads --older-than 86400 assets",
    )
)
@click.argument("targets", metavar="BUCKET/KEY...", type=prefix_target, nargs=-1, required=True)
@click.option(
    "--recursive", "-r", is_flag=True, help="Delete all objects that 'bucketry ls' lists for BUCKET[/PREFIX]."
)
@click.option("--yes", "-y", is_flag=True, help="Do not ask before a recursive delete.")
@click.option("--version-id", metavar="ID", help="Delete this version of the object, for good.")
@click.option("--versions", is_flag=True, help="With --recursive: delete all versions and delete markers, for good.")
@click.option("--bypass-governance", is_flag=True, help="Also versions that are retained in governance mode.")
@click.option(
    "--uploads",
    is_flag=True,
    help="With --recursive: abort multipart uploads in progress, which frees their parts, and delete no object.",
)
@click.option(
    "--older-than",
    type=click.IntRange(0),
    metavar="SECONDS",
    help=f"With --uploads: only those that began longer ago; 0: all, also those that somebody is sending now.  "
    f"[default: {_DAY}, a day]",
)
@with_store
def rm(
    store: Store,
    targets: tuple[Target, ...],
    recursive: bool,
    yes: bool,
    version_id: str | None,
    versions: bool,
    bypass_governance: bool,
    uploads: bool,
    older_than: int | None,
) -> None:
    """Delete objects, and count them. A key without an object is not an error.

    PREFIX counts byte for byte: logs matches logs/1 and logs-old/1 too, logs/ only the first.
    In a bucket with versions, an object that is deleted without --version-id can be brought back: delete its marker.
    """
    if version_id is not None:
        _delete_version(store, targets, version_id, bypass_governance, several=recursive or versions or uploads)
        return
    if versions and not recursive:
        raise click.UsageError("--versions goes with --recursive")
    if uploads and (versions or not recursive):
        raise click.UsageError("--uploads goes with --recursive, and without --versions")
    if older_than is not None and not uploads:
        raise click.UsageError("--older-than goes with --uploads")
    if uploads:
        _abort_uploads(store, targets, _DAY if older_than is None else older_than, yes=yes)
        return
    if not recursive:
        _delete_named(store, targets)
        return
    # All questions come before the first deletion: a no leaves everything as it was.
    agreed = targets if yes else [target for target in targets if _is_confirmed(store, target, versions)]
    if versions:
        failed = sum(_delete_versions_below(store, target, bypass_governance) for target in agreed)
    else:
        failed = sum(_delete_below(store, target) for target in agreed)
    if failed:
        raise Failure(f"{counted(failed, 'version' if versions else 'object')} could not be deleted")


def _delete_version(
    store: Store, targets: Sequence[Target], version_id: str, bypass_governance: bool, *, several: bool
) -> None:
    if several or len(targets) != 1 or not targets[0].key:
        raise click.UsageError("--version-id goes with one BUCKET/KEY, and without --recursive and --versions")
    (target,) = targets
    options = DeleteOptions(version_id=version_id, bypass_governance=bypass_governance)
    store.delete_object(target.bucket, target.key, options)
    note(f"deleted version {version_id} of {target}")


def _delete_versions_below(store: Store, target: Target, bypass_governance: bool) -> int:
    """Deletes all versions of all keys that begin with a prefix; returns how many the store refused to delete."""
    deleted, failed = 0, 0
    found = store.iter_object_versions(target.bucket, VersionListOptions(prefix=target.key))
    options = BatchDeleteOptions(bypass_governance=bypass_governance)
    while page := [ObjectToDelete(version.key, version.version_id) for version in islice(found, MAX_PAGE)]:
        failures = store.delete_objects(target.bucket, page, options).failed
        for failure in failures:
            note(f"not deleted: version {failure.version_id} of {failure.key!r}: {failure.message}")
        failed += len(failures)
        deleted += len(page) - len(failures)
    note(f"deleted {counted(deleted, 'version')} from {target}")
    return failed


def _abort_uploads(store: Store, targets: Sequence[Target], older_than: int, *, yes: bool) -> None:
    before = store.clock.now() - timedelta(seconds=older_than)
    found = [(target, _uploads_below(store, target, before)) for target in targets]
    for target, uploads in found:
        if uploads and not yes:
            which = f"with keys that begin with {target.key!r} in" if target.key else "in"
            _is_agreed(f"Abort {counted(len(uploads), 'upload')} {which} bucket {target.bucket}?")
    for target, uploads in found:
        for upload in uploads:
            with suppress(NoSuchUpload):  # Somebody has completed or aborted it meanwhile.
                store.abort_multipart_upload(target.bucket, upload.key, upload.upload_id)
        note(f"aborted {counted(len(uploads), 'upload')} in {target}")


def _uploads_below(store: Store, target: Target, before: datetime) -> list[Upload]:
    uploads = store.iter_multipart_uploads(target.bucket, UploadListOptions(prefix=target.key))
    return [upload for upload in uploads if upload.initiated_at <= before]


def _delete_named(store: Store, targets: Sequence[Target]) -> None:
    for target in targets:
        if not target.key:
            raise click.UsageError(f"{target} names a bucket and no key; --recursive deletes all of its objects")
    deleted = 0
    for done, target in enumerate(targets):
        try:
            existed = _exists(store, target)
            store.delete_object(target.bucket, target.key)
        except BaseException:
            if done:
                note(f"{deleted} of {counted(len(targets), 'object')} had been deleted")
            raise
        deleted += existed
        if not existed:
            note(f"no such object: {target}")
    note(f"deleted {counted(deleted, 'object')}")


def _exists(store: Store, target: Target) -> bool:
    """Returns whether there is an object to delete; also if the store does not let us look."""
    try:
        store.head_object(target.bucket, target.key)
    except NoSuchKey:
        return False
    except (AccessDenied, Unsupported):
        return True
    return True


def _delete_below(store: Store, target: Target) -> int:
    """Deletes all keys that begin with a prefix; returns how many objects the store refused to delete."""
    deleted, failed = 0, 0
    for page in store.iter_object_pages(target.bucket, ListOptions(prefix=target.key, content_type=False)):
        keys = [info.key for info in page.objects]
        failures = delete_keys(store, target.bucket, keys)
        for failure in failures:
            note(f"not deleted: {failure.key!r}: {failure.message}")
        failed += len(failures)
        deleted += len(keys) - len(failures)
    note(f"deleted {counted(deleted, 'object')} from {target}")
    return failed


def _is_confirmed(store: Store, target: Target, versions: bool) -> bool:
    if versions:
        which = f"that begin with {target.key!r} in" if target.key else "of"
        return _is_agreed(f"Delete all versions of all keys {which} bucket {target.bucket}, for good?")
    page = store.list_objects(target.bucket, ListOptions(prefix=target.key, content_type=False))
    if not page.objects:
        note(f"nothing to delete: {target} matches no object")
        return False
    more = "more than " if page.cursor else ""
    found = f"{more}{counted(len(page.objects), 'object')}, {more}{size(sum(i.size_bytes for i in page.objects))}"
    which = f"that begin with {target.key!r} in" if target.key else "of"
    return _is_agreed(f"Delete all keys {which} bucket {target.bucket} ({found})?")


def _is_agreed(question: str) -> bool:
    try:
        agreed = click.confirm(printable(question), err=True)
    except click.Abort:  # Ctrl-C, or nobody there to answer.
        note("")
        agreed = False
    if not agreed:
        raise Failure("nothing was deleted", "--yes deletes without asking")
    return True


def delete_keys(store: Store, bucket: str, keys: Sequence[str]) -> Sequence[DeleteFailure]:
    """Deletes keys, in batches if the store can, else one by one; returns those that the store refused to delete.

    Raises:
        BucketryError: The store fails; some of the keys may be gone.
    """
    if "delete_objects" in store.capabilities.operations:
        return store.delete_objects(bucket, keys).failed
    for key in keys:
        store.delete_object(bucket, key)
    return ()
