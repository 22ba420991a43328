"""The pytest plugin. It imports nothing of bucketry until a fixture is used: every pytest loads it at its start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from bucketry import Store
    from bucketry.layers import Faults

    from bucketry_testing import RestServer, S3Endpoint
    from bucketry_testing._bed import Bed


@pytest.fixture
def bucketry_settings() -> Mapping[str, Any]:
    """Settings of the memory driver, such as ``{"min_part_size": 1}``; define a fixture of this name to give some."""
    return {}


@pytest.fixture
def bucketry_bed(bucketry_settings: Mapping[str, Any]) -> Iterator[Bed]:
    """What the fixtures below share within a test; not for use by itself."""
    from bucketry_testing._bed import Bed

    bed = Bed(bucketry_settings)
    yield bed
    bed.close()


@pytest.fixture
def bucketry_faults() -> Faults:
    """What goes wrong in `bucketry_store`; nothing, until faults are added. The servers have their own."""
    from bucketry.layers import Faults

    return Faults(blocks=True)


@pytest.fixture
def bucketry_store(request: pytest.FixtureRequest, bucketry_bed: Bed) -> Store:
    """A fresh, empty store in this process; the servers of the same test serve it too."""
    if "bucketry_faults" in request.fixturenames:
        return bucketry_bed.with_faults(request.getfixturevalue("bucketry_faults"))
    return bucketry_bed.store


@pytest.fixture
def bucketry_s3(bucketry_bed: Bed) -> S3Endpoint:
    """A live S3 endpoint over a fresh store."""
    return bucketry_bed.s3


@pytest.fixture
def bucketry_rest(bucketry_bed: Bed) -> RestServer:
    """A live server of the REST API over a fresh store."""
    return bucketry_bed.rest
