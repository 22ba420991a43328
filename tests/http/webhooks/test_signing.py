"""Signatures of webhooks."""

from __future__ import annotations

import time

import pytest
from bucketry import InvalidSettings, Secret
from bucketry_http.webhooks import InvalidSignature, WebhookSettings, verify_webhook
from bucketry_http.webhooks.signing import signed_headers

SECRET = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
BODY = b'{"test": 2432232314}'


def test_a_signature_is_that_of_standard_webhooks() -> None:
    # The example of the specification's reference libraries.
    headers = signed_headers(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, BODY)
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_request_that_was_signed_now_is_accepted() -> None:
    verify_webhook(signed_headers(SECRET, "1", int(time.time()), BODY), BODY, SECRET)
    verify_webhook(signed_headers(SECRET, "1", int(time.time()), BODY), BODY, SECRET.reveal().removeprefix("whsec_"))


@pytest.mark.parametrize("seconds", [-400, 400])
def test_a_request_of_another_time_is_refused(seconds: int) -> None:
    with pytest.raises(InvalidSignature, match="too old"):
        verify_webhook(signed_headers(SECRET, "1", int(time.time()) + seconds, BODY), BODY, SECRET)


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": "2"},
        {"webhook-timestamp": str(int(time.time()) - 1)},
        {"webhook-timestamp": "now"},
        {"webhook-timestamp": "9" * 400},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "v1,ü"},
    ],
)
def test_a_changed_request_is_refused(changed: dict[str, str]) -> None:
    headers = {**signed_headers(SECRET, "1", int(time.time()), BODY), **changed}
    with pytest.raises(InvalidSignature):
        verify_webhook(headers, BODY, SECRET)


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_request_without_a_header_is_refused(missing: str) -> None:
    headers = signed_headers(SECRET, "1", int(time.time()), BODY)
    del headers[missing]
    with pytest.raises(InvalidSignature):
        verify_webhook(headers, BODY, SECRET)


def test_another_body_is_refused() -> None:
    with pytest.raises(InvalidSignature):
        verify_webhook(signed_headers(SECRET, "1", int(time.time()), BODY), BODY + b" ", SECRET)


def test_one_of_several_signatures_is_enough() -> None:
    headers = signed_headers(SECRET, "1", int(time.time()), BODY)
    headers["webhook-signature"] = f"v1,AAAA v2,BBBB {headers['webhook-signature']}"
    verify_webhook(headers, BODY, SECRET)


def test_a_signature_of_another_version_is_none() -> None:
    headers = signed_headers(SECRET, "1", int(time.time()), BODY)
    headers["webhook-signature"] = headers["webhook-signature"].replace("v1,", "v2,")
    with pytest.raises(InvalidSignature):
        verify_webhook(headers, BODY, SECRET)


@pytest.mark.parametrize("secret", ["", "not base64!", "c2hvcnQ=", "A" * 96])
def test_a_weak_or_malformed_secret_is_refused_and_not_repeated(secret: str) -> None:
    with pytest.raises(InvalidSettings, match="openssl rand") as raised:
        WebhookSettings(url="https://example.com/hook", secret=Secret(secret))
    assert not secret or secret not in str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        "example.com/hook",
        "ftp://example.com/",
        "file:///etc/passwd",
        "https://",
        "https:///hook",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://example.com/a b",
        "https://example.com/\n",
        "https://example.com/ü",
        "https://example.com/#part",
        "https://user:password@example.com/",
        "https://token@example.com/",
        "https://[::1/",
    ],
)
def test_a_malformed_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidSettings) as raised:
        WebhookSettings(url=url)
    assert "password" not in str(raised.value)
    assert "token" not in str(raised.value)


@pytest.mark.parametrize(
    "wrong", [{"name": "a:b"}, {"attempts": 0}, {"queue_size": 0}, {"timeout_seconds": 0.0}, {"concurrency": 0}]
)
def test_other_settings_have_bounds(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidSettings):
        WebhookSettings(url="https://example.com/hook", **wrong)  # type: ignore[arg-type]


def test_neither_the_secret_nor_the_path_shows() -> None:
    settings = WebhookSettings(url="https://example.com/T0KEN?key=T0KEN", secret=SECRET)
    assert repr(settings) == "<WebhookSettings of https://example.com>"
