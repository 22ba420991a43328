"""A real server with all that is compared on it: a store, the SDK, and requests without either."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import msgspec
from bucketry import Store, open_store

from benchmarks.container_servers.plain import BUCKET, PlainClient
from benchmarks.container_servers.sdk import Sdk

_FILLING_THREADS = 16


class Backend(msgspec.Struct, frozen=True, kw_only=True):
    """A server that runs, with a bucket in it.

    Attributes:
        url: Opens a store on it.
        environ: The environment that the store is opened with: its credentials.
        store: A store.
        sdk: The SDK.
        plain: A client that signs beforehand.
        plain_client: Makes another one.
        free: Has the server give back the memory of deleted objects, where it does not do so by itself.
        bucket_usage: One bare call that asks how much all buckets hold, and returns how many there are; where the
            server has such a call.
    """

    url: str
    environ: Mapping[str, str]
    store: Store
    sdk: Sdk
    plain: PlainClient
    plain_client: Callable[[ExitStack], PlainClient]
    free: Callable[[], object]
    bucket_usage: Callable[[], int] | None

    def fill(self, count: int) -> None:
        """Puts ``count`` small objects into the bucket."""
        numbers = [range(start, count, _FILLING_THREADS) for start in range(_FILLING_THREADS)]
        with ThreadPoolExecutor(_FILLING_THREADS) as threads:
            list(threads.map(self._fill, numbers))

    def _fill(self, numbers: range) -> None:
        with ExitStack() as stack:
            client = self.plain_client(stack)
            for number in numbers:
                client.request("PUT", listed_key(number), body=b"x")()

    def remove(self, key: str) -> None:
        """Deletes an object and has its memory freed."""
        self.store.delete_object(BUCKET, key)
        self.free()


def listed_key(number: int) -> str:
    """Returns the key of an object that `Backend.fill` puts, in the order of the numbers."""
    return f"photos/2024/{number:06}.jpg"


def backend_on(
    stack: ExitStack,
    *,
    location: str,
    scheme: str,
    keys: tuple[str, str],
    sdk: Sdk,
    more: Mapping[str, str] | None = None,
    free: Callable[[], object] = lambda: None,
    bucket_usage: Callable[[], int] | None = None,
) -> Backend:
    """Opens everything on a server that has just been started.

    Args:
        stack: What closes it.
        location: The server's host and port.
        scheme: Of the store's URL.
        keys: Access key and secret key.
        sdk: The SDK.
        more: More of the environment that the store is opened with.
        free: See `Backend`.
        bucket_usage: See `Backend`.
    """
    prefix = f"BUCKETRY_{scheme.upper()}_"
    environ = {f"{prefix}ACCESS_KEY": keys[0], f"{prefix}SECRET_KEY": keys[1], **(more or {})}
    store = stack.enter_context(open_store(f"{scheme}://{location}", environ=environ))
    store.create_bucket(BUCKET)

    def plain_client(closing: ExitStack) -> PlainClient:
        return PlainClient(f"http://{location}", *keys, closing)

    return Backend(
        url=f"{scheme}://{location}",
        environ=environ,
        store=store,
        sdk=sdk,
        plain=plain_client(stack),
        plain_client=plain_client,
        free=free,
        bucket_usage=bucket_usage,
    )
