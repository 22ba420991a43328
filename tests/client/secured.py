"""A live REST API with TLS that asks for a token."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import trustme
from bucketry import Store
from bucketry_http import Listener, Server, ServerSettings, TlsFiles, create_app

from tests.http.accounts import Team
from tests.http.serving import WAIT


class Secured(msgspec.Struct, frozen=True, kw_only=True):
    """Where it is, and what a client needs.

    Attributes:
        url: Its URL, with the host's name.
        ca_file: The authority of its certificate.
        token_file: The token of a user who may do everything.
        team: All users.
    """

    url: str
    ca_file: str
    token_file: str
    team: Team


@contextmanager
def secured(store: Store, folder: Path) -> Iterator[Secured]:
    """Serves a store so; writes files into the folder."""
    authority, team = trustme.CA(), Team()
    issued = authority.issue_cert("localhost")
    ca_file, chain, key, token = (folder / name for name in ("ca.pem", "chain.pem", "key.pem", "token"))
    ca_file.write_bytes(authority.cert_pem.bytes())
    chain.write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    token.write_text(team.tokens["boss"] + "\n")
    ready = threading.Event()
    listener = Listener(create_app(store, directory=team.directory), port=0)
    tls = TlsFiles(certificate=str(chain), key=str(key))
    server = Server([listener], lambda _: ready.set(), ServerSettings(tls=tls))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert ready.wait(WAIT)
        url = server.urls[0].replace("127.0.0.1", "localhost")
        yield Secured(url=url, ca_file=str(ca_file), token_file=str(token), team=team)
    finally:
        server.stop()
        thread.join()
