"""The fixture `bucketry_image`: the container image, built from this tree's wheels once in a run."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest
from filelock import FileLock

from tests.distributions.clean_install import ROOT, check
from tests.servers.plugin import not_tested

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

NAME: Final = f"bucketry-test-image:{hashlib.sha256(os.fsencode(ROOT)).hexdigest()[:12]}"
"""One for each tree, replaced by each run."""


class BuiltImage(NamedTuple):
    """The container image on the engine.

    Attributes:
        name: Its name.
        base: The name of what it stands on.
    """

    name: str
    base: str


@pytest.fixture(scope="session")
def bucketry_image(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> BuiltImage:
    from tests.servers.engine import EngineMissing, engine
    from tests.servers.images import ImageMissing, python_image

    base = wheels.parent
    try:
        with engine() as client:
            image = BuiltImage(NAME, python_image(client))
            with FileLock(base / "image.lock"):
                if not (base / "image.done").exists():
                    _build(client, image, wheels, base / "image")
                    (base / "image.done").touch()
    except (EngineMissing, ImageMissing) as problem:
        not_tested("the container image", str(problem))
    return image


def _build(client: DockerClient, image: BuiltImage, wheels: Path, folder: Path) -> None:
    from docker.errors import ImageNotFound

    version = client.containers.run(image.base, ["python3", "-V"], remove=True).decode().removeprefix("Python ")
    python = ".".join(version.split(".")[:2])
    check([sys.executable, "tools/image_context.py", str(wheels), str(folder), python], ROOT)
    try:
        replaced = client.images.get(image.name)
    except ImageNotFound:
        replaced = None
    built, _ = client.images.build(
        path=str(folder), tag=image.name, buildargs={"BASE": image.base}, rm=True, forcerm=True
    )
    if replaced is not None and replaced.id and replaced.id != built.id:
        client.images.remove(replaced.id)


@contextmanager
def running(image: str, *command: str, **options: Any) -> Iterator[Container]:
    """Runs a container without what the image promises not to need: a writable file system, capabilities."""
    from tests.servers.engine import engine

    restricted: dict[str, Any] = {"read_only": True, "cap_drop": ["ALL"], "security_opt": ["no-new-privileges"]}
    with engine() as client:
        container = client.containers.run(image, list(command), detach=True, **restricted, **options)
        try:
            yield container
        finally:
            container.remove(force=True)
