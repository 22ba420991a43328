"""Starts servers that speak S3, each in a process or container of its own, with a bucket in it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import IO, Final
from urllib.parse import urlsplit

import msgspec
from bucketry import Secret
from bucketry.sigv4 import Credentials, Presigner, Signer, payload_hash

from benchmarks.bucketry_server.running_server import S3_KEYS, TIMEOUT_SECONDS, Address, running_server
from benchmarks.case import NotAvailable
from benchmarks.container_servers.plain import BUCKET, NO_QUERY, connection_to, send
from benchmarks.container_servers.starting import started, started_program
from tests.servers.containers import start_minio
from tests.servers.handles import Reachable
from tests.servers.programs import MOTO, SEAWEEDFS, VERSITYGW, free_port

S3RVER: Final = "s3rver@3.7.1"
_S3RVER_KEY: Final = "S3RVER"
"""Access key and secret key that s3rver has built in."""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A server that responds.

    Attributes:
        name: Its name.
        url: Its URL.
        keys: Access key and secret key.
        pid: Its process, or ``None`` in a container.
    """

    name: str
    url: str
    keys: tuple[str, str] = S3_KEYS
    pid: int | None = None

    @property
    def address(self) -> Address:
        """Host and port."""
        parts = urlsplit(self.url)
        return parts.hostname or "127.0.0.1", parts.port or 80

    def signed(self, method: str, bucket: str = BUCKET, key: str = "", query: Mapping[str, str] = NO_QUERY) -> str:
        """Returns the target of a presigned request, which works for an hour."""
        credentials = Credentials(self.keys[0], Secret(self.keys[1]))
        presigner = Presigner(credentials, endpoint=self.url, region="us-east-1")
        return presigner.presign_url(method, bucket, key, expires_in=3600, query=query).removeprefix(self.url)

    def signed_head(self, method: str, key: str, body: bytes = b"") -> bytes:
        """Returns the head of a request for an object, signed in its headers as SDKs do; it works for 15 minutes."""
        signer = Signer(Credentials(self.keys[0], Secret(self.keys[1])), region="us-east-1")
        headers = {"content-length": str(len(body))} if body else {}
        signed = signer.sign(method, f"{self.url}/{BUCKET}/{key}", payload=payload_hash(body), headers=headers)
        sent = {"host": signed.host, **headers, **signed.headers}
        lines = "".join([f"{name}: {value}\r\n" for name, value in sent.items()])
        return f"{method} /{BUCKET}/{key} HTTP/1.1\r\n{lines}\r\n".encode()


Start = Callable[[ExitStack], Endpoint]


def with_bucket(start: Start, stack: ExitStack) -> Endpoint:
    """Starts a server and creates the bucket, as soon as the server can do that.

    Raises:
        NotAvailable: It cannot within a minute.
    """
    endpoint = start(stack)
    until = monotonic() + TIMEOUT_SECONDS
    while True:
        try:
            send(connection_to(endpoint.url, stack), "PUT", endpoint.signed("PUT")).read()
        except (RuntimeError, OSError) as error:
            if monotonic() > until:
                raise NotAvailable(f"{endpoint.name} makes no bucket: {error}") from error
            sleep(0.2)
        else:
            return endpoint


def bucketry(stack: ExitStack) -> Endpoint:
    """Starts our endpoint over the memory driver."""
    running = stack.enter_context(running_server("memory"))
    host, port = running.s3
    return Endpoint(name="bucketry", url=f"http://{host}:{port}", pid=running.pid)


def moto(stack: ExitStack) -> Endpoint:
    """Starts moto's server. Raises what `started_program` raises."""
    return _of(started_program(stack, MOTO), MOTO.title)


def seaweedfs(stack: ExitStack) -> Endpoint:
    """Starts SeaweedFS. Raises what `started_program` raises."""
    return _of(started_program(stack, SEAWEEDFS), SEAWEEDFS.title)


def versitygw(stack: ExitStack) -> Endpoint:
    """Starts VersityGW. Raises what `started_program` raises."""
    return _of(started_program(stack, VERSITYGW), VERSITYGW.title)


def _of(server: Reachable, name: str) -> Endpoint:
    return Endpoint(name=name, url=server.url, keys=(server.access_key, server.secret_key))


def s3rver(stack: ExitStack) -> Endpoint:
    """Installs s3rver from npm into a temporary folder, and starts it.

    Raises:
        NotAvailable: npm or node is missing, or npm cannot install the package.
    """
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        raise NotAvailable("npm is not installed")
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="bucketry-bench-")))
    flags = ["--prefix", str(folder), "--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--silent"]
    done = subprocess.run([npm, "install", *flags, S3RVER], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode:
        raise NotAvailable(f"npm cannot install {S3RVER}")
    port = free_port()
    program = folder / "node_modules/s3rver/bin/s3rver.js"
    data = folder / "data"
    data.mkdir()
    command = [node, str(program), "-d", str(data), "-a", "127.0.0.1", "-p", str(port), "--silent"]
    pid = started_process(command, stack)
    wait_for_port(port)
    return Endpoint(name="s3rver", url=f"http://127.0.0.1:{port}", keys=(_S3RVER_KEY, _S3RVER_KEY), pid=pid)


def minio(stack: ExitStack) -> Endpoint:
    """Starts a MinIO server in a container. Raises what `started` raises."""
    return _of(started(stack, start_minio), "MinIO")


def minio_and_bucketry(stack: ExitStack) -> tuple[Endpoint, Endpoint]:
    """Starts a MinIO server in a container, and our S3 endpoint in front of it. Raises what `started` raises."""
    server = minio(stack)
    secrets = {"BUCKETRY_MINIO_ACCESS_KEY": server.keys[0], "BUCKETRY_MINIO_SECRET_KEY": server.keys[1]}
    return server, bucketry_serve(f"minio://{urlsplit(server.url).netloc}", stack, secrets)


def bucketry_serve(store: str, stack: ExitStack, environ: Mapping[str, str] | None = None) -> Endpoint:
    """Starts `bucketry serve` with both ports over a store.

    Args:
        store: The store's URL.
        stack: Ends the process.
        environ: More environment variables, such as the store's credentials.
    """
    port = free_port()
    arguments = ["--s3", "--port", str(free_port()), "--s3-port", str(port)]
    keys = {"BUCKETRY_S3_ACCESS_KEY": S3_KEYS[0], "BUCKETRY_S3_SECRET_KEY": S3_KEYS[1]}
    command = [sys.executable, "-m", "bucketry_cli", "serve", *arguments]
    pid = started_process(command, stack, {"BUCKETRY_STORE": store, **keys, **(environ or {})})
    wait_for_port(port)
    return Endpoint(name="bucketry", url=f"http://127.0.0.1:{port}", pid=pid)


def started_process(
    command: Sequence[str],
    stack: ExitStack,
    environ: Mapping[str, str] | None = None,
    stderr: IO[bytes] | int = subprocess.DEVNULL,
) -> int:
    """Starts a process, which the stack ends, and returns its id."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        env={**os.environ, **(environ or {})},
    )
    stack.callback(_end, process)
    return process.pid


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_for_port(port: int) -> None:
    """Waits until a server listens.

    Raises:
        NotAvailable: No server listens within a minute.
    """
    until = monotonic() + TIMEOUT_SECONDS
    while monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        sleep(0.002)
    raise NotAvailable("the server does not start")
