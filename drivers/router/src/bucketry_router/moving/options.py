"""How a bucket is moved, and what came of it."""

from __future__ import annotations

import msgspec
from bucketry import InvalidArgument

from bucketry_router.placements import REREAD_SECONDS

_MOST_THREADS = 256


class MoveOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a bucket is moved.

    Attributes:
        settle_seconds: How long writes that began before may take until they are done: the bucket is read-only for that
            long before the last changes are copied. At least 2, since routers notice a change within a second.
        read_only_seconds: The longest time that the bucket may be read-only, the time above included. If that is not
            enough, everything stays as it was.
        passes: How often what changed meanwhile is copied before the bucket becomes read-only, at most.
        threads: How many keys are copied side by side.
        abort_uploads: Whether uploads in progress are aborted. Otherwise they prevent the move.
        replace: Whether everything that the other store has in a bucket of this name is deleted. Otherwise it prevents
            the move.
        resume: Whether to go on where an earlier move of this bucket to this store ended, also one whose process was
            killed. What that one copied is not copied again.
        compare_content: Whether copies are read back and compared with their sources where etags and checksums cannot
            tell, as of objects that were uploaded in parts. Each of these is read twice more.
        version_ids: File that gets a line for each version, with its old and its new id, as JSON. Only for a bucket
            with versions.
        delete_source: Whether the bucket is deleted from the store that it lay in, once it is moved.
    """

    settle_seconds: float = 10.0
    read_only_seconds: float = 60.0
    passes: int = 5
    threads: int = 8
    abort_uploads: bool = False
    replace: bool = False
    resume: bool = False
    compare_content: bool = False
    version_ids: str | None = None
    delete_source: bool = False

    def checked(self) -> MoveOptions:
        """Returns these options if they are valid.

        Raises:
            InvalidArgument: One is out of bounds, or two exclude each other.
        """
        if not 2 * REREAD_SECONDS <= self.settle_seconds < self.read_only_seconds:
            raise InvalidArgument(
                f"settle_seconds is at least {2 * REREAD_SECONDS:g}, and less than read_only_seconds",
                field="settle_seconds",
            )
        if self.passes < 1 or not 1 <= self.threads <= _MOST_THREADS:
            raise InvalidArgument(f"passes is at least 1, and threads is 1 to {_MOST_THREADS}", field="threads")
        if self.replace and self.resume:
            raise InvalidArgument("a move either goes on with what was copied, or deletes it", field="resume")
        return self


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """A bucket that was moved.

    Attributes:
        bucket: Its name.
        source: The store that it lay in.
        target: The store that it lies in.
        object_count: How many objects it has.
        version_count: How many versions they have, delete markers not counted.
        marker_count: How many delete markers it has.
        markers_left_out: How many delete markers of the old store the new one does not make, since they change nothing:
            those of keys without a version, and those that follow another one.
        size_bytes: The sizes of all versions, added up.
        copied: How many copies were made, of objects that changed meanwhile more than one.
        read_only_seconds: How long it was read-only, until every router has noticed the end.
        late: Keys that were written or deleted at the old store after all were copied: writes that took longer than
            ``settle_seconds``. They are not in the new store.
    """

    bucket: str
    source: str
    target: str
    object_count: int
    version_count: int
    marker_count: int
    markers_left_out: int
    size_bytes: int
    copied: int
    read_only_seconds: float
    late: tuple[str, ...] = ()
