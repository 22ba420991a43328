"""Looking at the access of a bucket without waiting: the driver is passed by nothing that stands around it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest
from bucketry import BucketAccess, NoSuchBucket, Store
from bucketry.hookspecs import DriverSpec, hookimpl
from bucketry.layers import Observe, ReportCalls
from bucketry.models import Done
from bucketry_memory import MemoryDriver, MemorySettings
from msgspec.structs import replace


class Public:
    """Says another thing of each bucket than the driver."""

    @hookimpl(wrapper=True)
    def get_bucket_access(self) -> Generator[None, BucketAccess, BucketAccess]:
        return replace((yield), foreign_objects=True)


class ReadOnlyBuckets:
    """Stands around another operation."""

    @hookimpl(wrapper=True)
    def delete_bucket(self) -> Generator[None, Done, Done]:
        return (yield)


class Around:
    """Says another thing of each bucket than the driver, without pluggy."""

    def around(self, operation: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def changed(*values: Any) -> Any:
            return replace(call(*values), foreign_objects=True)

        return changed if operation == "get_bucket_access" else call


class Silent(MemoryDriver):
    """Cannot tell without its operation, which never waits."""

    peek_bucket_access = DriverSpec.peek_bucket_access


def test_without_layers_the_driver_tells() -> None:
    with Store(MemoryDriver(MemorySettings())) as store:
        store.create_bucket("bucket")
        assert store.peek_bucket_access("bucket") == store.get_bucket_access("bucket")
        assert store.peek_bucket_access("nothing") is None


@pytest.mark.parametrize("layer", [Public(), Around()])
def test_what_a_layer_says_of_a_bucket_holds(layer: object) -> None:
    with Store(MemoryDriver(MemorySettings()), [layer]) as store:
        store.create_bucket("bucket")
        found = store.peek_bucket_access("bucket")
        assert found is not None
        assert found.foreign_objects
        assert found == store.get_bucket_access("bucket")


@pytest.mark.parametrize("others", [[], [Public()]])
def test_layers_that_only_watch_or_stand_elsewhere_are_not_in_the_way(others: list[object]) -> None:
    seen: list[str] = []
    layers = [ReportCalls(lambda event: seen.append(event.operation)), Observe(), ReadOnlyBuckets(), *others]
    with Store(MemoryDriver(MemorySettings()), layers) as store:
        store.create_bucket("bucket")
        seen.clear()
        found = store.peek_bucket_access("bucket")
        assert found is not None
        assert found.foreign_objects == bool(others)
        # Lifecycle makes other calls, in a thread of its own.
        assert [operation for operation in seen if "access" in operation] == ["get_bucket_access"] * len(others)


def test_a_driver_that_never_waits_is_asked_if_it_cannot_tell() -> None:
    with Store(Silent(MemorySettings())) as store:
        store.create_bucket("bucket")
        assert store.peek_bucket_access("bucket") == store.get_bucket_access("bucket")
        with pytest.raises(NoSuchBucket):
            store.peek_bucket_access("nothing")


class Waiting(MemoryDriver):
    """May wait in its operations."""

    features = replace(MemoryDriver.features, non_blocking=False)


@pytest.mark.parametrize("layer", [Public(), Around()])
def test_nobody_looks_past_a_layer_around_a_driver_that_waits(layer: object) -> None:
    with Store(Waiting(MemorySettings()), [layer]) as store:
        store.create_bucket("bucket")
        assert store.peek_bucket_access("bucket") is None
    with Store(Waiting(MemorySettings())) as store:
        store.create_bucket("bucket")
        assert store.peek_bucket_access("bucket") is not None
