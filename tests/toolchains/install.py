"""Installs and builds other people's programs, which tests drive, in an environment of their own.

`python -m tests.toolchains.install` does it; it costs a moment when all is there. What cannot be had is named, and its
tests are not run; with BUCKETRY_REQUIRE_SERVERS=1 that is a failure.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from filelock import FileLock

from tests.servers.engine import servers_are_required
from tests.toolchains.paths import (
    CLIENTS_LOCK,
    FOLDER,
    GO_MODULE,
    HERE,
    NPM,
    PROGRAMS,
    ROOT,
    VENV,
    VERSITYGW_MODULE,
    build_environment,
)

MC_MODULE: Final = HERE / "mc"
DEPLOY_MODULE: Final = HERE / "deploy"
ACTIONLINT_MODULE: Final = HERE / "actionlint"
NICE: Final = ("nice", "-n", "10")


class CannotInstall(Exception):
    """Something could not be installed; the message says why."""


def _make_environment() -> None:
    # It has stamps of its own.
    _run(["tools/venv.sh", VENV.name, str(CLIENTS_LOCK.relative_to(ROOT))], ROOT)


def _install_npm() -> None:
    shutil.rmtree(NPM, ignore_errors=True)
    NPM.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / "npm" / name, NPM)
    _run([str(VENV / "bin/npm"), "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"], NPM)


def _build_mc() -> None:
    _build(MC_MODULE, "mc", "github.com/minio/mc")


def _build_go_programs() -> None:
    _build(GO_MODULE, "oapi-codegen", "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen")
    # The packages that the tests' programs import: Go's cache keeps them.
    _run([*NICE, str(VENV / "bin/go"), "build", "./..."], GO_MODULE)


def _build_deploy() -> None:
    _build(DEPLOY_MODULE, "helm", "helm.sh/helm/v3/cmd/helm")
    _build(DEPLOY_MODULE, "compose", "./compose")


def _build_actionlint() -> None:
    # A module of its own: it needs another version of a YAML package than compose-spec does.
    _build(ACTIONLINT_MODULE, "actionlint", "github.com/rhysd/actionlint/cmd/actionlint")


def _build_versitygw() -> None:
    _build(VERSITYGW_MODULE, "versitygw", "github.com/versity/versitygw/cmd/versitygw")


def _build(module: Path, name: str, package: str) -> None:
    command = [str(VENV / "bin/go"), "build", "-trimpath", "-ldflags=-s -w", "-o", str(PROGRAMS / name), package]
    _run([*NICE, *command], module)


def _run(command: list[str], folder: Path) -> None:
    try:
        done = subprocess.run(
            command,
            check=False,
            cwd=folder,
            env=build_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    except OSError as error:
        raise CannotInstall(f"{command[0]}: {error}") from error
    if done.returncode != 0:
        raise CannotInstall(f"{' '.join(command)} failed ({done.returncode}):\n{done.stdout[-4000:]}")


STEPS: Final[dict[str, tuple[Path, Callable[[], None]]]] = {
    "npm": (HERE / "npm", _install_npm),
    "mc": (MC_MODULE, _build_mc),
    "go": (GO_MODULE, _build_go_programs),
    "deploy": (DEPLOY_MODULE, _build_deploy),
    "actionlint": (ACTIONLINT_MODULE, _build_actionlint),
    "versitygw": (VERSITYGW_MODULE, _build_versitygw),
}


def _state(folder: Path) -> str:
    """Return a hash of what a step is made from."""
    digest = hashlib.sha256()
    for path in [*sorted(path for path in folder.rglob("*") if path.is_file()), HERE / "install.py", CLIENTS_LOCK]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_up_to_date() -> bool:
    """Tell whether there is nothing to install."""
    ready = VENV / ".ready"
    is_new = ready.exists() and ready.stat().st_mtime > CLIENTS_LOCK.stat().st_mtime
    return is_new and all(_is_done(name) for name in STEPS)


def _is_done(name: str) -> bool:
    stamp = _stamp(name)
    return stamp.exists() and stamp.read_text() == _state(STEPS[name][0])


def _stamp(name: str) -> Path:
    return FOLDER / f"{name}.ready"


def install() -> list[str]:
    """Make the environment, take every step that is not up to date, and return what is wrong with those that failed."""
    FOLDER.mkdir(exist_ok=True)
    problems = []
    with FileLock(FOLDER / "install.lock"):
        try:
            _make_environment()
        except CannotInstall as error:
            return [f"Node.js, Go, and all that stands on them: {error}"]
        for name, (folder, step) in STEPS.items():
            if _is_done(name):
                continue
            _stamp(name).unlink(missing_ok=True)
            began = time.monotonic()
            try:
                step()
            except CannotInstall as error:
                problems.append(f"{name}: {error}")
                continue
            _stamp(name).write_text(_state(folder))
            _say(f"installed {name} in {time.monotonic() - began:.0f} s")
    return problems


def _say(text: str) -> None:
    print(f"clients: {text}", file=sys.stderr, flush=True)


def main() -> int:
    """Install all, or say why not; that is a failure only where the servers are required."""
    problems = install()
    for problem in problems:
        _say(f"will NOT be tested: {problem}")
    return 1 if problems and servers_are_required() else 0


if __name__ == "__main__":
    sys.exit(main())
