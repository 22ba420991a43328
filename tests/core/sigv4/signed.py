"""A signed and a presigned request, ways to change them, and the verifier's results."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from bucketry.sigv4 import Credentials, Presigner, SignatureError, Signer, payload_hash

from .wire import EXAMPLE, EXAMPLE_TIME, Wire, to_wire, verify

URL = "http://localhost:9000/bucket/a/key?versionId=1"
HEADERS = {"Content-Type": "text/plain", "x-amz-meta-colour": "blue"}
BODY_HASH = payload_hash(b"body")


def signed_wire(*, url: str = URL, payload: str = BODY_HASH, credentials: Credentials = EXAMPLE) -> Wire:
    signed = Signer(credentials, region="us-east-1").sign(
        "PUT", url, payload=payload, headers=HEADERS, now=EXAMPLE_TIME
    )
    return to_wire("PUT", url, HEADERS | dict(signed.headers))


def presigned_wire(*, expires_in: int = 3600) -> Wire:
    presigner = Presigner(EXAMPLE, endpoint="http://localhost:9000", region="us-east-1")
    url = presigner.presign_url(
        "PUT", "bucket", "a/key", expires_in=expires_in, query={"versionId": "1"}, headers=HEADERS, now=EXAMPLE_TIME
    )
    return to_wire("PUT", url, HEADERS)


def refused(
    wire: Wire, *, now: dt.datetime = EXAMPLE_TIME, region: str | None = None, credentials: Credentials = EXAMPLE
) -> SignatureError:
    with pytest.raises(SignatureError) as caught:
        verify(wire, credentials, now=now, region=region)
    error = caught.value
    assert credentials.secret_key.reveal() not in str(error)
    assert error.code in str(error)
    assert error.message.endswith(".")
    return error


def code(
    wire: Wire, *, now: dt.datetime = EXAMPLE_TIME, region: str | None = None, credentials: Credentials = EXAMPLE
) -> str:
    return refused(wire, now=now, region=region, credentials=credentials).code


def authorization(wire: Wire, old: str, new: str) -> Wire:
    value = wire.header("authorization")
    assert old in value
    return wire.with_header("authorization", value.replace(old, new))


def parameter(wire: Wire, old: str, new: str) -> Wire:
    assert old.encode() in wire.query
    return replace(wire, query=wire.query.replace(old.encode(), new.encode()))


def flip(signature: str) -> str:
    return ("0" if signature[0] != "0" else "1") + signature[1:]


both = pytest.mark.parametrize("wire", [signed_wire(), presigned_wire()], ids=["header", "query"])
