"""Pages of other origins at the S3 endpoint: what they may not do there, and what makes it theirs to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import pytest
from bucketry import CorsRule, CorsSettings, Secret, Store
from bucketry.settings import DEFAULT_SECRET_KEY
from bucketry_http import S3Credential, S3Rights

from tests.http.s3.client import Client, Reply
from tests.http.s3.serving import CREDENTIAL, memory_store, serving
from tests.http.s3.signing import OWNER, Signing, signing_as
from tests.http.s3.signing_v2 import client_of, presigned
from tests.http.s3.test_forms import KEY, KEY_CONDITION, form, signed


def allowing(*methods: Any, origin: str) -> CorsSettings:
    return CorsSettings(rules=(CorsRule(allowed_methods=methods, allowed_origins=(origin,)),))


PUBLISHED = S3Credential(access_key="bucketry", secret_key=DEFAULT_SECRET_KEY)
RENAMED = S3Credential(access_key="mine", secret_key=Secret("bucketry-secret"))
EVERYBODY = signing_as(PUBLISHED)
PAGE = "http://evil.example"
FOREIGN: list[Mapping[str, str]] = [
    {"origin": PAGE},
    {"origin": "null"},
    {"origin": PAGE, "sec-fetch-site": "same-origin"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site, cross-site"},
]
NEAR: list[Mapping[str, str]] = [
    {},
    {"origin": "http://localhost:3000", "sec-fetch-site": "cross-site"},
    {"origin": "http://127.0.0.1:5173"},
    {"sec-fetch-site": "none"},
    {"sec-fetch-site": "same-origin"},
]
WRITES = [
    ("PUT", "/things/planted"),
    ("DELETE", "/things/kept"),
    ("PUT", "/planted"),
    ("DELETE", "/things"),
    ("POST", "/things/kept?uploads="),
    ("PUT", "/things?cors="),
    ("DELETE", "/things?cors="),
    ("PUT", "/things/kept?tagging="),
]
REFUSED = (403, "AccessForbidden")


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Store, str]]:
    everyone = S3Rights()
    keys = (CREDENTIAL, PUBLISHED, RENAMED)
    with memory_store() as store, serving(store, credentials=keys, anonymous=everyone) as url:
        store.create_bucket("things")
        yield store, url


@pytest.fixture
def here(served: tuple[Store, str]) -> Store:
    store = served[0]
    store.delete_objects("things", [info.key for info in store.iter_objects("things")])
    store.put_object("things", "kept", b"content")
    store.delete_bucket_settings("things", CorsSettings)
    return store


@pytest.fixture
def s3(served: tuple[Store, str], here: Store) -> Client:
    return Client(served[1])


def unchanged(store: Store) -> bool:
    return (
        [bucket.name for bucket in store.list_buckets()] == ["things"]
        and [info.key for info in store.iter_objects("things")] == ["kept"]
        and not store.list_multipart_uploads("things").uploads
        and not store.get_bucket_settings("things", CorsSettings).rules
    )


def sent_with(
    s3: Client, how: str, method: str, target: str, claim: Mapping[str, str], by: Signing = EVERYBODY
) -> Reply:
    if how == "anonymous":
        return s3.send(method, target, claim)
    if how == "presigned":
        return s3.send(method, by.presigned(method, target, s3.host), claim)
    return s3.ask(method, target, headers=claim, by=by)


def post(s3: Client, claim: Mapping[str, str], by: Signing | None) -> Reply:
    fields = {**KEY, **(signed([KEY_CONDITION], by) if by is not None else {})}
    return s3.send("POST", "/things", {"content-type": "multipart/form-data; boundary=B", **claim}, form(fields))


@pytest.mark.parametrize("claim", FOREIGN)
@pytest.mark.parametrize("how", ["header", "presigned", "anonymous"])
@pytest.mark.parametrize(("method", "target"), WRITES)
def test_a_foreign_page_changes_nothing(
    s3: Client, here: Store, method: str, target: str, how: str, claim: Mapping[str, str]
) -> None:
    reply = sent_with(s3, how, method, target, claim)
    assert reply.error == REFUSED
    assert "check_origins" in reply.text("Message")
    assert unchanged(here)


@pytest.mark.parametrize("claim", FOREIGN)
@pytest.mark.parametrize("by", [EVERYBODY, signing_as(RENAMED), None])
def test_a_foreign_page_uploads_nothing_by_form(
    s3: Client, here: Store, by: Signing | None, claim: Mapping[str, str]
) -> None:
    assert post(s3, claim, by).error == REFUSED
    assert unchanged(here)


@pytest.mark.parametrize("claim", FOREIGN)
def test_the_older_signature_gives_no_more(s3: Client, here: Store, claim: Mapping[str, str]) -> None:
    for credential, error in ((PUBLISHED, REFUSED), (RENAMED, REFUSED), (CREDENTIAL, (200, ""))):
        url = presigned(client_of(s3.url, credential), "put_object", "planted", Bucket="things")
        assert s3.send("PUT", url.removeprefix(s3.url), claim).error == error


@pytest.mark.parametrize("claim", NEAR)
@pytest.mark.parametrize("how", ["header", "presigned", "anonymous"])
def test_pages_of_this_machine_and_other_programs_are_not_foreign(
    s3: Client, here: Store, how: str, claim: Mapping[str, str]
) -> None:
    assert sent_with(s3, how, "PUT", "/things/new", claim).status == 200
    assert post(s3, claim, EVERYBODY).status == 204
    assert [info.key for info in here.iter_objects("things")] == ["from/a form", "kept", "new"]


@pytest.mark.parametrize("claim", FOREIGN)
def test_what_somebody_signed_for_the_page_is_accepted(s3: Client, here: Store, claim: Mapping[str, str]) -> None:
    assert sent_with(s3, "presigned", "PUT", "/things/given", claim, OWNER).status == 200
    assert post(s3, claim, OWNER).status == 204
    # A page does not sign headers with a key that was not given to it.
    assert sent_with(s3, "header", "PUT", "/things/other", claim, OWNER).error == REFUSED
    assert [info.key for info in here.iter_objects("things")] == ["from/a form", "given", "kept"]


@pytest.mark.parametrize("how", ["header", "presigned", "anonymous"])
def test_the_buckets_rules_allow_a_page_and_its_method(s3: Client, here: Store, how: str) -> None:
    here.put_bucket_settings("things", allowing("PUT", origin=PAGE))
    assert sent_with(s3, how, "PUT", "/things/new", {"origin": PAGE}).status == 200
    for method, target, origin in (
        ("DELETE", "/things/new", PAGE),
        ("PUT", "/things/new", "https://evil.example"),
        ("PUT", "/things/new", "null"),
        ("PUT", "/planted", PAGE),
    ):
        assert sent_with(s3, how, method, target, {"origin": origin}).error == REFUSED
    assert sent_with(s3, how, "PUT", "/things/new", {"sec-fetch-site": "cross-site"}).error == REFUSED


def test_a_rule_for_everybody_is_for_every_page(s3: Client, here: Store) -> None:
    here.put_bucket_settings("things", allowing("PUT", "POST", origin="*"))
    for claim in FOREIGN:
        assert sent_with(s3, "header", "PUT", "/things/new", claim).status == 200
        assert post(s3, claim, None).status == 204


@pytest.mark.parametrize("how", ["header", "presigned", "anonymous"])
def test_what_a_foreign_page_fetches_it_cannot_read(s3: Client, how: str) -> None:
    for target in ("/things/kept", "/things"):
        reply = sent_with(s3, how, "GET", target, {"origin": PAGE, "sec-fetch-site": "cross-site"})
        assert reply.status == 200
        assert not [name for name in reply.headers if name.lower().startswith("access-control-")]


@pytest.mark.parametrize("how", ["header", "presigned"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_the_published_key_pair_reads_is_no_pages_script(s3: Client, method: str, how: str) -> None:
    """A page reads what it runs, and needs no permission for that (``Cross-Origin-Resource-Policy``, ``nosniff``)."""
    for by, nosniff, policy in ((EVERYBODY, "nosniff", "same-site"), (signing_as(CREDENTIAL), None, None)):
        for kind, expected in (
            ("text/javascript", policy),
            ("text/plain, Text/JavaScript", policy),
            ("image/png", None),
        ):
            target = f"/things/kept?response-content-type={quote(kind, safe='')}"
            headers = sent_with(s3, how, method, target, {}, by).headers
            assert headers["content-type"] == kind
            assert headers["x-content-type-options"] == nosniff
            assert headers["cross-origin-resource-policy"] == expected


def test_the_check_can_be_turned_off(here: Store) -> None:
    with serving(here, credentials=(PUBLISHED,), check_origins=False) as url:
        s3 = Client(url)
        for claim in FOREIGN:
            for how in ("header", "presigned"):
                assert sent_with(s3, how, "PUT", "/things/new", claim).status == 200
            assert post(s3, claim, EVERYBODY).status == 204


@pytest.mark.parametrize("how", ["header", "presigned", "anonymous"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "POST", "OPTIONS"])
def test_a_rebound_name_reaches_nothing(s3: Client, here: Store, method: str, how: str) -> None:
    claim: dict[str, Any] = {"host": "rebound.evil.example:9000", "origin": "http://rebound.evil.example:9000"}
    target = "/things/kept"
    if how == "presigned":
        target = EVERYBODY.presigned(method, target, claim["host"])
    reply = s3.ask(method, target, headers=claim, by=EVERYBODY) if how == "header" else s3.send(method, target, claim)
    assert reply.status == 421
    if method != "HEAD":
        assert reply.code == "MisdirectedRequest"
        assert "allowed_hosts" in reply.text("Message")
    assert unchanged(here)


@pytest.mark.parametrize(
    "host", ["s3.example.com", "things.s3.example.com", "s3.example.com:443", "localhost", "things.localhost"]
)
def test_configured_names_are_accepted(here: Store, host: str) -> None:
    settings: dict[str, Any] = {
        "domains": ("s3.example.com", "localhost"),
        "public_endpoints": ("https://files.example.com",),
    }
    with serving(here, **settings) as url:
        for known in (host, "files.example.com"):
            assert Client(url).ask("GET", "/", headers={"host": known}).status == 200
        assert Client(url).ask("GET", "/", headers={"host": "things.example.com"}).status == 421
