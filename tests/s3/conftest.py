"""What the tests of the driver for any S3 server share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bucketry_s3.cache import forget
from bucketry_testing import S3Endpoint, s3_endpoint

from tests.s3.backend import reachable
from tests.servers.handles import Reachable
from tests.servers.looking import requests_seen


@pytest.fixture
def served() -> Iterator[S3Endpoint]:
    """Our own S3 port, over memory."""
    with s3_endpoint() as endpoint:
        yield endpoint


@pytest.fixture
def own_port(served: S3Endpoint) -> Reachable:
    """Where it listens."""
    return reachable(served)


@pytest.fixture
def requests_made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The requests from now on; see `requests_seen`."""
    return requests_seen(monkeypatch)


@pytest.fixture
def no_memory() -> Iterator[None]:
    """What was found out in this process is forgotten, before and after."""
    forget()
    yield
    forget()
