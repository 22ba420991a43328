"""The contract: operations on the store as a whole."""

from __future__ import annotations

from bucketry.hookspecs._markers import operation
from bucketry.models import BucketInfo, Done, Status, Usage, UsageReport


class ServiceSpec:
    """Operations on the store as a whole."""

    @operation(writes=False)
    def status(self) -> Status:
        """Says whether the backend answers and accepts the credentials.

        Behaviour:
            - Where the backend cannot be used, ``available`` is false and ``detail`` says why; that is no error.
            - Answers within the driver's configured timeout.
        """
        raise NotImplementedError

    @operation(writes=False)
    def list_buckets(self) -> tuple[BucketInfo, ...]:
        """Lists all buckets of the caller.

        Behaviour:
            - Complete, and in byte order of their names.
            - A bucket is listed as soon as its creation has returned, and no more once its deletion has.
        """
        raise NotImplementedError

    @operation(writes=False)
    def bucket_usage(self, buckets: tuple[str, ...]) -> dict[str, Usage]:
        """Says how much each of these buckets holds.

        Requires:
            Valid names, each once.

        Behaviour:
            - Only objects count, all of them: neither parts in flight nor deleted objects.
            - Exact right after a write, or ``source`` and ``as_of`` say what the figures are.
            - A bucket that does not exist is missing from the answer; that is no error.
            - All buckets in one call, so that a driver can ask the backend once for all, or side by side.
        """
        raise NotImplementedError

    @operation(writes=False)
    def usage_report(self) -> UsageReport:
        """Says what the backend knows of its use beyond sizes: room on disk, owners, quotas, operations. Optional.

        Behaviour:
            - All buckets of the caller, in byte order of their names.
            - Only objects count, as in `bucket_usage`.
            - No figure is made up: what the backend does not know, or the credentials may not see, is ``None``.
            - Holds no secret, whatever the backend says of its users.
        """
        raise NotImplementedError

    @operation(writes=False)
    def close(self) -> Done:
        """Gives connections and memory back. Optional.

        Requires:
            Called once; no other call follows.

        Behaviour:
            - Where ``persistent`` is declared, everything that was written is there when the store is opened again:
              buckets, objects with all that belongs to them, and uploads in progress. Otherwise it may be gone.
        """
        raise NotImplementedError
