"""Neither a filter on loggers nor `redacted` lets signatures, session tokens or secrets through."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from html import escape
from urllib.parse import quote

import boto3
import pytest
from botocore.config import Config
from bucketry import Secret
from bucketry.redaction import RedactingFilter, protect_loggers, redacted

SIGNATURE = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
V2 = "frJIUN8DYpKDtOLCwo//yllqDzg="
TOKEN = "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJH"


class Collected(logging.Handler):
    """Keeps what is written, with tracebacks."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def collected() -> Iterator[Collected]:
    handler, root = Collected(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.parametrize(
    "text",
    [
        f"GET /b/k?X-Amz-Signature={SIGNATURE}&X-Amz-Expires=60 HTTP/1.1",
        f"https://host/b/k?x-amz-signature={SIGNATURE}",
        f"X-Amz-Credential=AK&X-Amz-Security-Token={TOKEN.replace('/', '%2F')}&X-Amz-Date=20240115T000000Z",
        f"Authorization: AWS4-HMAC-SHA256 Credential=AK/20240115/r/s3/aws4_request, Signature={SIGNATURE}",
        f"{{'Authorization': b'AWS4-HMAC-SHA256 Credential=AK, SignedHeaders=host, Signature={SIGNATURE}'}}",
        f"Signature:\n{SIGNATURE}",
        f"Signature%3D{SIGNATURE}",
        f"AWS4-HMAC-SHA256\n20240115T000000Z\n20240115/r/s3/aws4_request\n{SIGNATURE}",
        f"GET /b/k?AWSAccessKeyId=AK&Signature={V2.replace('/', '%2F').replace('=', '%3D')}&Expires=1",
        f"GET /b/k?Signature={V2}&Expires=1",
        f"Authorization: AWS AK:{V2}",
        f"x-amz-security-token:{TOKEN}\nx-amz-date:20240115T000000Z",
        f"{{'X-Amz-Security-Token': '{TOKEN}', 'Host': 'h'}}",
        f"[('X-Amz-Security-Token', '{TOKEN}')]",
        f"[(b'x-amz-security-token', b'{TOKEN}')]",
        f'{{"x-amz-signature": "{SIGNATURE}"}}',
        f"<SignatureProvided>{SIGNATURE}</SignatureProvided><Signature>{SIGNATURE}</Signature>",
        f"aws_secret_access_key={TOKEN}",
        f"AWS_SESSION_TOKEN='{TOKEN}'",
        f"secret_key: {TOKEN}",
        f"<SecretAccessKey>{TOKEN}</SecretAccessKey>",
        f'{{"secretAccessKey": "{TOKEN}"}}',
        f"{{'WebIdentityToken': '{TOKEN}', 'RoleArn': 'arn'}}",
        f"SAMLAssertion={TOKEN}",
        f"X-Auth-Token: {TOKEN}",
        f"X-Amz-Server-Side-Encryption-Customer-Key: {TOKEN}",
    ],
)
def test_a_signature_or_token_is_masked_however_it_is_written(text: str) -> None:
    clean = redacted(text)
    assert "***" in clean
    for secret in (SIGNATURE, V2, V2[:20], TOKEN, TOKEN[20:], TOKEN.replace("/", "%2F")):
        assert secret not in clean.replace(f"<SignatureProvided>{SIGNATURE}</SignatureProvided>", "")
    assert redacted(clean) == clean


@pytest.mark.parametrize(
    "text",
    [
        "",
        "the driver 'minio' knows: location, secure, access_key, secret_key, session_token, retries",
        "The signature does not match the request. Check the secret key: it is another.",
        "GET /b/k?prefix=signature&list-type=2",
        "X-Amz-SignedHeaders=host&X-Amz-Algorithm=AWS4-HMAC-SHA256",
        f"etag {SIGNATURE}",
    ],
)
def test_all_else_stays_as_it_is(text: str) -> None:
    assert redacted(text) == text


def test_a_secret_is_masked_as_long_as_somebody_holds_it() -> None:
    secret = Secret("hunter2/of=these+tests")
    assert redacted("it is hunter2/of=these+tests!") == "it is ***!"
    assert redacted("?a=hunter2%2Fof%3Dthese%2Btests&b") == "?a=***&b"
    assert repr(secret) == "Secret('***')"
    del secret
    assert redacted("it is hunter2/of=these+tests!") == "it is hunter2/of=these+tests!"


def test_a_very_short_secret_spoils_no_words() -> None:
    secret = Secret("the key")
    assert redacted("the key is there") == "the key is there"
    assert secret


def test_a_protected_logger_and_those_below_it_write_none(collected: Collected) -> None:
    logging.getLogger("acme.http.pool")
    protect_loggers("acme")
    protect_loggers("acme")
    assert len(logging.getLogger("acme").filters) == 1
    for name in ("acme", "acme.http.pool"):
        logger = logging.getLogger(name)
        logger.debug('"%s %s" %s %d', "GET", f"/b?X-Amz-Signature={SIGNATURE}", {"X-Amz-Security-Token": TOKEN}, 200)
        logger.warning("{'x-amz-security-token': '%(token)s'}", {"token": TOKEN})
        logger.error(f"Signature={SIGNATURE}")  # noqa: G004 - the case
    text = "\n".join(collected.lines)
    assert SIGNATURE not in text
    assert TOKEN not in text
    assert text.count('"GET /b?X-Amz-Signature=***"') == 2
    assert len(collected.lines) == 6


def test_a_traceback_is_redacted_too(collected: Collected) -> None:
    protect_loggers("acme")
    try:
        raise ValueError(f"no answer from /b?X-Amz-Signature={SIGNATURE}")
    except ValueError:
        logging.getLogger("acme").exception("it failed")
    assert "no answer from /b?X-Amz-Signature=***" in collected.lines[0]
    assert SIGNATURE not in collected.lines[0]


def test_a_record_that_cannot_be_written_writes_no_arguments() -> None:
    record = logging.LogRecord("acme", logging.ERROR, "", 0, "%d %d", (TOKEN,), None)
    assert RedactingFilter().filter(record)
    assert record.getMessage() == "a record of acme that cannot be written"


def test_arguments_that_a_formatter_takes_apart_stay_arguments() -> None:
    arguments = ("127.0.0.1:1", "GET", f"/b?X-Amz-Signature={SIGNATURE}", "1.1", 200)
    record = logging.LogRecord("uvicorn.access", logging.INFO, "", 0, '%s - "%s %s HTTP/%s" %d', arguments, None)
    assert RedactingFilter().filter(record)
    assert record.args == ("127.0.0.1:1", "GET", "/b?X-Amz-Signature=***", "1.1", 200)


def test_botocore_at_its_most_talkative_writes_none(collected: Collected) -> None:
    signatures: list[str] = []
    session = boto3.session.Session("AK", "the-secret-of-this-test", TOKEN, region_name="us-east-1")
    client = session.client(
        "s3", endpoint_url="http://127.0.0.1:1", config=Config(retries={"total_max_attempts": 2}, connect_timeout=1)
    )
    protect_loggers("boto3", "botocore", "s3transfer", "urllib3")

    def sent(request: object, **_: object) -> None:
        header = getattr(request, "headers")["Authorization"]  # noqa: B009 - of botocore's own type
        signatures.append((header.decode() if isinstance(header, bytes) else header).rpartition("Signature=")[2])

    client.meta.events.register("before-send.s3", sent)
    secret = Secret("the-secret-of-this-test")
    with pytest.raises(Exception, match=r"127\.0\.0\.1:1"):
        client.put_object(Bucket="bucket", Key="key", Body=b"content")
    url = client.generate_presigned_url("get_object", {"Bucket": "bucket", "Key": "key"})
    signatures.append(url.rpartition("Signature=")[2].partition("&")[0])
    text = "\n".join(collected.lines)
    assert "botocore" in text or len(collected.lines) > 20
    for hidden in (*signatures, TOKEN, secret.reveal(), "StringToSign", "CanonicalRequest"):
        assert hidden
        assert hidden not in text, text[max(0, text.find(hidden) - 500) : text.find(hidden) + 100]
    assert len(signatures) >= 2


@pytest.mark.parametrize(
    "secret", ['s3cr3t"and<more>&such', "s3cr3t'with\\both\"kinds", "s3cr3t-mit-ümlaut+/=", "s3cr3t;two,parts"]
)
def test_a_secret_with_special_characters_leaves_no_rest(secret: str) -> None:
    held = Secret(secret)
    written = [
        f"x-amz-security-token: {secret}",
        f"secret_key={secret}",
        quote(secret),
        json.dumps({"secret_key": secret}),
        json.dumps([secret], ensure_ascii=False),
        repr({"a": secret}),
        f"<SecretKey>{escape(secret)}</SecretKey><A>{escape(secret, quote=False)}</A>",
    ]
    for text in map(redacted, written):
        assert "***" in text
        assert not [rest for rest in ("s3cr3t", "more", "such", "both", "kinds", "mlaut", "parts") if rest in text]
    assert held.reveal() == secret
