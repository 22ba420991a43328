"""The operations that a driver implements as coroutines, guarded as `bucketry._chain` guards the others."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from inspect import getmembers, iscoroutinefunction, signature
from typing import Any

from bucketry._async_content import AsyncContent
from bucketry._chain import _check_result, _raise_translated
from bucketry._driver_checks import implemented_operations
from bucketry.errors import InvalidDriver, Unavailable
from bucketry.hookspecs import OPERATIONS, DriverSpec
from bucketry.models import ObjectInfo
from bucketry.ranges import ContentRange

AsyncCall = Callable[..., Awaitable[Any]]


def async_calls_of(driver: DriverSpec, layers: Sequence[object]) -> Mapping[str, AsyncCall]:
    """Returns the coroutines of ``driver.async_driver`` by operation, without those that a layer stands around.

    Raises:
        InvalidDriver: One is no operation of the driver, or has other parameters than the contract's.
    """
    found = getmembers(driver.async_driver, iscoroutinefunction)
    named = {name: method for name, method in found if not name.startswith("_")}
    for name, method in named.items():
        _check(driver, name, method)
    return {
        name: _guard(driver, name, method)
        for name, method in named.items()
        if not any(hasattr(layer, "around") or hasattr(layer, name) for layer in layers)
    }


def _check(driver: DriverSpec, name: str, method: AsyncCall) -> None:
    where = f"{name} of the async_driver of the driver {driver.name!r}"
    kind: Any = type(driver)  # mypy doubts that a class can be hashed.
    if name not in implemented_operations(kind):
        raise InvalidDriver(f"{where} is no operation that the driver implements")
    wanted = OPERATIONS[name].parameters
    if tuple(signature(method).parameters) != wanted:
        raise InvalidDriver(f"{where} must have the parameters ({', '.join(wanted)})")


def _guard(driver: DriverSpec, name: str, method: AsyncCall) -> AsyncCall:
    operation = OPERATIONS[name]

    async def guarded(*values: object) -> object:
        try:
            result = await method(*values)
        except Exception as error:  # noqa: BLE001 - whatever the SDK raises
            _raise_translated(driver, error, operation.parameters, values)
        if not operation.opens:
            _check_result(driver, name, result, operation.result)
            return result
        _check_result(driver, name, result, AsyncContent)
        _check_result(driver, name, result.info, ObjectInfo)
        _check_result(driver, name, result.content_range, ContentRange | None)
        result.chunks = _GuardedChunks(driver, result, values)
        return result

    return guarded


class _GuardedChunks(AsyncIterator[bytes]):
    """The chunks of an object. No generator, which somebody would have to close."""

    def __init__(self, driver: DriverSpec, content: AsyncContent, values: tuple[object, ...]) -> None:
        self._driver = driver
        self._chunks = content.chunks
        self._missing = content.length
        self._values = values

    async def __anext__(self) -> bytes:
        try:
            async for chunk in self._chunks:
                self._count(chunk)
                if chunk:
                    return chunk
            if self._missing:
                raise Unavailable(f"{self._missing} bytes are missing")
        except Exception as error:  # noqa: BLE001 - whatever the SDK raises
            _raise_translated(self._driver, error, OPERATIONS["get_object"].parameters, self._values)
        raise StopAsyncIteration

    def _count(self, chunk: bytes) -> None:
        if type(chunk) is not bytes:
            name, came = self._driver.name, type(chunk).__name__
            raise InvalidDriver(f"get_object of the driver {name!r} gave a chunk of {came}, not of bytes")
        self._missing -= len(chunk)
        if self._missing < 0:  # At once: content that never ends must not be read for ever.
            raise Unavailable(f"at least {-self._missing} bytes too many came")
