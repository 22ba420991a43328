"""CORS together with who sends a request: anonymous readers, and presigned URLs of several users."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from types_boto3_s3 import S3Client

from tests.http.s3.users import ALICE, BOB, People, client
from tests.http.s3.users import people as serving_people

ORIGIN = "example.origin"


@pytest.fixture(scope="module")
def people() -> Iterator[People]:
    with serving_people() as found:
        yield found


def public_object(owner: S3Client, bucket: str, *rules: Any) -> None:
    """Makes a bucket with one object, both readable by everybody, and its CORS rules."""
    owner.create_bucket(Bucket=bucket, ACL="public-read", ObjectOwnership="ObjectWriter")
    owner.put_object(Bucket=bucket, Key="a", Body=b"a", ACL="public-read")
    if rules:
        owner.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": list(rules)})


def permission(reply: httpx.Response) -> tuple[int, str | None, str | None]:
    """Returns the status, and what the browser is allowed."""
    headers = reply.headers
    return (
        reply.status_code,
        headers.get("access-control-allow-origin"),
        headers.get("access-control-allow-methods"),
    )


NOTHING = (None, None)


def test_every_origin(people: People) -> None:
    public_object(people.alice, "wildcard", {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]})
    url = f"{people.url}/wildcard/a"
    assert permission(httpx.get(url)) == (200, *NOTHING)
    assert permission(httpx.get(url, headers={"origin": ORIGIN})) == (200, "*", "GET")


def test_a_header_that_no_rule_allows(people: People) -> None:
    rule = {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "ExposeHeaders": ["x-amz-meta-header1"]}
    public_object(people.alice, "headers", rule)
    asked = {"origin": ORIGIN, "access-control-request-method": "GET"}
    url = f"{people.url}/headers/a"
    refused = httpx.options(url, headers=asked | {"access-control-request-headers": "x-amz-meta-header2"})
    assert permission(refused) == (403, *NOTHING)
    assert permission(httpx.options(url, headers=asked)) == (200, "*", "GET")
    exposed = httpx.get(url, headers={"origin": ORIGIN}).headers["access-control-expose-headers"]
    assert exposed == "x-amz-meta-header1"


def test_origins_with_a_wildcard_and_their_methods(people: People) -> None:
    rules = [
        {"AllowedMethods": [method], "AllowedOrigins": [origin]}
        for method, origin in [("GET", "*suffix"), ("GET", "start*end"), ("GET", "prefix*"), ("PUT", "*.put")]
    ]
    public_object(people.alice, "origins", *rules)
    url = f"{people.url}/origins/a"
    for origin in ("foo.suffix", "startend", "start1end", "start12end", "prefix", "prefix.suffix"):
        assert permission(httpx.get(url, headers={"origin": origin})) == (200, origin, "GET")
    for origin in ("foo.bar", "foo.suffix.get", "0start12end", "bla.prefix", "foo.put"):
        assert permission(httpx.get(url, headers={"origin": origin})) == (200, *NOTHING)
    assert permission(httpx.put(url, headers={"origin": "foo.put"})) == (403, "foo.put", "PUT")
    assert permission(httpx.put(url, headers={"origin": "foo.suffix"})) == (403, *NOTHING)


def test_the_method_that_a_request_names(people: People) -> None:
    public_object(people.alice, "named", {"AllowedMethods": ["GET"], "AllowedOrigins": ["*suffix"]})
    url, origin = f"{people.url}/named/a", "foo.suffix"
    for named, expected in (("GET", (origin, "GET")), ("PUT", NOTHING), ("DELETE", NOTHING)):
        headers = {"origin": origin, "access-control-request-method": named}
        assert permission(httpx.put(url, headers=headers)) == (403, *expected)
    # This does not let a page write: the method that it sends counts for that.
    headers = {"origin": origin, "access-control-request-method": "GET"}
    assert httpx.put(url, headers=headers).status_code == 403
    assert people.alice.get_object(Bucket="named", Key="a")["Body"].read() == b"a"


@pytest.mark.parametrize("who", [ALICE, BOB], ids=["owner", "another user"])
@pytest.mark.parametrize(
    ("method", "http_method", "more"),
    [("get_object", "GET", {}), ("put_object", "PUT", {}), ("put_object", "PUT", {"ACL": "private"})],
)
def test_presigned_urls(people: People, who: Any, method: str, http_method: str, more: dict[str, str]) -> None:
    signer = client(people.url, who, signature_version="s3v4")
    bucket = f"presigned-{who.user_id}-{method.replace('_', '-')}-{len(more)}"
    public_object(signer, bucket)
    params = {"Bucket": bucket, "Key": "a", **more}
    url = signer.generate_presigned_url(method, Params=params, ExpiresIn=1000, HttpMethod=http_method)
    assert httpx.options(url).status_code == 400
    asked = {"origin": "example", "access-control-request-method": http_method}
    assert permission(httpx.options(url, headers=asked)) == (403, *NOTHING)
    rule: Any = {"AllowedMethods": [http_method], "AllowedOrigins": ["example"]}
    signer.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    assert permission(httpx.options(url, headers=asked)) == (200, "example", http_method)
    # The signature covers the ACL: whoever uses the URL has to send it.
    headers = {"origin": "example", **({"x-amz-acl": more["ACL"]} if more else {})}
    content = b"b" if http_method == "PUT" else b""
    reply = httpx.request(http_method, url, headers=headers, content=content)
    assert permission(reply) == (200, "example", http_method)
    assert signer.get_object(Bucket=bucket, Key="a")["Body"].read() == (content or b"a")
