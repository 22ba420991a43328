"""The container image: small, not root, nothing to write, a health check, an SBOM, and never open by accident."""

from __future__ import annotations

import io
import json
import re
import tarfile
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from bucketry import open_store

from tests.collector import SERVER, collecting
from tests.deploy.conftest import BuiltImage, running
from tests.servers.engine import engine
from tools.check_distributions import version
from tools.image_context import in_the_image

if TYPE_CHECKING:
    from docker.models.containers import Container

MB = 1_000_000
PATIENCE = 60  # seconds


def file_of(container: Container, path: str) -> bytes:
    stream, _ = container.get_archive(path)
    with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as archive:
        (member,) = archive.getmembers()
        file = archive.extractfile(member)
        assert file is not None
        return file.read()


def address(container: Container, port: int) -> str:
    """Waits for the published port, and for health, and returns the port's URL."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        container.reload()
        assert container.attrs["State"]["Running"], container.logs().decode()
        published = container.ports.get(f"{port}/tcp")
        if published and container.attrs["State"]["Health"]["Status"] == "healthy":
            return f"http://127.0.0.1:{published[0]['HostPort']}"
        time.sleep(0.2)
    pytest.fail(f"not healthy: {container.logs().decode()}")


def test_it_adds_at_most_60_mb_to_its_base(bucketry_image: BuiltImage) -> None:
    with engine() as client:
        sizes = [client.images.get(name).attrs["Size"] for name in bucketry_image]
    assert 0 < sizes[0] - sizes[1] <= 60 * MB


def test_it_has_what_the_image_promises(bucketry_image: BuiltImage) -> None:
    with engine() as client:
        config = client.images.get(bucketry_image.name).attrs["Config"]
    assert config["User"] not in {"", "0", "root"}
    assert config["Healthcheck"]["Test"][0] == "CMD"
    assert config["Entrypoint"] == ["bucketry"]


def test_its_sbom_names_every_distribution(bucketry_image: BuiltImage) -> None:
    with running(bucketry_image.name, "drivers") as container:
        sbom = json.loads(file_of(container, "/usr/share/doc/bucketry/sbom.cdx.json"))
        assert b"Apache License" in file_of(container, "/usr/share/doc/bucketry/LICENSE")
    components = {component["name"]: component for component in sbom["components"]}
    assert {name for name in components if name.startswith("bucketry")} == in_the_image()
    assert all(components[name]["version"] == version() for name in in_the_image())
    assert components["litestar"]["licenses"]


def test_without_access_it_ends_and_says_why_in_one_sentence(bucketry_image: BuiltImage) -> None:
    with running(bucketry_image.name) as container:
        assert container.wait(timeout=PATIENCE)["StatusCode"] != 0
        said = container.logs().decode().strip()
    error, hint = said.splitlines()
    assert error.startswith("error: ")
    assert "--allow-anonymous" in hint


def test_it_serves_with_nothing_to_write_and_no_capability(bucketry_image: BuiltImage) -> None:
    variables = {"BUCKETRY_ALLOW_ANONYMOUS": "true", "BUCKETRY_S3": "false"}
    with running(bucketry_image.name, environment=variables, ports={"8000/tcp": ("127.0.0.1", None)}) as container:
        url = f"{address(container, 8000)}/api/v1/storage"
        with httpx.Client(trust_env=False) as client:
            assert client.post(f"{url}/buckets", json={"name": "assets"}).status_code == 201
            body = b"x" * 10_000_000
            assert client.post(f"{url}/buckets/assets/objects", files={"file": ("a", body)}).status_code == 201
            assert client.get(f"{url}/buckets/assets/objects/a").content == body
        assert container.exec_run(["id", "-u"])[:2] == (0, b"65532\n")
        container.stop(timeout=PATIENCE)
        container.reload()
        assert container.attrs["State"]["ExitCode"] == 0


def said(container: Container, wanted: str) -> str:
    """Waits until the container says something that matches, and returns the first group."""
    ends = time.monotonic() + PATIENCE
    while (found := re.search(wanted, container.logs().decode())) is None:
        container.reload()
        assert container.attrs["State"]["Running"], container.logs().decode()
        assert time.monotonic() < ends, container.logs().decode()
        time.sleep(0.1)
    return found[1]


def test_its_spans_reach_a_collector(bucketry_image: BuiltImage) -> None:
    """The collector listens on this machine's loopback, so the container shares the machine's network."""
    with collecting() as collector:
        variables = {
            "BUCKETRY_ALLOW_ANONYMOUS": "true",
            "BUCKETRY_HOST": "127.0.0.1",
            "BUCKETRY_PORT": "0",
            "BUCKETRY_S3": "false",
            "BUCKETRY_TRACES": "otlp",
            "BUCKETRY_TRACES_ENDPOINT": collector.url,
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }
        with running(bucketry_image.name, environment=variables, network_mode="host") as container:
            url = said(container, r"REST API +(http://\S+)")
            with httpx.Client(trust_env=False) as client:
                assert client.post(f"{url}/buckets", json={"name": "assets"}).status_code == 201
            (span,) = collector.wait_for(1)
            container.stop(timeout=PATIENCE)
            container.reload()
            assert container.attrs["State"]["ExitCode"] == 0
            assert "opentelemetry" not in container.logs().decode()
    assert (span.name, span.about["bucketry.port"]) == ("CreateBucket", "rest")
    assert {each.trace for each in collector.spans if each.kind != SERVER} == {span.trace}


def test_it_has_the_drivers_for_servers(bucketry_image: BuiltImage) -> None:
    with running(bucketry_image.name, "drivers", "--json") as container:
        assert container.wait(timeout=PATIENCE)["StatusCode"] == 0
        drivers = [json.loads(line) for line in container.logs(stdout=True, stderr=False).splitlines()]
    assert {driver["name"] for driver in drivers} == {"file", "memory", "minio", "rgw", "router", "s3"}
    assert all(driver["problem"] is None for driver in drivers)


@pytest.fixture
def volume() -> Iterator[str]:
    with engine() as client:
        made = client.volumes.create()
        try:
            yield made.name
        finally:
            made.remove(force=True)


KEYS = {"access_key": "newcomer", "secret_key": "newcomer-secret"}


def test_it_keeps_objects_in_a_volume_without_root(bucketry_image: BuiltImage, volume: str) -> None:
    """What one container has written, the next one serves, over both ports, and what is in the folder is whole."""
    options: dict[str, Any] = {
        "environment": {
            "BUCKETRY_ALLOW_ANONYMOUS": "true",
            **{f"BUCKETRY_S3_{name.upper()}": key for name, key in KEYS.items()},
        },
        "volumes": {volume: {"bind": "/data", "mode": "rw"}},
        "ports": {"8000/tcp": ("127.0.0.1", None), "9000/tcp": ("127.0.0.1", None)},
    }
    body = b"x" * 1_000_000  # a file of its own, beside the index
    command = ("serve", "--store", "file:///data")
    with running(bucketry_image.name, *command, **options) as container:
        place = address(container, 8000)
        with httpx.Client(trust_env=False) as client:
            url = f"{place}/api/v1/storage"
            assert client.post(f"{url}/buckets", json={"name": "assets"}).status_code == 201
            assert client.post(f"{url}/buckets/assets/objects", files={"file": ("a", body)}).status_code == 201
        owners = container.exec_run(["stat", "-c", "%u %a", "/data/index.sqlite"])
        assert owners[:2] == (0, b"65532 600\n")
        container.kill()
    with running(bucketry_image.name, *command, **options) as container:
        address(container, 8000)
        place = address(container, 9000).partition("://")[2]
        settings = {**KEYS, "probe_cache": ""}
        with open_store(f"s3://{place}", settings=settings) as store, store.get_object("assets", "a") as stored:
            assert stored.read() == body
    with running(bucketry_image.name, "file", "check", "--read", "/data", volumes=options["volumes"]) as container:
        assert container.wait(timeout=PATIENCE)["StatusCode"] == 0, container.logs().decode()


def test_its_driver_for_any_s3_server_needs_keys_and_says_so(bucketry_image: BuiltImage) -> None:
    """It has no boto3, which would look for credentials elsewhere."""
    with running(bucketry_image.name, "ls", "--store", "s3://127.0.0.1:1") as container:
        assert container.wait(timeout=PATIENCE)["StatusCode"] == 1
        assert "set BUCKETRY_S3_ACCESS_KEY and BUCKETRY_S3_SECRET_KEY" in container.logs().decode()
