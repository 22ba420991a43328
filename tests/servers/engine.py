"""The Docker engine that the tests use: the one that testcontainers finds."""

from __future__ import annotations

import gc
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from docker import DockerClient
from docker.errors import DockerException
from testcontainers.core.docker_client import DockerClient as TestcontainersClient


class EngineMissing(Exception):
    """No Docker engine answers; the message says what happened."""


@contextmanager
def engine() -> Iterator[DockerClient]:
    """Yield a client of the engine, closed at the end.

    Raises:
        EngineMissing: none answers.
    """
    client = _connected()
    try:
        yield client
    finally:
        client.close()


def _connected() -> DockerClient:
    try:
        return TestcontainersClient().client
    except DockerException as error:
        reason = str(error)
    # The SDK leaves the sockets of a failed attempt open, and whichever test the collector ran in would be blamed.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    raise EngineMissing(f"no Docker engine answers ({reason})")


def servers_are_required() -> bool:
    """Tell whether BUCKETRY_REQUIRE_SERVERS asks for a failure where a server cannot be tested."""
    return os.environ.get("BUCKETRY_REQUIRE_SERVERS", "") not in {"", "0"}
