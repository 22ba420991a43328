"""Rules for pages of other origins: configured as S3 has it, and followed as browsers ask."""

from __future__ import annotations

from typing import Any

import pytest
from bucketry import CorsRule, CorsSettings, Store
from types_boto3_s3 import S3Client

from tests.http.s3.client import Client, Reply
from tests.http.s3.signing import OWNER
from tests.http.s3.test_objects import failing

PAGE = "https://app.example"
RULE: dict[str, Any] = {
    "ID": "pages",
    "AllowedMethods": ["GET", "PUT"],
    "AllowedOrigins": ["https://*.example"],
    "AllowedHeaders": ["content-type", "x-amz-*"],
    "ExposeHeaders": ["etag", "x-amz-request-id"],
    "MaxAgeSeconds": 600,
}
EVERYBODY: dict[str, Any] = {"AllowedMethods": ["HEAD"], "AllowedOrigins": ["*"]}

RULES: Any = {"CORSRules": [RULE, EVERYBODY]}


@pytest.fixture
def configured(boto: S3Client, store: Store) -> S3Client:
    boto.put_bucket_cors(Bucket="things", CORSConfiguration=RULES)
    store.put_object("things", "a", b"a")
    return boto


def ask_before(
    s3: Client, method: str = "PUT", origin: str = PAGE, headers: str = "", target: str = "/things/a"
) -> Reply:
    asked = {"origin": origin, "access-control-request-method": method}
    if headers:
        asked["access-control-request-headers"] = headers
    return s3.send("OPTIONS", target, asked)


def test_rules_are_put_got_and_deleted(configured: S3Client, store: Store) -> None:
    assert configured.get_bucket_cors(Bucket="things")["CORSRules"] == [RULE, EVERYBODY]
    assert store.get_bucket_settings("things", CorsSettings).rules[1] == CorsRule(
        allowed_methods=("HEAD",), allowed_origins=("*",)
    )
    configured.delete_bucket_cors(Bucket="things")
    assert failing(configured.get_bucket_cors, Bucket="things") == (404, "NoSuchCORSConfiguration")
    assert failing(configured.get_bucket_cors, Bucket="none-such") == (404, "NoSuchBucket")


def test_a_browser_that_asks_before_is_told(s3: Client, configured: S3Client) -> None:
    reply = ask_before(s3, headers="Content-Type, X-Amz-Date")
    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["access-control-allow-origin"] == PAGE
    assert reply.headers["access-control-allow-methods"] == "GET, PUT"
    assert reply.headers["access-control-allow-headers"] == "content-type, x-amz-date"
    assert reply.headers["access-control-max-age"] == "600"
    assert "origin" in reply.headers["vary"].lower()


REFUSED: dict[str, dict[str, str]] = {
    "another origin": {"origin": "https://app.elsewhere"},
    "an origin that only ends so": {"origin": "https://a.example.elsewhere"},
    "a method": {"method": "DELETE"},
    "a header": {"headers": "content-type, authorization"},
    "another bucket": {"target": "/guests/a"},
    "no bucket": {"target": "/"},
    "a bucket that is not there": {"target": "/none-such/a"},
}


@pytest.mark.parametrize("what", REFUSED.values(), ids=REFUSED)
def test_what_no_rule_allows(s3: Client, configured: S3Client, what: dict[str, str]) -> None:
    reply = ask_before(s3, **what)
    assert reply.error == (403, "AccessForbidden")
    assert "because the evalution of Origin, request method /" in reply.text("Message")  # as S3 spells it
    assert "access-control-allow-origin" not in reply.headers


@pytest.mark.parametrize("missing", ["origin", "access-control-request-method"])
def test_a_question_that_is_none(s3: Client, configured: S3Client, missing: str) -> None:
    asked = {"origin": PAGE, "access-control-request-method": "GET"}
    del asked[missing]
    assert s3.send("OPTIONS", "/things/a", asked).error == (400, "BadRequest")


def test_presigned_urls_can_be_asked_about(s3: Client, configured: S3Client) -> None:
    target = OWNER.presigned("PUT", "/things/b", s3.host)
    assert ask_before(s3, target=target).status == 200
    reply = s3.send("PUT", target, {"origin": PAGE}, b"from a page")
    assert (reply.status, reply.headers["access-control-allow-origin"]) == (200, PAGE)
    assert reply.headers["access-control-expose-headers"] == "etag, x-amz-request-id"


def test_a_page_may_read_errors_too(s3: Client, configured: S3Client) -> None:
    for target, by in (("/things/none", OWNER), ("/things/a", None)):
        headers = {"origin": PAGE}
        reply = s3.send("GET", target, headers) if by is None else s3.ask("GET", target, headers=headers)
        assert reply.status in {403, 404}
        assert reply.headers["access-control-allow-origin"] == PAGE


def test_everybody_is_a_star(s3: Client, configured: S3Client) -> None:
    reply = s3.ask("HEAD", "/things/a", headers={"origin": "https://elsewhere"})
    assert (reply.status, reply.headers["access-control-allow-origin"]) == (200, "*")
    assert "access-control-allow-credentials" not in reply.headers


@pytest.mark.parametrize("headers", [{}, {"origin": "https://app.elsewhere"}])
def test_others_are_told_nothing(s3: Client, configured: S3Client, headers: dict[str, str]) -> None:
    reply = s3.ask("GET", "/things/a", headers=headers)
    assert reply.status == 200
    assert not [name for name in reply.headers if name.lower().startswith("access-control")]


WRONG: dict[str, dict[str, Any]] = {
    "a method that is none": RULE | {"AllowedMethods": ["PATCH"]},
    "no method": RULE | {"AllowedMethods": []},
    "no origin": RULE | {"AllowedOrigins": []},
    "two stars": RULE | {"AllowedOrigins": ["https://*.*.example"]},
    "an age below nothing": RULE | {"MaxAgeSeconds": -1},
}


@pytest.mark.parametrize("rule", WRONG.values(), ids=WRONG)
def test_rules_that_are_wrong(boto: S3Client, rule: Any) -> None:
    status, code = failing(boto.put_bucket_cors, Bucket="things", CORSConfiguration={"CORSRules": [rule]})
    assert (status, code in {"InvalidRequest", "MalformedXML", "InvalidArgument"}) == (400, True)
    assert failing(boto.get_bucket_cors, Bucket="things") == (404, "NoSuchCORSConfiguration")


@pytest.mark.parametrize("count", [0, 101])
def test_how_many_rules_there_may_be(boto: S3Client, count: int) -> None:
    rules: Any = [EVERYBODY] * count
    assert failing(boto.put_bucket_cors, Bucket="things", CORSConfiguration={"CORSRules": rules})[0] == 400
    boto.put_bucket_cors(Bucket="things", CORSConfiguration={"CORSRules": [EVERYBODY] * 100})  # type: ignore[list-item]


def test_a_rule_of_many_stars_costs_little(s3: Client, boto: S3Client) -> None:
    origin = "https://" + "a" * 8000
    rule: Any = EVERYBODY | {
        "AllowedHeaders": [f"a*{'b' * 20}" for _ in range(50)],
        "AllowedOrigins": ["https://*x"] * 50,
    }
    boto.put_bucket_cors(Bucket="things", CORSConfiguration={"CORSRules": [rule]})
    assert ask_before(s3, "HEAD", origin, ", ".join(["a" * 100] * 80)).error == (403, "AccessForbidden")
