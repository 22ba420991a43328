"""``bucketry rm``."""

from __future__ import annotations

from collections.abc import Sequence

import click
from bucketry import AccessDenied, DeleteFailure, ListOptions, NoSuchKey, Store, Unsupported

from bucketry_cli.errors import Failure
from bucketry_cli.options import Target, examples, prefix_target, with_store
from bucketry_cli.output import counted, note, printable, size


@click.command(
    epilog=examples(
        "bucketry rm assets/a.txt assets/b.txt",
        "bucketry rm --recursive assets/logs/",
    )
)
@click.argument("targets", metavar="BUCKET/KEY...", type=prefix_target, nargs=-1, required=True)
@click.option(
    "--recursive", "-r", is_flag=True, help="Delete all objects that 'bucketry ls' lists for BUCKET[/PREFIX]."
)
@click.option("--yes", "-y", is_flag=True, help="Do not ask before a recursive delete.")
@with_store
def rm(store: Store, targets: tuple[Target, ...], recursive: bool, yes: bool) -> None:
    """Delete objects, and count them. A key without an object is not an error.

    PREFIX counts byte for byte: logs matches logs/1 and logs-old/1 too, logs/ only the first.
    """
    if not recursive:
        _delete_named(store, targets)
        return
    # All questions come before the first deletion: a no leaves everything as it was.
    agreed = targets if yes else [target for target in targets if _is_confirmed(store, target)]
    if failed := sum(_delete_below(store, target) for target in agreed):
        raise Failure(f"{counted(failed, 'object')} could not be deleted")


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


def _is_confirmed(store: Store, target: Target) -> bool:
    page = store.list_objects(target.bucket, ListOptions(prefix=target.key, content_type=False))
    if not page.objects:
        note(f"nothing to delete: {target} matches no object")
        return False
    more = "more than " if page.cursor else ""
    found = f"{more}{counted(len(page.objects), 'object')}, {more}{size(sum(i.size_bytes for i in page.objects))}"
    which = f"that begin with {target.key!r} in" if target.key else "of"
    question = f"Delete all keys {which} bucket {target.bucket} ({found})?"
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
