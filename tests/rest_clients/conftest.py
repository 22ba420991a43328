"""A live API, its document, and where clients are generated from it."""

from __future__ import annotations

import secrets
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from bucketry_testing import RestServer, S3Endpoint, rest_server, s3_endpoint

PROGRAMS = Path(__file__).parent / "programs"


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Endpoint]:
    """Where presigned URLs lead."""
    with s3_endpoint() as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def rest(s3: S3Endpoint) -> Iterator[RestServer]:
    """The API."""
    with rest_server(s3.store) as server:
        yield server


@pytest.fixture(scope="module")
def origin(rest: RestServer) -> str:
    """The URL before the paths of the document, which begin with /api."""
    return "{0.scheme}://{0.netloc}".format(urlsplit(rest.url))


@pytest.fixture(scope="module")
def document(origin: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The OpenAPI document as the server sends it."""
    file = tmp_path_factory.mktemp("document") / "openapi.json"
    with urllib.request.urlopen(f"{origin}/schema/openapi.json") as answer:  # noqa: S310 - http
        file.write_bytes(answer.read())
    return file


@pytest.fixture
def bucket() -> str:
    """A name of the test's own: the program makes the bucket."""
    return f"generated-{secrets.token_hex(4)}"


def program(name: str, folder: Path) -> Path:
    """Copy a program to where the client that it uses is."""
    return Path(shutil.copy(PROGRAMS / name, folder / name))
