"""Whether the store answers: which of its stores are ready, and why not."""

from __future__ import annotations

import msgspec
from bucketry import BucketryError, Status, Store, StoreStatus

from bucketry_http.shared.calls import StoreCalls


class StoreHealth(msgspec.Struct, frozen=True):
    """A store as readiness shows it.

    Attributes:
        name: The driver's name, or the name that the store has in a router.
        ready: Whether it answers and takes the credentials.
        reason: Why it is not ready; empty if it is.
    """

    name: str
    ready: bool
    reason: str = ""


class Health(msgspec.Struct, frozen=True):
    """What a probe found.

    Attributes:
        ready: Whether requests can be served: at least one store is ready.
        stores: All stores.
    """

    ready: bool
    stores: tuple[StoreHealth, ...]

    @property
    def reason(self) -> str:
        """Why it is not ready."""
        several = len(self.stores) > 1
        return "; ".join(f"{one.name}: {one.reason}" if several else one.reason for one in self.stores if one.reason)


async def probe(calls: StoreCalls, seconds: float) -> Health:
    """Asks the store for its status; for its buckets, if its driver has no status.

    Args:
        calls: The store.
        seconds: How long it may take.
    """
    from anyio import fail_after  # Only here: few requests are probes.

    name = calls.store.capabilities.driver
    try:
        with fail_after(seconds):
            return await calls.probe(_look, calls.store, name)
    except TimeoutError:
        return _alone(name, f"it did not answer within {seconds:g} seconds")
    except BucketryError as error:
        return _alone(name, str(error))


def _look(store: Store, name: str) -> Health:
    if "status" not in store.capabilities.operations:
        store.list_buckets()
        return _alone(name)
    status = store.status()
    if status.stores:
        stores = tuple(StoreHealth(one.name, one.available, _reason(one)) for one in status.stores)
        return Health(status.available, stores)
    return _alone(name, _reason(status))


def _reason(status: Status | StoreStatus) -> str:
    return "" if status.available else status.detail or "it is not available"


def _alone(name: str, reason: str = "") -> Health:
    return Health(not reason, (StoreHealth(name, not reason, reason),))
