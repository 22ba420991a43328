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

    Nothing is opened before. Each use opens once more, one ``async with`` statement after the other.
    """

    __slots__ = ("_in_use", "_open", "_opened")

    def __init__(self, open_it: Callable[[], Coroutine[Any, Any, OpenedT]]) -> None:
        """Opens nothing yet.

        Args:
            open_it: Opens it.
        """
        self._open = open_it
        self._opened: OpenedT | None = None
        self._in_use = False

    def __await__(self) -> Generator[Any, Any, OpenedT]:
        return self._open().__await__()

    async def __aenter__(self) -> OpenedT:
        if self._in_use:
            raise RuntimeError("an async with statement uses this already: make the call that opens it once more")
        self._in_use = True
        try:
            self._opened = await self._open()
        except BaseException:
            self._in_use = False
            raise
        return self._opened

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        opened, self._opened, self._in_use = self._opened, None, False
        if opened is not None:
            await opened.close()
