"""Starts SeaweedFS and VersityGW: servers in Go that an application's tests could use.

Both listen on the loopback interface, keep their data in a temporary folder, and are ended after an hour at the latest.
SeaweedFS comes as a wheel. VersityGW is built from its Go module, whose versions and checksums ``benchmarks/versitygw``
pins.
"""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec
from filelock import FileLock

from benchmarks.bucketry_server.running_server import S3_KEYS
from benchmarks.case import NotAvailable
from benchmarks.programs import installed_program
from benchmarks.s3_servers.servers import Endpoint, free_port, wait_for_port

_ROOT: Final = Path(__file__).parents[2]
_MODULE: Final = _ROOT / "benchmarks/versitygw"
_PACKAGE: Final = "github.com/versity/versitygw/cmd/versitygw"
_BUILT: Final = _ROOT / ".bench"
_LONGEST: Final = "3600"
"""Seconds after which a server is ended, even if nobody is left to end it."""


def seaweedfs(stack: ExitStack) -> Endpoint:
    """Starts SeaweedFS, all its parts in one process.

    Raises:
        NotAvailable: It is not installed.
    """
    folder = _temporary_folder(stack)
    (folder / "data").mkdir()
    config = folder / "s3.json"
    config.write_bytes(msgspec.json.encode({"identities": [_identity()]}))
    port = free_port()
    ports = {f"{part}.port{kind}": free_port() for part in ("master", "volume", "filer") for kind in ("", ".grpc")}
    options = {
        "dir": folder / "data",
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "master.telemetry": "false",
        "volume.max": 0,  # As many as fit on the disk.
        "filer.localSocket": folder / "filer.sock",
        "s3.localSocket": folder / "s3.sock",
        "s3.config": config,
        "s3.port": port,
        "s3.port.grpc": free_port(),
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        **ports,
    }
    arguments = [f"-{name}={value}" for name, value in options.items()]
    return _started("SeaweedFS", [_installed("weed"), "server", "-s3", *arguments], port, stack)


def versitygw(stack: ExitStack) -> Endpoint:
    """Starts VersityGW over a folder of files; their attributes are in a second folder, for any file system.

    Raises:
        NotAvailable: It cannot be built.
    """
    program = _built_versitygw()
    folder = _temporary_folder(stack)
    for name in ("data", "attributes"):
        (folder / name).mkdir()
    port = free_port()
    access_key, secret_key = S3_KEYS
    flags = ["--access", access_key, "--secret", secret_key, "--region", "us-east-1", "--port", f"127.0.0.1:{port}"]
    backend = ["posix", "--sidecar", str(folder / "attributes"), str(folder / "data")]
    return _started("VersityGW", [str(program), "--quiet", *flags, *backend], port, stack)


def _identity() -> dict[str, object]:
    access_key, secret_key = S3_KEYS
    return {
        "name": "bench",
        "credentials": [{"accessKey": access_key, "secretKey": secret_key}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }


def _started(name: str, command: list[str], port: int, stack: ExitStack) -> Endpoint:
    # There is no data to save: nobody waits until the server has ended in order, and SIGKILL goes to all its processes.
    process = subprocess.Popen(
        ["timeout", "--kill-after=1", _LONGEST, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    stack.callback(process.wait)
    stack.callback(os.killpg, process.pid, signal.SIGKILL)
    wait_for_port(port)
    return Endpoint(name=name, url=f"http://127.0.0.1:{port}")


def _temporary_folder(stack: ExitStack) -> Path:
    return Path(stack.enter_context(TemporaryDirectory(prefix="bucketry-bench-", ignore_cleanup_errors=True)))


def _installed(program: str) -> str:
    """Returns a program of the benchmarks' environment.

    Raises:
        NotAvailable: It is not there.
    """
    path = installed_program(program)
    if path is None:
        raise NotAvailable(f"{program} is not installed: `make bench` installs it")
    return path


def _built_versitygw() -> Path:
    """Builds VersityGW unless it was built from the same versions, and returns the program.

    Raises:
        NotAvailable: Go is missing, or a module cannot be had.
    """
    program, stamp, lock = _BUILT / "versitygw", _BUILT / "versitygw.sum", _MODULE / "go.sum"
    _BUILT.mkdir(exist_ok=True)
    with FileLock(_BUILT / "versitygw.lock"):
        if not (program.exists() and stamp.exists() and stamp.read_bytes() == lock.read_bytes()):
            _build(program)
            stamp.write_bytes(lock.read_bytes())
    return program


def _build(program: Path) -> None:
    command = [_installed("go"), "build", "-trimpath", "-ldflags=-s -w", "-o", str(program), _PACKAGE]
    environment = {"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly -buildvcs=false", "CGO_ENABLED": "0"}
    done = subprocess.run(
        command,
        cwd=_MODULE,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NotAvailable(f"VersityGW cannot be built: {done.stdout[-400:]}")
