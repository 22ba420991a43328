"""What the REST API is compared with: the same routes in bare Litestar, and without any framework."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from bucketry_http.server.state import ServerState
from litestar import Litestar, Request, get, post
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState as UvicornState

EXPIRES_AT = datetime(2024, 1, 15, 11, 30, tzinfo=UTC)


class BareStatus(msgspec.Struct):
    """The fields that the documented response has."""

    available: bool
    endpoint: str
    region: str


class BarePresign(msgspec.Struct):
    """The fields that the documented request has."""

    key: str
    expires_in: int = 3600
    method: str = "GET"


class BareUrl(msgspec.Struct):
    """The fields that the documented response has."""

    url: str
    expires_at: datetime


class Received(msgspec.Struct):
    """How many bytes came."""

    size_bytes: int


_URL = "http://localhost:9000/bench/uploads/file.zip?" + "x" * 280


@get("/status")
async def _status() -> BareStatus:
    return BareStatus(available=True, endpoint="http://localhost:9000", region="us-east-1")


@post("/presign", status_code=200)
async def _presign(data: BarePresign) -> BareUrl:  # noqa: ARG001 - decoded, as a real one is
    return BareUrl(url=_URL, expires_at=EXPIRES_AT)


@post("/upload", request_max_body_size=None)
async def _upload(request: Request[Any, Any, Any]) -> Received:
    size = 0
    async for piece in request.stream():
        size += len(piece)
    return Received(size)


class BareLitestar(Litestar):
    """Litestar as uvicorn serves it, without the limits on connections that the product's server has."""

    def protocol(self, _: ServerState) -> HttpToolsProtocol:
        """Returns uvicorn's side of a connection, in place of the product's."""
        config = Config(self, log_config=None, access_log=False, server_header=False, ws="none")
        return HttpToolsProtocol(config, UvicornState(), {})


def bare_litestar() -> Litestar:
    """Returns the routes in Litestar, without anything around them."""
    return BareLitestar([_status, _presign, _upload], logging_config=None, openapi_config=None)


async def bare_asgi(scope: Any, receive: Any, send: Any) -> None:
    """Responds to every request with JSON, as soon as the request is complete."""
    if scope["type"] == "lifespan":
        for stage in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{stage}.complete"})
        return
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    response = msgspec.json.encode(Received(size))
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(response))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": response})


_objects: dict[str, bytes] = {}


async def bare_objects(scope: Any, receive: Any, send: Any) -> None:
    """Keeps what is PUT to a path and gives it back for a GET, and does nothing else that S3 asks for."""
    if scope["type"] == "lifespan":
        await bare_asgi(scope, receive, send)
        return
    pieces, more = [], True
    while more:
        message = await receive()
        pieces.append(message.get("body", b""))
        more = message.get("more_body", False)
    body = b""
    if scope["method"] == "PUT":
        _objects[scope["path"]] = b"".join(pieces)
    else:
        body = _objects[scope["path"]]
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
