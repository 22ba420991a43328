"""Checks what all distributions have in common: version, license, authors, URLs, classifiers and the README's hook."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
MODEL = "access"
SHARED = ("license", "license-files", "authors", "requires-python", "urls")
OWN_CLASSIFIERS = {"Framework :: Pytest"}


def version() -> str:
    """Return the version of all distributions, which stands in core."""
    text = (ROOT / "core/src/bucketry/_version.py").read_text()
    found = re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    assert found, "core/src/bucketry/_version.py has no __version__"
    return found[1]


def members() -> dict[str, dict[str, Any]]:
    """Return the metadata of every distribution by its folder."""
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]["workspace"]["members"]
    folders = sorted(
        folder for pattern in patterns for folder in ROOT.glob(pattern) if (folder / "pyproject.toml").exists()
    )
    return {
        folder.relative_to(ROOT).as_posix(): tomllib.loads((folder / "pyproject.toml").read_text())
        for folder in folders
    }


def requirements(project: dict[str, Any]) -> Iterator[Requirement]:
    """Yield what a distribution depends on, extras included."""
    extras = project.get("optional-dependencies", {}).values()
    yield from map(Requirement, [*project["dependencies"], *(text for extra in extras for text in extra)])


def problems_of(folder: str, data: dict[str, Any], model: dict[str, Any], names: set[str]) -> Iterator[str]:
    """Yield what one distribution does not have as the others do."""
    project, wanted = data["project"], model["project"]
    if folder != "core" and project.get("version") != version():
        yield f"version is {project.get('version')}, not {version()}"
    for requirement in requirements(project):
        if requirement.name in names - {project["name"]} and str(requirement.specifier) != f"=={version()}":
            yield f"needs {requirement}, not =={version()}"
    yield from (f"{field} differs from {MODEL}'s" for field in SHARED if project.get(field) != wanted[field])
    if set(project["classifiers"]) - OWN_CLASSIFIERS != set(wanted["classifiers"]):
        yield f"classifiers differ from {MODEL}'s"
    if data["build-system"] != model["build-system"] or _readme(data) != _readme(model):
        yield f"build-system or the README's hook differ from {MODEL}'s"
    points = project.get("entry-points", {})
    files = {
        f"bucketry+{scheme}": f"bucketry.fsspec.drivers:{scheme.capitalize()}FileSystem"
        for scheme in points.get("bucketry.drivers", ())
    }
    if files and points.get("fsspec.specs") != files:
        yield f'entry-points."fsspec.specs" are to be {files}'
    license_file = ROOT / folder / "LICENSE"
    if not license_file.is_file() or license_file.read_bytes() != (ROOT / "LICENSE").read_bytes():
        yield "LICENSE is not a copy of the root's (an sdist cannot have a link to it)"


def _readme(data: dict[str, Any]) -> object:
    hooks = data.get("tool", {}).get("hatch", {}).get("metadata", {}).get("hooks", {})
    return hooks.get("fancy-pypi-readme")


def problems() -> Iterator[str]:
    """Yield every problem of every distribution."""
    found = members()
    names = {data["project"]["name"] for data in found.values()}
    for folder, data in found.items():
        yield from (f"{folder}: {problem}" for problem in problems_of(folder, data, found[MODEL], names))


def main() -> int:
    """Print the problems; return 1 if there are any."""
    found = list(problems())
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
