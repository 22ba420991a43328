"""`Opening`: what is awaited, or used in an ``async with`` statement."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from types import TracebackType
from typing import Any, Generic, Protocol, TypeVar


class Closes(Protocol):
    """What can be closed."""

    async def close(self) -> None:
        """Frees what it holds."""


OpenedT = TypeVar("OpenedT", bound=Closes)


class Opening(Generic[OpenedT]):
    """A call that opens a store or an object: await it, or use it in an ``async with`` statement, which also closes it.

    Nothing is opened before. Each use opens once more.
    """

    __slots__ = ("_open", "_opened")

    def __init__(self, open_it: Callable[[], Coroutine[Any, Any, OpenedT]]) -> None:
        """Opens nothing yet.

        Args:
            open_it: Opens it.
        """
        self._open = open_it

    def __await__(self) -> Generator[Any, Any, OpenedT]:
        return self._open().__await__()

    async def __aenter__(self) -> OpenedT:
        self._opened = await self._open()
        return self._opened

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._opened.close()
