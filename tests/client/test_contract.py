"""The contract suite on the REST API: over memory, through real connections on loopback."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import urlsplit

from bucketry import Store, open_store
from bucketry.features import GIB, MIB
from bucketry_contract import Backend, ContractSuite
from bucketry_contract.suite.buckets import BucketTests
from bucketry_contract.suite.errors import ErrorTests
from bucketry_testing import RestServer, rest_server, s3_endpoint

from tests.client.secured import Secured, secured
from tests.faults.proxy import Fault, FaultProxy

CUT: Final = Fault(name="cut", responses=MIB)


class RestBackend(Backend):
    """One server, which each store opens anew."""

    serves_presigned_urls = True
    server = f"bucketry {version('bucketry-http')} over memory"

    def __init__(self) -> None:
        self._served = ExitStack()
        s3 = self._served.enter_context(s3_endpoint())
        self._server = self._served.enter_context(rest_server(s3.store))

    def open(self, layers: Sequence[object]) -> Store:
        return open_store(self._server.url, layers=layers)

    def cleanup(self) -> None:
        self._served.close()

    def raw_object(self, bucket: str, key: str) -> bytes | None:
        found = {info.key for info in self._server.store.list_objects(bucket).objects}
        return self._server.store.get_object(bucket, key).read() if key in found else None

    def unreachable(self) -> Store:
        return open_store("http://127.0.0.1:1?timeout=0.5&retries=0")

    def full(self) -> Store:
        return open_store(self._serve(max_bytes=MIB).url)

    def breaking_reads(self) -> Store:
        proxy = self._served.enter_context(FaultProxy(urlsplit(self._serve().url).netloc))
        proxy.fault = CUT
        return open_store(f"http://{proxy.location}?resumes=1")

    def _serve(self, max_bytes: int = GIB) -> RestServer:
        return self._served.enter_context(rest_server(max_bytes=max_bytes))


class TestRest(ContractSuite):
    backend = RestBackend
    short = True


class SecuredBackend(Backend):
    """A server with TLS that asks for a token."""

    def __init__(self) -> None:
        self._served = ExitStack()
        self._server = self._serve()
        self.secrets = (self._server.team.tokens["boss"],)

    def open(self, layers: Sequence[object]) -> Store:
        return self._open(self._server, {"BUCKETRY_HTTP_TOKEN_FILE": self._server.token_file}, layers)

    def bad_credentials(self) -> Store:
        # On a server of its own: wrong tokens lock their address out.
        return self._open(self._serve(), {"BUCKETRY_HTTP_TOKEN": "a-token-that-nobody-made"})

    def _serve(self) -> Secured:
        folder = Path(self._served.enter_context(TemporaryDirectory()))
        return self._served.enter_context(secured(self._served.enter_context(open_store("memory://")), folder))

    def _open(self, server: Secured, environ: dict[str, str], layers: Sequence[object] = ()) -> Store:
        return open_store(server.url, settings={"ca_file": server.ca_file}, layers=layers, environ=environ)

    def cleanup(self) -> None:
        self._served.close()


class TestSecured(ErrorTests, BucketTests):
    backend = SecuredBackend
