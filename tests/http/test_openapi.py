"""The OpenAPI document, and requests that schemathesis makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from bucketry import open_store
from bucketry_http import create_app

from tests.http.documented import document

STORE = open_store("memory://")
STORE.create_bucket("my-assets")
APP = create_app(STORE)
# A schema cannot say that an etag is the current one, nor that two fields exclude each other.
CONFIG = schemathesis.Config.from_dict(
    {"checks": {"positive_data_acceptance": {"expected-statuses": ["2XX", "3XX", "404", "409", "412", "416", "422"]}}}
)
SCHEMA = schemathesis.openapi.from_dict(document(), config=CONFIG)
SCHEMA.app = APP


@SCHEMA.parametrize()
@hypothesis.settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(hypothesis.HealthCheck),
)
def test_requests_made_from_the_document_are_answered_as_it_says(case: schemathesis.Case[Any]) -> None:
    case.call_and_validate()


@pytest.fixture(name="document", scope="module")
def fixture_of_document() -> dict[str, Any]:
    return document()


OPERATIONS = {
    "/api/v1/storage/status": {"get"},
    "/api/v1/storage/usage": {"get"},
    "/api/v1/storage/whoami": {"get"},
    "/api/v1/storage/buckets": {"get", "post"},
    "/api/v1/storage/buckets/{name}": {"get", "delete"},
    "/api/v1/storage/buckets/{name}/settings/{kind}": {"get", "put", "delete"},
    "/api/v1/storage/buckets/{name}/versions": {"get"},
    "/api/v1/storage/buckets/{name}/retention": {"get", "put"},
    "/api/v1/storage/buckets/{name}/legal-hold": {"get", "put"},
    "/api/v1/storage/buckets/{name}/tags": {"get", "put", "delete"},
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


def schemas_in(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every mapping in a part of the document."""
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from schemas_in(child)


def test_bodies_that_are_not_json_are_binary(document: dict[str, Any]) -> None:
    found = 0
    for item in document["paths"].values():
        for operation in item.values():
            bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
            for kind, media in ((kind, media) for body in bodies for kind, media in body.get("content", {}).items()):
                if kind == "multipart/form-data":
                    schema = media["schema"]["properties"]["file"]["items"]
                elif kind.endswith("json"):
                    continue
                else:
                    schema = media["schema"]
                found += 1
                # OpenAPI 3.1 has the media type, and generators look for the format of 3.0.
                binary = {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}
                assert {name: schema[name] for name in binary} == binary
    assert found == 1 + 1 + 2 + 2  # the form, the raw body, and the whole and the part of a download in two types


def test_a_form_has_its_fields_before_its_files(document: dict[str, Any]) -> None:
    post = document["paths"]["/api/v1/storage/buckets/{name}/objects"]["post"]
    form = post["requestBody"]["content"]["multipart/form-data"]["schema"]
    # Generators send what is required first, then the rest in this order.
    assert list(form["properties"]) == ["prefix", "key", "tags", "file"]
    assert "required" not in form


def test_a_key_in_the_query_is_enough_to_delete(document: dict[str, Any]) -> None:
    delete = document["paths"]["/api/v1/storage/buckets/{name}/objects"]["delete"]
    assert delete["requestBody"]["required"] is False
    assert delete["requestBody"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/DeleteObject"
    }


def test_parameters_and_headers_have_one_type_that_is_not_null(document: dict[str, Any]) -> None:
    for item in document["paths"].values():
        for operation in item.values():
            for parameter in operation.get("parameters", ()):
                assert isinstance(parameter["schema"]["type"], str), parameter["name"]
            for response in operation["responses"].values():
                for name, header in response.get("headers", {}).items():
                    assert header["schema"]["type"] == "string", name


def test_nothing_in_the_document_is_a_reference_to_nowhere(document: dict[str, Any]) -> None:
    references = {each["$ref"] for each in schemas_in(document) if "$ref" in each}
    assert {name.removeprefix("#/components/schemas/") for name in references} <= document["components"][
        "schemas"
    ].keys()


def test_every_field_is_described(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    missing = {
        f"{name}.{field}"
        for name, schema in schemas.items()
        for field, about in schema.get("properties", {}).items()
        # A reference leads to a schema of its own, whose fields are looked at there.
        if "$ref" not in about and not about.get("description")
    }
    assert missing == set()
    assert schemas["CreateBucket"]["properties"]["object_lock"]["description"].startswith("Whether versions")
    assert "``" not in str(schemas), "a docstring's markup is not Markdown"
