"""Starts the servers in containers, with testcontainers.

Every container carries the process that answers for it in its labels, so that what a killed run left behind can be told
from what another run is using.
"""

from __future__ import annotations

import os
import random
import secrets
import shutil
import socket
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from docker import DockerClient
from docker.errors import APIError, NotFound
from testcontainers.core.config import ConnectionMode
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import CompositeWaitStrategy, HttpWaitStrategy, LogMessageWaitStrategy
from testcontainers.core.waiting_utils import WaitStrategy

from tests.servers.engine import engine
from tests.servers.handles import MINIO_HEALTH, MinioServer, RgwServer
from tests.servers.images import minio_image, rgw_image
from tests.servers.tls import certificate

HOST_LABEL: Final = "bucketry.tests.host"
PID_LABEL: Final = "bucketry.tests.pid"
RUN_LABEL: Final = "bucketry.tests.run"
MINIO_PORT, RGW_PORT, RGW_TLS_PORT = 9000, 7480, 7443
# A port that Docker chooses would be another one after a restart. These lie below those that systems hand out.
PORTS: Final = range(20_000, 32_000)
PORT_TRIES: Final = 20
PORT_IS_TAKEN: Final = ("port is already allocated", "address already in use")


@dataclass(frozen=True)
class Owner:
    """The test run that containers belong to.

    Attributes:
        pid: its main process, the one that removes the containers at the end.
        folder: a folder of its own for certificates and state.
    """

    pid: int
    folder: Path

    def labels(self) -> dict[str, str]:
        """Return the labels of the containers of this run."""
        return {HOST_LABEL: socket.gethostname(), PID_LABEL: str(self.pid), RUN_LABEL: self.folder.name}


def start_minio(owner: Owner, *, tls: bool = False, environment: Mapping[str, str] | None = None) -> MinioServer:
    """Start a MinIO server with credentials of its own and wait until it answers.

    Raises:
        EngineMissing: no Docker engine answers.
        ImageMissing: the image is not on the engine.
        RuntimeError: the server ended instead of answering; its last lines are in the message.
    """
    access_key, secret_key = secrets.token_hex(10), secrets.token_hex(20)
    health = HttpWaitStrategy(MINIO_PORT, MINIO_HEALTH)
    ca_file = None

    def configured(image: str) -> DockerContainer:
        nonlocal ca_file
        container = DockerContainer(image).with_command("server /data --address :9000 --certs-dir /certs")
        container.with_envs(MINIO_ROOT_USER=access_key, MINIO_ROOT_PASSWORD=secret_key)
        container.with_envs(MINIO_BROWSER="off", MINIO_UPDATE="off", **(environment or {}))
        if tls:
            ca_file = _give_certificate(owner, container, "/certs/public.crt", "/certs/private.key")
        return container

    container = _start(owner, configured, minio_image, [MINIO_PORT], health.using_tls(insecure=True) if tls else health)
    return MinioServer(
        container_id=container.get_container_id(),
        url=_url(container, MINIO_PORT, tls=tls),
        ca_file=ca_file,
        access_key=access_key,
        secret_key=secret_key,
    )


def start_rgw(owner: Owner) -> RgwServer:
    """Start a Ceph RGW with users of its own and wait until it answers. Raises what `start_minio` raises."""
    keys = {
        "RGW_ACCESS_KEY": secrets.token_hex(10),
        "RGW_SECRET_KEY": secrets.token_hex(20),
        "RGW_PLAIN_ACCESS_KEY": secrets.token_hex(10),
        "RGW_PLAIN_SECRET_KEY": secrets.token_hex(20),
        "RGW_SWIFT_SECRET": secrets.token_hex(20),
    }
    ca_file = ""

    def configured(image: str) -> DockerContainer:
        nonlocal ca_file
        container = DockerContainer(image).with_envs(**keys)
        ca_file = _give_certificate(owner, container, "/tls/server.pem", "/tls/server.key")
        return container

    ready = CompositeWaitStrategy(LogMessageWaitStrategy("rgw: users are ready"), HttpWaitStrategy(RGW_PORT))
    container = _start(owner, configured, rgw_image, [RGW_PORT, RGW_TLS_PORT], ready)
    return RgwServer(
        container_id=container.get_container_id(),
        url=_url(container, RGW_PORT),
        tls_url=_url(container, RGW_TLS_PORT, tls=True),
        ca_file=ca_file,
        access_key=keys["RGW_ACCESS_KEY"],
        secret_key=keys["RGW_SECRET_KEY"],
        plain_access_key=keys["RGW_PLAIN_ACCESS_KEY"],
        plain_secret_key=keys["RGW_PLAIN_SECRET_KEY"],
        swift_secret=keys["RGW_SWIFT_SECRET"],
    )


