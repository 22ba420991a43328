"""The pytest plugin. It imports nothing of bucketry until a fixture is used: every pytest loads it at its start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from bucketry import Store
    from bucketry.clock import Clock
    from bucketry.events import EventLog
    from bucketry.layers import Faults

    from bucketry_testing import RestServer, S3Endpoint
    from bucketry_testing.fresh_store import FreshStore


@pytest.fixture
def bucketry_settings() -> Mapping[str, Any]:
    """Settings of the memory driver, such as ``{"min_part_size": 1}``; define a fixture of this name to give some."""
    return {}


@pytest.fixture
def bucketry_clock() -> Iterator[Clock]:
    """The clock of the stores and servers below: ``bucketry_clock.advance(days=31)``. It begins with real time."""
    from bucketry.clock import Clock

    clock = Clock()
    yield clock
    clock.reset()


@pytest.fixture
def bucketry_fresh_store(bucketry_settings: Mapping[str, Any], bucketry_clock: Clock) -> Iterator[FreshStore]:
    """What the fixtures below share within a test; not for use by itself."""
    from bucketry_testing.fresh_store import FreshStore

    fresh = FreshStore(bucketry_settings, bucketry_clock)
    yield fresh
    fresh.close()


@pytest.fixture
def bucketry_faults() -> Faults:
    """What goes wrong in `bucketry_store`; nothing, until faults are added. The servers have their own."""
    from bucketry.layers import Faults

    return Faults(blocks=True)


@pytest.fixture
def bucketry_events(bucketry_fresh_store: FreshStore) -> EventLog:
    """S3's events of the store and the servers below, in their order."""
    return bucketry_fresh_store.events


@pytest.fixture
def bucketry_store(request: pytest.FixtureRequest, bucketry_fresh_store: FreshStore) -> Store:
    """A fresh, empty store in this process; the servers of the same test serve it too."""
    if "bucketry_faults" in request.fixturenames:
        return bucketry_fresh_store.with_faults(request.getfixturevalue("bucketry_faults"))
    return bucketry_fresh_store.store


@pytest.fixture
def bucketry_s3(bucketry_fresh_store: FreshStore) -> S3Endpoint:
    """A live S3 endpoint over a fresh store."""
    return bucketry_fresh_store.s3


@pytest.fixture
def bucketry_rest(bucketry_fresh_store: FreshStore) -> RestServer:
    """A live server of the REST API over a fresh store."""
    return bucketry_fresh_store.rest
