"""A request that was changed after it was signed is refused, with the right code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from bucketry.secret import Secret
from bucketry.sigv4 import UNSIGNED_PAYLOAD, Credentials, SignatureError, payload_hash
from hypothesis import given, settings
from hypothesis import strategies as st

from . import strategies
from .signed import BODY_HASH, authorization, both, code, flip, parameter, presigned_wire, refused, signed_wire
from .strategies import Request
from .wire import EXAMPLE, Wire, botocore_presign, botocore_sign, to_wire, verify


@both
def test_the_requests_below_verify_before_they_are_changed(wire: Wire) -> None:
    assert verify(wire).access_key == EXAMPLE.access_key


CHANGES: dict[str, Callable[[Wire], Wire]] = {
    "method": lambda wire: replace(wire, method="GET"),
    "path-longer": lambda wire: replace(wire, path=wire.path + b"/"),
    "path-slash": lambda wire: replace(wire, path=wire.path.replace(b"a/key", b"a//key")),
    "path-dots": lambda wire: replace(wire, path=wire.path.replace(b"a/key", b"a%2Fkey/..")),
    "path-dot": lambda wire: replace(wire, path=wire.path.replace(b"a/key", b"a/./key")),
    "query-value": lambda wire: parameter(wire, "versionId=1", "versionId=2"),
    "query-no-value": lambda wire: parameter(wire, "versionId=1", "versionId"),
    "query-more": lambda wire: replace(wire, query=wire.query + b"&acl"),
    "query-twice": lambda wire: replace(wire, query=wire.query + b"&versionId=1"),
    "host": lambda wire: wire.with_header("host", "localhost:9001"),
    "content-type": lambda wire: wire.with_header("content-type", "text/html"),
    "content-type-gone": lambda wire: wire.with_header("content-type", None),
    "metadata": lambda wire: wire.with_header("x-amz-meta-colour", "red"),
    "metadata-twice": lambda wire: replace(wire, headers=[*wire.headers, (b"x-amz-meta-colour", b"red")]),
    "host-gone": lambda wire: replace(wire, headers=[pair for pair in wire.headers if pair[0] != b"Host"]),
}


@both
@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_request_does_not_match(wire: Wire, change: str) -> None:
    assert code(CHANGES[change](wire)) == "SignatureDoesNotMatch"


def test_a_changed_payload_hash_does_not_match() -> None:
    assert code(signed_wire().with_header("x-amz-content-sha256", payload_hash(b"other"))) == "SignatureDoesNotMatch"
    assert code(signed_wire().with_header("x-amz-content-sha256", UNSIGNED_PAYLOAD)) == "SignatureDoesNotMatch"


def test_another_body_does_not_match_its_hash() -> None:
    verified = verify(signed_wire())
    verified.check_payload(BODY_HASH)
    with pytest.raises(SignatureError) as caught:
        verified.check_payload(payload_hash(b"other"))
    assert (caught.value.code, caught.value.status) == ("XAmzContentSHA256Mismatch", 400)


def test_an_unsigned_payload_is_not_compared() -> None:
    verify(signed_wire(payload=UNSIGNED_PAYLOAD)).check_payload(payload_hash(b"anything"))


def test_a_changed_time_does_not_match() -> None:
    assert code(signed_wire().with_header("x-amz-date", "20130524T000001Z")) == "SignatureDoesNotMatch"
    assert code(parameter(presigned_wire(), "T000000Z", "T000001Z")) == "SignatureDoesNotMatch"


def test_a_changed_lifetime_does_not_match() -> None:
    assert code(parameter(presigned_wire(), "Expires=3600", "Expires=3601")) == "SignatureDoesNotMatch"


@both
def test_a_changed_signature_does_not_match(wire: Wire) -> None:
    signature = verify(wire).signature
    changed = (
        authorization(wire, signature, flip(signature))
        if wire.header("x-amz-meta-colour") and b"X-Amz-Signature" not in wire.query
        else parameter(wire, signature, flip(signature))
    )
    error = refused(changed)
    assert (error.code, error.status) == ("SignatureDoesNotMatch", 403)
    # The right signature would let a stranger sign whatever it likes.
    assert signature not in str(error)


def test_another_secret_does_not_match() -> None:
    other = Credentials(EXAMPLE.access_key, Secret("another secret"))
    assert code(signed_wire(), credentials=other) == "SignatureDoesNotMatch"


def test_another_region_does_not_match() -> None:
    assert code(authorization(signed_wire(), "us-east-1", "eu-west-1")) == "SignatureDoesNotMatch"


MUTATIONS = ["method", "path", "query", "header", "payload", "signature", "second", "access key"]


@settings(deadline=None)
@given(strategies.requests(), st.sampled_from(MUTATIONS), st.booleans())
def test_any_single_mutation_of_what_botocore_signed_is_refused(
    request: Request, mutation: str, presigned: bool
) -> None:
    arguments = (request.method, request.url, request.credentials, request.region, request.now)
    if presigned:
        url = botocore_presign(*arguments, expires_in=600, headers=request.headers)
        wire = to_wire(request.method, url, request.headers)
    else:
        wire = to_wire(request.method, request.url, botocore_sign(*arguments, headers=request.headers))
    signature = verify(wire, request.credentials, now=request.now).signature
    stamp = request.now.strftime("%Y%m%dT%H%M%SZ")
    later = stamp[:-3] + ("00Z" if stamp[-3:] == "01Z" else "01Z")
    expected = "SignatureDoesNotMatch"
    match mutation:
        case "method":
            wire = replace(wire, method=wire.method + "X")
        case "path":
            wire = replace(wire, path=wire.path + b"x")
        case "query":
            wire = replace(wire, query=wire.query + b"&a=")
        case "header":
            wire = wire.with_header("host", wire.header("host") + "x")
        case "payload" if presigned:
            wire = replace(wire, query=wire.query + b"&X-Amz-Content-Sha256=" + b"0" * 64)
        case "payload":
            wire = wire.with_header("x-amz-content-sha256", "0" * 64)
        case "signature":
            wire = replaced(wire, signature, flip(signature))
        case "second":
            wire = replaced(wire, stamp, later)
        case _:
            wire = replaced(wire, "Credential=", "Credential=x")
            expected = "InvalidAccessKeyId"
    with pytest.raises(SignatureError) as caught:
        verify(wire, request.credentials, now=request.now)
    assert caught.value.code == expected


def replaced(wire: Wire, old: str, new: str) -> Wire:
    a, b = old.encode(), new.encode()
    return replace(
        wire,
        query=wire.query.replace(a, b),
        headers=[(name, value.replace(a, b) if name != b"Host" else value) for name, value in wire.headers],
    )
