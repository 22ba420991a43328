"""A layer that changes nothing, around every operation and around the content that is read."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any

from bucketry import OpenedObject
from bucketry.hookspecs import OPERATIONS, hookimpl


class PassThrough:
    """Passes everything on unchanged. Each test must give the same result with it as without it."""

    @hookimpl(wrapper=True)
    def get_object(self) -> Generator[None, OpenedObject, OpenedObject]:
        """Passes on the opened object, and its chunks one by one."""
        opened = yield
        return opened.wrap(_handed_on)


def _handed_on(chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield from chunks


def _wrapper() -> Callable[..., Generator[None, Any, Any]]:
    def hand_on(self: PassThrough) -> Generator[None, Any, Any]:
        return (yield)

    return hand_on


for _operation in OPERATIONS:
    if _operation not in vars(PassThrough):
        setattr(PassThrough, _operation, hookimpl(wrapper=True)(_wrapper()))
