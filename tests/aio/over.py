"""Makes a contract suite through `AsyncStore` of a driver's own suite."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal, cast

import pytest
from bucketry_contract import Backend, ContractSuite
from bucketry_contract.async_backend import AsyncBackend

Loop = Literal["asyncio", "trio"]


class _OverAsync:
    """Comes before the driver's own suite, and takes the place of its ``contract_backend``."""

    loop: ClassVar[Loop]
    inline: ClassVar[bool]

    @pytest.fixture(scope="class")
    @classmethod
    def contract_backend(cls, backend_below: Backend) -> Iterator[AsyncBackend]:
        backend = AsyncBackend(backend_below, cls.loop, inline=cls.inline)
        yield backend
        backend.stop()


class _FromAttribute:
    """For a suite that names its backend in the attribute ``backend``."""

    @pytest.fixture(scope="class")
    @classmethod
    def backend_below(cls, request: pytest.FixtureRequest) -> Iterator[Backend]:
        backend: Backend = request.cls.backend()
        yield backend
        backend.cleanup()


def over_async(
    suite: type[ContractSuite], loop: Loop = "asyncio", *, inline: bool = True, short: bool = True
) -> type[ContractSuite]:
    """Returns a suite that calls the same backend's stores through `AsyncStore`.

    Args:
        suite: The suite of the driver itself; what it expects to fail is expected here too.
        loop: Whose event loop.
        inline: As `AsyncBackend`'s.
        short: Whether only the tests marked ``short`` run.
    """
    below = getattr(suite, "contract_backend", None) or _FromAttribute.backend_below
    members = {"loop": loop, "inline": inline, "short": short, "backend_below": below}
    return cast("type[ContractSuite]", type(suite.__name__, (_OverAsync, suite), members))
