"""A pytest plugin that writes down what the selected tests need: images of servers, and other people's clients."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import msgspec
import pytest

from tests.servers.images import IMAGES

FILE_VARIABLE: Final = "BUCKETRY_TEST_NEEDS"
"""The environment variable that names the file to write."""


class Needs(msgspec.Struct, frozen=True):
    """What tests need.

    Attributes:
        servers: Names of images, as in `tests.servers.images.IMAGES`.
        clients: Whether they need what `make clients` installs.
    """

    servers: tuple[str, ...] = ()
    clients: bool = False


def pytest_collection_finish(session: pytest.Session) -> None:
    # It imports the servers' plugin, whose asserts pytest must rewrite before.
    from tests.servers.programs import PROGRAM_FIXTURES

    fixtures = {name for item in session.items for name in _fixtures_of(item)}
    needs = Needs(
        tuple(name for name, image in IMAGES.items() if fixtures & image.fixtures),
        clients=bool(fixtures & PROGRAM_FIXTURES) or any(item.get_closest_marker("clients") for item in session.items),
    )
    Path(os.environ[FILE_VARIABLE]).write_bytes(msgspec.json.encode(needs))


def _fixtures_of(item: pytest.Item) -> set[str]:
    """Return the names of a test's fixtures; a parameter may be one that the test asks for by name."""
    call = getattr(item, "callspec", None)
    parameters = [] if call is None else [value for value in call.params.values() if isinstance(value, str)]
    return {*getattr(item, "fixturenames", ()), *parameters}
