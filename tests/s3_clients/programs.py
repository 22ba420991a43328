"""Runs other people's S3 clients."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.servers.plugin import not_tested

TIMEOUT_SECONDS = 120


@dataclass(frozen=True)
class Program:
    """A client, with the environment that it is run in.

    Attributes:
        command: what it is started with.
        environment: all of its environment variables.
        folder: where it runs.
        timeout_seconds: how long one run may take.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    timeout_seconds: float = TIMEOUT_SECONDS

    def run(self, *arguments: str | Path, stdin: bytes = b"") -> str:
        """Run it, expect success, and return what it prints.

        Args:
            *arguments: those of its command line.
            stdin: what it reads.
        """
        done = self.attempt(*arguments, stdin=stdin)
        assert done.returncode == 0, f"{self.command[-1]} {arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def fail(self, *arguments: str | Path) -> str:
        """Run it, expect failure, and return what it says."""
        done = self.attempt(*arguments)
        assert done.returncode != 0, f"{self.command[-1]} {arguments} did not fail: {done.stdout}"
        return done.stdout + done.stderr

    def attempt(self, *arguments: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
        """Run it."""
        done = subprocess.run(
            [*self.command, *map(str, arguments)],
            check=False,
            input=stdin,
            capture_output=True,
            cwd=self.folder,
            env=dict(self.environment),
            timeout=self.timeout_seconds,
        )
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        )


def found(name: str, version_option: str, expected: str, where_from: str) -> str:
    """Return where a program is, or say that it is not tested.

    Args:
        name: the program.
        version_option: what makes it print its version.
        expected: what it then prints.
        where_from: what to install.
    """
    paths = {path for folder in [*os.get_exec_path(), "/usr/bin"] if (path := shutil.which(name, path=folder))}
    versions = {path: _printed(path, version_option) for path in sorted(paths)}
    fitting = [path for path, version in versions.items() if expected in version]
    if not fitting:
        not_tested(name, f"{expected!r} is not installed (install {where_from}; found {versions or 'nothing'})")
    return fitting[0]


def _printed(path: str, option: str) -> str:
    done = subprocess.run([path, option], check=False, capture_output=True, text=True)
    return (done.stdout + done.stderr).strip()


def environment_in(folder: Path, **more: str) -> dict[str, str]:
    """Return an environment without anything of the user's own: no settings, no credentials, no proxy."""
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", **more}


def pages_of_text(folder: Path, count: int) -> dict[str, bytes]:
    """Write some files below a folder, and return what is in each by its name."""
    written = {f"docs/{number:02}/page {number}+é.txt": b"page %d\n" % number * 100 for number in range(count)}
    for name, content in written.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return written
