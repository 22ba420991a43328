"""What Litestar does where the API steps around it (``docs/adr/0012-litestar.md``).

A test that fails here names a step in ``rest/framework.py`` or ``rest/validation.py`` that is no longer needed.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from litestar import Litestar, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.testing import TestClient

JSON = {"content-type": "application/json"}


class Wanted(msgspec.Struct):
    key: str
    expires_in: int = 3600


@get("/objects/{key:path}", sync_to_thread=False)
def look_at(key: FromPath[str]) -> str:
    return key


@get("/page", sync_to_thread=False)
def page(limit: FromQuery[int] = 5) -> str:
    return str(limit)


@post("/page", sync_to_thread=False)
def add(data: JSONBody[Wanted]) -> Wanted:
    return data


@pytest.fixture(scope="module")
def litestar() -> Iterator[TestClient[Litestar]]:
    with TestClient(Litestar([look_at, page, add], logging_config=None)) as client:
        yield client


@pytest.mark.parametrize(
    ("sent", "found"), [("a//b", "/a/b"), ("a/", "/a"), ("a%2Fb", "/a/b"), ("%2Fa", "/a"), ("a/b", "/a/b")]
)
def test_it_normalises_paths(litestar: TestClient[Litestar], sent: str, found: str) -> None:
    assert litestar.get(f"/objects/{sent}").text == found


def test_it_takes_a_string_for_a_number(litestar: TestClient[Litestar]) -> None:
    response = litestar.post("/page", content=b'{"key": "a", "expires_in": "60"}', headers=JSON)
    assert response.json() == {"key": "a", "expires_in": 60}


def test_it_takes_repeated_and_unknown_fields_of_any_media_type(litestar: TestClient[Litestar]) -> None:
    body = b'{"key": "a", "key": "b", "other": 1}'
    response = litestar.post("/page", content=body, headers={"content-type": "text/plain"})
    assert response.json() == {"key": "b", "expires_in": 3600}


@pytest.mark.parametrize(("query", "found"), [("limit=1e2", "100"), ("limit=1&limit=2", "2"), ("other=1", "5")])
def test_it_takes_any_query(litestar: TestClient[Litestar], query: str, found: str) -> None:
    assert litestar.get(f"/page?{query}").text == found


def test_it_has_no_head_for_a_get(litestar: TestClient[Litestar]) -> None:
    assert litestar.head("/page").status_code == 405


def test_its_options_name_the_first_handler_alone(litestar: TestClient[Litestar]) -> None:
    allowed = litestar.options("/page").headers["allow"]
    assert {method.strip() for method in allowed.split(",")} == {"GET", "OPTIONS"}
