"""Presigned URLs used by a plain HTTP client without credentials."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import Message
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from bucketry import PresignedUrl, PresignOptions

from bucketry_contract._capabilities import needs
from bucketry_contract._contract_tests import ContractTests, once
from bucketry_contract._report_notes import Notes, add_note
from bucketry_contract._scratch import Bucket
from bucketry_contract._versions import VERSIONING, put_version, versioned
from bucketry_contract.backend import Backend

TIMEOUT = 30
KEY = "key"
ANY_TYPE = "application/octet-stream"
REFUSED = 403
"""S3's response to a signature that belongs to another request or has expired (S3 API reference, "Error responses")."""


class Reply(NamedTuple):
    """The endpoint's response."""

    status: int
    headers: Message
    body: bytes


Ask = Callable[..., Reply]


class PresignedUrlTests(ContractTests):
    """Anyone who has a presigned URL can do what it is signed for, and nothing else."""

    @pytest.fixture
    def ask(self, contract_backend: Backend, notes: Notes) -> Ask:
        """Sends a request to a URL; where nobody serves it, the test ends as not tried."""

        def send(url: str, method: str = "GET", body: bytes | None = None, content_type: str = ANY_TYPE) -> Reply:
            if not contract_backend.serves_presigned_urls:
                add_note(notes, "not_tried", "presigned URLs over HTTP")
                pytest.skip("not tried: nothing serves the presigned URLs of this backend")
            headers = {} if body is None else {"Content-Type": content_type}
            return _answer(Request(url, data=body, method=method, headers=headers))  # noqa: S310 - the driver signed it

        return send

    @pytest.mark.parametrize("key", ["key", "a//b +%2F?é😀"], ids=ascii)
    @needs("presign")
    def test_urls_upload_and_download(self, bucket: Bucket, ask: Ask, key: str) -> None:
        upload, download = (_presign(bucket, key, method=method) for method in ("PUT", "GET"))
        if bucket.put_if_held(key, b"old"):
            assert ask(upload, "PUT", b"uploaded").status == 200
            assert bucket.read(key) == b"uploaded"
            reply = ask(download)
            assert (reply.status, reply.body) == (200, b"uploaded")

    @pytest.mark.short
    @needs("presign", *VERSIONING)
    def test_a_url_downloads_the_version_that_was_signed(self, fresh_bucket: Bucket, ask: Ask) -> None:
        bucket = versioned(fresh_bucket)
        old, new = put_version(bucket, KEY, b"old"), put_version(bucket, KEY, b"new")
        for version_id, content in ((old, b"old"), (new, b"new"), (None, b"new")):
            reply = ask(_presign(bucket, version_id=version_id))
            assert (reply.status, reply.body) == (200, content)
        assert ask(_presign(bucket, version_id=old).replace(old, new)).status == REFUSED

    @needs("presign")
    def test_a_url_may_be_used_again(self, bucket: Bucket, ask: Ask) -> None:
        upload, download = (_presign(bucket, method=method) for method in ("PUT", "GET"))
        for content in (b"one", b"", b"three"):
            assert ask(upload, "PUT", content).status == 200
            assert ask(download).body == content

    @needs("presign")
    def test_a_download_of_what_is_not_there_is_not_found(self, bucket: Bucket, ask: Ask) -> None:
        assert ask(_presign(bucket)).status == 404

    @pytest.mark.parametrize("signed", ["GET", "PUT"])
    @needs("presign")
    def test_a_url_is_good_for_its_method_only(self, bucket: Bucket, ask: Ask, signed: str) -> None:
        url = _presign(bucket, method=signed)
        bucket.put(KEY, b"stored")
        for method in {"GET", "PUT", "DELETE"} - {signed}:
            reply = ask(url, method, b"changed" if method == "PUT" else None)
            assert reply.status == REFUSED
            assert b"stored" not in reply.body
            assert bucket.read(KEY) == b"stored"

    @pytest.mark.parametrize("method", ["GET", "PUT"])
    @pytest.mark.parametrize(
        ("part", "changed"), [(f"/{KEY}?", "/other?"), ("X-Amz-Expires=60", "X-Amz-Expires=600")], ids=["key", "expiry"]
    )
    @needs("presign")
    def test_a_url_that_was_changed_is_good_for_nothing(
        self, bucket: Bucket, ask: Ask, method: str, part: str, changed: str
    ) -> None:
        url = _presign(bucket, method=method, expires_in=60)
        assert part in url
        for key in (KEY, "other"):
            bucket.put(key, b"stored")
        reply = ask(url.replace(part, changed), method, b"changed" if method == "PUT" else None)
        assert reply.status == REFUSED
        assert b"stored" not in reply.body
        assert bucket.read(KEY) == bucket.read("other") == b"stored"

    @once
    @needs("presign")
    def test_a_url_that_has_expired_is_good_for_nothing(self, bucket: Bucket, ask: Ask) -> None:
        signed = [_presigned(bucket, method=method, expires_in=1) for method in ("PUT", "GET")]
        bucket.put(KEY, b"stored")
        left = max(url.expires_at for url in signed) - datetime.now(UTC)
        time.sleep(max(left.total_seconds(), 0) + 1.1)  # Servers count whole seconds, and the last one in full.
        upload, download = (url.url for url in signed)
        assert ask(upload, "PUT", b"late").status == REFUSED
        reply = ask(download)
        assert reply.status == REFUSED
        assert b"stored" not in reply.body
        assert bucket.read(KEY) == b"stored"

    @needs("presign")
    def test_an_upload_is_of_the_type_that_the_client_says(self, bucket: Bucket, ask: Ask) -> None:
        assert ask(_presign(bucket, method="PUT"), "PUT", b"a,b", "text/csv").status == 200
        assert bucket.head(KEY).content_type == "text/csv"

    @pytest.mark.short
    @needs("presign", "presign_content_type")
    def test_an_upload_is_of_the_type_that_was_signed(self, bucket: Bucket, ask: Ask) -> None:
        upload = _presign(bucket, method="PUT", content_type="text/csv")
        assert ask(upload, "PUT", b"a,b", "text/csv").status == 200
        assert bucket.head(KEY).content_type == "text/csv"
        assert ask(upload, "PUT", b"<p>", "text/html").status == REFUSED
        assert bucket.read(KEY) == b"a,b"

    @needs("presign", "presign_response_headers")
    def test_a_download_has_the_headers_that_were_signed(self, bucket: Bucket, ask: Ask) -> None:
        disposition = 'attachment; filename="a b"'
        download = _presign(bucket, response_content_type="text/csv", response_content_disposition=disposition)
        bucket.put(KEY, b"a,b", content_type="text/plain")
        reply = ask(download)
        assert (reply.status, reply.body) == (200, b"a,b")
        assert reply.headers["Content-Type"] == "text/csv"
        assert reply.headers["Content-Disposition"] == disposition


def _presigned(bucket: Bucket, key: str = KEY, **options: Any) -> PresignedUrl:
    return bucket.store.presign(bucket.name, key, PresignOptions(**options))


def _presign(bucket: Bucket, key: str = KEY, **options: Any) -> str:
    return _presigned(bucket, key, **options).url


def _answer(request: Request) -> Reply:
    # No proxy: the endpoint is reached as the driver reaches it.
    opener = build_opener(ProxyHandler({}))
    try:
        with opener.open(request, timeout=TIMEOUT) as answer:
            return Reply(answer.status, answer.headers, answer.read())
    except HTTPError as refusal:
        with refusal:
            return Reply(refusal.code, refusal.headers, refusal.read())
