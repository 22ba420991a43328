"""``bucketry serve`` as a platform team runs it: a user, both ports, the access log, the audit stream and metrics."""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
from bucketry import Capabilities, open_store
from bucketry.access_store import ACCESS_BUCKET, AccessStore
from bucketry_access import create_token

USER: Final = "load"
ACCESS_KEY: Final = "LOAD"
SECRET_KEY: Final = "the secret key of the load"
TOKEN: Final = create_token()

API: Final = "/api/v1/storage"
_PLACE: Final = re.compile(r"(\S+(?: \S+)?)  +(\S.*)\n")
_OPTIONS: Final = (
    *("--s3", "--port", "0", "--s3-port", "0", "--management-port", "0"),
    *("--log-level", "info", "--log-format", "json"),
)
_LAST: Final = "Access"
"""The last line that the server prints once it listens."""


class Sample(msgspec.Struct, frozen=True):
    """What a server process takes at a moment.

    Attributes:
        at: Seconds since the load began.
        rss: Memory, in bytes.
        threads: Its threads.
        files: Its open files, sockets among them.
    """

    at: float
    rss: int
    threads: int
    files: int


class Served(msgspec.Struct, frozen=True):
    """A server process over a store.

    Attributes:
        process: The process.
        rest: URL of the REST port.
        s3: URL of the S3 port.
        metrics: URL of the metrics.
        log: Its standard error, with the access log in it.
        audit: Its audit stream.
        secrets: What must not be in either.
    """

    process: subprocess.Popen[str]
    rest: str
    s3: str
    metrics: str
    log: Path
    audit: Path
    secrets: tuple[str, ...]

    def sample(self, at: float = 0.0) -> Sample:
        of = Path(f"/proc/{self.process.pid}")
        fields = dict(line.split(":", 1) for line in of.joinpath("status").read_text().splitlines())
        return Sample(at, int(fields["VmRSS"].split()[0]) * 1024, int(fields["Threads"]), len(os.listdir(of / "fd")))


@contextmanager
def served(url: str, environ: Mapping[str, str], folder: Path, workers: int = 1) -> Iterator[Served]:
    """Serve a store in processes of its own until the end of the block. Its log and audit stream stay in the folder."""
    access_bucket = f"load-access-{secrets.token_hex(4)}"
    access_file, audit, log = (folder / name for name in ("access.toml", "audit.jsonl", "log.jsonl"))
    access_file.write_text(f"""
[[users]]
id = "{USER}"
roles = ["admin:*"]
keys = [{{access_key = "{ACCESS_KEY}", secret_key = "{SECRET_KEY}"}}]
tokens = [{{id = "{TOKEN.token.id}", sha256 = "{TOKEN.token.sha256}"}}]
""")
    access_file.chmod(0o600)
    files = ("--access-file", str(access_file), "--audit", str(audit), "--access-bucket", access_bucket)
    options = ("--store", url, "--workers", str(workers), *_OPTIONS, *files)
    command = (sys.executable, "-m", "bucketry_cli", "serve", *options)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BUCKETRY_")}
    with (
        log.open("w") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env={**kept, **environ}) as process,
    ):
        try:
            places = _places(process)
            yield Served(
                process=process,
                rest=places["REST API"].removesuffix(API),
                s3=places["S3 API"],
                metrics=places["Metrics"],
                log=log,
                audit=audit,
                secrets=(SECRET_KEY, TOKEN.text.reveal(), *environ.values()),
            )
            process.send_signal(signal.SIGTERM)
            status = process.wait(60)
            assert status == 0, f"the server ended with {status}: {log.read_text()[-2000:]}"
        finally:
            if process.poll() is None:
                process.kill()


def _places(process: subprocess.Popen[str]) -> dict[str, str]:
    assert process.stdout is not None
    found: dict[str, str] = {}
    while _LAST not in found:
        line = process.stdout.readline()
        assert line, "the server did not start"
        if matched := _PLACE.fullmatch(line):
            found[matched[1]] = matched[2]
    return found


def capabilities_of(url: str, environ: Mapping[str, str]) -> Capabilities:
    """What the served store can do. Who may use it is kept beside a store that has no owners itself."""
    with open_store(url, environ=environ) as store:
        known = store.capabilities
    if known.features.owners:
        return known
    beside = AccessStore(open_store(url, environ=environ), ACCESS_BUCKET)
    with open_store(url, environ=environ, access_store=beside) as store:
        return store.capabilities
