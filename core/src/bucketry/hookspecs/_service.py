"""The contract: operations on the store as a whole."""

from __future__ import annotations

from bucketry.hookspecs._markers import operation
from bucketry.models import BucketInfo, Done, Status, Usage, UsageReport


class ServiceSpec:
    """Operations on the store as a whole."""

    @operation(writes=False)
    def status(self) -> Status:
        """Says whether the backend responds and accepts the credentials.

        Behaviour:
            - Where the backend cannot be used, ``available`` is false and ``detail`` says why. This is not an error.
            - Answers within the timeout of the driver's settings.
        """
        raise NotImplementedError

    @operation(writes=False)
    def list_buckets(self) -> tuple[BucketInfo, ...]:
        """Lists all buckets of the caller.

        Behaviour:
            - Complete, and in byte order of their names.
            - A bucket is listed as soon as its creation has returned, until its deletion returns.
        """
        raise NotImplementedError

    @operation(writes=False)
    def bucket_usage(self, buckets: tuple[str, ...]) -> dict[str, Usage]:
        """Says how much each of these buckets holds.

        Requires:
            Valid names, each once.

        Behaviour:
            - Only current objects count, all of them. Parts of uploads in progress and deleted objects do not.
            - Older versions and delete markers stand in ``noncurrent_count`` and ``noncurrent_bytes``. A driver that
              cannot tell them apart says so in ``source``, and both are ``None``.
            - Exact right after a write; otherwise ``source`` and ``as_of`` say what the figures are.
            - A bucket that does not exist is missing from the result. This is not an error.
            - All buckets in one call, so that a driver can ask the backend once for all of them, or in parallel.
        """
        raise NotImplementedError

    @operation(writes=False)
    def usage_report(self) -> UsageReport:
        """Says what the backend knows of its use beyond sizes: room on disk, owners, quotas, operations. Optional.

        Behaviour:
            - All buckets of the caller, in byte order of their names.
            - Only objects count, as in `bucket_usage`.
            - No figure is made up. What the backend does not know, or the credentials may not see, is ``None``.
            - Holds no secret, whatever the backend says about its users.
        """
        raise NotImplementedError

    @operation(writes=False)
    def close(self) -> Done:
        """Frees connections and memory. Optional.

        Requires:
            It is called once, and no other call follows.

        Behaviour:
            - Where ``persistent`` is declared, everything that was written is there when the store is opened again:
              buckets with their settings, objects with all that belongs to them, and uploads in progress. Otherwise it
              may be gone.
        """
        raise NotImplementedError
