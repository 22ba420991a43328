"""``bucketry move``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from bucketry import InvalidSettings, find_settings

from bucketry_cli.config import ROUTER, State
from bucketry_cli.errors import Failure
from bucketry_cli.options import command_options, examples
from bucketry_cli.output import note
from bucketry_cli.serve_options.numbers import FiniteRange

if TYPE_CHECKING:
    from bucketry_router import Moved, MoveOptions, Mover


@click.command(
    epilog=examples(
        "bucketry move web-assets --to ceph",
        "bucketry move 'web-*' --to ceph --read-only-seconds 120",
        "bucketry move web-assets --to ceph --resume",
        "bucketry move web-assets --abandon",
    )
)
@click.argument("buckets", metavar="BUCKET|PATTERN")
@click.option("--to", "target", metavar="STORE", help="Name of the store that they are moved to.")
@click.option(
    "--settle-seconds",
    type=FiniteRange(2),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long writes that began before may take, while the bucket is read-only.",
)
@click.option(
    "--read-only-seconds",
    type=FiniteRange(2),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long a bucket may be read-only, that included. If it is not enough, all stays as it was.",
)
@click.option("--passes", type=click.IntRange(1), default=5, show_default=True, help="Copies before it is read-only.")
@click.option("--threads", type=click.IntRange(1, 256), default=8, show_default=True, help="Copies side by side.")
@click.option("--abort-uploads", is_flag=True, help="Abort uploads in progress, which prevent a move otherwise.")
@click.option("--resume", is_flag=True, help="Go on where a move ended that failed or was killed.")
@click.option("--replace", is_flag=True, help="Delete what the store has in a bucket of this name, as after a failure.")
@click.option(
    "--compare-content", is_flag=True, help="Read copies back whose etags and checksums do not tell, and compare them."
)
@click.option(
    "--version-ids",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Append the old and the new id of each version to a file, as lines of JSON.",
)
@click.option("--delete-source", is_flag=True, help="Delete the bucket from the store that it lay in.")
@click.option("--abandon", is_flag=True, help="End a move whose process was killed: the bucket stays where it was.")
@command_options
@click.pass_context
def move(ctx: click.Context, /, buckets: str, target: str | None, abandon: bool, **options: Any) -> None:
    """Move buckets to another of several stores, while they are in use.

    The stores are those of [[stores]] in the settings file, and [drivers.router] names the file of placements, as for
    the servers. A bucket is copied while it is in use, then it is read-only for a moment, and then it lies in the
    other store. All versions are copied, with their locks; they get new ids. docs/several-stores.md says more.
    """
    if abandon == (target is not None):
        raise click.UsageError("give --to STORE, or --abandon")
    with _mover(ctx) as mover:
        if target is None:
            mover.abandon(buckets)
            note(f"{buckets} may be written to again")
            return
        from bucketry_router import MoveOptions

        _move_all(mover, buckets, target, MoveOptions(**options))


def _mover(ctx: click.Context) -> Mover:
    config = ctx.ensure_object(State).config
    if not config.stores:
        raise Failure("there are no stores to move buckets between", "write [[stores]] into the settings file")
    from bucketry_router import Mover, RouterSettings

    settings = find_settings(f"{ROUTER}://", defaults=config.table_of(ROUTER))
    if not isinstance(settings, RouterSettings):
        raise InvalidSettings(f"the installed driver of {ROUTER}:// is another one")
    return Mover(settings, tell=note)


def _move_all(mover: Mover, buckets: str, target: str, options: MoveOptions) -> None:
    is_pattern = any(letter in buckets for letter in "*?[")
    names = mover.buckets_to_move(buckets, target) if is_pattern else [buckets]
    if not names:
        note(f"no bucket that matches {buckets} lies in another store")
    late = [moved for name in names if _told(moved := mover.move(name, target, options)).late]
    if late:
        raise Failure(
            f"writes to {', '.join(moved.bucket for moved in late)} ended in the old store after it was moved, "
            f"the first to the key {late[0].late[0]!r}",
            "compare both stores; next time give a longer --settle-seconds",
        )


def _told(moved: Moved) -> Moved:
    note(
        f"moved {moved.bucket} from {moved.source} to {moved.target}: {moved.object_count} objects, "
        f"{moved.size_bytes} bytes, read-only for {moved.read_only_seconds:.1f} seconds"
    )
    if moved.version_count > moved.object_count or moved.marker_count:
        note(f"{moved.bucket} has {moved.version_count} versions and {moved.marker_count} delete markers, with new ids")
    if moved.markers_left_out:
        note(f"{moved.markers_left_out} delete markers that change nothing are left out: {moved.target} makes none")
    return moved
