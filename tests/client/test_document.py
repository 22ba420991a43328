"""The client has every operation, parameter, field, status and code of the server's OpenAPI document."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final, cast, get_type_hints

import bucketry
import httpx
import msgspec
import pytest
from bucketry_client import AsyncClient, Client
from bucketry_client.errors import CLASS_OF, OTHER_CLASSES, error_of
from bucketry_client.operations import OPERATIONS
from bucketry_client.views import Problem
from bucketry_testing import RestServer
from msgspec import inspect as inspect_types

PARAMETERS: Final = {
    "name": "bucket",
    "x-amz-tagging": "tags",
    "file": "files",
    "mode": "retention",
    "until": "retention",
    "x-amz-object-lock-mode": "retention",
    "x-amz-object-lock-retain-until-date": "retention",
    "x-amz-object-lock-legal-hold": "legal_hold",
}
"""Parameters of the document that have another name in Python. Those of ``presign`` keep theirs."""

METHODS: Final = {"get", "put", "post", "delete", "head", "patch"}
BODIES: Final = {"putObject": "body", "putBucketSettings": "settings"}


each_operation = pytest.mark.parametrize("name", sorted(OPERATIONS))
"""`test_both_have_the_same_operations` compares this list with the document."""


class Document:
    """The server's document.

    Attributes:
        operations: Method, path and description of each operation, by its id.
        schemas: The components.
    """

    def __init__(self, text: dict[str, Any]) -> None:
        self.schemas: dict[str, Any] = text["components"]["schemas"]
        self.operations: dict[str, tuple[str, str, dict[str, Any]]] = {
            operation["operationId"]: (method.upper(), path, operation)
            for path, methods in text["paths"].items()
            for method, operation in methods.items()
            if method in METHODS
        }

    def __getitem__(self, name: str) -> dict[str, Any]:
        return self.operations[name][2]

    def resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        reference = schema.get("$ref")
        return schema if reference is None else cast("dict[str, Any]", self.schemas[reference.rpartition("/")[2]])

    def fields_of_body(self, name: str) -> set[str]:
        if name in BODIES:
            return {BODIES[name]}
        contents = self[name].get("requestBody", {}).get("content", {})
        return {field for each in contents.values() for field in self.resolved(each["schema"]).get("properties", ())}

    def parameters(self, name: str) -> list[dict[str, Any]]:
        """Those of the operation, but the kind of settings where the settings themselves say it."""
        found: list[dict[str, Any]] = self[name].get("parameters", [])
        return [each for each in found if (name, each["name"]) != ("putBucketSettings", "kind")]


@pytest.fixture(scope="module")
def document(rest: RestServer) -> Document:
    address = rest.url.removesuffix("/api/v1/storage")
    return Document(httpx.get(f"{address}/schema/openapi.json").json())


def method_name(operation: str) -> str:
    return re.sub("(?<!^)([A-Z])", r"_\1", operation).lower()


def test_both_have_the_same_operations(document: Document) -> None:
    assert set(OPERATIONS) == set(document.operations)


@each_operation
def test_method_path_and_statuses_are_those_of_the_document(document: Document, name: str) -> None:
    method, path, documented = document.operations[name]
    ours = OPERATIONS[name]
    assert (ours.method, ours.path) == (method, path)
    good = {int(status) for status in documented["responses"] if int(status) < HTTPStatus.BAD_REQUEST}
    assert set(ours.statuses) == good


@each_operation
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_there_is_a_method_with_each_parameter(document: Document, name: str, kind: type) -> None:
    found = inspect.signature(getattr(kind, method_name(name))).parameters
    assert inspect.unwrap(getattr(Client, method_name(name))) is getattr(AsyncClient, method_name(name))
    wanted = {parameter["name"] for parameter in document.parameters(name)} | document.fields_of_body(name)
    names = {_python_name(name, each) for each in wanted}
    assert names <= set(found), names - set(found)
    for parameter in document.parameters(name):
        ours = found[_python_name(name, parameter["name"])]
        assert not parameter.get("required") or ours.default is inspect.Parameter.empty


def _python_name(operation: str, name: str) -> str:
    if operation == "presign" or (operation == "createBucket" and name == "name"):
        return {"name": "bucket"}.get(name, name)
    return PARAMETERS.get(name, name.lower().replace("-", "_"))


@each_operation
def test_parameters_have_the_types_of_the_document(document: Document, name: str) -> None:
    hints = get_type_hints(getattr(AsyncClient, method_name(name)))
    for parameter in document.parameters(name):
        hint = hints[_python_name(name, parameter["name"])]
        kind = document.resolved(parameter["schema"])["type"]
        if parameter["in"] == "header":
            continue  # Those are dates, etags, ranges and mappings in Python; test_operations sends each.
        if parameter["name"] == "kind":
            continue
        assert {"string": str, "integer": int, "boolean": bool}[kind] in (hint, *getattr(hint, "__args__", ()))


@each_operation
def test_what_is_returned_has_the_documented_fields(document: Document, name: str) -> None:
    documented = document[name]["responses"][str(OPERATIONS[name].statuses[0])]
    content = documented.get("content", {}).get("application/json")
    ours = OPERATIONS[name].result
    assert (content is None) == (ours is None)
    if content is not None and "Settings" not in name:
        assert _shape_of(inspect_types.type_info(ours)) == _shape(content["schema"], document.schemas)


def test_problems_have_the_documented_fields(document: Document) -> None:
    documented = document.schemas
    (theirs,) = [found for found in documented if found.endswith("Problem")]
    assert _shape_of(inspect_types.type_info(Problem)) == _shape(documented[theirs], documented)


def _shape(schema: Any, components: Mapping[str, Any]) -> Any:
    """Returns the names and types of what a schema allows. Texts and bounds are left out."""
    if "$ref" in schema:
        return _shape(components[schema["$ref"].rpartition("/")[2]], components)
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return _either(_shape(choice, components) for choice in choices)
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return _either({"null" if value is None else "string" for value in values})
    kind = schema["type"]
    if isinstance(kind, list):
        return _either(_shape({**schema, "type": each}, components) for each in kind)
    if kind == "array":
        return ("array", _shape(schema["items"], components))
    if kind == "object":
        if "properties" not in schema:
            return ("mapping", _shape(schema["additionalProperties"], components))
        return {name: _shape(field, components) for name, field in schema["properties"].items()}
    return "time" if schema.get("format") == "date-time" else kind


def _shape_of(kind: inspect_types.Type) -> Any:
    """Returns the same for a type of the client."""
    if isinstance(kind, inspect_types.Metadata):
        return _shape_of(kind.type)
    if isinstance(kind, inspect_types.UnionType):
        return _either(_shape_of(each) for each in kind.types)
    if isinstance(kind, inspect_types.VarTupleType):
        return ("array", _shape_of(kind.item_type))
    if isinstance(kind, inspect_types.DictType):
        return ("mapping", _shape_of(kind.value_type))
    if isinstance(kind, inspect_types.StructType):
        return {field.encode_name: _shape_of(field.type) for field in kind.fields}
    return NAMES[type(kind)]


NAMES: Final[Mapping[type[inspect_types.Type], str]] = {
    inspect_types.StrType: "string",
    inspect_types.LiteralType: "string",
    inspect_types.IntType: "integer",
    inspect_types.BoolType: "boolean",
    inspect_types.DateTimeType: "time",
    inspect_types.NoneType: "null",
}


def _either(shapes: Iterable[Any]) -> Any:
    unique = sorted({repr(shape): shape for shape in shapes}.values(), key=repr)
    return unique[0] if len(unique) == 1 else unique


@each_operation
def test_every_documented_code_becomes_an_error_of_its_kind(document: Document, name: str) -> None:
    for status, response in document[name]["responses"].items():
        if int(status) < HTTPStatus.BAD_REQUEST:
            continue
        codes = re.findall("`([a-z_]+)`", response["description"].partition("Codes: ")[2].partition(":")[0])
        assert codes
        for code in codes:
            problem = {"title": "", "status": int(status), "code": code, "detail": "why", "retryable": False}
            headers = {"content-type": "application/problem+json"}
            body = msgspec.json.encode(problem)
            error = error_of(int(status), headers, body, address="http://host")
            wanted = CLASS_OF.get(code) or OTHER_CLASSES.get(int(status), bucketry.BackendError)
            of_request = int(status) in (HTTPStatus.REQUEST_URI_TOO_LONG, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            if of_request or code in ("store_closed", "invalid_settings", "invalid_driver"):
                wanted = OTHER_CLASSES.get(int(status), bucketry.BackendError)
            assert type(error) is wanted, code
            assert ("why" in str(error)) == (code != "no_such_route"), "that one says which URL to give"
