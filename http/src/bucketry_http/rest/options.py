"""Which methods a path takes, for whoever asks (RFC 9110, 9.3.7).

The framework answers this by itself, but for paths whose handlers are registered one by one it names the first alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from litestar import Request, Response, route
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler


def answer_options(handlers: Iterable[HTTPRouteHandler]) -> list[HTTPRouteHandler]:
    """Returns a handler of OPTIONS for each path that these handlers have; register them before these."""
    methods: dict[str, set[str]] = {}
    for handler in handlers:
        for path in handler.paths:
            methods.setdefault(path, {"OPTIONS"}).update(handler.http_methods)
    return [_answer(path, ", ".join(sorted(found))) for path, found in methods.items()]


def _answer(path: str, allow: str) -> HTTPRouteHandler:
    @route(path, http_method=[HttpMethod.OPTIONS], status_code=204, include_in_schema=False)
    async def options(request: Request[Any, Any, Any]) -> Response[None]:  # noqa: ARG001
        return Response(None, headers={"Allow": allow})

    return options
