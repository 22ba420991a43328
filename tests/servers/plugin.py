"""The fixtures `minio_server`, `rgw_server`, `versitygw_server` and so on, and `breakable_…` ones for tests of faults.

One server of each kind serves a whole run, however many processes it has: the process that asks first starts it,
under a file lock, and writes down where it is; the others read that; the run's main process removes all at its end. So
no process counts another's references, and a server starts only if a test asks for it.

Where no server can be had, its tests are not run and the end of the run says so; with BUCKETRY_REQUIRE_SERVERS=1
they fail.
"""

from __future__ import annotations

import base64
import os
import secrets
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

import msgspec
import pytest
from filelock import FileLock

if TYPE_CHECKING:
    from tests.servers.containers import Owner
    from tests.servers.handles import MinioServer, Reachable, RgwServer
    from tests.servers.programs import LocalServer, Program

# Docker's SDK costs half a second to import, which a run without servers need not pay: functions import it.

FOLDER_PREFIX = "bucketry-servers-"
NOT_TESTED = "NOT TESTED: "
ServerType = TypeVar("ServerType", bound="Reachable")


class _Run:
    """What the processes of one test run share: its main process's id and a folder, made by who needs it first."""

    def __init__(self, pid: int, folder: str) -> None:
        self.pid = pid
        self.folder = folder

    def owner(self) -> Owner:
        from tests.servers.containers import Owner

        Path(self.folder).mkdir(mode=0o700, exist_ok=True)
        return Owner(self.pid, Path(self.folder))


RUN = pytest.StashKey[_Run]()


def pytest_configure(config: pytest.Config) -> None:
    worker_input = getattr(config, "workerinput", None)
    if worker_input is None:
        name = f"{FOLDER_PREFIX}{os.getpid()}-{secrets.token_hex(8)}"
        run = _Run(os.getpid(), str(Path(tempfile.gettempdir(), name)))
    else:
        run = _Run(worker_input["servers_pid"], worker_input["servers_folder"])
    config.stash[RUN] = run


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    run = node.config.stash[RUN]  # type: ignore[attr-defined]  # xdist's WorkerController
    node.workerinput.update(servers_pid=run.pid, servers_folder=run.folder)  # type: ignore[attr-defined]


def pytest_unconfigure(config: pytest.Config) -> None:
    run = config.stash.get(RUN, None)
    if run is None or run.pid != os.getpid():
        return
    if Path(run.folder).exists():
        _clean_up(run)


def _clean_up(run: _Run) -> None:
    from tests.servers.containers import remove_containers
    from tests.servers.engine import EngineMissing, engine
    from tests.servers.programs import end_programs

    end_programs(Path(run.folder))
    with suppress(EngineMissing), engine() as client:
        remove_containers(client, run.owner())
    shutil.rmtree(run.folder, ignore_errors=True)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    yield
    missing = Counter(reason for report in terminalreporter.getreports("skipped") if (reason := _missing(report)))
    if not missing:
        return
    terminalreporter.section("NOT TESTED", sep="!", red=True, bold=True)
    for reason, count in sorted(missing.items()):
        terminalreporter.write_line(f"{reason} ({count} tests not run)", red=True, bold=True)
    terminalreporter.write_line("BUCKETRY_REQUIRE_SERVERS=1 makes this a failure.")


def _missing(report: pytest.TestReport | pytest.CollectReport) -> str | None:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
    _, found, reason = text.partition(NOT_TESTED)
    return reason if found else None


@pytest.fixture(scope="session")
def minio_server(pytestconfig: pytest.Config) -> MinioServer:
    """A MinIO server that speaks HTTP, shared by the whole run: make buckets of your own, and break nothing.

    It has a key that encrypts, and a webhook ``images`` for notifications, at which nobody listens.
    """
    from tests.servers.containers import start_minio
    from tests.servers.handles import MinioServer

    environment = {
        "MINIO_KMS_SECRET_KEY": f"tests:{base64.b64encode(secrets.token_bytes(32)).decode()}",
        "MINIO_NOTIFY_WEBHOOK_ENABLE_images": "on",
        "MINIO_NOTIFY_WEBHOOK_ENDPOINT_images": "http://127.0.0.1:9/events",
        "MINIO_NOTIFY_WEBHOOK_QUEUE_DIR_images": "/tmp",  # noqa: S108 - in the container
    }
    return _shared(pytestconfig, "minio", MinioServer, lambda owner: start_minio(owner, environment=environment))


