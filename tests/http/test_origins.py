"""Requests of web pages of other origins: they change nothing, and read nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from bucketry import InvalidSettings, Store
from bucketry_http import RestSettings
from bucketry_http.shared.hosts import is_foreign

from tests.http.conftest import Client, MakeClient
from tests.http.serving import ask, running

HOST = "api.example.com"
FOREIGN = [
    "http://evil.example",
    "https://evil.example:8443",
    "null",
    "",
    "http://",
    "http://evil.example http://localhost",
    "http://localhost, http://evil.example",
    "http://localhost.evil.example",
    "http://evil.example#localhost",
    "http://localhost@evil.example",
    "http://user@localhost",
    "http://192.0.2.7",
    "http://[::]",
    "http://2130706433",
    "localhost",
    "//localhost",
    "localhost:3000",
    "file://",
    "file://localhost",
    "ftp://localhost",
    "chrome-extension://localhost",
    "http:/localhost",
    "http://localhost/",
    "http://localhost:3000/page",
]
OWN = [
    "http://localhost",
    "http://localhost:3000",
    "https://localhost:3000",
    "HTTP://LOCALHOST:3000",
    "http://app.localhost:5173",
    "http://127.0.0.1:8000",
    "http://127.1.2.3",
    "http://[::1]:3000",
]
WRITES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "buckets", {"json": {"name": "planted"}}),
    ("POST", "buckets", {"content": b'{"name": "planted"}', "headers": {"Content-Type": "text/plain"}}),
    ("DELETE", "buckets/my-assets", {}),
    ("POST", "buckets/my-assets/objects", {"files": {"file": ("planted", b"x")}}),
    ("PUT", "buckets/my-assets/objects/planted", {"content": b"x"}),
    ("DELETE", "buckets/my-assets/objects?key=kept", {}),
    ("POST", "buckets/my-assets/objects/delete", {"json": {"keys": ["kept"]}}),
    ("POST", "buckets/my-assets/objects/presign", {"json": {"key": "kept"}}),
    ("PATCH", "buckets/my-assets", {}),
    ("TRACE", "buckets", {}),
    ("POST", "none-such", {}),
]


def sent(client: Client, write: tuple[str, str, dict[str, Any]], **headers: str | None) -> tuple[int, str]:
    method, path, content = write
    named = {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
    answer = client.request(method, path, **{**content, "headers": {**content.get("headers", {}), **named}})
    code = answer.json().get("code", "") if answer.status_code >= 400 and answer.content else ""
    return answer.status_code, code


@pytest.mark.parametrize("origin", FOREIGN)
@pytest.mark.parametrize("site", [None, "same-origin", "none"])
def test_these_origins_are_foreign_whatever_else_the_browser_says(origin: str, site: str | None) -> None:
    for host in (HOST, "localhost:8000", None):
        assert is_foreign(origin, site, host)


@pytest.mark.parametrize("origin", OWN)
@pytest.mark.parametrize("site", [None, "cross-site", "same-site"])
def test_these_are_not(origin: str, site: str | None) -> None:
    for host in (HOST, "localhost:8000", None):
        assert not is_foreign(origin, site, host)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://api.example.com", HOST),
        ("http://api.example.com", HOST),
        ("https://API.example.com", "api.EXAMPLE.com"),
        ("https://api.example.com", "api.example.com:443"),
        ("http://api.example.com", "api.example.com:80"),
        ("http://api.example.com:8000", "api.example.com:8000"),
        ("http://192.0.2.7:8000", "192.0.2.7:8000"),
        ("http://[2001:db8::1]:8000", "[2001:db8:0::1]:8000"),
    ],
)
def test_the_servers_own_origin_is_not_foreign(origin: str, host: str) -> None:
    assert not is_foreign(origin, "cross-site", host)


@pytest.mark.parametrize(
    "origin",
    [
        "https://api.example.com:8443",
        "http://api.example.com:443",
        "https://example.com",
        "https://app.api.example.com",
    ],
)
def test_other_ports_and_names_of_it_are(origin: str) -> None:
    assert is_foreign(origin, "same-site", HOST)


@pytest.mark.parametrize(
    ("site", "foreign"),
    [
        (None, False),
        ("none", False),
        ("same-origin", False),
        ("cross-site", True),
        ("", True),
        ("new-value", True),
        ("same-origin, cross-site", True),
    ],
)
def test_without_an_origin_the_browsers_word_for_the_site_decides(site: str | None, foreign: bool) -> None:
    for host in (HOST, "localhost:8000", None):
        assert is_foreign(None, site, host) is foreign


def test_another_host_of_the_same_site_is_this_machine_only_on_this_machine() -> None:
    assert not is_foreign(None, "same-site", "localhost:8000")
    assert not is_foreign(None, "same-site", "127.0.0.1:8000")
    assert is_foreign(None, "same-site", HOST)


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(
    "claim", [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec_Fetch_Site": "cross-site"}]
)
def test_a_foreign_page_changes_nothing(
    client: Client, store: Store, write: tuple[str, str, dict[str, Any]], claim: dict[str, str]
) -> None:
    store.put_object("my-assets", "kept", b"content")
    assert sent(client, write, **claim) == (403, "foreign_origin")
    assert [bucket.name for bucket in store.list_buckets()] == ["my-assets"]
    assert [info.key for info in store.iter_objects("my-assets")] == ["kept"]


@pytest.mark.parametrize(
    "claim",
    [
        {},
        {"Origin": "http://localhost:3000", "Sec_Fetch_Site": "cross-site"},
        {"Origin": "http://testserver.local", "Sec_Fetch_Site": "same-origin"},
        {"Sec_Fetch_Site": "none"},
    ],
)
def test_others_change_what_they_want(client: Client, store: Store, claim: dict[str, str]) -> None:
    for write in (WRITES[0], WRITES[3], WRITES[4]):
        assert sent(client, write, **claim)[0] == 201
    assert [info.key for info in store.iter_objects("my-assets")] == ["planted"]


@pytest.mark.parametrize("origin", ["http://evil.example", "http://localhost:3000"])
@pytest.mark.parametrize(
    "path", ["buckets", "buckets/my-assets/objects", "buckets/my-assets/objects/kept", "none-such"]
)
def test_no_page_may_read_unless_it_is_named(client: Client, store: Store, origin: str, path: str) -> None:
    store.put_object("my-assets", "kept", b"content")
    for method in ("GET", "HEAD", "OPTIONS"):
        headers = client.request(method, path, headers={"Origin": origin}).headers
        assert not [name for name in headers if name.startswith("access-control-")]


def test_a_request_that_needs_no_permission_is_refused_on_a_real_connection(store: Store) -> None:
    # What a browser sends without asking first: the page does not see the response, and must have changed nothing.
    store.put_object("my-assets", "kept", b"content")
    body = json.dumps({"keys": ["kept"]}).encode()
    claims = {"Origin": "http://evil.example", "Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"}
    with running(store) as port:
        for kind in ("text/plain", "application/json"):
            target = "buckets/my-assets/objects/delete"
            response, content = ask(port, "POST", target, body, Content_Type=kind, **claims)
            assert (response.status, json.loads(content)["code"]) == (403, "foreign_origin")
        assert ask(port, "POST", "../../../health/live", b"", **claims)[0].status == 403
    assert [info.key for info in store.iter_objects("my-assets")] == ["kept"]


@pytest.mark.parametrize(
    "kind",
    [
        None,
        "",
        "text/plain",
        "text/plain; application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/problem+json",
        "text/json",
        "application/json, text/plain",
        "json",
        "*/*",
    ],
)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_json_that_is_not_declared_as_json_is_refused(
    client: Client, store: Store, kind: str | None, method: str
) -> None:
    body, path = (b'{"name": "new"}', "buckets") if method == "POST" else (b'{"key": "a"}', "buckets/my-assets/objects")
    answer = client.request(method, path, content=body, headers={} if kind is None else {"Content-Type": kind})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert "application/json" in answer.json()["detail"]
    assert [bucket.name for bucket in store.list_buckets()] == ["my-assets"]


@pytest.mark.parametrize(
    "kind",
    ["application/json", "Application/JSON", "application/json; charset=utf-8", "application/json ;charset=UTF-8; x=y"],
)
def test_parameters_and_capitals_do_not_matter(client: Client, kind: str) -> None:
    answer = client.post("buckets", content=b'{"name": "new-one"}', headers={"Content-Type": kind})
    assert answer.status_code == 201


def test_a_public_endpoints_own_pages_are_not_foreign(make_client: MakeClient, store: Store) -> None:
    # A proxy that names this server by another host than browsers do.
    client = make_client(store, public_endpoints=("https://files.example.com/api",))
    assert sent(client, WRITES[0], Origin="https://files.example.com")[0] == 201
    for other in ("http://files.example.com", "https://files.example.com:8443", "https://www.files.example.com"):
        assert sent(client, WRITES[0], Origin=other) == (403, "foreign_origin")


@pytest.mark.parametrize(
    "origin", ["null", "", "evil.example", "http://a/", "http://a/b", "http://*.example.com", "http://a b"]
)
def test_an_origin_that_cannot_be_is_a_wrong_setting(origin: str) -> None:
    with pytest.raises(InvalidSettings, match="cannot be an allowed origin"):
        RestSettings(cors_origins=(origin,))
