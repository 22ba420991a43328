"""Presigned URLs, against botocore's and minio-py's."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest
from bucketry.s3 import MAX_EXPIRES_IN
from bucketry.secret import Secret
from bucketry.sigv4 import Credentials, Presigner
from hypothesis import given, settings

from . import strategies
from .strategies import WEIRD_KEYS, Request
from .wire import EXAMPLE, EXAMPLE_TIME, botocore_presign, minio_presign, reveal, to_wire, verify

PRESIGNER = Presigner(EXAMPLE, endpoint="http://localhost:9000", region="us-east-1")


def presign(request: Request, expires_in: int) -> str:
    presigner = Presigner(
        request.credentials, endpoint=request.endpoint, region=request.region, addressing=request.addressing
    )
    return presigner.presign_url(
        request.method,
        request.bucket,
        request.key,
        expires_in=expires_in,
        query=request.query,
        headers=request.headers,
        now=request.now,
    )


@settings(deadline=None)
@given(strategies.requests(), strategies.lifetimes)
def test_equals_botocore_to_the_byte(request: Request, expires_in: int) -> None:
    assert presign(request, expires_in) == botocore_presign(
        request.method,
        request.bare_url,
        request.credentials,
        request.region,
        request.now,
        expires_in=expires_in,
        query=request.query,
        headers=request.headers,
    )


@settings(deadline=None)
@given(strategies.requests(credentials=strategies.permanent_credentials), strategies.lifetimes)
def test_equals_minio_to_the_byte(request: Request, expires_in: int) -> None:
    bare = Request(**(vars(request) | {"headers": {}}))
    theirs = minio_presign(bare.method, bare.url, bare.credentials, bare.region, bare.now, expires_in=expires_in)
    assert presign(bare, expires_in) == theirs


@settings(deadline=None)
@given(strategies.requests(), strategies.lifetimes)
def test_verifies_with_all_that_was_asked_for(request: Request, expires_in: int) -> None:
    url = presign(request, expires_in)
    verified = verify(to_wire(request.method, url, request.headers), request.credentials, now=request.now)
    assert verified.kind == "query"
    assert verified.access_key == request.credentials.access_key
    assert verified.region == request.region
    assert verified.date == request.now.replace(microsecond=0)
    assert verified.expires_at == verified.date + dt.timedelta(seconds=expires_in)
    assert verified.signed_headers == tuple(sorted({"host", *map(str.lower, request.headers)}))
    assert verified.payload == "UNSIGNED-PAYLOAD"
    assert reveal(verified.session_token) == reveal(request.credentials.session_token)
    sent = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    assert {name: sent[name] for name in request.query} == request.query


@pytest.mark.parametrize("key", WEIRD_KEYS)
def test_the_key_is_in_the_path_to_the_byte(key: str) -> None:
    url = PRESIGNER.presign_url("GET", "bucket", key, expires_in=60, now=EXAMPLE_TIME)
    path = url.removeprefix("http://localhost:9000/bucket/").partition("?")[0]
    assert bytes.fromhex("".join(_hex(path))) == key.encode()


def _hex(path: str) -> list[str]:
    """Every byte of an encoded path as hex, read without a library."""
    first, *rest = path.split("%")
    return [first.encode().hex(), *(part[:2] + part[2:].encode().hex() for part in rest)]


@pytest.mark.parametrize("expires_in", [1, MAX_EXPIRES_IN])
def test_the_longest_and_the_shortest_life(expires_in: int) -> None:
    url = PRESIGNER.presign_url("GET", "bucket", "key", expires_in=expires_in, now=EXAMPLE_TIME)
    assert f"&X-Amz-Expires={expires_in}&" in url


@pytest.mark.parametrize("expires_in", [-1, 0, MAX_EXPIRES_IN + 1])
def test_refuses_another_life(expires_in: int) -> None:
    with pytest.raises(ValueError, match="604800"):
        PRESIGNER.presign_url("GET", "bucket", "key", expires_in=expires_in)


def test_without_a_time_it_holds_from_the_present() -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    url = PRESIGNER.presign_url("GET", "bucket", "key", expires_in=60)
    verified = verify(to_wire("GET", url), now=before)
    assert before <= verified.date <= datetime.now(UTC)


def test_refuses_a_time_without_a_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        PRESIGNER.presign_url("GET", "bucket", "key", expires_in=60, now=datetime(2024, 1, 1))  # noqa: DTZ001


def test_takes_a_time_in_any_zone() -> None:
    kathmandu = EXAMPLE_TIME.astimezone(dt.timezone(dt.timedelta(hours=5, minutes=45)))
    urls = {PRESIGNER.presign_url("GET", "bucket", "key", expires_in=60, now=now) for now in (EXAMPLE_TIME, kathmandu)}
    assert len(urls) == 1


@pytest.mark.parametrize("method", ["", "get", "GET /", "GET\n", "ГET"])
def test_refuses_a_malformed_method(method: str) -> None:
    with pytest.raises(ValueError, match="method"):
        PRESIGNER.presign_url(method, "bucket", "key", expires_in=60)


@pytest.mark.parametrize("name", ["X-Amz-Signature", "x-amz-expires", "X-Amz-Security-Token"])
def test_refuses_parameters_that_signing_sets(name: str) -> None:
    with pytest.raises(ValueError, match="set by signing"):
        PRESIGNER.presign_url("GET", "bucket", "key", expires_in=60, query={name: "1"})


@pytest.mark.parametrize(
    "headers",
    [{"Host": "elsewhere"}, {"a b": "1"}, {"": "1"}, {"x": "1\r\ny: 2"}, {"x": "\0"}, {"A": "1", "a": "2"}],
)
def test_refuses_headers_that_cannot_be_signed(headers: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"header|host"):
        PRESIGNER.presign_url("GET", "bucket", "key", expires_in=60, headers=headers)


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "localhost:9000",
        "ftp://host",
        "http://",
        "http://:9000",
        "http://user:password@host",
        "http://host?x=1",
        "http://host#x",
        "http://ho st",
        "http://host\n",
        "http://bücher.example",
        "http://host:port",
        "http://host:99999",
        "http://[::1",
    ],
)
def test_refuses_endpoints_that_are_none(endpoint: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the wording is the standard library's for some
        Presigner(EXAMPLE, endpoint=endpoint, region="us-east-1")
    assert "password@" not in str(error.value)


@pytest.mark.parametrize(
    ("endpoint", "start"),
    [
        ("https://S3.Example.com:443", "https://s3.example.com/bucket/key?"),
        ("http://host:80/", "http://host/bucket/key?"),
        ("https://host:80", "https://host:80/bucket/key?"),
        ("http://[::1]:9000", "http://[::1]:9000/bucket/key?"),
        ("https://host/storage/s3/", "https://host/storage/s3/bucket/key?"),
        ("https://host/a%20b", "https://host/a%20b/bucket/key?"),
    ],
)
def test_the_url_carries_the_host_that_clients_send(endpoint: str, start: str) -> None:
    url = Presigner(EXAMPLE, endpoint=endpoint, region="r").presign_url("GET", "bucket", "key", expires_in=60)
    assert url.startswith(start)
    assert verify(to_wire("GET", url), now=datetime.now(UTC)).kind == "query"


def test_refuses_unknown_addressing() -> None:
    with pytest.raises(ValueError, match="addressing"):
        Presigner(EXAMPLE, endpoint="http://host", region="r", addressing="dns")  # type: ignore[arg-type]


@pytest.mark.parametrize("region", ["", "a/b", "a b", "é", "a\n"])
def test_refuses_a_region_that_no_scope_can_hold(region: str) -> None:
    with pytest.raises(ValueError, match="region"):
        Presigner(EXAMPLE, endpoint="http://host", region=region)


@pytest.mark.parametrize("access_key", ["", "a b", "a,b", "a=b", "é", "a\n", "x" * 257])
def test_refuses_an_access_key_that_no_header_can_hold(access_key: str) -> None:
    with pytest.raises(ValueError, match="access key"):
        Credentials(access_key, Secret("secret"))


def test_the_bucket_itself_can_be_presigned() -> None:
    assert "/bucket?X-Amz" in PRESIGNER.presign_url("GET", "bucket", expires_in=60)
    virtual = Presigner(EXAMPLE, endpoint="http://host", region="r", addressing="virtual")
    assert "http://bucket.host/?X-Amz" in virtual.presign_url("GET", "bucket", expires_in=60)


def test_no_repr_shows_a_secret() -> None:
    credentials = Credentials("AK", Secret("the-secret-key"), Secret("the-token"))
    presigner = Presigner(credentials, endpoint="http://host", region="r")
    presigner.presign_url("GET", "bucket", "key", expires_in=60)
    shown = repr(credentials) + repr(presigner) + repr(presigner._keys.at(EXAMPLE_TIME))
    assert "the-secret-key" not in shown
    assert "the-token" not in shown
    assert presigner._keys.at(EXAMPLE_TIME).key.hex() not in shown


def test_threads_share_a_presigner() -> None:
    times = [EXAMPLE_TIME + dt.timedelta(hours=hour) for hour in range(96)] * 5

    def one(now: datetime) -> str:
        return PRESIGNER.presign_url("GET", "bucket", "key", expires_in=60, now=now)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, times)) == [one(now) for now in times]
