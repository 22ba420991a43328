"""Which tokens of an issuer are accepted, and whose they are."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import anyio
import jwt
import pytest
from bucketry_access import Identity, User
from bucketry_http.oidc import OidcIssuer
from bucketry_http.oidc.issuer import MAX_TOKEN
from bucketry_http.oidc.settings import ALGORITHMS

from tests.http.oidc.issuing import Issuer, new_key


def identify(source: OidcIssuer, token: str) -> Identity | None:
    return anyio.run(source.identify, token)


def user_of(issuer: Issuer, token: str, **settings: Any) -> User | None:
    found = identify(OidcIssuer(issuer.settings(**settings)), token)
    return None if found is None else found.user


def encoded(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


def test_a_good_token_names_its_user(issuer: Issuer) -> None:
    token = issuer.token(name="Ada L.", groups=["team-a", "team-b", "team-a"], exp=int(time.time()) + 100)
    source = OidcIssuer(issuer.settings())
    assert source.takes(token)
    found = identify(source, token)
    assert found is not None
    assert (found.user.id, found.user.display_name, found.user.groups) == ("ada", "Ada L.", ("team-a", "team-b"))
    assert (found.user.roles, found.user.policy, found.user.is_root) == ((), None, False)
    assert found.credential == "oidc-ada"
    assert found.expires_at is not None
    assert 0 < found.expires_at.timestamp() - time.time() <= 160
    assert token not in repr(found)


def test_a_key_of_another_kind_than_the_algorithm_is_refused(issuer: Issuer) -> None:
    issuer.keys["curve"] = new_key("EC")
    source = OidcIssuer(issuer.settings(algorithms=ALGORITHMS))
    for algorithm in ALGORITHMS:
        for key_id in ("first", "curve"):
            header = encoded({"alg": algorithm, "kid": key_id})
            for signature in ("", "AAAA", encoded("x" * 200)):
                assert identify(source, f"{header}.{encoded(issuer.claims())}.{signature}") is None


def test_an_elliptic_key_signs_too(issuer: Issuer) -> None:
    issuer.keys["curve"] = new_key("EC")
    token = issuer.token(issuer.keys["curve"], algorithm="ES256", headers={"kid": "curve"})
    assert user_of(issuer, token) is not None
    assert user_of(issuer, token, algorithms=("RS256",)) is None


# Not by the clock: all processes of a run must give the tests the same names.
LONG_AGO, FAR_AHEAD = 1_000_000_000, 10_000_000_000


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": LONG_AGO},
        {"exp": None},
        {"iat": None},
        {"iat": FAR_AHEAD},
        {"nbf": FAR_AHEAD},
        {"aud": "another"},
        {"aud": None},
        {"aud": []},
        {"iss": "https://another.example.com"},
        {"iss": None},
        {"sub": None},
        {"sub": ""},
        {"sub": "no user|id"},
        {"sub": "root"},
        {"sub": "a" * 300},
        {"groups": {"team-a": True}},
        {"groups": ["team-a", 7]},
        {"groups": [str(number) for number in range(1001)]},
        {"exp": 10**18},
        {"exp": "soon"},
    ],
    ids=str,
)
def test_a_token_that_says_something_wrong_is_refused(issuer: Issuer, changes: dict[str, Any]) -> None:
    assert user_of(issuer, issuer.token(**changes)) is None


def test_clocks_may_differ_by_the_leeway(issuer: Issuer) -> None:
    token = issuer.token(exp=int(time.time()) - 100)
    assert user_of(issuer, token, leeway_seconds=300) is not None
    assert user_of(issuer, token, leeway_seconds=10) is None


def test_a_token_of_another_key_is_refused(issuer: Issuer) -> None:
    assert user_of(issuer, issuer.token(new_key())) is None
    assert user_of(issuer, issuer.token(new_key(), headers={})) is None


def test_a_token_need_not_name_the_only_key(issuer: Issuer) -> None:
    token = issuer.token(headers={})
    assert user_of(issuer, token) is not None
    issuer.keys["second"] = new_key()
    assert user_of(issuer, token) is None


def test_a_token_without_a_signature_is_refused(issuer: Issuer) -> None:
    for algorithm in ("none", "None", "NONE"):
        unsigned = f"{encoded({'alg': algorithm, 'kid': 'first'})}.{encoded(issuer.claims())}."
        assert OidcIssuer(issuer.settings()).takes(unsigned)
        assert user_of(issuer, unsigned) is None


def test_the_public_key_is_no_shared_secret(issuer: Issuer) -> None:
    # A token that is signed with the public key itself, as with a password.
    public = json.loads(issuer.document("/keys"))["keys"][0]["n"]
    forged = jwt.encode(issuer.claims(), public, algorithm="HS256", headers={"kid": "first"})
    assert user_of(issuer, forged) is None


def test_a_token_that_was_changed_is_refused(issuer: Issuer) -> None:
    head, _, signature = issuer.token().split(".")
    assert user_of(issuer, f"{head}.{encoded(issuer.claims(sub='eve'))}.{signature}") is None


def test_extensions_that_must_be_understood_are_refused(issuer: Issuer) -> None:
    assert user_of(issuer, issuer.token(headers={"kid": "first", "crit": ["exp"], "exp": 1})) is None


@pytest.mark.parametrize(
    "token", ["", "a.b", "a.b.c", "...", "é.e30.x", "bkt_abc_def", "e30.e30.e30.e30", "x" * 20_000]
)
def test_other_texts_are_left_to_others(issuer: Issuer, token: str) -> None:
    source = OidcIssuer(issuer.settings())
    assert not source.takes(token)
    assert identify(source, token) is None
    assert issuer.asked == []


def test_a_token_has_a_longest_length(issuer: Issuer) -> None:
    token = issuer.token(padding="x" * MAX_TOKEN)
    assert not OidcIssuer(issuer.settings()).takes(token)
    assert user_of(issuer, token) is None


def test_claims_are_settings(issuer: Issuer) -> None:
    said: dict[str, Any] = {
        "email": "ada@example.com",
        "groups": None,
        "realm_access": {"roles": ["team-a"]},
        "https://x.example/g": "team-b",
    }
    token = issuer.token(**said)
    user = user_of(issuer, token, user_claim="email", groups_claim="realm_access.roles", user_prefix="corp-")
    assert user is not None
    assert (user.id, user.groups) == ("corp-ada@example.com", ("team-a",))
    other = user_of(issuer, token, groups_claim="https://x.example/g")
    assert other is not None
    assert other.groups == ("team-b",)
    none = user_of(issuer, token, groups_claim="realm_access.nothing.here")
    assert none is not None
    assert none.groups == ()


def test_a_user_of_the_directory_is_the_same_only_if_that_is_set(issuer: Issuer) -> None:
    ada = User(id="ada", roles=("read:*",), groups=("staff",))
    root = User(id="boss", is_root=True)
    known = {"ada": ada, "boss": root}
    token = issuer.token()
    assert identify(OidcIssuer(issuer.settings(), user=known.get), token) is None
    same = OidcIssuer(issuer.settings(same_users=True), user=known.get)
    found = identify(same, token)
    assert found is not None
    assert (found.user.roles, found.user.groups) == (("read:*",), ("staff", "team-a"))
    boss = identify(same, issuer.token(sub="boss"))
    assert boss is not None
    assert boss.user is root
