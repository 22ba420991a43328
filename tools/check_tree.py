"""Rules about the tracked files themselves: their length, and that no package registry is named in them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
MAX_LINES = 650

# Path from the root to the reason why the file is better whole.
LONG_FILES: dict[str, str] = {}

# An address would send every user to one registry; which one to use is the machine's configuration.
REGISTRY = re.compile(r"(?i)\b(?:[\w-]+\.)*(?:pypi|pythonhosted|npmjs|crates|rubygems)\.(?:org|io|com)\b")
INDEX_OPTION = re.compile(r"(?i)^\s*(?:-i|-f|--(?:extra-|default-)?index(?:-url)?|--find-links)\b|://")


def tracked_files() -> list[Path]:
    """Return the files that git tracks, or would if they were added."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def line_problems(name: str, lines: list[str]) -> Iterator[str]:
    """Yield what is wrong with the length of a Python file, and with its place in `LONG_FILES`."""
    too_long = len(lines) > MAX_LINES
    if too_long and name not in LONG_FILES:
        yield f"{name}: {len(lines)} lines, at most {MAX_LINES} (split it, or give a reason in LONG_FILES)"
    if name in LONG_FILES and not too_long:
        yield f"{name}: is short now, take it out of LONG_FILES"


def registry_problems(name: str, lines: list[str]) -> Iterator[str]:
    """Yield each line that names a package registry or, in a requirements file, any address."""
    patterns = [REGISTRY, INDEX_OPTION] if name.startswith("requirements/") else [REGISTRY]
    for number, line in enumerate(lines, 1):
        if any(pattern.search(line) for pattern in patterns):
            yield f"{name}:{number}: names a package registry: {line.strip()[:80]}"


def problems() -> Iterator[str]:
    """Yield every problem of every tracked file."""
    names = set()
    for path in tracked_files():
        name = path.relative_to(ROOT).as_posix()
        names.add(name)
        lines = path.read_text(errors="replace").splitlines()
        if path.suffix == ".py":
            yield from line_problems(name, lines)
        yield from registry_problems(name, lines)
        if path.name == "uv.lock":
            yield f"{name}: holds registry addresses; requirements/ is the lock"
    yield from (f"{name}: is in LONG_FILES but does not exist" for name in LONG_FILES if name not in names)


def main() -> int:
    """Print the problems; return 1 if there are any."""
    found = list(problems())
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
