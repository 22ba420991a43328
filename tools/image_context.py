"""Makes the folder that the container image is built from: the Dockerfile, all Python packages, and their SBOM.

    python tools/image_context.py WHEELS FOLDER [PYTHON_VERSION]

Everything is fetched here, with the hashes of requirements/image.txt, so building the image needs no network. WHEELS is
where `make dist` puts our own distributions. The packages are for Linux on this machine's kind of processor.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

sys.path.insert(0, str(Path(__file__).parent.parent))
from tools.check_distributions import ROOT, members, version

PYTHON_VERSION = "3.13"
"""Of the base image that the Dockerfile names."""

UV = (sys.executable, "-m", "uv")


def in_the_image() -> set[str]:
    """Return the names of our distributions that the image has: those of the group `image`, and what they need."""
    projects = {data["project"]["name"]: data["project"] for data in members().values()}
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    waiting, found = [Requirement(text) for text in groups["image"]], set()
    while waiting:
        requirement = waiting.pop()
        project = projects.get(requirement.name)
        if project is None or (requirement.name in found and not requirement.extras):
            continue
        found.add(requirement.name)
        extras = project.get("optional-dependencies", {})
        needed = [*project["dependencies"], *(text for extra in requirement.extras for text in extras[extra])]
        waiting += map(Requirement, needed)
    return found


def install(wheels: Path, packages: Path, python_version: str) -> None:
    """Put all packages into a folder."""
    target = [*UV, "pip", "install", "--quiet", "--python", sys.executable, "--target", str(packages), "--no-deps"]
    target += ["--python-version", python_version, "--python-platform", f"{platform.machine()}-manylinux_2_28"]
    target += ["--only-binary", ":all:"]
    subprocess.run([*target, "--require-hashes", "-r", str(ROOT / "requirements/image.txt")], check=True)
    ours = [wheels / f"{name.replace('-', '_')}-{version()}-py3-none-any.whl" for name in sorted(in_the_image())]
    subprocess.run([*target, *map(str, ours)], check=True)
    shutil.rmtree(packages / "bin", ignore_errors=True)


def strip(packages: Path) -> None:
    """Remove the debug symbols of compiled modules, which are most of what some of them weigh."""
    if shutil.which("strip") is None:
        sys.exit("tools/image_context.py: 'strip' is missing (Debian: apt install binutils)")
    for module in packages.rglob("*.so"):
        # uv links files from its cache: change a copy.
        stripped = module.with_suffix(".stripped")
        subprocess.run(["strip", "--strip-unneeded", "-o", str(stripped), str(module)], check=True)
        stripped.chmod(0o644)
        stripped.replace(module)


def write_sbom(packages: Path, file: Path) -> None:
    """Write a CycloneDX document that names all packages, with versions, licenses and addresses."""
    empty = file.parent / "empty-environment"
    subprocess.run([*UV, "venv", "--quiet", "--clear", "--python", sys.executable, str(empty)], check=True)
    (site,) = empty.glob("lib/*/site-packages")
    (site / "packages.pth").write_text(f"{packages.resolve()}\n")
    command = [sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible", "--of", "JSON"]
    subprocess.run([*command, "--output-file", str(file), str(empty / "bin/python")], check=True)
    shutil.rmtree(empty)


def make(wheels: Path, folder: Path, python_version: str = PYTHON_VERSION) -> None:
    """Make the folder anew."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "deploy/image", folder, ignore=shutil.ignore_patterns("*.md", "left-out.txt"))
    shutil.copy(ROOT / "LICENSE", folder)
    install(wheels, folder / "packages", python_version)
    strip(folder / "packages")
    write_sbom(folder / "packages", folder / "sbom.cdx.json")


if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
