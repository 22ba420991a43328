"""A layer that refuses all writes."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from bucketry.errors import AccessDenied
from bucketry.hookspecs import OPERATIONS, hookimpl
from bucketry.operations import Operation
from bucketry.options import Options


class ReadOnly:
    """Refuses every operation that writes, and presigned uploads, with ``AccessDenied``."""


def _refuse() -> None:
    raise AccessDenied("the store is open for reading only")


def _wrapper(operation: Operation) -> Callable[..., Generator[None, Any, Any]]:
    def refuse_always(self: ReadOnly) -> Generator[None, Any, Any]:  # noqa: ARG001 - a method, once it is set
        _refuse()
        return (yield)

    def refuse_writes(self: ReadOnly, options: Options) -> Generator[None, Any, Any]:  # noqa: ARG001 - the same
        if operation.is_write(options):
            _refuse()
        return (yield)

    return refuse_always if operation.writes is True else refuse_writes


for _operation in OPERATIONS.values():
    if _operation.may_write():
        setattr(ReadOnly, _operation.name, hookimpl(wrapper=True)(_wrapper(_operation)))
