"""Clients that generators make from the OpenAPI document upload, download, list, presign and delete.

Each program in `programs/` does the same with its client, as an application would, and ends with "ok".
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.rest_clients.conftest import program
from tests.s3_clients.programs import Program, environment_in
from tests.toolchains.paths import (
    GO_MODULE,
    build_environment,
    built_program,
    link_npm_packages,
    npm_program,
    venv_program,
)

pytestmark = pytest.mark.clients

COMPILE = (
    *("--module", "commonjs", "--moduleResolution", "node10", "--target", "es2022", "--lib", "es2023,dom,dom.iterable"),
    *("--strict", "--esModuleInterop", "--skipLibCheck", "--types", "node", "--noEmitOnError"),
)


@pytest.fixture
def node(tmp_path: Path) -> Program:
    """Node.js, where the npm packages can be imported."""
    path = venv_program("node")
    link_npm_packages(tmp_path)
    return Program((path,), environment_in(tmp_path), tmp_path)


def compiled(node: Program, *sources: str) -> None:
    """Compile TypeScript, which checks every use of the client against the document's types."""
    node.run(npm_program("tsc"), *COMPILE, *sources)


def test_openapi_python_client(document: Path, origin: str, bucket: str, tmp_path: Path) -> None:
    # The generator formats what it made with ruff, which is beside it.
    generator = Program((venv_program("openapi-python-client"),), build_environment(), tmp_path)
    generator.run(
        *("generate", "--path", document, "--meta", "none", "--fail-on-warning"),
        *("--output-path", tmp_path / "object_storage_api"),
    )
    python = Program((venv_program("python"), "-W", "error"), environment_in(tmp_path), tmp_path)
    printed = python.run(program("openapi_python_client.py", tmp_path), origin, bucket)
    assert printed.strip() == "ok"


def test_openapi_typescript_with_openapi_fetch(
    node: Program, document: Path, origin: str, bucket: str, tmp_path: Path
) -> None:
    (tmp_path / "api.d.ts").write_text(node.run(program("openapi_typescript.mjs", tmp_path), document))
    program("openapi_fetch.ts", tmp_path)
    compiled(node, "openapi_fetch.ts")
    assert node.run("openapi_fetch.js", origin, bucket).strip() == "ok"


def test_hey_api(node: Program, document: Path, origin: str, bucket: str, tmp_path: Path) -> None:
    node.run(npm_program("openapi-ts"), "--input", document, "--output", "client", "--no-log-file")
    program("hey_api.ts", tmp_path)
    compiled(node, "hey_api.ts")
    assert node.run("hey_api.js", origin, bucket).strip() == "ok"


def test_oapi_codegen(document: Path, origin: str, bucket: str, tmp_path: Path) -> None:
    for name in ("go.mod", "go.sum"):
        shutil.copy(GO_MODULE / name, tmp_path)
    program("oapi_codegen.go", tmp_path)
    (tmp_path / "api").mkdir()
    generator = Program((built_program("oapi-codegen"),), environment_in(tmp_path), tmp_path)
    generator.run("-generate", "types,client", "-package", "api", "-o", tmp_path / "api/api.go", document)
    Program((venv_program("go"),), build_environment(), tmp_path).run("build", "-o", "client", ".")
    client = Program((str(tmp_path / "client"),), environment_in(tmp_path), tmp_path)
    assert client.run(origin, bucket).strip() == "ok"
