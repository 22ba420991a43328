"""A third party's driver, installed as its users install it: found, served, and held to the contract."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.distributions.clean_install import ROOT, CleanInstall, environment

EXAMPLE = ROOT / "examples/bucketry-sqlite"
REQUIREMENTS = ("bucketry[cli]", "bucketry-sqlite[test]")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> CleanInstall:
    """The environment; each process of a distributed run makes its own, which takes less than waiting for another's."""
    return CleanInstall(tmp_path_factory.mktemp("clean"), wheels, *REQUIREMENTS)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite://{tmp_path}/store.db"


def test_environment_holds_nothing_of_the_workspace(installed: CleanInstall, tmp_path: Path) -> None:
    code = "import bucketry, bucketry_cli, bucketry_contract, bucketry_http, bucketry_sqlite as s; print(s.__file__)"
    done = installed.run("python", "-c", code, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout).is_relative_to(installed.bin.parent)


def test_driver_is_found_by_its_entry_point(installed: CleanInstall, tmp_path: Path) -> None:
    done = installed.run("bucketry", "drivers", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    drivers = {driver["name"]: driver for driver in map(json.loads, done.stdout.splitlines())}
    assert drivers["sqlite"]["distribution"] == "bucketry-sqlite"
    assert drivers["sqlite"]["problem"] is None
    assert drivers["sqlite"]["missing_operations"] == [
        "usage_report",
        "list_object_versions",
        "get_bucket_access",
        "get_object_attributes",
        "presign",
        "put_object_retention",
        "put_object_legal_hold",
        "get_object_acl",
        "put_object_acl",
        "get_object_tagging",
        "put_object_tagging",
        "delete_object_tagging",
        "upload_part_copy",
    ]


def test_served_store_answers_the_documented_api(installed: CleanInstall, url: str, tmp_path: Path) -> None:
    content = random.Random(1).randbytes(700_000)
    with serving(installed, url, tmp_path) as client:
        assert client.get("/status").json()["available"] is True
        assert client.post("/buckets", json={"name": "my-assets"}).status_code == 201

        uploaded = client.post(
            "/buckets/my-assets/objects",
            data={"prefix": "images/"},
            files={"file": ("photo.jpg", content, "image/jpeg")},
        )
        assert uploaded.status_code == 201, uploaded.text

        (listed,) = client.get("/buckets/my-assets/objects", params={"prefix": "images/"}).json()
        assert listed["key"] == "images/photo.jpg"
        assert listed["size_bytes"] == len(content)
        assert listed["content_type"] == "image/jpeg"
        (bucket,) = client.get("/buckets").json()
        assert (bucket["object_count"], bucket["size_bytes"]) == (1, len(content))

        assert client.get("/buckets/my-assets/objects/images/photo.jpg").content == content
        presigned = client.post("/buckets/my-assets/objects/presign", json={"key": "images/photo.jpg", "method": "GET"})
        assert presigned.json()["code"] == "unsupported"
        assert client.request("DELETE", "/buckets/my-assets").json()["code"] == "bucket_not_empty"


def test_store_outlives_the_server(installed: CleanInstall, url: str, tmp_path: Path) -> None:
    with serving(installed, url, tmp_path) as client:
        client.post("/buckets", json={"name": "kept"})
        client.post("/buckets/kept/objects", files={"file": ("a.txt", b"here still", "text/plain")})

    done = installed.run("bucketry", "get", "--store", url, "kept/a.txt", "-", folder=tmp_path)
    assert done.stdout == "here still", done.stderr


def test_suite_passes_without_a_line_of_test_code(
    installed: CleanInstall, url: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    result = run_suite(installed, tmp_path, "--pyargs", "bucketry_contract", "--store", url)
    assert_passed(result)
    record_property("contract suite", summary(result))


def test_suite_passes_on_the_drivers_own_lines(
    installed: CleanInstall, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    result = run_suite(installed, tmp_path, f"--config-file={EXAMPLE}/pyproject.toml", str(EXAMPLE / "tests"))
    assert_passed(result)
    assert not result["not_looked_at"]
    record_property("contract suite", summary(result))


@contextmanager
def serving(installed: CleanInstall, url: str, folder: Path) -> Iterator[httpx.Client]:
    """Runs ``bucketry serve`` on a free port; gives a client of its REST API."""
    command = [str(installed.bin / "bucketry"), "serve", "--store", url, "--port", "0"]
    with subprocess.Popen(command, cwd=folder, env=environment(), stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            places = (line.rpartition("  ") for line in server.stdout)
            base_url = next(place.strip() for name, _, place in places if name.strip() == "REST API")
            with httpx.Client(base_url=base_url, timeout=60, trust_env=False) as client:
                yield client
        finally:
            server.terminate()
    assert server.returncode == 0


def run_suite(installed: CleanInstall, folder: Path, *arguments: str) -> dict[str, Any]:
    """Runs the contract suite in the clean environment; returns the report on the one driver that it tested."""
    report = folder / "report.json"
    done = installed.run("pytest", "-p", "no:cacheprovider", f"--contract-report={report}", *arguments, folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    (result,) = json.loads(report.read_text())["drivers"]
    assert isinstance(result, dict)
    return result


def assert_passed(result: dict[str, Any]) -> None:
    """Asserts that nothing failed, and that each operation was tested: as working, or as refused."""
    assert result["driver"] == "sqlite"
    assert result["counts"]["failed"] == 0
    untested = [
        name for name, row in result["operations"].items() if not row["passed" if row["declared"] else "refused"]
    ]
    # These every test calls, so no single one needs them.
    assert untested == []


def summary(result: dict[str, Any]) -> str:
    """Says in a line what came out, as the suite itself does."""
    counts, modes = result["counts"], " and ".join(result["layerings"])
    passed = counts["passed"] + counts["refused"]
    return (
        f"{result['driver']} ({result['suite']}, in a clean environment): {passed} passed, "
        f"{counts['failed']} failed, {counts['skipped']} not tried ({modes})"
    )
