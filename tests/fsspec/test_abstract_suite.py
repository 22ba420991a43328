"""fsspec's own abstract tests, over the memory driver in full, and over MinIO."""

from __future__ import annotations

import posixpath
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from bucketry.fsspec import BucketryFileSystem
from fsspec.tests import abstract

from tests.minio.backend import settings
from tests.servers.handles import MinioServer


class Fixtures(abstract.AbstractFixtures):  # type: ignore[misc]  # fsspec has no types
    """What fsspec's tests ask for besides the file system."""

    @pytest.fixture
    def fs_path(self, fs: BucketryFileSystem) -> Iterator[str]:
        """A folder in a bucket of the test's own."""
        bucket = f"bucketry-fsspec-{secrets.token_hex(6)}"
        fs.mkdir(bucket)
        yield f"{bucket}/folder"
        fs.rm(bucket, recursive=True)

    @pytest.fixture
    def fs_join(self) -> Callable[..., str]:
        """Joins the parts of paths."""
        return posixpath.join

    @pytest.fixture
    def supports_empty_directories(self) -> bool:
        """Folders are what keys have in common, so there are no empty ones."""
        return False


class MemoryFixtures(Fixtures):
    """Over the memory driver."""

    @pytest.fixture
    def fs(self) -> Any:
        """The file system, with a store that nobody else has."""
        from bucketry import open_store

        with open_store("memory://", environ={}) as store:
            yield BucketryFileSystem(store)


class CachingFixtures(Fixtures):
    """Over the memory driver, with a cache of listings."""

    @pytest.fixture
    def fs(self) -> Any:
        """The file system, with a store that nobody else has."""
        from bucketry import open_store

        with open_store("memory://", environ={}) as store:
            yield BucketryFileSystem(store, use_listings_cache=True)


class MinioFixtures(Fixtures):
    """Over a MinIO server."""

    @pytest.fixture
    def fs(self, minio_server: MinioServer) -> Any:
        """The file system, found by its protocol."""
        import fsspec

        location = minio_server.url.partition("://")[2]
        return fsspec.filesystem("bucketry+minio", location=location, **settings(minio_server))


class TestCopyMemory(abstract.AbstractCopyTests, MemoryFixtures):  # type: ignore[misc]
    """``cp``."""


class TestGetMemory(abstract.AbstractGetTests, MemoryFixtures):  # type: ignore[misc]
    """``get``."""


class TestPutMemory(abstract.AbstractPutTests, MemoryFixtures):  # type: ignore[misc]
    """``put``."""


class TestOpenMemory(abstract.AbstractOpenTests, MemoryFixtures):  # type: ignore[misc]
    """``open``."""


class TestPipeMemory(abstract.AbstractPipeTests, MemoryFixtures):  # type: ignore[misc]
    """``pipe``."""


class TestCopyCaching(abstract.AbstractCopyTests, CachingFixtures):  # type: ignore[misc]
    """``cp``, with a cache of listings."""


class TestGetCaching(abstract.AbstractGetTests, CachingFixtures):  # type: ignore[misc]
    """``get``, likewise."""


class TestPutCaching(abstract.AbstractPutTests, CachingFixtures):  # type: ignore[misc]
    """``put``, likewise."""


class TestOpenMinio(abstract.AbstractOpenTests, MinioFixtures):  # type: ignore[misc]
    """``open``, over MinIO."""


class TestPipeMinio(abstract.AbstractPipeTests, MinioFixtures):  # type: ignore[misc]
    """``pipe``, over MinIO."""


class TestSomeCopiesMinio(MinioFixtures):
    """Some of the tests of ``cp``, ``get`` and ``put``, over MinIO."""

    test_copy = abstract.AbstractCopyTests.test_copy_directory_to_existing_directory
    test_copy_list = abstract.AbstractCopyTests.test_copy_list_of_files_to_new_directory
    test_get = abstract.AbstractGetTests.test_get_directory_to_new_directory
    test_put = abstract.AbstractPutTests.test_put_directory_to_new_directory
