"""Uploads, downloads and links in Litestar."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from bucketry import BucketryError
from bucketry.aio import AsyncStore, Opening
from litestar import Litestar, Request, Response, get, head, post, put
from litestar.params import FromPath
from litestar.response import Stream

from examples.async_apps.files import ClosesWhatWasOpened, Files, files_in, response_to

AnyRequest = Request[Any, Any, Any]


@put("/files/{key:path}", status_code=201)
async def upload(key: FromPath[str], request: AnyRequest) -> dict[str, object]:
    """Stores the body of the request."""
    headers = request.headers
    return await _files(request).upload(
        key.removeprefix("/"), request.stream(), headers.get("content-type"), headers.get("content-length")
    )


@get("/files/{key:path}")
async def download(key: FromPath[str], request: AnyRequest) -> Stream:
    """Sends an object, or a range of it."""
    found = await _files(request).download(request.scope, key.removeprefix("/"), request.headers.get("range"))
    return Stream(found.content, status_code=found.status, headers=found.headers)


@head("/files/{key:path}")
async def describe(key: FromPath[str], request: AnyRequest) -> Response[None]:
    """Sends the headers of an object."""
    return Response(None, headers=await _files(request).head(key.removeprefix("/")))


@post("/links/{key:path}", status_code=201)
async def link(key: FromPath[str], request: AnyRequest) -> dict[str, str]:
    """Makes a presigned URL."""
    return await _files(request).link(key.removeprefix("/"))


def _files(request: AnyRequest) -> Files:
    return cast("Files", request.app.state.files)


def _refuse(_: AnyRequest, error: BucketryError) -> Response[dict[str, object]]:
    status, headers, body = response_to(error)
    return Response(body, status_code=status, headers=headers)


def create_app(store: Opening[AsyncStore] | None = None) -> Litestar:
    """Makes the application; without a store it opens the one that the variable ``STORE`` names."""

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with files_in(store) as files:
            app.state.files = files
            yield

    return Litestar(
        [upload, download, describe, link],
        lifespan=[lifespan],
        middleware=[ClosesWhatWasOpened],
        exception_handlers={BucketryError: _refuse},
        logging_config=None,  # Whoever serves the application decides what is logged.
    )
