"""An issuer of the tests' own, whose tokens and documents can be wrong in every way."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from bucketry_http.oidc import OidcSettings
from cryptography.hazmat.primitives.asymmetric import ec, rsa

AUDIENCE = "bucketry"


class Issuer:
    """An issuer: its keys, its documents, and how often each was asked for.

    Attributes:
        url: Its URL.
        keys: The private keys by id.
        documents: What it gives by path; it is made anew for each request, unless a test puts something else here.
        status: The status of its responses.
        asked: The paths that were asked for.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.keys: dict[str, Any] = {"first": _first_key()}
        self.documents: dict[str, bytes] = {}
        self.status = 200
        self.asked: list[str] = []

    def settings(self, **changes: Any) -> OidcSettings:
        return OidcSettings(**{"issuer": self.url, "audience": AUDIENCE, **changes})

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Claims of a good token; a change to ``None`` takes one away."""
        now = int(time.time())
        made = {"iss": self.url, "aud": AUDIENCE, "sub": "ada", "iat": now, "exp": now + 300, "groups": ["team-a"]}
        return {name: value for name, value in (made | changes).items() if value is not None}

    def token(
        self, key: Any = None, *, algorithm: str = "RS256", headers: dict[str, Any] | None = None, **changes: Any
    ) -> str:
        signing = self.keys["first"] if key is None else key
        return jwt.encode(
            self.claims(**changes),
            signing,
            algorithm=algorithm,
            headers={"kid": "first"} if headers is None else headers,
        )

    def document(self, path: str) -> bytes:
        if path in self.documents:
            return self.documents[path]
        if path == "/.well-known/openid-configuration":
            return json.dumps({"issuer": self.url, "jwks_uri": f"{self.url}/keys"}).encode()
        return json.dumps({"keys": [public(key_id, key) for key_id, key in self.keys.items()]}).encode()


def public(key_id: str, key: Any) -> dict[str, Any]:
    """A key as a key set shows it."""
    is_rsa = isinstance(key, rsa.RSAPrivateKey)
    algorithm: Any = jwt.algorithms.RSAAlgorithm if is_rsa else jwt.algorithms.ECAlgorithm
    return {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": key_id, "use": "sig"}


@cache
def _first_key() -> Any:
    return new_key()  # Making one takes a while.


def new_key(kind: str = "RSA") -> Any:
    if kind == "EC":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@contextmanager
def issuing() -> Iterator[Issuer]:
    issuers: list[Issuer] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            (issuer,) = issuers
            issuer.asked.append(self.path)
            content = issuer.document(self.path)
            self.send_response(issuer.status)
            self.send_header("location", f"{issuer.url}/elsewhere")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Writes nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuers.append(Issuer(f"http://127.0.0.1:{server.server_address[1]}"))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield issuers[0]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
