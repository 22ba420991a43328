"""Compiles programs in Go against the locked modules."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.s3_clients.programs import Program, environment_in
from tests.toolchains.paths import GO_MODULE, build_environment, venv_program


def go_program(code: str, folder: Path) -> Program:
    """Compile a program of one file."""
    for lock in ("go.mod", "go.sum"):
        shutil.copy(GO_MODULE / lock, folder)
    (folder / "main.go").write_text(code)
    Program((venv_program("go"),), build_environment(), folder).run("build", "-o", "program", "main.go")
    return Program((str(folder / "program"),), environment_in(folder), folder)
