"""Signature Version 4 for S3, written from Amazon's description alone, and apart from `bucketry.sigv4`.

Every part of what is signed can be given, so that a test can sign what is wrong. Source: S3 API reference,
"Authenticating requests (AWS Signature Version 4)".
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from tests.http.s3.serving import ACCESS_KEY, SECRET_KEY

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED = "UNSIGNED-PAYLOAD"
NOTHING: Mapping[str, str] = {}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), "sha256").digest()


def _encoded(text: str, safe: str = "") -> str:
    return quote(unquote_to_bytes(text), safe=safe)


def _canonical_query(query: str) -> str:
    pairs = [part.partition("=") for part in query.split("&") if part]
    return "&".join(
        f"{name}={value}" for name, value in sorted((_encoded(name), _encoded(value)) for name, _, value in pairs)
    )


def _canonical_value(value: str) -> str:
    """A header's value, each of whose characters is a byte."""
    return b" ".join(value.encode("latin-1").split()).decode("latin-1")


@dataclass(frozen=True)
class Signing:
    """Who signs, when and where."""

    access_key: str = ACCESS_KEY
    secret_key: str = SECRET_KEY
    region: str = "us-east-1"
    service: str = "s3"
    terminator: str = "aws4_request"
    late: timedelta = timedelta()
    scope_late: timedelta = timedelta()

    @property
    def time(self) -> str:
        return (datetime.now(UTC) - self.late).strftime("%Y%m%dT%H%M%SZ")

    def scope(self, time: str) -> str:
        day = (datetime.strptime(time, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) - self.scope_late).strftime("%Y%m%d")
        return f"{day}/{self.region}/{self.service}/{self.terminator}"

    def key(self, scope: str) -> bytes:
        key = f"AWS4{self.secret_key}".encode()
        for part in scope.split("/"):
            key = _mac(key, part)
        return key

    def _signature(
        self, time: str, method: str, target: str, headers: Mapping[str, str], names: Sequence[str], payload: str
    ) -> str:
        path, _, query = target.partition("?")
        lines = "".join(f"{name}:{_canonical_value(headers[name])}\n" for name in names)
        canonical = "\n".join([method, _encoded(path, "/"), _canonical_query(query), lines, ";".join(names), payload])
        scope = self.scope(time)
        to_sign = f"{ALGORITHM}\n{time}\n{scope}\n{sha256(canonical.encode('latin-1'))}"
        return _mac(self.key(scope), to_sign).hex()

    def headers(
        self,
        method: str,
        target: str,
        host: str,
        headers: Mapping[str, str] = NOTHING,
        *,
        payload: str = UNSIGNED,
        unsigned: Sequence[str] = (),
    ) -> dict[str, str]:
        """Returns all headers of a request that is signed in a header.

        Args:
            method: The method.
            target: Path and query, as they will be sent.
            host: Where it goes.
            headers: Further headers, by lower-case name.
            payload: What is said of the body.
            unsigned: Names of headers that the signature leaves out.
        """
        time = self.time
        whole = {"host": host, "x-amz-date": time, "x-amz-content-sha256": payload, **headers}
        names = sorted(whole.keys() - set(unsigned))
        signature = self._signature(time, method, target, whole, names, payload)
        credential = f"{self.access_key}/{self.scope(time)}"
        authorization = f"{ALGORITHM} Credential={credential},SignedHeaders={';'.join(names)},Signature={signature}"
        return {**whole, "authorization": authorization}

    def presigned(
        self,
        method: str,
        target: str,
        host: str,
        headers: Mapping[str, str] = NOTHING,
        *,
        expires: int | str = 60,
    ) -> str:
        """Returns a target that carries its signature."""
        time = self.time
        whole = {"host": host, **headers}
        names = sorted(whole)
        parameters = {
            "X-Amz-Algorithm": ALGORITHM,
            "X-Amz-Credential": f"{self.access_key}/{self.scope(time)}",
            "X-Amz-Date": time,
            "X-Amz-Expires": str(expires),
            "X-Amz-SignedHeaders": ";".join(names),
        }
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())
        target = f"{target}{'&' if '?' in target else '?'}{query}"
        return f"{target}&X-Amz-Signature={self._signature(time, method, target, whole, names, UNSIGNED)}"

    def policy_fields(self, policy: str) -> dict[str, str]:
        """Returns the fields of a form that vouch for a policy, which is in base64 already."""
        time = self.time
        return {
            "policy": policy,
            "x-amz-algorithm": ALGORITHM,
            "x-amz-credential": f"{self.access_key}/{self.scope(time)}",
            "x-amz-date": time,
            "x-amz-signature": _mac(self.key(self.scope(time)), policy).hex(),
        }

    def chunks(self, headers: Mapping[str, str]) -> ChunkSigning:
        """Returns what signs the chunks of a request that has these headers."""
        time = headers["x-amz-date"]
        seed = headers["authorization"].rpartition("=")[2]
        return ChunkSigning(self.key(self.scope(time)), time, self.scope(time), seed)


class ChunkSigning:
    """Signs one chunk after the other, each with the signature of the one before."""

    def __init__(self, key: bytes, time: str, scope: str, seed: str) -> None:
        self._key, self._where, self._previous = key, f"{time}\n{scope}", seed

    def _next(self, kind: str, *hashes: str) -> str:
        to_sign = "\n".join([f"{ALGORITHM}-{kind}", self._where, self._previous, *hashes])
        self._previous = _mac(self._key, to_sign).hex()
        return self._previous

    def chunk(self, data: bytes) -> str:
        return self._next("PAYLOAD", sha256(b""), sha256(data))

    def trailer(self, trailers: Mapping[str, str]) -> str:
        lines = "".join(f"{name}:{value}\n" for name, value in sorted(trailers.items()))
        return self._next("TRAILER", sha256(lines.encode()))


OWNER = Signing()


def signing_as(credential: Any) -> Signing:
    """Who signs with one of the endpoint's credentials."""
    return Signing(credential.access_key, credential.secret_key.reveal())
