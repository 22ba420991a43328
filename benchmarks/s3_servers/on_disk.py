"""Servers that keep objects on this machine's disk: ours over `file://`, MinIO and SeaweedFS.

They are processes of this machine with a temporary folder each: clients reach all of them in the same way, and they
write to the same disk.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.bucketry_server.running_server import S3_KEYS, TIMEOUT_SECONDS
from benchmarks.case import NotAvailable
from benchmarks.container_servers.starting import started_program
from benchmarks.s3_servers.servers import Endpoint, bucketry_serve, started_process, wait_for_port
from tests.servers.engine import EngineMissing, engine
from tests.servers.images import ImageMissing, minio_image
from tests.servers.programs import SEAWEEDFS, free_port, free_ports

_MINIO: Final = "/usr/bin/minio"


def bucketry_in_files(stack: ExitStack, *, synced: bool) -> Endpoint:
    """Starts our endpoint over the file driver.

    Args:
        stack: Ends it, and removes its folder.
        synced: Whether a put waits until the disk has its content and its entry in the index.
    """
    return bucketry_serve(f"file://{_temporary_folder(stack)}?sync={str(synced).lower()}", stack)


def minio_in_files(stack: ExitStack) -> Endpoint:
    """Starts the MinIO of the tests, without its container.

    It always syncs a put: it opens ``xl.meta``, where small contents are too, with ``O_DSYNC``, and ends a larger file
    with fdatasync. It never syncs the folders into which it moves both. No setting changes that.

    Raises:
        NotAvailable: No Docker engine responds, its image is not there, or its program does not run here.
    """
    folder = _temporary_folder(stack)
    program = folder / "minio"
    program.write_bytes(_program())
    program.chmod(0o700)
    port = free_port()
    access_key, secret_key = S3_KEYS
    settings = {"MINIO_ROOT_USER": access_key, "MINIO_ROOT_PASSWORD": secret_key}
    quiet = {"MINIO_BROWSER": "off", "MINIO_UPDATE": "off"}
    command = [str(program), "server", str(folder / "data"), "--address", f"127.0.0.1:{port}"]
    pid = started_process(command, stack, {**settings, **quiet})
    wait_for_port(port)
    return Endpoint(name="MinIO", url=f"http://127.0.0.1:{port}", pid=pid)


def seaweedfs_in_files(stack: ExitStack, *, synced: bool) -> Endpoint:
    """Starts SeaweedFS.

    Args:
        stack: Ends it, and removes its folder.
        synced: Whether it syncs the file of the volume before a put returns ("Path Specific Configuration", fsync). It
            never syncs its own index of that file, nor the log of the names of objects.

    Raises:
        NotAvailable: It is not installed, or cannot be told to sync.
    """
    free = free_ports(4)
    ports = {"master": free[:2], "filer": free[2:]}
    more = [
        f"-{name}.port{kind}={port}" for name in ports for kind, port in zip(("", ".grpc"), ports[name], strict=True)
    ]
    server = started_program(stack, SEAWEEDFS, more=more)
    if synced:
        _sync_puts([f"-{name}=127.0.0.1:{port}.{grpc}" for name, (port, grpc) in ports.items()])
    return Endpoint(name=SEAWEEDFS.title, url=server.url, keys=(server.access_key, server.secret_key))


def _sync_puts(addresses: list[str]) -> None:
    done = subprocess.run(
        [SEAWEEDFS.path, "shell", *addresses],
        input="fs.configure -locationPrefix=/buckets/ -fsync -apply\nfs.configure\n",
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    if '"fsync":  true' not in done.stdout:
        raise NotAvailable(f"SeaweedFS cannot be told to sync: {done.stdout[-400:]}{done.stderr[-400:]}")


def _program() -> bytes:
    """Returns the program in MinIO's image, which needs nothing else of it."""
    if sys.platform != "linux":
        raise NotAvailable("MinIO's program in its image is one for Linux")
    try:
        with engine() as client:
            container = client.containers.create(minio_image(client))
            try:
                chunks, _ = container.get_archive(_MINIO)
                archive = b"".join(chunks)
            finally:
                container.remove()
    except EngineMissing as error:
        raise NotAvailable("no Docker engine") from error
    except ImageMissing as error:
        raise NotAvailable(str(error)) from error
    with tarfile.open(fileobj=io.BytesIO(archive)) as members:
        program = members.extractfile(os.path.basename(_MINIO))
        if program is None:
            raise NotAvailable(f"MinIO's image has no program {_MINIO}")
        return program.read()


def _temporary_folder(stack: ExitStack) -> Path:
    return Path(stack.enter_context(TemporaryDirectory(prefix="bucketry-bench-", ignore_cleanup_errors=True)))