@pytest.fixture(scope="session")
def minio_tls_server(pytestconfig: pytest.Config) -> MinioServer:
    """The same with TLS: another server, for MinIO speaks one of them."""
    from tests.servers.containers import start_minio
    from tests.servers.handles import MinioServer

    return _shared(pytestconfig, "minio-tls", MinioServer, lambda owner: start_minio(owner, tls=True))


@pytest.fixture(scope="session")
def rgw_server(pytestconfig: pytest.Config) -> RgwServer:
    """A Ceph RGW that speaks HTTP and TLS, shared by the whole run: make buckets of your own, and break nothing."""
    from tests.servers.containers import start_rgw
    from tests.servers.handles import RgwServer

    return _shared(pytestconfig, "rgw", RgwServer, start_rgw)


@pytest.fixture(scope="session")
def seaweedfs_server(pytestconfig: pytest.Config) -> LocalServer:
    """A SeaweedFS in a process, shared by the whole run: make buckets of your own, and break nothing."""
    from tests.servers.programs import SEAWEEDFS

    return _shared_program(pytestconfig, SEAWEEDFS)


@pytest.fixture(scope="session")
def versitygw_server(pytestconfig: pytest.Config) -> LocalServer:
    """A VersityGW over a folder, shared by the whole run: make buckets of your own, and break nothing."""
    from tests.servers.programs import VERSITYGW

    return _shared_program(pytestconfig, VERSITYGW)


@pytest.fixture(scope="session")
def moto_server(pytestconfig: pytest.Config) -> LocalServer:
    """A server of moto's, shared by the whole run: make buckets of your own, and break nothing."""
    from tests.servers.programs import MOTO

    return _shared_program(pytestconfig, MOTO)


@pytest.fixture(scope="module")
def breakable_minio_server(pytestconfig: pytest.Config) -> Iterator[MinioServer]:
    """A MinIO server for this file's tests alone, to pause, kill and restart; each test leaves it running."""
    from tests.servers.containers import start_minio

    server = _started(pytestconfig, "minio", start_minio)
    yield server
    server.remove()


@pytest.fixture(scope="module")
def start_own_minio(pytestconfig: pytest.Config) -> Iterator[Callable[[Mapping[str, str]], MinioServer]]:
    """Starts a MinIO server for this file's tests alone, with settings in its environment."""
    from tests.servers.containers import start_minio

    with ExitStack() as stack:

        def start(environment: Mapping[str, str]) -> MinioServer:
            server = _started(pytestconfig, "minio", lambda owner: start_minio(owner, environment=environment))
            stack.callback(server.remove)
            return server

        yield start


@pytest.fixture(scope="module")
def breakable_rgw_server(pytestconfig: pytest.Config) -> Iterator[RgwServer]:
    """A Ceph RGW for this file's tests alone, to pause, kill and restart; each test leaves it running."""
    from tests.servers.containers import start_rgw

    server = _started(pytestconfig, "rgw", start_rgw)
    yield server
    server.remove()


def _shared_program(config: pytest.Config, program: Program) -> LocalServer:
    from tests.servers.programs import LocalServer, start_program

    return _shared(config, program.title, LocalServer, lambda owner: start_program(program, owner))


def _shared(
    config: pytest.Config, name: str, kind: type[ServerType], start: Callable[[Owner], ServerType]
) -> ServerType:
    """Return the run's one server of this name, started by the process that asks first."""
    state = config.stash[RUN].owner().folder / f"{name}.json"
    with FileLock(state.with_suffix(".lock")):
        if not state.exists():
            state.write_bytes(msgspec.json.encode(_started(config, name, start)))
        return msgspec.json.decode(state.read_bytes(), type=kind)


def _started(config: pytest.Config, name: str, start: Callable[[Owner], ServerType]) -> ServerType:
    from tests.servers.containers import remove_leftover_folders
    from tests.servers.engine import EngineMissing
    from tests.servers.images import ImageMissing
    from tests.servers.programs import ProgramMissing

    remove_leftover_folders(FOLDER_PREFIX)
    try:
        return start(config.stash[RUN].owner())
    except (EngineMissing, ImageMissing, ProgramMissing) as error:
        not_tested(name, error)


def not_tested(name: str, error: Exception | str) -> NoReturn:
    """Skip a test because something is not on this machine, which the end of the run says; or fail, if it must be."""
    from tests.servers.engine import servers_are_required

    if servers_are_required():
        pytest.fail(f"BUCKETRY_REQUIRE_SERVERS is set, but {name} cannot be tested: {error}", pytrace=False)
    pytest.skip(f"{NOT_TESTED}{name}: {error}")
