"""The Compose file is valid for Compose's own library, and its services start as it says, from images built here."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from bucketry_access.access_file_editing import editing

from tests.deploy.chart import published_port
from tests.deploy.conftest import BuiltImage
from tests.distributions.clean_install import ROOT
from tests.toolchains.paths import built_program

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

pytestmark = pytest.mark.clients

FOLDER = ROOT / "deploy/compose"
PATIENCE = 60  # seconds
PASSWORD = secrets.token_hex(16)


def parse(variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Parses the file with the library that Compose itself is made of: schema, variables, references."""
    command = [built_program("compose"), "compose.yaml"]
    environment = {"PATH": os.environ["PATH"], **variables}
    return subprocess.run(command, cwd=FOLDER, env=environment, capture_output=True, text=True, check=False)


def parsed(**variables: str) -> dict[str, Any]:
    done = parse({"MINIO_ROOT_PASSWORD": PASSWORD, **variables})
    assert done.returncode == 0, done.stderr
    project = json.loads(done.stdout)
    assert isinstance(project, dict)
    return project


def test_it_is_valid() -> None:
    assert parsed()["services"].keys() == {"minio", "bucketry"}


def test_a_secret_must_be_given() -> None:
    done = parse({})
    assert done.returncode != 0
    assert "set MINIO_ROOT_PASSWORD" in done.stdout + done.stderr


def test_every_variable_is_in_the_readme() -> None:
    used = set(re.findall(r"\$\{(\w+)", (FOLDER / "compose.yaml").read_text()))
    described = re.findall(r"^\| (`.+?) \|", (FOLDER / "README.md").read_text(), re.MULTILINE)
    assert used == {name for row in described for name in re.findall(r"`(\w+)`", row)}


def test_only_what_is_meant_is_open_to_the_machine() -> None:
    services = parsed()["services"]
    assert "ports" not in services["minio"]
    assert {(port["host_ip"], port["target"]) for port in services["bucketry"]["ports"]} == {
        ("127.0.0.1", 8000),
        ("127.0.0.1", 9000),
    }
    assert services["bucketry"]["read_only"] is True
    assert services["bucketry"]["cap_drop"] == ["ALL"]


@contextmanager
def up(client: DockerClient, project: Mapping[str, Any]) -> Iterator[dict[str, Container]]:
    """Starts networks, volumes and services of a parsed file, in the order of their dependencies."""
    name = f"bucketry-test-{secrets.token_hex(6)}"
    with ExitStack() as stack:
        networks = {}
        for key, network in project["networks"].items():
            # Not internal: Docker publishes no ports there, and this machine must reach nothing else.
            networks[key] = client.networks.create(f"{name}-{key}", internal=bool((network or {}).get("internal")))
            stack.callback(networks[key].remove)
        volumes = {}
        for key in project["volumes"]:
            volumes[key] = client.volumes.create(f"{name}-{key}")
            stack.callback(volumes[key].remove, force=True)
        started: dict[str, Container] = {}
        waiting = dict(project["services"])
        while waiting:
            key = next(
                key for key, service in waiting.items() if not waiting.keys() & service.get("depends_on", {}).keys()
            )
            started[key] = start(client, f"{name}-{key}", key, waiting.pop(key), networks, volumes)
            stack.callback(started[key].remove, force=True, v=True)
        yield started


def start(
    client: DockerClient,
    name: str,
    alias: str,
    service: Mapping[str, Any],
    networks: Mapping[str, Any],
    volumes: Mapping[str, Any],
) -> Container:
    """Starts one service. What is not understood fails, so that nothing of the file is left untested."""
    understood = {"image", "command", "entrypoint", "environment", "user", "read_only", "cap_drop", "security_opt"}
    understood |= {"tmpfs", "ports", "volumes", "networks", "depends_on", "restart", "stop_grace_period"}
    assert service.keys() <= understood
    binds = {}
    for volume in service.get("volumes", ()):
        source = volumes[volume["source"]].name if volume["type"] == "volume" else volume["source"]
        binds[source] = {"bind": volume["target"], "mode": "ro" if volume.get("read_only") else "rw"}
    ports: dict[str, Any] = {f"{port['target']}/tcp": (port["host_ip"], None) for port in service.get("ports", ())}
    container = client.containers.create(
        service["image"],
        service["command"],
        name=name,
        environment=service.get("environment"),
        user=service.get("user"),
        read_only=service.get("read_only", False),
        cap_drop=service.get("cap_drop"),
        security_opt=service.get("security_opt"),
        tmpfs=dict.fromkeys(service.get("tmpfs", ()), ""),
        volumes=binds,
        ports=ports,
    )
    client.networks.get("bridge").disconnect(container)
    # A network that is not internal comes last: ports are published through it.
    for key in sorted(service["networks"], key=lambda key: networks[key].attrs["Internal"]):
        networks[key].connect(container, aliases=[alias])
    container.start()
    return container


def test_it_serves_minio_at_both_ports_to_the_users_in_the_access_file(
    bucketry_image: BuiltImage, tmp_path: Path
) -> None:
    from tests.servers.engine import engine
    from tests.servers.images import minio_image

    access = tmp_path / "access.toml"
    with editing(access, create=True) as editor:
        editor.add_user("alice", roles=["admin:*"])
        token = editor.add_token("alice").text.reveal()
        lost = editor.add_token("alice")
    with engine() as client:
        project = parsed(
            ACCESS_FOLDER=str(tmp_path),
            BUCKETRY_IMAGE=bucketry_image.name,
            MINIO_IMAGE=minio_image(client),
            BUCKETRY_USER=f"{os.getuid()}:{os.getgid()}",
        )
        with up(client, project) as services:
            url = f"http://127.0.0.1:{published_port(services['bucketry'], 8000)}"
            wait_until_ready(url, services["bucketry"])
            api = f"{url}/api/v1/storage"
            with httpx.Client(trust_env=False, timeout=PATIENCE) as http:
                assert http.get(f"{api}/buckets").status_code == 401
                http.headers["Authorization"] = f"Bearer {token}"
                assert http.post(f"{api}/buckets", json={"name": "assets"}).status_code == 201
                put = http.post(f"{api}/buckets/assets/objects", files={"file": ("a.txt", b"hello")})
                assert put.status_code == 201, put.text
                assert http.get(f"{api}/buckets/assets/objects/a.txt").content == b"hello"
                assert http.get(f"{api}/status").json()["endpoint"] == "http://localhost:9000"
                s3 = f"http://127.0.0.1:{published_port(services['bucketry'], 9000)}"
                assert http.get(f"{s3}/assets/a.txt", headers={"Authorization": ""}).status_code == 403
                with editing(access) as editor:
                    editor.remove_token(lost.token.id)
                assert becomes(401, http, f"{api}/whoami", lost.text.reveal())
                assert http.get(f"{api}/whoami").status_code == 200


def becomes(status: int, http: httpx.Client, url: str, token: str) -> bool:
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        if http.get(url, headers={"Authorization": f"Bearer {token}"}).status_code == status:
            return True
        time.sleep(0.2)
    return False


def wait_until_ready(url: str, container: Container) -> None:
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        container.reload()
        assert container.status == "running", container.logs().decode()
        try:
            if httpx.get(f"{url}/health/ready", trust_env=False, timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    pytest.fail(container.logs().decode())
