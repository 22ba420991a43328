"""Real servers that run: where they listen, who may enter, and ways to make them fail.

A handle is plain data, so that one process starts a server and others use it.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import msgspec

from tests.servers.engine import engine
from tests.servers.images import BUILT_MINIO, built_minio

if TYPE_CHECKING:
    from docker.models.containers import Container

READY_WITHIN = 60.0  # seconds
# Unlike `live`, it says no until the server knows its drives and users.
MINIO_HEALTH = "/minio/health/cluster"


class Reachable(msgspec.Struct, frozen=True, kw_only=True):
    """A server that speaks S3.

    Attributes:
        url: where it listens, `http://` or `https://`, without a trailing slash.
        ca_file: PEM file of the authority that signed its certificate, where it speaks TLS.
        access_key: of the administrator.
        secret_key: of the administrator.
    """

    url: str
    ca_file: str | None = None
    access_key: str
    secret_key: str


class Server(Reachable, frozen=True, kw_only=True):
    """A server in a container.

    Attributes:
        container_id: the container's id on the engine.
    """

    container_id: str

    def logs(self, lines: int = 200) -> str:
        """Return the last lines that the server wrote, newest last."""
        with self._container() as container:
            return b"".join(container.logs(tail=lines, stream=True)).decode(errors="replace")

    def pause(self) -> None:
        """Freeze the server: connections are accepted and nothing answers."""
        with self._container() as container:
            container.pause()

    def unpause(self) -> None:
        """Go on after `pause`."""
        with self._container() as container:
            container.unpause()

    def kill(self) -> None:
        """End the server at once, as a crash would. Its data and its port are kept for `restart`."""
        with self._container() as container:
            container.kill()

    def restart(self) -> None:
        """Start the server after `kill`, on the same port and data, and wait until it answers."""
        with self._container() as container:
            container.start()
        self.wait_until_ready()

    def remove(self) -> None:
        """End the server and forget its data."""
        with self._container() as container:
            container.remove(force=True, v=True)

    def run(self, *command: str) -> str:
        """Run a command inside the container and return what it printed; raise `RuntimeError` if it fails."""
        with self._container() as container:
            code, output = container.exec_run(list(command))
        assert isinstance(output, bytes)  # a stream only if asked for
        text = output.decode(errors="replace")
        if code != 0:
            raise RuntimeError(f"{command[0]} failed ({code}): {text}")
        return text

    def wait_until_ready(self) -> None:
        """Return as soon as the server answers; raise `TimeoutError` with its last lines after a minute."""
        verify = ssl.create_default_context(cafile=self.ca_file) if self.ca_file else False
        deadline = time.monotonic() + READY_WITHIN
        with httpx.Client(verify=verify, timeout=2.0, trust_env=False) as client:
            while not _answers(client, self.url + self._health_path()):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{self.url} did not answer in {READY_WITHIN:.0f} s:\n{self.logs()}")
                time.sleep(0.05)

    def _health_path(self) -> str:
        return "/"

    @contextmanager
    def _container(self) -> Iterator[Container]:
        with engine() as client:
            yield client.containers.get(self.container_id)


class MinioServer(Server, frozen=True, kw_only=True):
    """A MinIO server with one drive in the container's own file system. It speaks either HTTP or TLS, not both."""

    def version(self) -> str:
        """Return the server's name and version, as its program says them; or what it was built from."""
        with self._container() as container:
            image = container.image
        is_built = image is not None and BUILT_MINIO in image.tags
        return f"MinIO {built_minio() if is_built else self.run('minio', '--version').split()[2]}"

    def _health_path(self) -> str:
        return MINIO_HEALTH


class RgwServer(Server, frozen=True, kw_only=True):
    """A Ceph RGW that speaks HTTP at `url` and TLS at `tls_url`, over an OSD that keeps everything in memory.

    Attributes:
        tls_url: where it speaks TLS, with the certificate that `ca_file` vouches for.
        uid: the administrator's user id; it has all the capabilities of the admin API.
        plain_uid: a user without any capability.
        plain_access_key: of that user.
        plain_secret_key: of that user.
        swift_user: the administrator's subuser for the Swift API, `uid:name`.
        swift_secret: of that subuser.
    """

    tls_url: str
    uid: str = "main"
    plain_uid: str = "plain"
    plain_access_key: str
    plain_secret_key: str
    swift_user: str = "main:swift"
    swift_secret: str

    def version(self) -> str:
        """Return the server's name and version, as its program says them."""
        return f"Ceph RGW {self.run('radosgw', '--version').split()[2]}"

    def kill(self) -> None:
        """End radosgw at once. The cluster behind it goes on, so that its data is kept for `restart`."""
        self.run("sh", "-c", "touch /run/radosgw.hold && kill -KILL $(cat /run/radosgw.pid)")

    def restart(self) -> None:
        """Start radosgw after `kill`, on the same port and data, and wait until it answers."""
        self.run("rm", "/run/radosgw.hold")
        self.wait_until_ready()

    def collect_garbage(self) -> None:
        """Free the memory of deleted and overwritten large objects now; else the OSD may fill, and every write hang."""
        self.run("radosgw-admin", "gc", "process", "--include-all")


def _answers(client: httpx.Client, url: str) -> bool:
    try:
        return client.get(url).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
