"""A wrong request gets a problem with a stable code, and is never a fault of the server."""

from __future__ import annotations

from typing import Any

import pytest
from bucketry import BackendError, BucketryError, InvalidDriver, NotModified, Store
from bucketry.hookspecs import DriverSpec
from bucketry_http.rest.problems import status_of

from tests.http.conftest import Client, MakeClient
from tests.http.layers import Raises

PRESIGN = "buckets/my-assets/objects/presign"
DELETE = "buckets/my-assets/objects/delete"
JSON = {"Content-Type": "application/json"}
FIELDS = {"title", "status", "code", "detail", "retryable"}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code", "words"),
    [
        ("POST", "buckets", b'{"name": "my-', 400, "malformed_json", "truncated"),
        ("POST", "buckets", b"", 422, "invalid_argument", "body is required"),
        ("POST", "buckets", b"{}", 422, "invalid_argument", "`name`"),
        ("POST", "buckets", b"[]", 422, "invalid_argument", "array"),
        ("POST", "buckets", b'"my-assets"', 422, "invalid_argument", "str"),
        ("POST", "buckets", b'{"name": 5}', 422, "invalid_argument", "$.name"),
        ("POST", "buckets", b'{"name": null}', 422, "invalid_argument", "$.name"),
        ("POST", "buckets", b'{"name": "new", "acl": "x"}', 422, "invalid_argument", "`acl`"),
        ("POST", "buckets", b'{"name": "\xff"}', 400, "malformed_json", ""),
        ("POST", "buckets", b'{"name": "My_Bucket"}', 422, "invalid_bucket_name", "lower-case"),
        ("POST", "buckets", b'{"name": "ab"}', 422, "invalid_bucket_name", "3 to"),
        ("POST", "buckets", b'{"name": "a/b/c"}', 422, "invalid_bucket_name", "letters"),
        ("POST", "buckets", b'{"name": "192.168.0.1"}', 422, "invalid_bucket_name", "IP address"),
        ("POST", "buckets", b" " * 70_000, 413, "too_large", "65536"),
        ("GET", "buckets/a", b"", 422, "invalid_bucket_name", "3 to"),
        ("GET", "buckets/a%20b%20c", b"", 422, "invalid_bucket_name", "letters"),
        ("GET", "buckets/%FFabc/objects", b"", 422, "invalid_bucket_name", "letters"),
        ("GET", "buckets/a/objects/k", b"", 422, "invalid_bucket_name", "3 to"),
        ("PUT", "buckets/my-assets/objects/" + "k" * 1025, b"", 422, "invalid_key", "1024 bytes"),
        ("PUT", "buckets/my-assets/objects/" + "%C3%BC" * 513, b"", 422, "invalid_key", "1024 bytes"),
        ("PUT", "buckets/my-assets/objects/%FF", b"", 400, "malformed_url", "UTF-8"),
        ("GET", "buckets/my-assets/objects?prefix=%FF", b"", 400, "malformed_url", "UTF-8"),
        ("GET", "buckets/my-assets/objects/k?inline=perhaps", b"", 422, "invalid_argument", "inline"),
        ("DELETE", "buckets/my-assets/objects", b"", 422, "invalid_argument", "`key` is required"),
        ("DELETE", "buckets/my-assets/objects?key=", b"", 422, "invalid_key", "empty"),
        ("DELETE", "buckets/my-assets/objects?key=%FF", b"", 400, "malformed_url", "UTF-8"),
        ("DELETE", "buckets/my-assets/objects?key=a", b'{"key": "b"}', 422, "invalid_argument", "only in one"),
        ("DELETE", "buckets/my-assets/objects?key=a&key=b", b"", 422, "invalid_argument", "`key`"),
        ("DELETE", "buckets/my-assets/objects?key=&k%65y=b", b"", 422, "invalid_argument", "`key`"),
        ("GET", "buckets/my-assets/objects?prefix=a&limit=5&prefix=b", b"", 422, "invalid_argument", "`prefix`"),
        ("DELETE", "buckets/my-assets/objects", b'{"key": ""}', 422, "invalid_key", "empty"),
        ("DELETE", "buckets/my-assets/objects", b'{"key": ["a"]}', 422, "invalid_argument", "$.key"),
        ("DELETE", "buckets/my-assets/objects", b"key=a", 400, "malformed_json", ""),
        ("POST", DELETE, b'{"keys": []}', 422, "invalid_argument", "$.keys"),
        ("POST", DELETE, b'{"keys": "a"}', 422, "invalid_argument", "$.keys"),
        ("POST", DELETE, b'{"keys": ["a", ""]}', 422, "invalid_key", "empty"),
        ("POST", DELETE, b'{"keys": [' + b'"a",' * 1000 + b'"a"]}', 422, "invalid_argument", "1000"),
        ("POST", PRESIGN, b"{}", 422, "invalid_argument", "`key`"),
        ("POST", PRESIGN, b'{"key": ""}', 422, "invalid_key", "empty"),
        ("POST", PRESIGN, b'{"key": "' + b"k" * 1025 + b'"}', 422, "invalid_key", "1024"),
        ("POST", PRESIGN, b'{"key": "\\ud800"}', 400, "malformed_json", ""),
        ("POST", PRESIGN, b'{"key": "a", "expires_in": 0}', 422, "invalid_argument", "expires_in"),
        ("POST", PRESIGN, b'{"key": "a", "expires_in": -1}', 422, "invalid_argument", "expires_in"),
        ("POST", PRESIGN, b'{"key": "a", "expires_in": 604801}', 422, "invalid_argument", "expires_in"),
        ("POST", PRESIGN, b'{"key": "a", "expires_in": "60"}', 422, "invalid_argument", "expires_in"),
        ("POST", PRESIGN, b'{"key": "a", "expires_in": 1.5}', 422, "invalid_argument", "expires_in"),
        ("POST", PRESIGN, b'{"key": "a", "expires_in": true}', 422, "invalid_argument", "expires_in"),
        ("POST", PRESIGN, b'{"key": "a", "expires_in": 1e999}', 422, "invalid_argument", "expires_in"),
        ("POST", PRESIGN, b'{"key": "a", "method": "POST"}', 422, "invalid_argument", "method"),
        ("POST", PRESIGN, b'{"key": "a", "method": "get"}', 422, "invalid_argument", "method"),
        ("POST", PRESIGN, b'{"key": "a", "expire": 60}', 422, "invalid_argument", "expire"),
        ("POST", PRESIGN, b"[" * 60_000, 422, "invalid_argument", "array"),
        ("GET", "nothing-here", b"", 404, "no_such_route", ""),
        ("GET", "buckets/my-assets%2Fobjects%2Fk", b"", 404, "no_such_route", ""),
        ("GET", "buckets/my-assets/%6Fbjects/k", b"", 404, "no_such_route", ""),
        ("PUT", "buckets//my-assets/objects/k", b"", 404, "no_such_route", ""),
        ("PATCH", "buckets", b"", 405, "method_not_allowed", ""),
        ("POST", "buckets/my-assets/objects/other", b"", 405, "method_not_allowed", ""),
        ("DELETE", "buckets/my-assets/objects/other", b"", 405, "method_not_allowed", ""),
    ],
)
def test_a_bad_request_is_a_problem(
    client: Client, method: str, path: str, body: bytes, status: int, code: str, words: str
) -> None:
    response = client.request(method, path, content=body, headers=JSON)
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert set(problem) >= FIELDS
    assert (response.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert words in problem["detail"]


@pytest.mark.parametrize(
    "headers",
    [
        {"x-amz-meta-a": "\xfc"},
        {"x-amz-meta-a": "x" * 3000},
        {"x-amz-meta-": "x"},
        {"content-type": "nonsense"},
        {"content-type": "text/" + "x" * 2000},
        {"cache-control": "\xfc"},
        {"if-match": '"a'},
        {"if-match": ""},
    ],
)
def test_a_header_that_cannot_be_kept_is_refused(client: Client, store: Store, headers: dict[str, str]) -> None:
    encoded = {name: value.encode("latin-1") for name, value in headers.items()}
    response = client.put("buckets/my-assets/objects/a", content=b"x", headers=encoded)  # type: ignore[arg-type]
    assert (response.status_code, response.json()["code"]) == (422, "invalid_argument")
    assert store.list_objects("my-assets").objects == ()


def test_a_wrong_method_says_which_are_right(client: Client) -> None:
    allowed = client.request("PATCH", "buckets/my-assets/objects/a").headers["allow"]
    assert {method.strip() for method in allowed.split(",")} == {"GET", "HEAD", "PUT", "OPTIONS"}


def test_a_fault_of_the_server_tells_nothing(
    driver: DriverSpec, make_client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    for error in (RuntimeError("the password is 42"), InvalidDriver("the password is 42")):
        caplog.clear()
        with Store(driver, [Raises(error)]) as store:
            response = make_client(store).get("buckets")
        assert (response.status_code, response.json()["code"]) == (500, "internal_error")
        assert "42" not in response.text
        assert "42" in caplog.text


def test_a_failing_backend_is_a_bad_gateway(driver: DriverSpec, make_client: MakeClient) -> None:
    with Store(driver, [Raises(BackendError("it broke"))]) as store:
        response = make_client(store).get("buckets")
    assert (response.status_code, response.json()["code"]) == (502, "backend_error")


def all_errors(kind: type[BucketryError] = BucketryError) -> list[type[BucketryError]]:
    return [kind, *(error for child in kind.__subclasses__() for error in all_errors(child))]


def test_every_error_of_the_contract_has_a_status() -> None:
    # These two say that the server itself is wrong; the first is never raised; the fourth is an answer, not an error.
    faults = {"error", "invalid_driver", "invalid_settings", NotModified.code}
    without = {kind.code for kind in all_errors() if kind.__module__ == "bucketry.errors" and status_of(kind()) == 500}
    assert without == faults
