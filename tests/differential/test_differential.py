"""Our port, MinIO and Ceph RGW get the same requests. Where ours differs from both others, it is a bug or has a reason.

A server that has not got an operation says nothing about it. A difference from one server alone is that server's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from uuid import uuid4

import boto3
import pytest
from botocore.client import Config

from tests.differential.known import KNOWN
from tests.differential.requests import Said, Session
from tests.differential.scenarios import LOCKABLE, SCENARIOS
from tests.http.s3.serving import CREDENTIAL, memory_store, serving
from tests.servers.handles import MinioServer, RgwServer

LEAST: Final = 400


def test_there_are_many_requests() -> None:
    assert sum(map(len, SCENARIOS.values())) >= LEAST


def test_every_known_difference_is_about_a_request() -> None:
    names = {request.name for requests in SCENARIOS.values() for request in requests}
    assert {known.partition(" | ")[0] for known in KNOWN} <= names


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
            parameter_validation=True,
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


@pytest.fixture(scope="module")
def ours() -> Iterator[Any]:
    with memory_store() as store, serving(store) as url:
        yield _client(url, CREDENTIAL.access_key, CREDENTIAL.secret_key.reveal())


@pytest.fixture(scope="module")
def others(minio_server: MinioServer, rgw_server: RgwServer) -> dict[str, Any]:
    servers = {"minio": minio_server, "rgw": rgw_server}
    return {name: _client(one.url, one.access_key, one.secret_key) for name, one in servers.items()}


@contextmanager
def _bucket(client: Any, *, lockable: bool) -> Iterator[str]:
    name = f"bucketry-differential-{uuid4().hex[:8]}"
    client.create_bucket(Bucket=name, **({"ObjectLockEnabledForBucket": True} if lockable else {}))
    yield name
    for page in client.get_paginator("list_object_versions").paginate(Bucket=name):
        for entry in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
            given = {"Bucket": name, "Key": entry["Key"], "VersionId": entry["VersionId"]}
            client.delete_object(**given, **({"BypassGovernanceRetention": True} if lockable else {}))


def _run(client: Any, scenario: str) -> dict[str, Said]:
    with _bucket(client, lockable=scenario in LOCKABLE) as name:
        session = Session(client, name)
        return {request.name: session.ask(request.make) for request in SCENARIOS[scenario]}


def differences(name: str, ours: Said, others: dict[str, Said]) -> list[str]:
    """Returns the fields of a response in which ours differs from all others, unless it is known why."""
    comparable = [said for said in others.values() if not said.is_missing and said.fields["status"] != "not sent"]
    if len(comparable) < len(others) or ours.fields["status"] == "not sent":
        return []
    found = []
    for field in sorted({*ours.fields, *(field for said in comparable for field in said.fields)}):
        mine, theirs = ours.fields.get(field), [said.fields.get(field) for said in comparable]
        if mine not in theirs and not {f"{name} | {field}", f"{name} | *"} & KNOWN.keys():
            found.append(f"{name} | {field}: ours {mine!r}, theirs {theirs}")
    return found


def test_a_difference_from_all_others_is_found() -> None:
    ours, other = Said({"status": "200", "code": ""}), Said({"status": "404", "code": "NoSuchKey"})
    missing = Said({"status": "501", "code": "NotImplemented"})
    found = differences("reads: put", ours, {"one": other, "two": other})
    assert [each.partition(":")[0] for each in found] == ["reads", "reads"]
    assert differences("reads: put", ours, {"one": other, "two": ours}) == []
    assert differences("reads: put", ours, {"one": other, "two": missing}) == []


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_ours_says_what_one_of_the_others_says(scenario: str, ours: Any, others: dict[str, Any]) -> None:
    mine = _run(ours, scenario)
    theirs = {name: _run(client, scenario) for name, client in others.items()}
    found = [
        difference
        for name, said in mine.items()
        for difference in differences(name, said, {server: answers[name] for server, answers in theirs.items()})
    ]
    assert not found, "\n".join(found)
