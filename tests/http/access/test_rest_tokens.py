"""Tokens at the REST API: who is asked for one, what is refused, and how often somebody may try."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from bucketry import Status, Store, Unavailable, open_store
from bucketry.hookspecs import hookimpl
from bucketry_access import Directory, Identity, User
from bucketry_access.access_file_editing import editing
from bucketry_http import create_app
from bucketry_http.rest.operations import RULES
from bucketry_http.shared.failed_attempts import PER_ADDRESS, PER_CREDENTIAL, WINDOW_SECONDS, FailedAttempts
from bucketry_memory import MemoryDriver, MemorySettings
from litestar import get
from litestar.testing import TestClient

from tests.http.access.conftest import Api
from tests.http.conftest import API
from tests.http.documented import operations

NOT_ASKED = {"getLive", "getReady"}


def test_without_a_token_only_health_is_open(api: Api) -> None:
    for each in operations():
        response = api.client.request(each.method, f"http://testserver.local{each.example()}")
        assert (response.status_code == 401) == (each.name not in NOT_ASKED), each.name
        if response.status_code == 401:
            assert response.headers["www-authenticate"] == 'Bearer realm="bucketry"'
            if each.method != "HEAD":
                assert response.headers["content-type"] == "application/problem+json"
                assert response.json()["code"] == "unauthenticated"
    for method, path in (("GET", "/schema"), ("GET", "/schema/openapi.json"), ("GET", "/nowhere"), ("OPTIONS", "/")):
        assert api.client.request(method, f"http://testserver.local{path}").status_code == 401
    assert api.ask(None, "OPTIONS", "buckets/team-a-1").status_code == 401
    assert api.ask("dave", "GET", "http://testserver.local/schema/openapi.json").status_code == 200


def test_every_operation_is_decided() -> None:
    assert {each.name for each in operations()} == set(RULES) | NOT_ASKED


def test_what_no_rule_is_about_is_refused(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    @get("/api/v1/storage/buckets/team-a-1/secrets", sync_to_thread=False)
    def read() -> str:
        return "secret"

    app = create_app(api.store, directory=api.team.directory)
    app.register(read)
    with TestClient(app, base_url=API) as client:
        for user, status in (("boss", 403), (None, 401)):
            headers = {} if user is None else {"Authorization": f"Bearer {api.team.tokens[user]}"}
            response = client.get("buckets/team-a-1/secrets", headers=headers)
            assert (response.status_code, 'secret"' in response.text) == (status, False)
    assert "no rule says who may do GET /api/v1/storage/buckets/team-a-1/secrets" in caplog.text
    open_app = create_app(api.store)
    open_app.register(read)
    with TestClient(open_app, base_url=API) as client:
        assert client.get("buckets/team-a-1/secrets").text == "secret"


def test_who_asks_is_told(api: Api) -> None:
    found = api.ask("bob", "GET", "whoami").json()
    assert found["credential"] in api.team.tokens["bob"]
    assert api.team.tokens["bob"] not in str(found)
    del found["credential"]
    assert found == {
        "id": "bob",
        "display_name": "bob",
        "kind": "user",
        "groups": ["readers"],
        "roles": [],
        "is_root": False,
        "expires_at": None,
    }
    assert api.ask("backup", "GET", "whoami").json()["kind"] == "service"
    assert api.ask("alice", "GET", "whoami").json()["display_name"] == "Alice A."
    assert api.ask("boss", "GET", "whoami").json()["is_root"] is True


def test_where_nobody_is_asked_everybody_is_anonymous() -> None:
    with open_store("memory://") as store, TestClient(create_app(store)) as client:
        found = client.get("/api/v1/storage/whoami").json()
        assert (found["kind"], found["is_root"], found["credential"]) == ("anonymous", True, None)
        assert client.get("/schema/openapi.json").json().get("security") is None


def test_the_document_says_how_to_send_a_token(api: Api) -> None:
    document = api.ask("dave", "GET", "http://testserver.local/schema/openapi.json").json()
    (name,) = document["security"][0]
    scheme = document["components"]["securitySchemes"][name]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")


def test_what_is_no_valid_token_is_refused(api: Api) -> None:
    right = api.team.tokens["alice"]
    wrong = [
        "",
        "Bearer",
        "Bearer ",
        f"Basic {right}",
        right,
        f"Bearer {right} {right}",
        f"Bearer {right}x",
        f"Bearer {right[:-1]}",
        f"Bearer {api.team.tokens['expired']}",
        "Bearer bkt_aaaaaaaaaaaa_" + "a" * 43,
        "Bearer " + "a" * 9000,
        "Bearer \xe4",
    ]
    for value in wrong:
        response = api.client.get("whoami", headers=[(b"Authorization", value.encode("latin-1"))])
        assert response.status_code == 401, value
        assert response.headers["www-authenticate"].startswith('Bearer realm="bucketry", error="invalid_')
        assert right not in response.text
    twice = [("Authorization", f"Bearer {right}"), ("Authorization", f"Bearer {right}")]
    assert api.client.get("whoami", headers=twice).status_code == 401
    for value in (f"bearer {right}", f"BEARER  {right}"):
        assert api.client.get("whoami", headers={"Authorization": value}).status_code == 200


def test_a_wrong_token_does_not_fall_back_to_what_is_open_to_all(api: Api) -> None:
    wrong = {"Authorization": "Bearer bkt_aaaaaaaaaaaa_" + "a" * 43}
    assert api.client.get("buckets/team-a-1/objects/k", headers=wrong).status_code == 401


def test_too_many_wrong_tokens_are_not_even_looked_at(api: Api) -> None:
    token = api.team.tokens["alice"]
    wrong = {"Authorization": f"Bearer {token[:-1]}{'a' if token[-1] != 'a' else 'b'}"}
    assert api.ask("bob", "GET", "whoami").status_code == 200
    statuses = [api.client.get("whoami", headers=wrong).status_code for _ in range(PER_CREDENTIAL + 1)]
    assert statuses == [401] * PER_CREDENTIAL + [429]
    response = api.ask("alice", "GET", "whoami")
    assert (response.status_code, response.json()["code"]) == (429, "too_many_requests")
    assert 0 < int(response.headers["retry-after"]) <= WINDOW_SECONDS
    assert api.client.get("whoami", headers=wrong).status_code == 429
    # Others behind the same address go on.
    assert api.ask("bob", "GET", "whoami").status_code == 200
    assert api.ask("carol", "GET", "whoami").status_code == 200


def test_whoever_knows_the_id_of_a_token_does_not_lock_its_user_out(api: Api) -> None:
    """Ids of tokens stand in logs, and all users of a proxy that is not trusted have one address."""
    token = api.team.tokens["alice"]
    assert api.ask("alice", "GET", "whoami").status_code == 200
    wrong = [f"{token[:17]}{number:043}" for number in range(PER_CREDENTIAL)]
    wrong += [f"bkt_{number:012}_{number:043}" for number in range(PER_ADDRESS)]
    for each in wrong:
        api.client.get("whoami", headers={"Authorization": f"Bearer {each}"})
    assert api.ask("alice", "GET", "whoami").status_code == 200
    assert api.ask("bob", "GET", "whoami").status_code == 429


def test_a_token_that_was_revoked_waits_as_all_wrong_ones(tmp_path: Path) -> None:
    path = tmp_path / "access.toml"
    with editing(path, create=True) as editor:
        editor.add_user("zoe")
        made = editor.add_token("zoe")
    seconds = [0.0]
    directory = Directory(access_file=path, clock=lambda: seconds[0])
    with open_store("memory://") as store, TestClient(create_app(store, directory=directory)) as client:
        headers = {"Authorization": f"Bearer {made.text.reveal()}"}
        assert client.get("/api/v1/storage/whoami", headers=headers).status_code == 200
        with editing(path) as editor:
            editor.remove_token(made.token.id)
        seconds[0] += 2
        statuses = [
            client.get("/api/v1/storage/whoami", headers=headers).status_code for _ in range(PER_CREDENTIAL + 1)
        ]
        assert statuses == [401] * PER_CREDENTIAL + [429]


class SilentIssuer:
    """Takes tokens that begin with ``ey``, and cannot say now whose they are."""

    name = "silent"

    def again(self, user: User) -> User | None:
        return user

    def takes(self, token: str) -> bool:
        return token.startswith("ey")

    async def identify(self, token: str) -> Identity | None:
        raise Unavailable("no keys")


def test_readiness_tells_nobody_where_the_backend_is(caplog: pytest.LogCaptureFixture) -> None:
    class Down(MemoryDriver):
        @hookimpl
        def status(self) -> Status:
            return Status(
                available=False, endpoint="http://internal:9000", region="", detail="http://internal:9000 is down"
            )

    for directory, told in ((None, True), (Directory(), False)):
        with Store(Down(MemorySettings())) as store, TestClient(create_app(store, directory=directory)) as client:
            response = client.get("/health/ready")
        assert response.status_code == 503
        assert ("internal" in response.text) is told
    assert "http://internal:9000 is down" in caplog.messages[-1]


def test_a_token_whose_issuer_does_not_answer_is_no_wrong_token(caplog: pytest.LogCaptureFixture) -> None:
    directory = Directory(sources=[SilentIssuer()])
    with open_store("memory://") as store, TestClient(create_app(store, directory=directory)) as client:
        for _ in range(PER_CREDENTIAL + 1):
            response = client.get("/api/v1/storage/whoami", headers={"Authorization": "Bearer ey.a.b"})
            assert (response.status_code, response.json()["code"]) == (503, "issuer_unavailable")
            assert response.headers["retry-after"] == "1"
    assert not caplog.records, "whoever sends tokens does not fill the log"


# The table


class Seconds:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def attempts(seconds: Callable[[], float]) -> FailedAttempts:
    return FailedAttempts(seconds)


def test_failures_with_a_credential_block_it_for_a_while(attempts: FailedAttempts, seconds: Seconds) -> None:
    for _ in range(PER_CREDENTIAL):
        assert attempts.seconds_left("192.0.2.1", "a") == 0
        attempts.failed("192.0.2.1", "a")
        seconds.now += 1
    assert attempts.seconds_left("192.0.2.1", "a") == WINDOW_SECONDS - PER_CREDENTIAL
    assert attempts.seconds_left("192.0.2.2", "a") == attempts.seconds_left("192.0.2.1", "b") == 0
    seconds.now += WINDOW_SECONDS
    assert attempts.seconds_left("192.0.2.1", "a") == 0


def test_many_credentials_block_the_address(attempts: FailedAttempts) -> None:
    for number in range(PER_ADDRESS):
        assert attempts.seconds_left("192.0.2.1", f"bad-{number}") == 0
        attempts.failed("192.0.2.1", f"bad-{number}")
    assert attempts.seconds_left("192.0.2.1", "another") > 0
    assert attempts.seconds_left("192.0.2.2", "another") == 0


def test_what_worked_is_known_at_its_address_alone(attempts: FailedAttempts) -> None:
    attempts.worked("2001:db8:1:2::1", "good")
    assert attempts.has_worked("2001:db8:1:2::2", "good")
    assert not attempts.has_worked("2001:db8:1:3::1", "good")
    assert not attempts.has_worked("2001:db8:1:2::1", "bad")


def test_the_addresses_of_one_network_of_ipv6_count_as_one(attempts: FailedAttempts) -> None:
    for number in range(PER_ADDRESS):
        attempts.failed(f"2001:db8:1:2::{number:x}", f"bad-{number}")
    assert attempts.seconds_left("2001:db8:1:2:ffff::1", "x") > 0
    assert attempts.seconds_left("2001:db8:1:3::1", "x") == 0
    assert attempts.seconds_left("::ffff:192.0.2.1", "x") == 0


def test_the_tables_stay_small(attempts: FailedAttempts) -> None:
    for number in range(10_000):
        attempts.failed(f"10.0.{number // 250}.{number % 250}", "x")
        attempts.worked(f"10.0.{number // 250}.{number % 250}", "y")
    assert max(len(attempts._failures), len(attempts._worked)) <= 4096
