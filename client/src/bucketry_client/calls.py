"""Calls whose responses are JSON, or nothing at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from bucketry_client.bodies import Content
from bucketry_client.exchange import Exchange
from bucketry_client.operations import Operation
from bucketry_client.requests import Request, path_of
from bucketry_client.responses import read_json
from bucketry_client.sending import Incoming

T = TypeVar("T")


class Calls:
    """Sends requests, and decodes what the server responds."""

    def __init__(self, exchange: Exchange) -> None:
        """Takes what sends the requests."""
        self._exchange = exchange

    async def json(
        self,
        operation: Operation[T],
        bucket: str = "",
        *,
        query: Mapping[str, object] | None = None,
        content: Content | None = None,
    ) -> T:
        """Returns the result of an operation on a bucket, or on the store."""
        path = path_of(operation, bucket=bucket)
        request = Request(operation=operation, path=path, query=query or {}, content=content)
        found: T = await self.read(request, operation.result)
        return found

    async def read(self, request: Request, kind: Any) -> Any:
        """Sends a request, and returns its JSON as a type."""

        async def decoded(incoming: Incoming) -> Any:
            return await self.decoded(incoming, kind)

        return await self._exchange.run(request, decoded)

    async def decoded(self, incoming: Incoming, kind: Any) -> Any:
        """Returns the JSON of a response as a type."""
        return await read_json(incoming, kind, self._exchange.trying.max_json_bytes, self._exchange.address)

    async def nothing(
        self, operation: Operation[None], bucket: str, *, query: Mapping[str, object] | None = None
    ) -> None:
        """Runs an operation on a bucket that returns nothing."""
        await self.send(Request(operation=operation, path=path_of(operation, bucket=bucket), query=query or {}))

    async def send(self, request: Request) -> None:
        """Sends a request that returns nothing."""

        async def done(_: Incoming) -> None:
            pass

        await self._exchange.run(request, done)
