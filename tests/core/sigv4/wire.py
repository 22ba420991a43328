"""Requests as a server sees them, and how the SDKs sign them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any
from unittest import mock
from urllib.parse import quote, urlsplit

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from bucketry.clock import Clock
from bucketry.secret import Secret
from bucketry.sigv4 import Credentials, Times, Verified, Verifier
from minio.credentials.credentials import Credentials as MinioCredentials
from minio.signer import presign_v4, sign_v4_s3

EXAMPLE = Credentials("AKIAIOSFODNN7EXAMPLE", Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"))
EXAMPLE_TIME = dt.datetime(2013, 5, 24, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Wire:
    """A request without its body."""

    method: str
    path: bytes
    query: bytes = b""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)

    def with_header(self, name: str, value: str | None) -> Wire:
        """Replaces a header, or drops it for None."""
        kept = [pair for pair in self.headers if pair[0].lower() != name.encode()]
        return replace(self, headers=kept if value is None else [*kept, (name.encode(), value.encode())])

    def header(self, name: str) -> str:
        return next(value.decode() for key, value in self.headers if key.lower() == name.encode())


def to_wire(method: str, url: str, headers: dict[str, str] | None = None) -> Wire:
    """What a client sends for a URL, with the host header it adds."""
    rest = url.partition("://")[2]
    host, slash, target = rest.partition("/")
    path, _, query = target.partition("?")
    sent = {"Host": host} | {name: value.strip() for name, value in (headers or {}).items()}
    return Wire(
        method,
        (slash + path).encode(),
        query.encode(),
        [(name.encode(), value.encode()) for name, value in sent.items()],
    )


def verify(
    wire: Wire,
    credentials: Credentials = EXAMPLE,
    *,
    now: dt.datetime = EXAMPLE_TIME,
    region: str | None = None,
    max_skew: int = 900,
) -> Verified:
    secrets = {credentials.access_key: credentials.secret_key}
    verifier = Verifier(secrets.get, region=region, times=Times(Clock(), max_skew))
    return verifier.verify(wire.method, wire.path, wire.query, wire.headers, now=now)


def reveal(token: Secret | None) -> str | None:
    return None if token is None else token.reveal()


def botocore_credentials(credentials: Credentials) -> BotoCredentials:
    return BotoCredentials(credentials.access_key, credentials.secret_key.reveal(), reveal(credentials.session_token))


def frozen_botocore(now: dt.datetime) -> Any:
    """Stops botocore's clock."""
    naive = now.astimezone(dt.UTC).replace(tzinfo=None)
    return mock.patch.object(botocore.auth, "get_current_datetime", return_value=naive)


def botocore_sign(
    method: str,
    url: str,
    credentials: Credentials,
    region: str,
    now: dt.datetime,
    *,
    headers: dict[str, str] | None = None,
    body: bytes = b"",
) -> dict[str, str]:
    """All headers of a request that botocore signed."""
    request = AWSRequest(method, url, dict(headers or {}), body)
    with frozen_botocore(now):
        botocore.auth.S3SigV4Auth(botocore_credentials(credentials), "s3", region).add_auth(request)
    return {name: str(value) for name, value in request.headers.items()}


def botocore_presign(
    method: str,
    url: str,
    credentials: Credentials,
    region: str,
    now: dt.datetime,
    *,
    expires_in: int,
    query: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> str:
    """The URL that botocore makes of another."""
    request = AWSRequest(method, url, dict(headers or {}), params=dict(query or {}))
    signer = botocore.auth.S3SigV4QueryAuth(botocore_credentials(credentials), "s3", region, expires=expires_in)
    with frozen_botocore(now):
        signer.add_auth(request)
    return str(request.url)


def minio_sign(
    method: str, url: str, credentials: Credentials, region: str, now: dt.datetime, *, headers: dict[str, str]
) -> dict[str, str]:
    """All headers of a request that minio-py signed. The headers must hold what its client adds."""
    signed = sign_v4_s3(
        method=method,
        url=urlsplit(url),
        region=region,
        headers=dict(headers),
        credentials=MinioCredentials(credentials.access_key, credentials.secret_key.reveal()),
        content_sha256=headers["x-amz-content-sha256"],
        date=now,
    )
    return {name: str(value) for name, value in signed.items()}


def minio_presign(
    method: str, url: str, credentials: Credentials, region: str, now: dt.datetime, *, expires_in: int
) -> str:
    """The URL that minio-py makes of another."""
    return presign_v4(
        method=method,
        url=urlsplit(url),
        region=region,
        credentials=MinioCredentials(credentials.access_key, credentials.secret_key.reveal()),
        date=now,
        expires=expires_in,
    ).geturl()


def object_url(endpoint: str, bucket: str, key: str, addressing: str = "path") -> str:
    """The URL of an object, as both SDKs write it."""
    scheme, _, host = endpoint.partition("://")
    if addressing == "virtual":
        return f"{scheme}://{bucket}.{host}/{quote(key, safe='/~')}"
    return f"{scheme}://{host}/{bucket}/{quote(key, safe='/~')}"


def query_string(query: dict[str, str]) -> str:
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query.items())
