"""The images of the real servers: pulled where that works, otherwise built from Debian's packages and Go's modules.

`python -m tests.servers.images` makes sure that they are there; it costs a moment when they are. A tag of our own holds
a hash of what the image is built from, so that a change builds it anew. The variables that name other images are in
README.md beside this file.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from docker import DockerClient
from docker.errors import APIError, BuildError, ImageNotFound

from tests.servers.engine import EngineMissing, engine, servers_are_required

HERE: Final = Path(__file__).parent
BASE: Final = "debian:bookworm-slim"
MINIO: Final = "quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z"
# What `go install github.com/minio/minio@latest` gave in November 2026; the archived repository gets no newer one.
MINIO_MODULE: Final = "github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c"
MINIO_VARIABLE: Final = "BUCKETRY_MINIO_IMAGE"
RGW_VARIABLE: Final = "BUCKETRY_RGW_IMAGE"
PYTHON: Final = "python:3.13-slim-bookworm"
PYTHON_VARIABLE: Final = "BUCKETRY_PYTHON_IMAGE"
BASE_VARIABLE: Final = "BUCKETRY_BASE_IMAGE"
NICE: Final = ("nice", "-n", "10")
DEBOOTSTRAP: Final = ("debootstrap", "--variant=minbase", "bookworm")


class ImageMissing(Exception):
    """An image is not there, and cannot be pulled or built; the message says why and what to do."""


def _hashed(name: str, *inputs: str | Path) -> str:
    digest = hashlib.sha256()
    for each in inputs:
        digest.update(each.read_bytes() if isinstance(each, Path) else each.encode())
        digest.update(b"\0")
    return f"bucketry-test-{name}:{digest.hexdigest()[:12]}"


BUILT_BASE: Final = _hashed("base", *DEBOOTSTRAP)
BUILT_MINIO: Final = _hashed("minio", MINIO_MODULE, HERE / "minio/Dockerfile")


def built_minio() -> str:
    """Return date and commit of the MinIO that is built here, whose program does not know its version."""
    _, time_of_commit, commit = MINIO_MODULE.rpartition("@")[2].split("-")
    return f"{time_of_commit[:4]}-{time_of_commit[4:6]}-{time_of_commit[6:8]} ({commit[:7]})"


def _is_here(client: DockerClient, image: str) -> bool:
    try:
        client.images.get(image)
    except ImageNotFound:
        return False
    return True


def _can_pull(client: DockerClient, image: str) -> bool:
    try:
        client.images.pull(image)
    except APIError as error:
        _say(f"cannot pull {image}: {error.explanation or error}")
        return False
    return True


def _find(client: DockerClient, variable: str, *usual: str) -> str | None:
    """Return the image to use if it is on the engine already: the one that the variable names, else any usual one."""
    asked = os.environ.get(variable)
    candidates = [asked] if asked else usual
    return next((image for image in candidates if _is_here(client, image)), None)


def _provide(
    client: DockerClient, variable: str, published: str | None, built: str, build: Callable[[DockerClient], None]
) -> str:
    """Return the image to use, after pulling or building it if needed."""
    usual = [published, built] if published else [built]
    if found := _find(client, variable, *usual):
        return found
    asked = os.environ.get(variable)
    wanted = asked or published
    if wanted and _can_pull(client, wanted):
        return wanted
    if asked:
        raise ImageMissing(f"{variable}={asked} is not on the engine and cannot be pulled")
    _say(f"building {built}")
    began = time.monotonic()
    build(client)
    _say(f"built {built} in {time.monotonic() - began:.0f} s")
    return built


def minio_image(client: DockerClient) -> str:
    """Return the name of the MinIO image on the engine; raise `ImageMissing` if it is not there."""
    return _required(client, "minio")


def rgw_image(client: DockerClient) -> str:
    """Return the name of the RGW image on the engine; raise `ImageMissing` if it is not there."""
    return _required(client, "rgw")


def _required(client: DockerClient, name: str) -> str:
    image = IMAGES[name].find(client)
    if image is None:
        raise ImageMissing("its image is not on the Docker engine: `make servers` puts it there, or says why it cannot")
    return image


def python_image(client: DockerClient) -> str:
    """Return the name of the image with Python on the engine; raise `ImageMissing` if it is not there."""
    return _required(client, "python")


def _built_on_base(name: str) -> str:
    base = os.environ.get(BASE_VARIABLE, BASE)
    return _hashed(name, base, *sorted((HERE / name).iterdir()))


def _build_on_base(client: DockerClient, name: str) -> None:
    base = _provide(client, BASE_VARIABLE, BASE, BUILT_BASE, _build_base)
    _build(client, HERE / name, _built_on_base(name), {"BASE": base})


def _build(client: DockerClient, folder: Path, tag: str, arguments: dict[str, str]) -> None:
    try:
        client.images.build(path=str(folder), tag=tag, buildargs=arguments, rm=True, forcerm=True)
    except BuildError as error:
        log = "".join(str(line.get("stream", "")) for line in error.build_log)
        raise ImageMissing(f"building {tag} failed: {error.msg}\n{log[-4000:]}") from error


def _build_base(client: DockerClient) -> None:
    if shutil.which(DEBOOTSTRAP[0]) is None or os.geteuid() != 0:
        raise ImageMissing(f"{BASE} cannot be pulled; building a base image takes root and Debian's debootstrap")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        root, archive = Path(name, "root"), Path(name, "root.tar")
        _run([*NICE, *DEBOOTSTRAP, str(root)])
        caches = ["--exclude=./var/cache/apt/archives/*.deb", "--exclude=./var/lib/apt/lists/*"]
        _run(["tar", "--create", "--file", str(archive), "--directory", str(root), *caches, "."])
        repository, tag = BUILT_BASE.split(":")
        client.api.import_image_from_file(str(archive), repository=repository, tag=tag)


def _build_minio(client: DockerClient) -> None:
    go = shutil.which("go", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/go/bin"]))
    if go is None:
        raise ImageMissing(
            f"{MINIO} cannot be pulled; building the server takes Go 1.24, or 1.21, which fetches what it lacks"
        )
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        shutil.copy(HERE / "minio/Dockerfile", name)
        # An older Go then fetches the toolchain that the module asks for.
        environment = {**os.environ, "GOBIN": name, "CGO_ENABLED": "0", "GOTOOLCHAIN": "auto"}
        _run([*NICE, go, "install", "-p=2", "-trimpath", "-ldflags=-s -w", MINIO_MODULE], environment)
        _build(client, Path(name), BUILT_MINIO, {})


def _run(command: list[str], environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        command,
        check=False,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        raise ImageMissing(f"{' '.join(command)} failed ({done.returncode}):\n{done.stdout[-4000:]}")


class Image(NamedTuple):
    """An image of a server.

    Attributes:
        title: The server's name, for people.
        variable: The environment variable that names another image.
        published: What can be pulled, if anything.
        built: What is built otherwise.
        build: Builds that.
        fixtures: The fixtures that start a container of it.
    """

    title: str
    variable: str
    published: str | None
    built: str
    build: Callable[[DockerClient], None]
    fixtures: frozenset[str]

    def find(self, client: DockerClient) -> str | None:
        """Return its name on the engine, or `None` if it is not there."""
        return _find(client, self.variable, *filter(None, (self.published, self.built)))

    def provide(self, client: DockerClient) -> None:
        """Put it on the engine, unless it is there; raise `ImageMissing` if it can be neither pulled nor built."""
        _provide(client, self.variable, self.published, self.built, self.build)


IMAGES: Final[Mapping[str, Image]] = {
    "minio": Image(
        "MinIO",
        MINIO_VARIABLE,
        MINIO,
        BUILT_MINIO,
        _build_minio,
        frozenset({"minio_server", "minio_tls_server", "breakable_minio_server"}),
    ),
    "rgw": Image(
        "Ceph RGW",
        RGW_VARIABLE,
        None,
        _built_on_base("rgw"),
        lambda client: _build_on_base(client, "rgw"),
        frozenset({"rgw_server", "breakable_rgw_server"}),
    ),
    "python": Image(
        "The container image",
        PYTHON_VARIABLE,
        PYTHON,
        _built_on_base("python"),
        lambda client: _build_on_base(client, "python"),
        frozenset({"bucketry_image"}),
    ),
}


def are_here() -> bool:
    """Tell whether all images are on the engine."""
    try:
        with engine() as client:
            return all(image.find(client) is not None for image in IMAGES.values())
    except EngineMissing:
        return False


def _say(text: str) -> None:
    print(f"servers: {text}", file=sys.stderr, flush=True)


def main(names: Sequence[str]) -> int:
    """Prepare these images, or all; or say why not, which is a failure only where the servers are required."""
    wanted = [IMAGES[name] for name in names or IMAGES]
    try:
        with engine() as client:
            for image in wanted:
                image.provide(client)
    except (EngineMissing, ImageMissing) as error:
        _say(f"{' and '.join(image.title for image in wanted)} will NOT be tested: {error}")
        return 1 if servers_are_required() else 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
