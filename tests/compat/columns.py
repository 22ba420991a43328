"""The runs of the contract suite that `make compat` makes, each a column of docs/compat.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

AIO: Final = "tests/aio/test_contract_on_drivers.py"
S3: Final = "tests/s3/test_contract.py"

ASYNC: Final = "through `AsyncStore`"
THREADS: Final = "through `AsyncStore`, in threads"


class Column(msgspec.Struct, frozen=True):
    """A driver on a server.

    Attributes:
        name: What `make compat` calls it. Its results are in ``docs/compat/NAME.json``.
        title: The server's name in the page's tables.
        suite: The test class, as pytest names it; empty if somebody else ran the suite on a server of his own.
        like: The column that this one must not differ from: the same driver and server, reached in another way.
        way: Which other way.
    """

    name: str
    title: str
    suite: str = ""
    like: str = ""
    way: str = ""


COLUMNS: Final = (
    Column("memory", "memory", "tests/memory/test_contract.py::TestMemory"),
    Column("file", "file", "tests/file/test_contract.py::TestFile"),
    Column("minio", "MinIO", "tests/minio/test_contract.py::TestMinio"),
    Column("rgw", "Ceph RGW", "tests/rgw/test_contract.py::TestRgw"),
    Column("rgw-tls", "Ceph RGW", "tests/rgw/test_contract.py::TestRgwOverTls", like="rgw", way="over TLS"),
    Column("rgw-swift", "Ceph RGW", "tests/rgw/test_contract.py::TestRgwWithSwift", like="rgw", way="listed by Swift"),
    Column("s3-own-port", "our S3 port", f"{S3}::TestOwnPort"),
    Column("s3-minio", "MinIO", f"{S3}::TestMinio"),
    Column("s3-rgw", "Ceph RGW", f"{S3}::TestRgw"),
    Column("s3-versitygw", "VersityGW", f"{S3}::TestVersityGw"),
    Column("s3-seaweedfs", "SeaweedFS", f"{S3}::TestSeaweedFs"),
    Column("s3-moto", "moto", f"{S3}::TestMoto"),
    Column("rest", "our REST port", "tests/client/test_contract.py::TestRest"),
    Column("aio-memory", "memory", "tests/aio/test_contract.py::TestInEventLoop", like="memory", way=ASYNC),
    Column("aio-memory-threads", "memory", "tests/aio/test_contract.py::TestInThreads", like="memory", way=THREADS),
    Column("aio-file", "file", f"{AIO}::TestFile", like="file", way=ASYNC),
    Column("aio-minio", "MinIO", f"{AIO}::TestMinio", like="minio", way=ASYNC),
    Column("aio-rgw", "Ceph RGW", f"{AIO}::TestRgw", like="rgw", way=ASYNC),
    Column("aio-s3-own-port", "our S3 port", f"{AIO}::TestS3OnOwnPort", like="s3-own-port", way=ASYNC),
    Column("aio-s3-minio", "MinIO", f"{AIO}::TestS3OnMinio", like="s3-minio", way=ASYNC),
    Column("aio-s3-rgw", "Ceph RGW", f"{AIO}::TestS3OnRgw", like="s3-rgw", way=ASYNC),
    Column("aio-s3-versitygw", "VersityGW", f"{AIO}::TestS3OnVersityGw", like="s3-versitygw", way=ASYNC),
    Column("aio-s3-seaweedfs", "SeaweedFS", f"{AIO}::TestS3OnSeaweedFs", like="s3-seaweedfs", way=ASYNC),
    Column("aio-s3-moto", "moto", f"{AIO}::TestS3OnMoto", like="s3-moto", way=ASYNC),
    Column("aio-rest", "our REST port", f"{AIO}::TestRest", like="rest", way=ASYNC),
)

NO_COLUMNS: Final[Mapping[str, str]] = {
    "tests/client/test_contract.py::TestSecured": "a part of the suite, with tokens and TLS",
    "tests/file/test_contract.py::TestSmallFile": "a part of the suite, with small limits",
    "tests/memory/test_contract.py::TestSmallMemory": "a part of the suite, with small limits",
    "tests/quotas/test_contract.py::TestQuota": "a layer over memory",
    "tests/router/test_contract.py::TestTwoMemories": "a router over memory",
}
"""Classes of the suite that are no columns, and what they are."""
