"""Credentials that boto3's chain finds, and refreshes while the store is open."""

from __future__ import annotations

import json
import sys
import textwrap
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from bucketry import InvalidSettings, Store, Unavailable, open_store

from tests.s3client.fake import Answer, Fake, Request, serving

BUCKETS = b"<ListAllMyBucketsResult><Owner><ID>me</ID></Owner><Buckets></Buckets></ListAllMyBucketsResult>"
SOON = timedelta(seconds=30)
"""So near their end, botocore refreshes credentials each time that they are asked for."""


class Vendor:
    """Gives another access key each time."""

    def __init__(self) -> None:
        self.given = 0
        self.is_down = False

    def next(self) -> dict[str, str]:
        self.given += 1
        name = f"{self.given:04}"
        return {
            "AccessKeyId": f"AKIA{name}",
            "SecretAccessKey": f"secret-{name}",
            "Token": f"token/{name}==",
            "Expiration": (datetime.now(UTC) + SOON).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of this machine's own credentials."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


def s3_and(respond: Callable[[Request], Answer | None], vendor: Vendor) -> Callable[[Request], Answer]:
    """A server that lists buckets, and is asked for credentials too."""

    def answer(request: Request) -> Answer:
        if request.line == "GET /" and "authorization" in request.headers:
            return Answer(body=BUCKETS)
        if vendor.is_down:
            return Answer(status=500, body=b"<Error><Code>Failed</Code><Message>a page that quotes</Message></Error>")
        return respond(request) or Answer(status=404)

    return answer


def of_the_machine(request: Request, vendor: Vendor) -> Answer | None:
    """The metadata service of a machine (IMDSv2)."""
    if request.line == "PUT /latest/api/token":
        return Answer(body=b"metadata-token", headers={"x-aws-ec2-metadata-token-ttl-seconds": "60"})
    base = "/latest/meta-data/iam/security-credentials/"
    if request.target == base:
        return Answer(body=b"role")
    if request.target == f"{base}role":
        return Answer(body=json.dumps({"Code": "Success", "Type": "AWS-HMAC", **vendor.next()}).encode())
    return None


def of_the_token_service(request: Request, vendor: Vendor) -> Answer | None:
    """STS, asked with a web identity."""
    if request.method != "POST" or b"AssumeRoleWithWebIdentity" not in request.body:
        return None
    found = vendor.next()
    found["SessionToken"] = found.pop("Token")
    fields = "".join(f"<{name}>{value}</{name}>" for name, value in found.items())
    inner = f"<AssumeRoleWithWebIdentityResult><Credentials>{fields}</Credentials></AssumeRoleWithWebIdentityResult>"
    return Answer(body=f"<AssumeRoleWithWebIdentityResponse>{inner}</AssumeRoleWithWebIdentityResponse>".encode())


def access_keys(fake: Fake) -> list[str]:
    signed = [request.headers["authorization"] for request in fake.requests if "authorization" in request.headers]
    return [text.partition("Credential=")[2].partition("/")[0] for text in signed]


def opened(fake: Fake, settings: dict[str, object]) -> Store:
    return open_store(f"s3://{fake.location}", settings={"probe": False, **settings}, environ={})


def check_refreshed(fake: Fake, **settings: object) -> None:
    """The next request, and the next presigned URL, are signed with the credentials that hold then, token included."""
    with opened(fake, settings) as store:
        store.list_buckets()
        store.list_buckets()
        url = store.presign("photos", "cat").url
    first, second = access_keys(fake)
    tokens = [request.headers["x-amz-security-token"] for request in fake.requests if request.line == "GET /"]
    assert first != second
    assert tokens == [f"token/{key[4:]}==" for key in (first, second)]
    query = {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}
    third = query["X-Amz-Credential"].partition("/")[0]
    assert third not in {first, second}
    assert query["X-Amz-Security-Token"] == f"token/{third[4:]}=="


def test_credentials_of_the_machine_are_found(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(s3_and(lambda request: of_the_machine(request, vendor), vendor)) as fake:
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"http://{fake.location}/")
        with opened(fake, {}) as store:
            store.list_buckets()
    # botocore uses these for some more minutes, should the machine have no others yet.
    assert access_keys(fake) == ["AKIA0001"]
    assert fake.requests[-1].headers["x-amz-security-token"] == "token/0001=="


def test_credentials_of_a_web_identity_are_refreshed(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("a token of a platform")
    with serving(s3_and(lambda request: of_the_token_service(request, vendor), vendor)) as fake:
        monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
        monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/reader")
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://{fake.location}")
        check_refreshed(fake)


def test_credentials_of_a_process_are_refreshed(vendor: Vendor, tmp_path: Path) -> None:
    program = tmp_path / "vendor.py"
    program.write_text(
        textwrap.dedent(
            f"""\
            import json, pathlib
            from datetime import UTC, datetime, timedelta
            count = pathlib.Path({str(tmp_path / "count")!r})
            name = f"{{int(count.read_text()) + 1 if count.exists() else 1:04}}"
            count.write_text(name)
            print(json.dumps({{
                "Version": 1, "AccessKeyId": f"AKIA{{name}}", "SecretAccessKey": f"secret-{{name}}",
                "SessionToken": f"token/{{name}}==",
                "Expiration": (datetime.now(UTC) + timedelta(seconds=30)).isoformat(),
            }}))
            """
        )
    )
    (tmp_path / "config").write_text(f"[profile vendor]\ncredential_process = {sys.executable} {program}\n")
    with serving(s3_and(lambda request: None, vendor)) as fake:
        check_refreshed(fake, profile="vendor")


def test_credentials_that_cannot_be_refreshed_are_an_error_without_secrets(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("a token of a platform")
    with serving(s3_and(lambda request: of_the_token_service(request, vendor), vendor)) as fake:
        monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
        monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/reader")
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://{fake.location}")
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        with opened(fake, {}) as store:
            vendor.is_down = True
            with pytest.raises(Unavailable, match="credentials cannot be refreshed") as caught:
                store.list_buckets()
            status = store.status()
    assert not status.available
    assert "credentials cannot be refreshed" in status.detail
    shown = "".join(traceback.format_exception(caught.value)) + status.detail
    for hidden in ("secret-", "token/", "a token of a platform", "a page that quotes"):
        assert hidden not in shown


def test_a_profile_gives_keys_and_region(vendor: Vendor, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[profile work]\nregion = eu-west-3\n")
    (tmp_path / "credentials").write_text("[work]\naws_access_key_id = AKIAWORK\naws_secret_access_key = s\n")
    with serving(s3_and(lambda request: None, vendor)) as fake:
        settings = {"probe": False, "profile": "work"}
        with opened(fake, settings) as store:
            store.list_buckets()
            assert store.status().region == "eu-west-3"
    assert access_keys(fake)[0] == "AKIAWORK"
    assert "/eu-west-3/s3/" in fake.requests[0].headers["authorization"]


def test_given_keys_need_no_botocore(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "botocore.session", None)
    settings = {"probe": False, "access_key": "AKIAGIVEN", "secret_key": "s", "session_token": "t"}
    with serving(s3_and(lambda request: None, vendor)) as fake, opened(fake, settings) as store:
        store.list_buckets()
        assert "X-Amz-Security-Token=t&" in store.presign("photos", "cat").url
    assert fake.requests[0].headers["x-amz-security-token"] == "t"


def test_no_credentials_are_said_at_once() -> None:
    with pytest.raises(InvalidSettings, match="BUCKETRY_S3_ACCESS_KEY"):
        open_store("s3://127.0.0.1:1", settings={"probe": False}, environ={})


def test_an_unknown_profile_is_said_at_once() -> None:
    with pytest.raises(InvalidSettings, match="no profile 'missing'"):
        open_store("s3://127.0.0.1:1", settings={"probe": False, "profile": "missing"}, environ={})
