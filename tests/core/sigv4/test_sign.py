"""Header signing, against botocore's and minio-py's, and verifying what they signed."""

from __future__ import annotations

import pytest
from bucketry.secret import Secret
from bucketry.sigv4 import UNSIGNED_PAYLOAD, Credentials, RequestHeaders, Signer, canonical, payload_hash
from hypothesis import given, settings
from hypothesis import strategies as st

from . import strategies
from .strategies import Request
from .wire import EXAMPLE, EXAMPLE_TIME, Wire, botocore_sign, minio_sign, reveal, to_wire, verify

bodies = st.binary(max_size=64)


def sign(request: Request, payload: str) -> dict[str, str]:
    signed = Signer(request.credentials, region=request.region).sign(
        request.method, request.url, payload=payload, headers=request.headers, now=request.now
    )
    return {**request.headers, **signed.headers}


@settings(deadline=None)
@given(strategies.requests(), bodies)
def test_botocore_signs_the_same_and_it_verifies(request: Request, body: bytes) -> None:
    theirs = botocore_sign(
        request.method,
        request.url,
        request.credentials,
        request.region,
        request.now,
        headers=request.headers,
        body=body,
    )
    payload = payload_hash(body)
    assert {name.lower(): value for name, value in sign(request, payload).items()} == {
        name.lower(): value for name, value in theirs.items()
    }
    verified = verify(to_wire(request.method, request.url, theirs), request.credentials, now=request.now)
    assert (verified.kind, verified.payload, verified.region) == ("header", payload, request.region)
    assert verified.date == request.now.replace(microsecond=0)
    assert verified.expires_at is None
    assert reveal(verified.session_token) == reveal(request.credentials.session_token)
    verified.check_payload(payload)


@settings(deadline=None)
@given(strategies.requests(credentials=strategies.permanent_credentials), st.sampled_from(["header", "Date"]))
def test_what_minio_signs_verifies(request: Request, user_agent: str) -> None:
    host = to_wire("GET", request.url).header("host")
    headers = {
        **request.headers,
        "Host": host,
        "User-Agent": user_agent,
        "x-amz-content-sha256": UNSIGNED_PAYLOAD,
        "x-amz-date": request.now.strftime("%Y%m%dT%H%M%SZ"),
    }
    theirs = minio_sign(request.method, request.url, request.credentials, request.region, request.now, headers=headers)
    verified = verify(to_wire(request.method, request.url, theirs), request.credentials, now=request.now)
    assert verified.access_key == request.credentials.access_key
    assert sign(request, UNSIGNED_PAYLOAD)["authorization"] == theirs["Authorization"]


@settings(deadline=None)
@given(strategies.requests(), st.randoms(use_true_random=False))
def test_the_path_and_query_verify_however_they_are_encoded(
    request: Request,
    random: st.randoms,  # type: ignore[valid-type]
) -> None:
    wire = to_wire(request.method, request.url, sign(request, UNSIGNED_PAYLOAD))
    choose = random.choice  # type: ignore[attr-defined]

    def byte(value: int, plain: bytes) -> bytes:
        forms = [b"%%%02x" % value, b"%%%02X" % value]
        return bytes(choose([*forms, bytes([value])] if value in plain else forms))

    unreserved = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$'()*,:;@"
    path = b"".join(b"/" if value == 0x2F else byte(value, unreserved) for value in unquoted(wire.path))
    query = b"&".join(
        b"=".join(
            b"".join(
                b"+" if value == 0x20 and choose([True, False]) else byte(value, unreserved + b"/?") for value in half
            )
            for half in map(unquoted, pair.split(b"="))
        )
        for pair in wire.query.split(b"&")
    )
    verify(Wire(wire.method, path, query, wire.headers), request.credentials, now=request.now)


def unquoted(text: bytes) -> bytes:
    first, *rest = text.split(b"%")
    return first + b"".join(bytes.fromhex(part[:2].decode()) + part[2:] for part in rest)


def test_headers_that_change_on_the_way_are_not_signed() -> None:
    changing = {"User-Agent": "x", "Connection": "close", "TE": "trailers", "X-Amzn-Trace-Id": "1"}
    signed = Signer(EXAMPLE, region="r").sign(
        "GET", "http://host/", payload=UNSIGNED_PAYLOAD, headers=changing | {"Range": "bytes=0-"}, now=EXAMPLE_TIME
    )
    verified = verify(to_wire("GET", "http://host/", dict(signed.headers) | {"Range": "bytes=0-"}))
    assert verified.signed_headers == ("host", "range", "x-amz-content-sha256", "x-amz-date")


def test_a_given_host_header_is_signed_instead_of_the_urls() -> None:
    signed = Signer(EXAMPLE, region="r").sign(
        "GET", "http://127.0.0.1/", payload=UNSIGNED_PAYLOAD, headers={"Host": "public"}, now=EXAMPLE_TIME
    )
    verify(to_wire("GET", "http://public/", dict(signed.headers)))


@pytest.mark.parametrize("name", ["Authorization", "x-amz-date", "X-Amz-Content-SHA256", "x-amz-security-token"])
def test_refuses_headers_that_signing_sets(name: str) -> None:
    with pytest.raises(ValueError, match=name.lower()):
        Signer(EXAMPLE, region="r").sign("GET", "http://host/", payload=UNSIGNED_PAYLOAD, headers={name: "1"})


@pytest.mark.parametrize("payload", ["", "unsigned-payload", "0" * 63, "A" * 64])
def test_refuses_a_payload_that_is_none(payload: str) -> None:
    with pytest.raises(ValueError, match="payload"):
        Signer(EXAMPLE, region="r").sign("GET", "http://host/", payload=payload)


@pytest.mark.parametrize("url", ["host/", "http://host/a b", "http://host/é", "http://host/#a", "http://host/\ta"])
def test_refuses_a_url_that_cannot_be_sent(url: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        Signer(EXAMPLE, region="r").sign("GET", url, payload=UNSIGNED_PAYLOAD)


def test_no_repr_shows_a_secret() -> None:
    credentials = Credentials("AK", Secret("the-secret-key"), Secret("the-token"))
    signer = Signer(credentials, region="r")
    signed = signer.sign("GET", "http://host/", payload=UNSIGNED_PAYLOAD, now=EXAMPLE_TIME)
    verified = verify(to_wire("GET", "http://host/", dict(signed.headers)), credentials)
    shown = repr((signer, signed, signed.chunk_signer(), verified))
    for hidden in ("the-secret-key", "the-token", verified.signing_key.hex(), repr(verified.signing_key)):
        assert hidden not in shown


def test_names_of_headers_that_clients_make_up_are_not_all_kept() -> None:
    RequestHeaders([(b"X-Made-Up-%d" % number, b"value") for number in range(3000)])
    assert len(canonical._NAMES) == canonical._MOST_NAMES
    headers = RequestHeaders([(b"Y" * 65, b"long"), (b"X-Made-Up-1", b"kept"), (b"X-Made-Up-2999", b"not kept")])
    assert headers.values == {"y" * 65: "long", "x-made-up-1": "kept", "x-made-up-2999": "not kept"}
