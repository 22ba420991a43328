"""The programs in docs/s3-clients.md, run as they stand there."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from bucketry_testing import S3Endpoint, s3_endpoint

from tests.s3_clients.go_programs import go_program
from tests.s3_clients.programs import Program, environment_in
from tests.toolchains.paths import (
    FOLDER,
    build_environment,
    link_npm_packages,
    machine_program,
    venv_program,
)

pytestmark = pytest.mark.clients

HERE = Path(__file__).parent
GUIDE = HERE.parents[1] / "docs" / "s3-clients.md"
BUILD_SECONDS = 1800

SECTION = re.compile(r"^#+ (?P<name>.+)\n(?P<text>(?:(?!#+ ).*\n)*)", re.MULTILINE)
CODE = re.compile(r"^```(?!console)\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)
IN_GUIDE: dict[str, str] = {
    section["name"]: code for section in SECTION.finditer(GUIDE.read_text()) for code in CODE.findall(section["text"])
}
"""Each program by the heading above it."""

PYTHON = {"boto3": sys.executable, "minio-py": sys.executable, "aiobotocore": None, "s3fs": None}
"""The interpreter of each; ``None``: that of the clients' own environment."""


@pytest.fixture
def endpoint() -> Iterator[S3Endpoint]:
    """What the guide starts: an endpoint with one empty bucket."""
    with s3_endpoint(buckets=["my-assets"]) as started:
        yield started


def written(name: str, endpoint: S3Endpoint) -> str:
    """Return a program with this endpoint's port and keys in place of the usual ones."""
    code = IN_GUIDE[name]
    for usual, own in (
        ("9000", str(urlsplit(endpoint.endpoint_url).port)),
        ("bucketry-secret", endpoint.secret_key),
        ('"bucketry"', f'"{endpoint.access_key}"'),
    ):
        assert usual in code, f"{name} in {GUIDE.name} has no {usual}"
        code = code.replace(usual, own)
    return code


def check(endpoint: S3Endpoint, printed: str) -> None:
    # Maven sets colours, also where nobody sees them.
    assert re.sub(r"\x1b\[[\d;]*m", "", printed).strip() == "hello"
    with endpoint.store.get_object("my-assets", "hello.txt") as opened:
        assert opened.read() == b"hello"


def test_the_guide_has_the_programs_that_are_run_here() -> None:
    go = {"AWS SDK for Go", "minio-go"}
    javascript = {"AWS SDK for JavaScript", "npm's minio"}
    assert IN_GUIDE.keys() == {*PYTHON, *javascript, *go, "AWS SDK for Java", "AWS SDK for Rust"}


@pytest.mark.parametrize("name", PYTHON)
def test_python(endpoint: S3Endpoint, name: str, tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text(written(name, endpoint))
    interpreter = PYTHON[name] or venv_program("python")
    check(endpoint, Program((interpreter,), environment_in(tmp_path), tmp_path).run("hello.py"))


@pytest.mark.parametrize("name", ["AWS SDK for JavaScript", "npm's minio"])
def test_javascript(endpoint: S3Endpoint, name: str, tmp_path: Path) -> None:
    (tmp_path / "hello.mjs").write_text(written(name, endpoint))
    node = Program((venv_program("node"),), environment_in(tmp_path), tmp_path)
    link_npm_packages(tmp_path)
    check(endpoint, node.run("hello.mjs"))


@pytest.mark.parametrize("name", ["AWS SDK for Go", "minio-go"])
def test_go(endpoint: S3Endpoint, name: str, tmp_path: Path) -> None:
    check(endpoint, go_program(written(name, endpoint), tmp_path).run())


@pytest.mark.toolchain
def test_java(endpoint: S3Endpoint, tmp_path: Path) -> None:
    machine_program("javac", "a Java development kit, 17 or newer")
    maven = machine_program("mvn", "Maven")
    sources = tmp_path / "src/main/java"
    sources.mkdir(parents=True)
    (sources / "Hello.java").write_text(written("AWS SDK for Java", endpoint))
    shutil.copy(HERE / "java/pom.xml", tmp_path)
    program = Program((maven, "-q", "-B"), build_environment(), tmp_path, BUILD_SECONDS)
    check(endpoint, program.run("compile", "exec:java"))


@pytest.mark.toolchain
def test_rust(endpoint: S3Endpoint, tmp_path: Path) -> None:
    cargo = machine_program("cargo", "Rust, in the version that the crates ask for or newer")
    (tmp_path / "src").mkdir()
    (tmp_path / "src/main.rs").write_text(written("AWS SDK for Rust", endpoint))
    shutil.copy(HERE / "rust/Cargo.toml", tmp_path)
    # What is built stays for the next run.
    environment = build_environment() | {"CARGO_TARGET_DIR": str(FOLDER / "cargo")}
    program = Program((cargo,), environment, tmp_path, BUILD_SECONDS)
    check(endpoint, program.run("run", "--quiet"))
