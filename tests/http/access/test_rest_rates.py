"""Rates of users on the REST API."""

from __future__ import annotations

from bucketry import Store, open_store
from bucketry_http import Limited, Limiter, RateLimits
from bucketry_http.rest.app import StorageApp
from litestar.testing import TestClient

from tests.http.access.conftest import Api, fill
from tests.http.accounts import Team
from tests.http.conftest import API


def limited(made: StorageApp, team: Team, store: Store, limits: RateLimits) -> Api:
    fill(store)
    client = TestClient(Limited(made.over(store), Limiter(limits)), base_url=API)
    return Api(client, store, team)


def test_each_user_has_a_rate_and_health_has_none(made: StorageApp, team: Team) -> None:
    with open_store("memory://") as store:
        api = limited(made, team, store, RateLimits(principal_requests=0.01))
        users = sorted(team.tokens)[:2]
        assert api.ask(users[0], "GET", "/whoami").status_code == 200
        refused = api.ask(users[0], "GET", "/whoami")
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
        assert int(refused.headers["retry-after"]) >= 1
        assert api.ask(users[1], "GET", "/whoami").status_code == 200


def test_an_address_is_refused_before_anybody_looks_at_its_token(made: StorageApp, team: Team) -> None:
    with open_store("memory://") as store:
        api = limited(made, team, store, RateLimits(address_requests=0.01))
        assert api.ask(None, "GET", "/whoami").status_code == 401
        assert api.ask(None, "GET", "/whoami").status_code == 429
        for _ in range(3):
            assert api.client.get("http://localhost/health/live").status_code == 200
