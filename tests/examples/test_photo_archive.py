"""The photo archive: one program runs on every store, and its async form differs in ``async`` and ``await`` alone."""

from __future__ import annotations

import ast
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from bucketry import open_store
from bucketry_testing import S3Endpoint, rest_server, s3_endpoint
from typing_extensions import override

from examples.photo_archive import archive, async_archive
from tests.servers.handles import MinioServer, RgwServer

PRINTED = """\
added: True
added again: False
added in pieces: True
albums: ['2025/', '2026/']
photo: 2026/cat.jpg 8 image/jpeg
begins: b'\\xff\\xd8'
read: 4002
tags: {'animal': 'cat'}
camera: K1000
edited: True
edited again: False
link: cat.jpg
removed: 1 1
found: None
"""


@pytest.fixture
def own_port() -> Iterator[S3Endpoint]:
    with s3_endpoint() as endpoint:
        yield endpoint


@pytest.fixture(params=["memory", "file", "own S3 port", "MinIO", "RGW", "REST"])
def url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of a store. Who the caller is comes from the environment, as in use."""
    kind = request.param
    if kind in {"memory", "file"}:
        yield "memory://" if kind == "memory" else f"file://{tmp_path}/photos"
    elif kind == "REST":
        with rest_server() as server:
            yield server.url
    else:
        place, access_key, secret_key = _s3_server(kind, request)
        monkeypatch.setenv("BUCKETRY_S3_ACCESS_KEY", access_key)
        monkeypatch.setenv("BUCKETRY_S3_SECRET_KEY", secret_key)
        monkeypatch.setenv("BUCKETRY_S3_PROBE_CACHE", "")  # Another server may have this port tomorrow.
        monkeypatch.setenv("BUCKETRY_S3_PROBE_CACHE", "")  # Another server may have this port tomorrow.
        yield f"s3://{place}"


def _s3_server(kind: str, request: pytest.FixtureRequest) -> tuple[str, str, str]:
    if kind == "own S3 port":
        endpoint: S3Endpoint = request.getfixturevalue("own_port")
        return endpoint.endpoint_url.partition("://")[2], endpoint.access_key, endpoint.secret_key
    server: MinioServer | RgwServer = request.getfixturevalue("minio_server" if kind == "MinIO" else "rgw_server")
    return server.url.partition("://")[2], server.access_key, server.secret_key


def run_async(loop: str) -> Callable[[str], None]:
    return lambda url: anyio.run(async_archive.tour, url, backend=loop)


FORMS = {"sync": archive.tour, "asyncio": run_async("asyncio"), "trio": run_async("trio")}


@pytest.mark.parametrize("form", FORMS)
def test_the_program_does_the_same_on_every_store(url: str, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    FORMS[form](url)
    printed = capsys.readouterr().out
    if url.startswith("http"):
        printed = printed.replace("tags: None", "tags: {'animal': 'cat'}")  # REST does not tell tags.
    assert printed == PRINTED


def test_a_photo_is_downloaded_by_its_link(own_port: S3Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUCKETRY_S3_ACCESS_KEY", own_port.access_key)
    monkeypatch.setenv("BUCKETRY_S3_SECRET_KEY", own_port.secret_key)
    monkeypatch.setenv("BUCKETRY_S3_PROBE_CACHE", "")
    monkeypatch.setenv("BUCKETRY_S3_PROBE_CACHE", "")
    with open_store(f"s3://{own_port.endpoint_url.partition('://')[2]}") as store:
        photos = archive.Archive(store)
        photos.prepare()
        photos.add("2026/cat.jpg", b"a cat", "K1000", {})
        with urllib.request.urlopen(photos.link("2026/cat.jpg")) as response:  # noqa: S310 - a link to our own port
            assert (response.read(), response.headers["content-type"]) == (b"a cat", "image/jpeg")


class WithoutAsync(ast.NodeTransformer):
    """Takes ``async`` and ``await`` out of a program."""

    @override
    def generic_visit(self, node: ast.AST) -> ast.AST:
        node = super().generic_visit(node)
        match node:
            case ast.AsyncFunctionDef():
                return ast.FunctionDef(**_fields(node))
            case ast.AsyncWith():
                return ast.With(**_fields(node))
            case ast.AsyncFor():
                return ast.For(**_fields(node))
            case ast.Await():
                return node.value
            case ast.comprehension():
                node.is_async = 0
            case ast.Name(id="AsyncStore"):
                node.id = "Store"
            case _:
                pass
        return node


def _fields(node: ast.AST) -> dict[str, Any]:
    return {**dict(ast.iter_fields(node)), "lineno": 0, "col_offset": 0}


def program(module: Any, *, is_async: bool = False) -> str:
    """Returns the class and the function of the program, without comments and formatting."""
    tree: ast.AST = ast.parse(Path(module.__file__).read_text())
    if is_async:
        tree = WithoutAsync().visit(tree)
    assert isinstance(tree, ast.Module)
    return "\n".join(ast.unparse(node) for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef))


def test_the_async_form_differs_in_async_and_await_alone() -> None:
    text = program(archive)
    assert "class Archive" in text
    assert "def tour" in text
    assert program(async_archive, is_async=True) == text
    assert "async def" not in text
    assert program(async_archive) != text
