"""Files in a store, as data libraries see them. `make test-data` runs these tests, in an environment of their own."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any, NamedTuple

import fsspec
import pytest
from bucketry.fsspec import BucketryFileSystem

from tests.servers.handles import MinioServer

# `make test` has none of the libraries.
collect_ignore_glob = [] if find_spec("pandas") else ["test_*.py"]


class Place(NamedTuple):
    """A bucket to read and write in.

    Attributes:
        url: its URL.
        options: the options of its file system.
        fs: the file system.
        path: the bucket's path in it.
    """

    url: str
    options: dict[str, Any]
    fs: BucketryFileSystem
    path: str

    @property
    def general_options(self) -> dict[str, Any]:
        """The same options for the protocol that names no driver."""
        driver = self.url.removeprefix("bucketry+").partition("://")[0]
        keys = {name: value for name, value in self.options.items() if name != "location"}
        return {"store": f"{driver}://{self.options.get('location', '')}", **keys}


@pytest.fixture(params=["memory", "minio"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """A bucket of the test's own, in memory and on MinIO."""
    options: dict[str, Any] = {}
    if request.param == "minio":
        server: MinioServer = request.getfixturevalue("minio_server")
        keys = {"access_key": server.access_key, "secret_key": server.secret_key}
        options = {"location": server.url.partition("://")[2], **keys}
    fs = fsspec.filesystem(f"bucketry+{request.param}", **options)
    bucket = f"bucketry-data-{secrets.token_hex(6)}"
    fs.mkdir(bucket)
    yield Place(f"bucketry+{request.param}://{bucket}", options, fs, bucket)
    fs.rm(bucket, recursive=True)
    assert list(fs.store.list_buckets()) == [] or request.param == "minio"
