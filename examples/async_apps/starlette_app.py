"""Uploads, downloads and links in Starlette."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from bucketry import BucketryError
from bucketry.aio import AsyncStore, Opening
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from examples.async_apps.files import ClosesWhatWasOpened, Files, files_in, response_to


async def upload(request: Request) -> Response:
    """Stores the body of the request."""
    key, headers = request.path_params["key"], request.headers
    stored = await _files(request).upload(
        key, request.stream(), headers.get("content-type"), headers.get("content-length")
    )
    return JSONResponse(stored, 201)


async def download(request: Request) -> Response:
    """Sends an object, or a range of it; in response to HEAD its headers alone."""
    files, key = _files(request), request.path_params["key"]
    if request.method == "HEAD":  # Starlette adds it to each route with GET.
        return Response(headers=await files.head(key))
    found = await files.download(request.scope, key, request.headers.get("range"))
    return StreamingResponse(found.content, found.status, found.headers)


async def link(request: Request) -> Response:
    """Makes a presigned URL."""
    return JSONResponse(await _files(request).link(request.path_params["key"]), 201)


def _files(request: Request) -> Files:
    return cast("Files", request.app.state.files)


async def _refuse(_: Request, error: Exception) -> Response:
    status, headers, body = response_to(cast("BucketryError", error))
    return JSONResponse(body, status, headers)


def create_app(store: Opening[AsyncStore] | None = None) -> Starlette:
    """Makes the application; without a store it opens the one that the variable ``STORE`` names."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with files_in(store) as files:
            app.state.files = files
            yield

    routes = [
        Route("/files/{key:path}", upload, methods=["PUT"]),
        Route("/files/{key:path}", download, methods=["GET"]),
        Route("/links/{key:path}", link, methods=["POST"]),
    ]
    return Starlette(
        routes=routes,
        lifespan=lifespan,
        exception_handlers={BucketryError: _refuse},
        middleware=[Middleware(ClosesWhatWasOpened)],
    )
