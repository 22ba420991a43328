"""The OpenAPI document, and requests that schemathesis makes of it."""

from __future__ import annotations

from typing import Any

import hypothesis
import pytest
import schemathesis
from bucketry import open_store
from bucketry_http import create_app
from litestar.testing import TestClient

STORE = open_store("memory://")
STORE.create_bucket("my-assets")
APP = create_app(STORE)
# A schema cannot say that an etag is the current one, nor that two fields exclude each other.
CONFIG = schemathesis.Config.from_dict(
    {"checks": {"positive_data_acceptance": {"expected-statuses": ["2XX", "3XX", "404", "409", "412", "416", "422"]}}}
)
SCHEMA = schemathesis.openapi.from_asgi("/schema/openapi.json", APP, config=CONFIG)


@SCHEMA.parametrize()
@hypothesis.settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(hypothesis.HealthCheck),
)
def test_requests_made_from_the_document_are_answered_as_it_says(case: schemathesis.Case[Any]) -> None:
    case.call_and_validate()


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    with TestClient(APP) as client:
        found: dict[str, Any] = client.get("/schema/openapi.json").json()
    return found


OPERATIONS = {
    "/api/v1/storage/status": {"get"},
    "/api/v1/storage/usage": {"get"},
    "/api/v1/storage/buckets": {"get", "post"},
    "/api/v1/storage/buckets/{name}": {"get", "delete"},
    "/api/v1/storage/buckets/{name}/objects": {"get", "post", "delete"},
    "/api/v1/storage/buckets/{name}/objects/presign": {"post"},
    "/api/v1/storage/buckets/{name}/objects/delete": {"post"},
    "/api/v1/storage/buckets/{name}/objects/{key}": {"get", "head", "put"},
    "/health/live": {"get"},
    "/health/ready": {"get"},
}


def test_every_operation_is_documented(document: dict[str, Any]) -> None:
    assert {path: set(item) for path, item in document["paths"].items()} == OPERATIONS


def test_operations_have_words_tags_and_problems(document: dict[str, Any]) -> None:
    tags = {tag["name"] for tag in document["tags"]}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert operation["summary"], (path, method)
            assert operation["description"], (path, method)
            assert set(operation["tags"]) <= tags
            for status, response in operation["responses"].items():
                if int(status) >= 400 and method != "head":
                    (kind,) = response["content"]
                    assert kind == "application/problem+json", (path, method, status)
