"""Checks without a network that requirements/ pins, with hashes, what the pyproject files ask for."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PINNED = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^\s;]+)(?P<rest>.*)$")


def read_pyprojects() -> list[dict[str, Any]]:
    """Return the workspace's root metadata, followed by each member's."""
    root = tomllib.loads((ROOT / "pyproject.toml").read_text())
    folders = [folder for pattern in root["tool"]["uv"]["workspace"]["members"] for folder in ROOT.glob(pattern)]
    return [root, *(tomllib.loads((folder / "pyproject.toml").read_text()) for folder in sorted(folders))]


def read_lock(path: Path) -> dict[str, str]:
    """Return the version that a lock file pins for each distribution.

    Raises:
        ValueError: A line is neither a pin with hashes, nor a hash, nor a comment.
    """
    pins: dict[str, str] = {}
    for entry in path.read_text().replace("\\\n", " ").splitlines():
        if not entry.strip() or entry.lstrip().startswith("#"):
            continue
        match = PINNED.match(entry)
        if match is None or "--hash=sha256:" not in match["rest"]:
            message = f"{path.name}: not a pin with hashes: {entry[:80]}"
            raise ValueError(message)
        pins[canonicalize_name(match["name"])] = match["version"]
    return pins


def unmet(requirements: list[str], pins: dict[str, str], local: Collection[str]) -> Iterator[str]:
    """Yield each requirement that no pin meets; `local` ones are the workspace's own."""
    for requirement in map(Requirement, requirements):
        name = canonicalize_name(requirement.name)
        if name not in local and not (name in pins and requirement.specifier.contains(pins[name], prereleases=True)):
            yield f"{requirement} (pinned: {pins.get(name, 'not at all')})"


def main() -> int:
    """Print what is missing from each lock file; return 1 if anything is."""
    root, *members = read_pyprojects()
    local = {canonicalize_name(member["project"]["name"]) for member in members}
    runtime = [text for member in members for text in member["project"]["dependencies"]]
    groups = root["dependency-groups"]
    expected = {
        "uv.txt": groups["bootstrap"],
        "dev.txt": [*groups["dev"], *runtime],
        "clients.txt": groups["clients"],
        "bench.txt": [*groups["bench"], *runtime],
        "image.txt": groups["image"],
        "mutants.txt": [*groups["dev"], *groups["mutants"], *runtime],
    }
    found = [
        f"requirements/{name}: does not meet {problem}"
        for name, requirements in expected.items()
        for problem in unmet(requirements, read_lock(ROOT / "requirements" / name), local)
    ]
    print(*found, *(["run 'make lock' and commit the result"] if found else []), sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
