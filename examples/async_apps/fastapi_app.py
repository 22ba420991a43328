"""Uploads, downloads and links in FastAPI."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, cast

from bucketry import BucketryError
from bucketry.aio import AsyncStore, Opening
from fastapi import APIRouter, Depends, FastAPI, Header, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from examples.async_apps.files import ClosesWhatWasOpened, Files, files_in, response_to


def _files(request: Request) -> Files:
    return cast("Files", request.app.state.files)


FilesOfApp = Annotated[Files, Depends(_files)]
Text = Annotated[str | None, Header()]

router = APIRouter()


@router.put("/files/{key:path}", status_code=201)
async def upload(
    key: str, request: Request, files: FilesOfApp, content_type: Text = None, content_length: Text = None
) -> dict[str, object]:
    """Stores the body of the request."""
    return await files.upload(key, request.stream(), content_type, content_length)


@router.get("/files/{key:path}")
async def download(key: str, request: Request, files: FilesOfApp, range: Text = None) -> StreamingResponse:
    """Sends an object, or a range of it."""
    found = await files.download(request.scope, key, range)
    return StreamingResponse(found.content, found.status, found.headers)


@router.head("/files/{key:path}")
async def head(key: str, files: FilesOfApp) -> Response:
    """Sends the headers of an object."""
    return Response(headers=await files.head(key))


@router.post("/links/{key:path}", status_code=201)
async def link(key: str, files: FilesOfApp) -> dict[str, str]:
    """Makes a presigned URL."""
    return await files.link(key)


async def _refuse(_: Request, error: Exception) -> JSONResponse:
    status, headers, body = response_to(cast("BucketryError", error))
    return JSONResponse(body, status, headers)


def create_app(store: Opening[AsyncStore] | None = None) -> FastAPI:
    """Makes the application; without a store it opens the one that the variable ``STORE`` names."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with files_in(store) as files:
            app.state.files = files
            yield

    app = FastAPI(title="Files", lifespan=lifespan, exception_handlers={BucketryError: _refuse})
    app.add_middleware(ClosesWhatWasOpened)
    app.include_router(router)
    return app
