"""Presigned URLs: real Signature Version 4, for the endpoint that will serve them."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
from bucketry import PresignOptions, open_store
from bucketry.secret import Secret
from bucketry.sigv4 import SignatureError, Verified, Verifier
from bucketry_memory import MemorySettings

KEYS = ["plain.txt", "a//b", "/a", "a/", "..", "%2F", "a+b c", "ü/😀", "?x=1&y#z", "a'(b)*!~"]
OPTIONS = [
    PresignOptions(),
    PresignOptions(method="PUT", expires_in=1),
    PresignOptions(method="PUT", expires_in=604_800, content_type="image/png"),
    PresignOptions(response_content_type="text/plain", response_content_disposition='attachment; filename="a b"'),
]
SECRET = "of-these-tests"


def verify(url: str, options: PresignOptions, now: datetime | None = None) -> Verified:
    parts = urlsplit(url)
    headers = [(b"host", parts.netloc.encode())]
    if options.content_type is not None:
        headers.append((b"content-type", options.content_type.encode()))
    verifier = Verifier(lambda name: Secret(SECRET) if name == "bucketry" else None, region="us-east-1")
    return verifier.verify(options.method, parts.path.encode(), parts.query.encode(), headers, now=now)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("options", OPTIONS)
def test_our_verifier_and_botocore_agree_with_the_signature(
    key: str, options: PresignOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(MemorySettings(secret_key=Secret(SECRET), public_endpoint="https://s3.example.com:9443"))

    presigned = store.presign("no-such-bucket", key, options)

    verified = verify(presigned.url, options)
    assert verified.access_key == "bucketry"
    assert presigned.expires_at == verified.expires_at
    assert presigned.method == options.method
    assert presigned.url.startswith("https://s3.example.com:9443/no-such-bucket/")
    assert signature_of(presigned.url) == signature_of(by_botocore(presigned.url, options, verified.date, monkeypatch))


def signature_of(url: str) -> list[str]:
    return parse_qs(urlsplit(url).query)["X-Amz-Signature"]


def by_botocore(url: str, options: PresignOptions, signed_at: datetime, monkeypatch: pytest.MonkeyPatch) -> str:
    """Has botocore sign the same request at the same time."""
    bare, _, query = url.partition("?")
    own = "&".join(pair for pair in query.split("&") if not pair.startswith("X-Amz-"))
    request: Any = botocore.awsrequest.AWSRequest(method=options.method, url=f"{bare}?{own}" if own else bare)
    if options.content_type is not None:
        request.headers["content-type"] = options.content_type
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: signed_at.replace(tzinfo=None))
    credentials = botocore.credentials.Credentials("bucketry", SECRET)
    signer: Any = botocore.auth.S3SigV4QueryAuth(credentials, "s3", "us-east-1", expires=options.expires_in)
    signer.add_auth(request)
    signed: str = request.url
    return signed


def test_a_url_ends_when_it_says_in_whole_seconds() -> None:
    store = open_store(MemorySettings(secret_key=Secret(SECRET)))
    before = datetime.fromtimestamp(int(time.time()), UTC)

    presigned = store.presign("bucket", "key", PresignOptions(expires_in=100))

    assert presigned.expires_at.microsecond == 0
    assert before <= presigned.expires_at - timedelta(seconds=100) <= datetime.now(UTC)
    verify(presigned.url, PresignOptions(), presigned.expires_at)
    with pytest.raises(SignatureError):
        verify(presigned.url, PresignOptions(), presigned.expires_at + timedelta(seconds=1))


def test_what_was_signed_cannot_be_changed() -> None:
    store = open_store(MemorySettings(secret_key=Secret(SECRET)))
    url = store.presign("bucket", "key", PresignOptions(response_content_type="text/plain")).url

    for changed in (url.replace("key", "other"), url.replace("plain", "html"), url.replace("Expires=36", "Expires=99")):
        assert changed != url
        with pytest.raises(SignatureError):
            verify(changed, PresignOptions())
    with pytest.raises(SignatureError):
        verify(url, PresignOptions(method="PUT"))
