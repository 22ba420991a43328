"""The documentation of an operation names every status that a request to it can get."""

from __future__ import annotations

import re

import pytest
from bucketry import (
    AccessDenied,
    BackendError,
    BucketryError,
    Store,
    Throttled,
    Unavailable,
    Unsupported,
)
from bucketry.hookspecs import DriverSpec
from bucketry.layers import Faults
from bucketry_http.rest.problems import status_of

from tests.http.conftest import Client, MakeClient
from tests.http.documented import Documented, check_documented, document, operations
from tests.http.serving import ask

ASKS_NO_BACKEND = {"getLive", "getReady", "getStatus", "presign", "whoami"}
"""Operations that a store which fails everything else still serves."""

BODIES = {
    "createBucket": {"json": {"name": "new-assets"}},
    "deleteObjects": {"json": {"keys": ["a.txt"]}},
    "presign": {"json": {"key": "a.txt"}},
    "uploadObjects": {"files": {"file": ("a.txt", b"x")}},
    "deleteObject": {"params": {"key": "a.txt"}},
    "getRetention": {"params": {"key": "a.txt"}},
    "putRetention": {
        "params": {"key": "a.txt"},
        "json": {"mode": "GOVERNANCE", "until": "2030-01-15T10:30:00Z"},
    },
    "getLegalHold": {"params": {"key": "a.txt"}},
    "putLegalHold": {"params": {"key": "a.txt"}, "json": {"legal_hold": True}},
    "getTags": {"params": {"key": "a.txt"}},
    "putTags": {"params": {"key": "a.txt"}, "json": {"tags": {"project": "one"}}},
    "deleteTags": {"params": {"key": "a.txt"}},
    "putBucketSettings": {"json": {"status": "Enabled"}},
}


def each_operation() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("operation", operations(), ids=lambda each: each.name)


def send(client: Client, operation: Documented) -> int:
    """Make a proper request of an operation, whose status is checked against the document as every response is."""
    target = f"http://testserver.local{operation.example()}"
    return client.request(operation.method, target, **BODIES.get(operation.name, {})).status_code  # type: ignore[arg-type]


@each_operation()
@pytest.mark.parametrize("kind", [AccessDenied, Unsupported, BackendError, Throttled, Unavailable])
def test_a_failing_store_is_documented(
    driver: DriverSpec, make_client: MakeClient, operation: Documented, kind: type[BucketryError]
) -> None:
    with Store(driver, [Faults(f"*:{kind.code}")]) as store:
        answered = send(make_client(store), operation)
    if operation.name not in ASKS_NO_BACKEND:
        assert answered == status_of(kind())


@pytest.mark.parametrize("name", ["createBucket", "uploadObjects", "putObject"])
def test_a_full_store_is_documented(driver: DriverSpec, make_client: MakeClient, name: str) -> None:
    (operation,) = (each for each in operations() if each.name == name)
    with Store(driver, [Faults("*:quota_exceeded")]) as store:
        assert send(make_client(store), operation) == 507


@each_operation()
def test_what_is_too_long_is_documented(port: int, operation: Documented) -> None:
    target = operation.example().removeprefix("/api/v1/storage/")
    if target.startswith("/health"):
        target = f"../../..{target}"
    for status, suffix, headers in ((414, "?" + "x" * 20_000, {}), (431, "", {"X-Long": "x" * 70_000})):
        response, _ = ask(port, operation.method, target + suffix, None, **headers)
        assert response.status == status
        check_documented(operation.method, operation.example(), status)


@each_operation()
def test_an_unknown_query_parameter_is_refused(client: Client, operation: Documented) -> None:
    taken = [each["name"] for each in operation.operation.get("parameters", ()) if each["in"] == "query"]
    for query in ("other=1", "other", "=", "PREFIX=a", *(f"{name}=1&other=2" for name in taken)):
        response = client.request(operation.method, f"http://testserver.local{operation.example()}?{query}")
        assert response.status_code == 422, query
        if operation.method != "HEAD":
            problem = response.json()
            assert problem["code"] == "invalid_argument"
            assert "query parameter" in problem["detail"]
            assert all(name in problem["detail"] for name in taken)


def test_tags_and_operations_make_usable_names() -> None:
    for tag in document()["tags"]:
        assert re.fullmatch(r"[A-Z][a-z]+", tag["name"])
    for operation in operations():
        assert re.fullmatch(r"[a-z]+([A-Z][a-z]+)*", operation.name)


def test_the_check_finds_what_is_not_documented() -> None:
    with pytest.raises(AssertionError, match="listBuckets answers 418"):
        check_documented("GET", "/api/v1/storage/buckets?x", 418)
    check_documented("GET", "/api/v1/storage/nothing", 418)
