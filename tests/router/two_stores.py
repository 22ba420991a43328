"""Two stores behind a router, for the contract suite: its buckets lie in both, about half of them in each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from bucketry import CreateBucketOptions, Store
from bucketry.hookspecs import DriverSpec
from bucketry.layers import Observe
from bucketry_contract._scratch import Scratch
from bucketry_contract.backend import Backend
from bucketry_router import RouterDriver, RouterSettings, StoreSettings

Layers = Callable[[str], Sequence[object]]

ONE, OTHER = "one", "other"
EVERY_SECOND = "*[02468bdfhjlnprtvxz]"
"""Names that end so lie in the one store, all others in the other: the suite numbers its buckets."""

LEAST_SHARE = 0.4


class Counted:
    """Layers that count the calls to each store."""

    def __init__(self) -> None:
        self._observed = {ONE: Observe(), OTHER: Observe()}

    def layers(self, name: str) -> list[object]:
        return [self._observed[name]]

    def calls(self) -> dict[str, int]:
        """Returns how many calls each store got."""
        return {name: sum(stats.calls for stats in layer.snapshot().values()) for name, layer in self._observed.items()}


class InTurn(Scratch):
    """Gives buckets of the two stores in turn, new or used ones, so that tests use both alike."""

    def __init__(self, store: Store, backend: Backend) -> None:
        super().__init__(store, backend)
        self._last = OTHER

    def take(self) -> str:
        self._last = ONE if self._last == OTHER else OTHER
        for name in self._free:
            if lies_in(name) == self._last:
                self._free.remove(name)
                return name
        while lies_in(name := self.new_name()) != self._last:
            del self._names[name]
        self.store.create_bucket(name, CreateBucketOptions())
        return name


def assert_both_were_used(scratch: Scratch, counted: Counted) -> None:
    """At least 40 % of the suite's buckets lie in each store, and each got a good part of the calls."""
    buckets = Counter(map(lies_in, scratch._names))
    if buckets.total() < 40:
        return  # No suite, but a few of its tests.
    shares = {name: buckets[name] / buckets.total() for name in (ONE, OTHER)}
    assert min(shares.values()) >= LEAST_SHARE, shares
    calls = counted.calls()
    assert min(calls.values()) >= LEAST_SHARE / 2 * sum(calls.values()), calls


def lies_in(bucket: str) -> str:
    """Returns the store that a bucket lies in."""
    return ONE if bucket[-1] in EVERY_SECOND else OTHER


def router_settings(**more: Any) -> RouterSettings:
    """Returns the settings of a router over the two stores."""
    stores = (
        StoreSettings(name=ONE, url="memory://", buckets=(EVERY_SECOND,)),
        StoreSettings(name=OTHER, url="memory://", default=True),
    )
    return RouterSettings(stores=stores, **more)


def router_over(one: DriverSpec, other: DriverSpec, layers: Layers = lambda _: (), **settings: Any) -> RouterDriver:
    """Makes a router over two open drivers."""
    return RouterDriver(router_settings(**settings), drivers={ONE: one, OTHER: other}, layers=layers)


class Pair(NamedTuple):
    """A store over a router, and the drivers behind it: ``bucket-2`` lies in the one, ``bucket-1`` in the other."""

    store: Store
    one: DriverSpec
    other: DriverSpec