def _start(
    owner: Owner,
    configured: Callable[[str], DockerContainer],
    find_image: Callable[[DockerClient], str],
    ports: list[int],
    ready: WaitStrategy,
) -> DockerContainer:
    """Start a container on ports that nobody uses, and return it when it is ready."""
    with engine() as client:
        remove_leftovers(client)
        image = find_image(client)
    for last_try in [*[False] * (PORT_TRIES - 1), True]:
        container = configured(image).with_kwargs(labels=owner.labels())
        container.waiting_for(ready.with_startup_timeout(timedelta(seconds=60)).with_poll_interval(0.2))
        _publish(container, ports)
        try:
            return container.start()
        except APIError as error:
            _discard(container)
            if last_try or not any(said in str(error.explanation) for said in PORT_IS_TAKEN):
                raise
        except Exception as error:
            output = b"".join(container.get_logs()).decode(errors="replace")
            _discard(container)
            raise RuntimeError(f"{image} did not start: {error}\n{output[-4000:]}") from error
    raise AssertionError


def _publish(container: DockerContainer, ports: list[int]) -> None:
    client = container.get_docker_client()
    on_this_machine = client.get_connection_mode() is ConnectionMode.docker_host and client.host() == "localhost"
    for port, published in zip(ports, random.sample(PORTS, len(ports)), strict=True):
        container.with_bind_ports(port, published)
        if on_this_machine:
            container.ports[str(port)] = ("127.0.0.1", published)  # type: ignore[assignment]  # docker takes a pair


def _discard(container: DockerContainer) -> None:
    with suppress(NotFound):
        container.stop()


def _give_certificate(owner: Owner, container: DockerContainer, certificate_path: str, key_path: str) -> str:
    folder = Path(tempfile.mkdtemp(dir=owner.folder))
    ca_file, chain, key = certificate(folder, container.get_docker_client().host())
    container.with_copy_into_container(chain, certificate_path)
    container.with_copy_into_container(key, key_path)
    return str(ca_file)


def _url(container: DockerContainer, port: int, *, tls: bool = False) -> str:
    host = container.get_container_host_ip().replace("localhost", "127.0.0.1")
    return f"{'https' if tls else 'http'}://{host}:{container.get_exposed_port(port)}"


def remove_containers(client: DockerClient, owner: Owner) -> None:
    """Remove the containers of this run."""
    _remove(client, lambda labels: labels.get(RUN_LABEL) == owner.folder.name)


def remove_leftovers(client: DockerClient) -> None:
    """Remove the containers of runs on this machine whose main process is gone."""
    _remove(client, lambda labels: not _is_alive(int(labels[PID_LABEL])))


def remove_leftover_folders(prefix: str) -> None:
    """Remove the folders `PREFIX<pid>-…` for temporary files of runs whose main process is gone."""
    for folder in Path(tempfile.gettempdir()).glob(f"{prefix}*-*"):
        pid = folder.name.removeprefix(prefix).split("-")[0]
        if pid.isdecimal() and not _is_alive(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def _remove(client: DockerClient, is_wanted: Callable[[dict[str, str]], bool]) -> None:
    ours: dict[str, str | list[str] | bool] = {"label": [PID_LABEL, f"{HOST_LABEL}={socket.gethostname()}"]}
    for container in client.containers.list(all=True, filters=ours, ignore_removed=True):
        if is_wanted(container.labels):
            try:
                container.remove(force=True, v=True)
            except APIError as error:
                # Another run is removing it, or has.
                if error.status_code not in {404, 409}:
                    raise


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
