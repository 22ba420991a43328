"""``python -m tests.responses record``: records the responses of both servers. ``… sweep``: cuts them live."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests.responses.live import record, sweep
from tests.responses.setups import SETUPS, Setup
from tests.servers.containers import Owner, start_minio, start_rgw
from tests.servers.handles import Server


@contextmanager
def servers() -> Iterator[dict[str, Server]]:
    """Start a server of each kind."""
    with tempfile.TemporaryDirectory(prefix="bucketry-responses-") as folder:
        owner = Owner(os.getpid(), Path(folder))
        started: dict[str, Server] = {}
        try:
            for name, start in (("minio", start_minio), ("rgw", start_rgw)):
                started[name] = start(owner)
            yield started
        finally:
            for server in started.values():
                server.remove()


def main() -> int:
    """Record or sweep; return 1 if something was taken for what it is not."""
    parser = argparse.ArgumentParser(prog="python -m tests.responses", description=__doc__)
    parser.add_argument("task", choices=["record", "sweep"])
    parser.add_argument("--setup", action="append", choices=[setup.name for setup in SETUPS], help="only these")
    parser.add_argument("--every", type=int, default=8, help="sweep: cut heads after each so many bytes")
    parser.add_argument("--scenario", default="", help="only scenarios whose name begins so (sweep)")
    given = parser.parse_args()
    logging.getLogger("bucketry").setLevel(logging.ERROR)  # Each of many stores would say what it cannot do.
    wrong = 0
    with servers() as started:
        for setup in _chosen(given.setup):
            server = started[setup.driver]
            location, settings = urlsplit(server.url).netloc, setup.settings_of(server)
            if given.task == "record":
                record(setup, location, settings)
            else:
                wrong += sweep(setup, location, settings, given.every, given.scenario)
    return 1 if wrong else 0


def _chosen(names: list[str] | None) -> list[Setup]:
    return [setup for setup in SETUPS if names is None or setup.name in names]


if __name__ == "__main__":
    sys.exit(main())
