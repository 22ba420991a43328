"""The contract suite on the file driver."""

from __future__ import annotations

import base64
import shutil
import sqlite3
import tempfile
from collections.abc import Collection, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from bucketry import Store
from bucketry.features import MIB
from bucketry.secret import Secret
from bucketry_contract import Backend, ContractSuite
from bucketry_contract.suite.multipart_errors import MultipartErrorTests
from bucketry_contract.suite.part_copies import PartCopyTests
from bucketry_file import FileDriver, FileSettings
from bucketry_testing import S3Endpoint
from bucketry_testing.fresh_store import reserve_port, url_of
from msgspec.structs import replace

from tests.file.failing import BreakingDriver, FullDriver

KEY_IDS = ("first", "second")
MASTER_KEYS = Secret(",".join(f"{name}:{base64.b64encode(name.ljust(32).encode()).decode()}" for name in KEY_IDS))

PIECES = """
    SELECT contents.data, contents.session, contents.number FROM versions
    JOIN buckets ON buckets.id = versions.bucket
    LEFT JOIN pieces ON pieces.owner = versions.id LEFT JOIN contents ON contents.id = pieces.content
    WHERE buckets.name = ? AND versions.key = ? AND versions.is_current ORDER BY pieces.at
"""
UPLOADS = "SELECT upload_id FROM uploads JOIN buckets ON buckets.id = uploads.bucket WHERE buckets.name = ?"
UNNAMED = "SELECT count(*) FROM contents WHERE session = ? AND number = ?"


class FileBackend(Backend):
    """Looks into the folder, and serves S3 from it, for presigned URLs."""

    serves_presigned_urls = True
    knows_all_facts = True
    kms_keys = KEY_IDS
    missing_kms_key = "third"
    secrets = (MASTER_KEYS.reveal(),)
    server = f"SQLite {sqlite3.sqlite_version}"

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp())
        self._path = self._folder / "data"
        self._served = ExitStack()

    def settings(self, path: Path, **given: Any) -> FileSettings:
        secret = Secret("a secret of this test")
        return FileSettings(location=str(path), encryption_keys=MASTER_KEYS, secret_key=secret, **given)

    def open(self, layers: Sequence[object]) -> Store:
        port = reserve_port()
        settings = self.settings(self._path, endpoint=url_of(port))
        store = Store(FileDriver(settings), layers)
        self._served.enter_context(closing(S3Endpoint(store, settings, port)))
        return store

    def raw_object(self, bucket: str, key: str) -> bytes | None:
        rows = self._query(PIECES, bucket, key.encode())
        return b"".join(map(self._content, rows)) if rows else None

    def _content(self, row: tuple[bytes | None, str | None, int | None]) -> bytes:
        data, session, number = row
        if session is None or number is None:
            return data or b""
        return (self._path / "blobs" / session / str(number // 1000) / str(number)).read_bytes()

    def raw_uploads(self, bucket: str) -> Collection[str]:
        uploads = [upload for (upload,) in self._query(UPLOADS, bucket)]
        files = [path for path in self._path.glob("blobs/*/*/*") if path.is_file()]
        unnamed = [path for path in files if not self._query(UNNAMED, path.parts[-3], int(path.name))[0][0]]
        return uploads + [path.name for path in unnamed]

    def unreachable(self) -> Store:
        path = self._folder / "removed"
        store = Store(FileDriver(self.settings(path)))
        shutil.rmtree(path)
        return store

    def full(self) -> Store:
        return Store(FullDriver(self.settings(self._folder / "full")))

    def breaking_reads(self) -> Store:
        return Store(BreakingDriver(self.settings(self._folder / "breaking")))

    def cleanup(self) -> None:
        self._served.close()
        shutil.rmtree(self._folder)

    def _query(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self._path / "index.sqlite")) as connection:
            return connection.execute(query, values).fetchall()


class TestFile(ContractSuite):
    backend = FileBackend


class SmallFileBackend(FileBackend):
    """Has limits that a test can reach."""

    def open(self, layers: Sequence[object]) -> Store:
        driver = FileDriver(self.settings(self._path, min_part_size=1000))
        driver.features = replace(
            driver.features, max_part_size=MIB, max_put_size=2 * MIB, max_object_size=5 * MIB // 2
        )
        return Store(driver, layers)


class TestSmallFile(MultipartErrorTests, PartCopyTests):
    backend = SmallFileBackend
