"""The client of an SDK, which a driver makes when it is first asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from bucketry_s3client.client import S3Client
from bucketry_s3client.connections import SdkPools
from bucketry_s3client.forking import watch_forks

ClientT = TypeVar("ClientT")


class SdkClient(Generic[ClientT]):
    """Makes an SDK's client once, over pools with the store's TLS, timeouts and retries. Threads may share it."""

    def __init__(self, client: S3Client, make: Callable[[SdkPools], ClientT]) -> None:
        """Prepares to make it.

        Args:
            client: The driver's own client, which knows TLS, timeouts and retries.
            make: Makes the SDK's client. It imports the SDK, so that who does not use it does not pay for it.
        """
        self._client = client
        self._make = make
        self._lock = threading.Lock()
        self._made: tuple[ClientT, SdkPools] | None = None
        watch_forks(self)

    def after_fork(self) -> None:
        """Has a lock that nobody holds, in a new process. The pools begin without connections by themselves."""
        self._lock = threading.Lock()

    def get(self) -> ClientT:
        """Returns the client; always the same one."""
        with self._lock:
            if self._made is None:
                pools = self._client.sdk_pools()
                self._made = self._make(pools), pools
            return self._made[0]

    def close(self) -> None:
        """Closes its connections."""
        with self._lock:
            if self._made is not None:
                self._made[1].clear()
