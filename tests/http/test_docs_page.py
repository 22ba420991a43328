"""The documentation page without a browser: its parts, and the headers that keep it from loading from other hosts."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from subprocess import run
from sys import executable

import pytest
from bucketry import open_store
from bucketry_http import RestSettings, create_app
from litestar.testing import TestClient

from tests.http.conftest import Client

ROOT = Path(__file__).parents[2]
STORE = open_store("memory://")


@pytest.fixture(scope="module")
def docs() -> Iterator[Client]:
    with TestClient(create_app(STORE)) as client:
        yield client


def links(page: str) -> list[str]:
    return re.findall(r'(?:src|href|data-document)="([^"]*)"', page)


def test_the_page_and_all_that_it_needs_come_from_the_server(docs: Client) -> None:
    page = docs.get("/schema")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    found = [link for link in links(page.text) if link != "data:,"]
    assert len(found) > 4
    for link in found:
        assert link.startswith("/schema/")
        assert docs.get(link).status_code == 200


def test_its_files_have_their_types_and_may_be_kept(docs: Client) -> None:
    kinds = {}
    for link in links(docs.get("/schema").text):
        if "/assets-" in link:
            answer = docs.get(link)
            kinds[link.rpartition("/")[2]] = answer.headers["content-type"].partition(";")[0]
            assert "max-age" in answer.headers["cache-control"]
    assert kinds == {
        "swagger-ui.css": "text/css",
        "page.css": "text/css",
        "swagger-ui-bundle.js": "text/javascript",
        "page.js": "text/javascript",
    }


def test_nothing_else_is_among_them(docs: Client) -> None:
    assets = next(link for link in links(docs.get("/schema").text) if "/assets-" in link).rpartition("/")[0]
    assert "Apache License" in docs.get(f"{assets}/LICENSE").text
    for name in ("NOTICE", "%2e%2e%2fdocs_page.py", "..%2fdocs_page.py", "docs_page.py", ""):
        assert docs.get(f"{assets}/{name}").status_code == 404


@pytest.mark.parametrize("path", ["/schema", "/schema/openapi.json", "/schema/openapi.yaml"])
def test_no_script_or_style_comes_from_elsewhere_or_stands_in_the_page(docs: Client, path: str) -> None:
    answer = docs.get(path)
    directives = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == "'self'"
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not re.search(r"<script(?! src=)|<style|\son\w+=|javascript:", answer.text)


@pytest.mark.parametrize(
    "path",
    ["/schema", "/schema/", "/schema/openapi.json", "/schema/openapi.yaml", "/health/live", "/health/ready", "/none"],
)
def test_head_is_get_without_content(docs: Client, path: str) -> None:
    got, head = docs.get(path), docs.head(path)
    assert (head.status_code, head.content) == (got.status_code, b"")
    for name in ("content-type", "content-length"):
        assert head.headers.get(name) == got.headers.get(name)


@pytest.mark.parametrize(
    "path", ["/schema/none", "/schema/none/below", "/schema/%3Cscript%3E", "/schema/path", "/none"]
)
def test_what_there_is_not_is_a_problem(docs: Client, path: str) -> None:
    answer = docs.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json()["code"] == "no_such_route"


def test_there_is_something_to_read_without_scripts(docs: Client) -> None:
    plain = re.search("<noscript>(.*)</noscript>", docs.get("/schema").text, re.DOTALL)
    assert plain is not None
    words = ("Pre-sign a URL", "POST /api/v1/storage/buckets/{name}/objects/presign", "with a stable <code>code</code>")
    for expected in words:
        assert expected in plain[1]


def test_without_docs_none_of_it_is_there() -> None:
    with TestClient(create_app(STORE)) as client:
        paths = ["/schema", *(link for link in links(client.get("/schema").text) if link != "data:,")]
    with TestClient(create_app(STORE, RestSettings(docs=False))) as client:
        assert {client.get(path).status_code for path in paths} == {404}


def test_the_wheel_has_its_files(tmp_path: Path) -> None:
    command = (executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path))
    run(command, cwd=ROOT / "http", check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = {name.rpartition("docs_files/")[2] for name in zipfile.ZipFile(wheel).namelist() if "docs_files/" in name}
    assert names >= {"page.js", "page.css", "swagger-ui/swagger-ui-bundle.js", "swagger-ui/swagger-ui.css"}
    assert names >= {"swagger-ui/LICENSE", "swagger-ui/NOTICE", "swagger-ui/swagger-ui-bundle.js.LICENSE.txt"}
