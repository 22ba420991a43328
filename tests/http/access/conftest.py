"""The REST API over a store of a team, with a client for each user."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import msgspec
import pytest
from bucketry import CreateBucketOptions, Owner, Store
from bucketry_http import create_app
from bucketry_http.rest.app import StorageApp
from bucketry_memory import MemoryDriver, MemorySettings
from litestar.testing import TestClient

from tests.http.accounts import Team
from tests.http.conftest import API, check_response

BUCKETS = ("other", "team-a-1", "team-a-2", "team-b-1")


class Api:
    """The API, as each user has it."""

    def __init__(self, client: httpx.Client, store: Store, team: Team) -> None:
        self.client = client
        self.store = store
        self.team = team

    def ask(self, user: str | None, method: str, path: str, **given: Any) -> httpx.Response:
        """Sends a request with the token of a user; ``None``: without one."""
        headers = {} if user is None else {"Authorization": f"Bearer {self.team.tokens[user]}"}
        return self.client.request(method, path, headers={**headers, **given.pop("headers", {})}, **given)

    def statuses(self, users: str, method: str, path: str, **given: Any) -> list[int]:
        """Sends the same request as each of some users, whose names are separated by blanks; ``-`` sends no token."""
        return [self.ask(None if user == "-" else user, method, path, **given).status_code for user in users.split()]


def fill(store: Store) -> None:
    """Makes the buckets, which Carol owns, and two objects in each."""
    for bucket in BUCKETS:
        store.create_bucket(bucket, CreateBucketOptions(owner=Owner(id="carol")))
        store.put_object(bucket, "k", b"content")
        store.put_object(bucket, "erin/k", b"erin's")


@pytest.fixture(params=["inline", "threads"])
def api(request: pytest.FixtureRequest, make_api: Callable[[Store], Api]) -> Api:
    driver = MemoryDriver(MemorySettings())
    driver.features = msgspec.structs.replace(driver.features, non_blocking=request.param == "inline")
    return make_api(Store(driver))


@pytest.fixture(scope="session")
def team() -> Team:
    return Team()


@pytest.fixture(scope="session")
def made(team: Team) -> StorageApp:
    """An application, which takes long to make."""
    return create_app(Store(MemoryDriver(MemorySettings())), directory=team.directory)


@pytest.fixture
def make_api(made: StorageApp, team: Team) -> Iterator[Callable[[Store], Api]]:
    opened: list[tuple[TestClient[Any], Store]] = []

    def make(store: Store) -> Api:
        fill(store)
        client = TestClient(made.over(store), base_url=API, raise_server_exceptions=False)
        client.event_hooks = {"response": [check_response]}
        client.__enter__()
        opened.append((client, store))
        return Api(client, store, team)

    yield make
    for client, store in opened:
        client.__exit__(None, None, None)
        store.close()
