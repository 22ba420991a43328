"""What our port, MinIO and Ceph RGW do with every operation of S3: `make compat` makes a table of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest
from botocore.client import Config
from bucketry.bucket_settings import SETTINGS_KINDS, STORED_ONLY

from tests.http.s3.serving import CREDENTIAL, memory_store, serving
from tests.minio.backend import QUEUE
from tests.rgw.backend import TOPIC, make_topic
from tests.s3_operations.asked import ELSEWHERE, OLD_FORMS, REQUESTS
from tests.s3_operations.asking import EXECUTED, KINDS, OURS, REFUSED, STORED, Server, Told, ask
from tests.s3_operations.features import FEATURES, FORM
from tests.servers.handles import MinioServer, RgwServer

ROOT = Path(__file__).parents[2]

# Ours has the document of these, and what they would change is refused.
NEVER_SET = {"GetBucketReplication": f"{REFUSED} (`ReplicationConfigurationNotFoundError`)"}


def _client(url: str, access_key: str, secret_key: str) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=url,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        region_name="us-east-1",
        config=Config(
            retries={"total_max_attempts": 1},
            s3={"addressing_style": "path"},
            signature_version="s3v4",
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


@pytest.fixture(scope="module")
def ours() -> Iterator[Told]:
    with memory_store() as store, serving(store) as url:
        client = _client(url, CREDENTIAL.access_key, CREDENTIAL.secret_key.reveal())
        yield ask(Server(client, "arn:aws:sqs:us-east-1:1:images"))


def test_each_operation_of_botocore_is_asked_for() -> None:
    known = set(_client("http://localhost:1", "a", "b").meta.service_model.operation_names)
    assert known == {*REQUESTS, *ELSEWHERE, *OLD_FORMS}
    assert {*REQUESTS} >= OURS - {"PostObject"}


def test_ours_carries_out_or_stores_what_it_has_and_refuses_the_rest(ours: Told) -> None:
    assert {
        name: word for name, word in ours.operations.items() if name in OURS and word not in {EXECUTED, STORED}
    } == {
        **NEVER_SET,
        "DeleteBucketReplication": "constant",
    }
    assert {word for name, word in ours.operations.items() if name not in OURS} == {REFUSED}
    assert [name for name, word in ours.features.items() if word != EXECUTED] == []


def test_the_reference_says_the_same_of_what_is_stored_only() -> None:
    rows = [
        row.split("|") for row in (ROOT / "docs/reference/bucket-settings.md").read_text().splitlines() if "| `" in row
    ]
    nobody = {row[1].strip(" `") for row in rows if row[4].strip().startswith("nobody")}
    assert nobody == {kind.__name__ for kind in STORED_ONLY}
    assert {row[1].strip(" `") for row in rows} == {kind.__name__ for kind in SETTINGS_KINDS}
    assert len(KINDS) > len(SETTINGS_KINDS)


def test_all_servers(
    ours: Told, minio_server: MinioServer, rgw_server: RgwServer, request: pytest.FixtureRequest
) -> None:
    make_topic(rgw_server, "http://127.0.0.1:9/")
    minio, rgw = (_client(each.url, each.access_key, each.secret_key) for each in (minio_server, rgw_server))
    told = {
        f"our port, bucketry {version('bucketry-http')}": ours,
        minio_server.version(): ask(Server(minio, QUEUE)),
        # Source: Ceph documentation, "S3 API", features: requests are paid by who sends them.
        # Measured: radosgw 16.2 ends at once by a form.
        rgw_server.version(): ask(Server(rgw, TOPIC, frozenset({"requestPayment"}), frozenset({FORM}))),
    }
    for each in told.values():
        assert each.operations.keys() == REQUESTS.keys()
        assert each.features.keys() == FEATURES.keys()
        assert each.operations["PutObject"] == each.operations["ListParts"] == EXECUTED
    report = request.config.getoption("--operations-report", default=None)
    if report is not None:
        servers = [{"server": server, **msgspec.to_builtins(each)} for server, each in told.items()]
        written = {"date": datetime.now(UTC).date().isoformat(), "servers": servers}
        Path(report).write_bytes(msgspec.json.format(msgspec.json.encode(written)) + b"\n")
