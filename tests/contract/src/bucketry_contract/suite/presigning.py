"""Making presigned URLs: expiry, endpoint, key and signed headers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import pytest
from bucketry import InvalidArgument, PresignedUrl, PresignOptions, Store
from bucketry.s3 import MAX_EXPIRES_IN, parse_basic_time

from bucketry_contract._capabilities import needs
from bucketry_contract._contract_tests import ContractTests

BUCKET = "bucketry-contract-unknown"
METHODS = pytest.mark.parametrize("method", ["GET", "PUT"])
Method = Literal["GET", "PUT"]

KEYS = [
    "key",
    "a/b",
    "a//b",
    "/a",
    "a/",
    "../a",
    "a/./b",
    "%2F",
    "a+b c",
    "a?b=c&d#e",
    "é😀",
    "cafe\u0301",
    "a\nb",
    "~-._",
]


class PresignTests(ContractTests):
    """A presigned URL has the endpoint, key, expiry and headers that were asked for."""

    @METHODS
    @pytest.mark.parametrize("expires_in", [1, 3600, MAX_EXPIRES_IN])
    @needs("presign")
    def test_a_url_expires_when_it_says(self, store: Store, method: Method, expires_in: int) -> None:
        before = datetime.now(UTC).replace(microsecond=0)
        presigned = _presign(store, "key", method=method, expires_in=expires_in)
        begun = presigned.expires_at - timedelta(seconds=expires_in)
        assert presigned.method == method
        assert presigned.expires_at.microsecond == 0
        assert before <= begun <= datetime.now(UTC)
        query = _query(presigned)
        if "X-Amz-Date" in query:
            assert int(query["X-Amz-Expires"]) == expires_in
            assert parse_basic_time(query["X-Amz-Date"]) == begun

    @pytest.mark.short
    @needs("presign", "bucket_versioning")
    def test_a_url_names_the_version(self, store: Store) -> None:
        version_id = "0123456789abcdef0123456789abcdef"
        assert _query(_presign(store, "key", version_id=version_id))["versionId"] == version_id
        assert "versionId" not in _query(_presign(store, "key"))

    @METHODS
    @pytest.mark.parametrize("key", KEYS, ids=ascii)
    @needs("presign")
    def test_a_url_names_the_very_key(self, store: Store, method: Method, key: str) -> None:
        url = _split(_presign(store, key, method=method))
        assert url.scheme in {"http", "https"}
        assert url.fragment == ""
        if (url.hostname or "").startswith(f"{BUCKET}."):
            assert unquote(url.path, errors="strict").endswith(f"/{key}")
        else:
            assert unquote(url.path, errors="strict").endswith(f"/{BUCKET}/{key}")

    @pytest.mark.short
    @needs("presign", "status")
    def test_a_url_is_for_the_stores_endpoint(self, store: Store) -> None:
        url, status = _split(_presign(store, "key")), store.status()
        # Where a driver keeps buckets in several stores, it may be the endpoint of one of these.
        endpoints = [urlsplit(endpoint) for endpoint in (status.endpoint, *(each.endpoint for each in status.stores))]
        assert (url.scheme, url.netloc) in {
            (endpoint.scheme, netloc)
            for endpoint in endpoints
            for netloc in (endpoint.netloc, f"{BUCKET}.{endpoint.netloc}")
        }

    @needs("presign")
    def test_a_url_is_signed(self, store: Store) -> None:
        one, two = (_query(_presign(store, key)) for key in ("one", "two"))
        signatures = [query.get("X-Amz-Signature", "") for query in (one, two)]
        assert all(len(signature) == 64 for signature in signatures)
        assert signatures[0] != signatures[1]
        assert one["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
        assert "host" in one["X-Amz-SignedHeaders"].split(";")

    @needs("presign")
    def test_a_url_does_not_show_in_a_log(self, store: Store) -> None:
        presigned = _presign(store, "key")
        assert "Signature" not in repr(presigned)
        assert "Signature" not in str(presigned)

    # These two need nothing: the store refuses them before it asks whether the driver can presign.
    @pytest.mark.parametrize("expires_in", [0, -1, 604_801])
    def test_a_url_lasts_between_a_second_and_a_week(self, store: Store, expires_in: int) -> None:
        with pytest.raises(InvalidArgument):
            _presign(store, "key", expires_in=expires_in)

    def test_a_url_is_for_get_or_put_only(self, store: Store) -> None:
        with pytest.raises(InvalidArgument):
            _presign(store, "key", method="DELETE")

    @needs("presign", "presign_content_type")
    def test_the_content_type_of_an_upload_is_signed(self, store: Store) -> None:
        query = _query(_presign(store, "key", method="PUT", content_type="text/csv"))
        assert "content-type" in query["X-Amz-SignedHeaders"].split(";")

    @needs("presign", "presign_response_headers")
    def test_a_download_names_the_headers_of_its_answer(self, store: Store) -> None:
        headers = {
            "response_content_type": "text/csv; charset=utf-8",
            "response_content_disposition": 'attachment; filename="a b"',
        }
        query = _query(_presign(store, "key", **headers))
        assert {name: query[name.replace("_", "-")] for name in headers} == headers


def _presign(store: Store, key: str, **options: Any) -> PresignedUrl:
    return store.presign(BUCKET, key, PresignOptions(**options))


def _split(presigned: PresignedUrl) -> SplitResult:
    return urlsplit(presigned.url)


def _query(presigned: PresignedUrl) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(_split(presigned).query, strict_parsing=True).items()}
