"""Presigned URLs of those who have a token and no key pair: whoever uses one has the rights that its user has then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import httpx
import pytest
from bucketry import CreateBucketOptions, InvalidSettings, PresignOptions, Secret
from bucketry.presigning import presigned_url
from bucketry.sigv4 import UNSIGNED_PAYLOAD, Presigner, Signer
from bucketry_access import (
    SESSION_KEY,
    Accounts,
    Directory,
    FixedToken,
    Group,
    Identity,
    NewToken,
    UrlSessions,
    User,
    create_token,
)
from bucketry_http import RestSettings, create_app
from bucketry_http.rest.url_signing import UrlSigning
from litestar.testing import TestClient

from tests.http.s3.serving import memory_store, serving

READERS = Group(name="readers", roles=("read:team-*",))
WRITERS = Group(name="writers", roles=("write:team-*",))
SECRET = Secret("a secret that all servers share ......")
FIXED = "a-token-that-an-operator-has-chosen"


class Issuer:
    """Issues tokens ``ey.USER.GROUP,GROUP``, which end after ``seconds``."""

    name = "https://issuer.example.com"

    def __init__(self) -> None:
        self.seconds: float | None = 600.0
        self.knows = True

    def takes(self, token: str) -> bool:
        return token.startswith("ey.")

    async def identify(self, token: str) -> Identity | None:
        _, user, groups = token.split(".")
        ends = None if self.seconds is None else datetime.now(UTC) + timedelta(seconds=self.seconds)
        return Identity(user=User(id=user, groups=tuple(groups.split(","))), credential=f"oidc-{user}", expires_at=ends)

    def again(self, user: User) -> User | None:
        return user if self.knows else None


class World:
    """Both ports over one store. The users can be changed."""

    def __init__(self, stack: ExitStack) -> None:
        self.issuer = Issuer()
        self.made: dict[str, NewToken] = {name: create_token() for name in ("ann", "ben")}
        self.directory = self.directory_of()
        self.store = stack.enter_context(memory_store())
        self.store.create_bucket("team-1")
        self.store.create_bucket("team-abroad", CreateBucketOptions(region="eu-west-1"))
        self.store.put_object("team-1", "k", b"content")
        self.store.put_object("team-abroad", "k", b"abroad")
        self.url = stack.enter_context(
            serving(self.store, directory=self.directory, credentials=(), regions=("eu-west-1",))
        )
        signing = UrlSigning(endpoint=self.url, region="us-east-1", several_regions=True)
        app = create_app(self.store, directory=self.directory, signing=signing)
        self.client = stack.enter_context(TestClient(app))

    def directory_of(
        self, ann: dict[str, Any] | None = None, *, secret: Secret | None = SECRET, **given: Any
    ) -> Directory:
        rights = {"groups": ("readers",)} if ann is None else ann
        users = (
            User(id="ann", tokens=(self.made["ann"].token,), **rights),
            User(id="ben", tokens=(self.made["ben"].token,), roles=("write:team-*",)),
            User(id="ops", is_root=True),
        )
        given = {"fixed_tokens": [FixedToken(user_id="ops", secret=Secret(FIXED))], **given}
        return Directory(Accounts(users, (READERS, WRITERS)), sources=[self.issuer], url_secret=secret, **given)

    def become(self, other: Directory) -> None:
        """Changes the users, as a changed access file does."""
        self.directory._state = other._state

    def presign(self, token: str, **asked: Any) -> httpx.Response:
        return self.client.post(
            f"/api/v1/storage/buckets/{asked.pop('bucket', 'team-1')}/objects/presign",
            json={"key": "k", **asked},
            headers={"Authorization": f"Bearer {token}"},
        )

    def url_of(self, token: str, **asked: Any) -> str:
        response = self.presign(token, **asked)
        assert response.status_code == 200, response.text
        url: str = response.json()["url"]
        return url

    def token(self, name: str) -> str:
        return self.made[name].text.reveal()


@pytest.fixture
def world() -> Iterator[World]:
    with ExitStack() as stack:
        yield World(stack)


def parts_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


def changed(url: str, **parameters: str | None) -> str:
    """Returns a URL with other parameters; ``None``: without it."""
    query = {**parts_of(url), **{name.replace("_", "-"): value for name, value in parameters.items()}}
    found = {name: value for name, value in query.items() if value is not None}
    return urlunsplit(urlsplit(url)._replace(query=urlencode(found)))


def test_it_does_what_its_user_may_do(world: World) -> None:
    get, put = world.url_of(world.token("ann")), world.url_of(world.token("ben"), method="PUT", key="new")
    assert httpx.get(get).content == b"content"
    assert httpx.put(put, content=b"x").status_code == 200
    assert world.store.head_object("team-1", "new").size_bytes == 1
    assert world.presign(world.token("ann"), method="PUT").status_code == 403
    # For exactly one request.
    assert httpx.get(get.replace("/k?", "/new?")).status_code == 403
    assert httpx.put(get, content=b"x").status_code == 403


@pytest.mark.parametrize("ann", [{"groups": ("writers",)}, {"roles": ("write:team-1",)}, {"is_root": True}])
def test_other_rights_count_at_once(world: World, ann: dict[str, Any]) -> None:
    world.become(world.directory_of(ann))
    url = world.url_of(world.token("ann"), method="PUT", key="new")
    assert httpx.put(url, content=b"1").status_code == 200
    world.become(world.directory_of())
    refused = httpx.put(url, content=b"22")
    assert (refused.status_code, b"<Code>AccessDenied</Code>" in refused.content) == (403, True)
    assert world.store.head_object("team-1", "new").size_bytes == 1
    world.become(world.directory_of(ann))
    assert httpx.put(url, content=b"333").status_code == 200


def test_it_ends_with_the_token_and_with_the_user(world: World) -> None:
    url, of_ben = world.url_of(world.token("ann")), world.url_of(world.token("ben"))
    before = world.made["ann"]
    world.made["ann"] = create_token()  # The same user, with another token.
    world.become(world.directory_of())
    assert httpx.get(url).status_code == 403
    assert httpx.get(world.url_of(world.token("ann"))).status_code == 200
    # Another secret under the id of the first one.
    world.made["ann"] = NewToken(before.text, type(before.token)(id=before.token.id, sha256="0" * 64))
    world.become(world.directory_of())
    assert httpx.get(url).status_code == 403
    world.become(Directory(Accounts((User(id="ann", is_root=True),))))
    assert [httpx.get(each).status_code for each in (url, of_ben)] == [403, 403]


def test_a_token_that_an_operator_chose(world: World) -> None:
    url = world.url_of(FIXED)
    assert httpx.get(url).content == b"content"
    world.directory._fixed = (FixedToken(user_id="ops", secret=Secret(FIXED[::-1])),)
    assert httpx.get(url).status_code == 403


def test_a_user_of_an_issuer_has_the_groups_that_the_token_named(world: World) -> None:
    url = world.url_of("ey.zoe.readers,unknown")
    assert httpx.get(url).content == b"content"
    assert world.presign("ey.zoe.readers", method="PUT").status_code == 403
    put = world.url_of("ey.zoe.writers", method="PUT", key="zoe")
    assert httpx.put(put, content=b"x").status_code == 200
    # The group loses its rights, the issuer disowns the user, the issuer is no more.
    directory = world.directory
    world.become(Directory(Accounts((), (READERS, Group(name="writers")))))
    assert [httpx.get(url).status_code, httpx.put(put, content=b"x").status_code] == [200, 403]
    world.issuer.knows = False
    assert httpx.get(url).status_code == 403
    world.issuer.knows = True
    directory.sources = ()
    assert httpx.get(url).status_code == 403


def test_a_url_ends_no_later_than_the_token(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.issuer.seconds = 30.0
    response = world.presign("ey.zoe.readers", expires_in=604_800)
    url = response.json()["url"]
    assert 25 <= int(parts_of(url)["X-Amz-Expires"]) <= 30
    ends = datetime.fromisoformat(response.json()["expires_at"])
    assert datetime.now(UTC) < ends <= datetime.now(UTC) + timedelta(seconds=30)
    # Whoever could sign for longer would be refused too.
    session = UrlSessions(world.directory).begin(
        Identity(
            user=User(id="zoe", groups=("readers",)),
            credential="oidc-zoe",
            expires_at=datetime.now(UTC) - timedelta(seconds=1),
            source=world.issuer.name,
        )
    )
    forged = presigned_url(Presigner(session, endpoint=world.url, region="us-east-1"), "team-1", "k", PresignOptions())
    assert httpx.get(forged.url).status_code == 403
    world.issuer.seconds = 0.5
    assert world.presign("ey.zoe.readers").status_code == 401
    world.issuer.seconds = None
    response = world.presign("ey.zoe.readers")
    assert (response.status_code, "never ends" in response.json()["detail"]) == (403, True)


def test_nobody_makes_a_session_or_changes_one(world: World) -> None:
    url = world.url_of(world.token("ann"))
    parts = parts_of(url)
    assert parts["X-Amz-Credential"].startswith(SESSION_KEY)
    of_ben = parts_of(world.url_of(world.token("ben")))
    ben = {"X_Amz_Security_Token": of_ben["X-Amz-Security-Token"]}
    assert httpx.get(changed(url)).status_code == 200
    for wrong in (
        changed(url, **ben),
        changed(url, **ben, X_Amz_Credential=of_ben["X-Amz-Credential"]),
        changed(url, X_Amz_Security_Token=None),
        changed(url, X_Amz_Security_Token="A" * 5000),
    ):
        assert httpx.get(wrong).status_code == 403
    # Whoever got hold of a session's secret key could sign URLs, but nothing else.
    session = UrlSessions(world.directory).begin(Identity(user=User(id="ann"), credential=world.made["ann"].token.id))
    signed = Signer(session, region="us-east-1").sign("GET", f"{world.url}/team-1/k", payload=UNSIGNED_PAYLOAD)
    assert httpx.get(f"{world.url}/team-1/k", headers=signed.headers).status_code == 400
    tokenless = type(session)(session.access_key, session.secret_key)
    presigner = Presigner(tokenless, endpoint=world.url, region="us-east-1")
    assert httpx.get(presigned_url(presigner, "team-1", "k", PresignOptions()).url).status_code == 403


def test_servers_with_the_same_secret_know_each_others_urls(world: World) -> None:
    url = world.url_of(world.token("ann"))
    for secret, status in ((SECRET, 200), (Secret("x" * 32), 403), (None, 403)):
        directory = world.directory_of(secret=secret)
        with serving(world.store, directory=directory, credentials=(), allowed_hosts=("*",)) as other:
            moved = urlunsplit(urlsplit(url)._replace(netloc=urlsplit(other).netloc))
            # The host is signed, so a proxy in front of both passes it on.
            assert httpx.get(moved, headers={"host": urlsplit(url).netloc}).status_code == status
    with pytest.raises(InvalidSettings, match="shorter than 32 characters"):
        world.directory_of(secret=Secret("x" * 31))


def test_too_many_groups_for_a_url(world: World) -> None:
    groups = tuple(Group(name=f"readers-of-{'x' * 200}-{number}") for number in range(40))
    world.become(Directory(Accounts((), (*groups, READERS))))
    named = ",".join(["readers", *(group.name for group in groups)])
    assert world.presign("ey.zoe.readers").status_code == 200
    assert world.presign(f"ey.zoe.{named[:7000]}").status_code == 403


def test_a_url_is_signed_for_the_region_of_its_bucket(world: World) -> None:
    url = world.url_of(world.token("ann"), bucket="team-abroad")
    assert "%2Feu-west-1%2F" in url
    assert httpx.get(url).content == b"abroad"
    assert "%2Fus-east-1%2F" in world.url_of(world.token("ben"), bucket="team-later")


def test_urls_of_the_backend_can_be_switched_off() -> None:
    for backend_urls, status in ((True, 200), (False, 403)):
        settings = RestSettings(backend_urls=backend_urls)
        with memory_store() as store, TestClient(create_app(store, settings)) as client:
            store.create_bucket("things")
            response = client.post("/api/v1/storage/buckets/things/objects/presign", json={"key": "k"})
            assert response.status_code == status


def test_a_url_of_the_backend_ends_no_later_than_the_token(world: World) -> None:
    with TestClient(create_app(world.store, directory=world.directory)) as client:
        world.client = client
        world.issuer.seconds = 30.0
        assert int(parts_of(world.url_of("ey.zoe.readers"))["X-Amz-Expires"]) <= 30
        assert parts_of(world.url_of(world.token("ann"), expires_in=77))["X-Amz-Expires"] == "77"
