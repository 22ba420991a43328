"""CORS on the REST API, as browsers ask for it (Fetch standard, "CORS protocol")."""

from __future__ import annotations

import pytest
from bucketry import Store

from tests.http.conftest import Client, MakeClient
from tests.http.serving import ask, running

PAGE = "https://app.example.com"
OTHER = "https://app.example.com:8443"
PREFLIGHT = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type,x-amz-meta-a"}


@pytest.fixture
def shared(make_client: MakeClient, store: Store) -> Client:
    return make_client(store, cors_origins=(PAGE, "HTTP://Local.example:80", "app://editor"))


def words(header: str) -> set[str]:
    return {word.strip().lower() for word in header.split(",")}


@pytest.mark.parametrize(
    "path", ["buckets", "buckets/my-assets/objects/a//b%2F", "none-such", "/schema", "/health/live"]
)
def test_a_browser_that_asks_before_is_told(shared: Client, path: str) -> None:
    answer = shared.options(path, headers={"Origin": PAGE, **PREFLIGHT})
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert words(answer.headers["access-control-allow-methods"]) == {"get", "head", "post", "put", "delete"}
    assert words(answer.headers["access-control-allow-headers"]) == {"content-type", "x-amz-meta-a"}
    assert int(answer.headers["access-control-max-age"]) > 0
    assert words(answer.headers["vary"]) >= {
        "origin",
        "access-control-request-method",
        "access-control-request-headers",
    }
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin", [OTHER, "http://app.example.com", "https://example.com", "null", "http://localhost:3000"]
)
def test_another_origin_is_told_nothing(shared: Client, origin: str) -> None:
    asked = shared.options("buckets", headers={"Origin": origin, **PREFLIGHT})
    assert (asked.status_code, asked.json()["code"]) == (403, "foreign_origin")
    assert "cors_origins" in asked.json()["detail"]
    for answer in (asked, shared.get("buckets", headers={"Origin": origin})):
        assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert shared.get("buckets", headers={"Origin": origin}).headers["vary"] == "Origin"


def test_by_default_there_is_none(client: Client) -> None:
    answer = client.options("buckets", headers={"Origin": PAGE, **PREFLIGHT})
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
    assert "vary" not in client.get("buckets").headers


def test_options_without_a_question_is_what_it_was(shared: Client) -> None:
    answer = shared.options("buckets", headers={"Origin": PAGE})
    assert (answer.status_code, answer.headers["allow"]) == (204, "GET, OPTIONS, POST")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "buckets", 200),
        ("GET", "buckets/my-assets/objects", 200),
        ("GET", "buckets/my-assets/objects?limit=1", 200),
        ("GET", "buckets/my-assets/objects/a", 200),
        ("HEAD", "buckets/my-assets/objects/a", 200),
        ("PUT", "buckets/my-assets/objects/b", 201),
        ("DELETE", "buckets/my-assets/objects?key=b", 204),
        ("POST", "buckets", 422),
        ("GET", "buckets/missing", 404),
        ("GET", "none-such", 404),
        ("PATCH", "buckets", 405),
        ("GET", "http://testserver.local/schema/openapi.json", 200),
    ],
)
def test_the_page_may_read_every_response(shared: Client, store: Store, method: str, path: str, status: int) -> None:
    store.put_object("my-assets", "a", b"content")
    answer = shared.request(method, path, headers={"Origin": PAGE})
    assert answer.status_code == status
    assert answer.headers.get_list("access-control-allow-origin") == [PAGE]
    assert words(answer.headers["access-control-expose-headers"]) >= {"etag", "link", "content-range", "*"}
    assert "origin" in words(answer.headers["vary"])


def test_a_streamed_download_and_a_failing_one_can_be_read(store: Store) -> None:
    store.put_object("my-assets", "big", b"x" * 3_000_000)
    with running(store, cors_origins=(PAGE,)) as port:
        for wanted, status in (("bytes=0-", 206), ("bytes=0-1999999", 206), ("bytes=9999999-", 416), ("none", 200)):
            response, _ = ask(port, "GET", "buckets/my-assets/objects/big", Origin=PAGE, Range=wanted)
            assert (response.status, response.getheader("access-control-allow-origin")) == (status, PAGE)


def test_a_page_that_is_named_changes_things(shared: Client, store: Store) -> None:
    for origin in (PAGE, "http://local.example", "app://editor"):
        headers = {"Origin": origin, "Sec-Fetch-Site": "cross-site"}
        assert shared.put("buckets/my-assets/objects/a", content=b"x", headers=headers).status_code == 201
    answer = shared.put("buckets/my-assets/objects/a", content=b"x", headers={"Origin": OTHER})
    assert answer.status_code == 403


def test_a_refusal_can_be_read_by_nobody_else(shared: Client) -> None:
    answer = shared.delete("buckets/my-assets", headers={"Origin": OTHER})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_a_star_names_every_page(make_client: MakeClient, store: Store) -> None:
    client = make_client(store, cors_origins=("*",))
    for origin in (PAGE, "null", "http://evil.example"):
        answer = client.put("buckets/my-assets/objects/a", content=b"x", headers={"Origin": origin})
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (201, "*")
        assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("headers", ["", "a b\x7f", "content-type\t;", "x" * 5000])
def test_headers_that_cannot_be_are_not_repeated(shared: Client, headers: str) -> None:
    asked = {"Origin": PAGE, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": headers}
    assert "access-control-allow-headers" not in shared.options("buckets", headers=asked).headers
