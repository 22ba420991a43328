"""``python -m tests.load``: the load on memory, MinIO and Ceph RGW, ten minutes each. ``make load`` runs it.

It writes the figures into ``docs/load.md`` if nothing was wrong.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.load.report import write_report
from tests.load.run import CLIENTS, Result, run_load
from tests.servers.containers import Owner, start_minio, start_rgw
from tests.servers.handles import Server

MAX_GROWTH: Final = 1.1
"""How much more memory the last quarter of a run may take than the second one."""


@contextmanager
def backend(name: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Start a backend; yield the store's URL, and its keys for the environment."""
    if name == "memory":
        yield "memory://", {}
        return
    with tempfile.TemporaryDirectory(prefix="bucketry-load-") as folder:
        owner = Owner(os.getpid(), Path(folder))
        server: Server = start_minio(owner) if name == "minio" else start_rgw(owner)
        try:
            yield store_of(name, server)
        finally:
            server.remove()


def store_of(name: str, server: Server) -> tuple[str, dict[str, str]]:
    """Return a store's URL, and its keys for the environment."""
    variables = {
        f"BUCKETRY_{name.upper()}_ACCESS_KEY": server.access_key,
        f"BUCKETRY_{name.upper()}_SECRET_KEY": server.secret_key,
    }
    return f"{name}://{server.url.rpartition('/')[2]}", variables


def main() -> int:
    """Run the load; return 1 if something was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600, help="how long on each backend")
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--workers", type=int, default=1, help="processes of the server; with several, no report")
    parser.add_argument("--store", action="append", choices=["memory", "minio", "rgw"], help="only these")
    parser.add_argument("--no-report", action="store_true", help="do not write docs/load.md")
    given = parser.parse_args()
    results = []
    for name in given.store or ["memory", "minio", "rgw"]:
        with backend(name) as (url, environ):
            result = run_load(name, url, environ, given.seconds, given.clients, given.workers)
        print(summary(result), *result.wrong, sep="\n", flush=True)
        results.append(result)
    wrong = [result for result in results if result.wrong or (given.seconds >= 300 and result.growth() > MAX_GROWTH)]
    if not given.no_report and not wrong and given.store is None and given.workers == 1:
        write_report(results)
    return 1 if wrong else 0


def summary(result: Result) -> str:
    """One line about a result."""
    assert result.idle is not None
    return (
        f"{result.name}: {result.requests:,} responses in {result.seconds:.0f} s, {len(result.wrong)} wrong, "
        f"{sum(result.busy.values())} busy {dict(result.busy)}, memory {result.samples[-1].rss // 1024**2} MiB "
        f"(growth {result.growth():.2f}), {result.idle.files} files open after it (before: {result.samples[0].files})"
    )


if __name__ == "__main__":
    sys.exit(main())
