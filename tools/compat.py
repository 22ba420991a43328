"""Puts the reports of several drivers and servers side by side.

``compat.py OPERATIONS.json CONTRACT.json… > docs/compat.md``: the first one says what servers did with S3's operations,
the others are those of the contract suite.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from textwrap import shorten
from typing import Final

import msgspec

_SHOWN: Final = 40
"""Longest part of a key that is shown, in characters."""

_HEAD: Final = """\
# What each driver can do

Written by `make compat` from runs of the contract suite, each on a real server; do not edit. **yes**: declared, and all
its tests passed. **no**: not declared, and refused with `Unsupported` in the same tests. –: not in that run.
"""

_SERVERS: Final = {"memory": "our port over memory", "minio": "MinIO", "rgw": "Ceph RGW 16.2"}

_S3: Final = """
## What each S3 endpoint does

Each operation of S3 is asked for once through boto3, with a proper request, and so is each feature. Our port is over
the memory driver; MinIO and Ceph RGW are asked directly, over plain HTTP.

- **executed**: done, and what it sets is acted upon.
- **stored**: checked, stored and shown, not executed. A tag only describes; nothing else looks at these settings.
- **constant**: a response that is always the same, since the operation that would change it is refused.
- **refused**: an error; its code, if it is not `NotImplemented` or `MethodNotAllowed`.
- **ignored**: the request succeeded as if the feature had not been asked for.
- **mistaken**: taken for another operation. A delete of settings becomes that of the bucket (here refused, because the
  bucket is not empty), and a put of something beside an object overwrites the object.
- **fails**: the server's process ends.

Not asked for: `CreateSession`, `ListDirectoryBuckets` and `WriteGetObjectResponse`, which belong to other endpoints.
MinIO executes replication between servers that were connected with its own API. RGW sends events to topics that are
made with its part of SNS, as this run did.
"""

_TAIL: Final = """\
## Where our port differs from S3

- **Ownership.** A bucket without ownership controls behaves as with `ObjectWriter`. A new bucket of S3 has
  `BucketOwnerEnforced`.
- **Public access.** A new bucket has no public access block. S3 blocks all of it.
- **SSE-C** is taken over plain HTTP. S3 asks for TLS.
- **Encryption.** The memory driver does not encrypt what it holds. It keeps a salted digest of a customer's key, and
  refuses reads without the right one. A bucket without default encryption has none; in S3 it has SSE-S3.
- **Stored only.** Settings that the table calls stored change nothing: no website is served, no log or inventory is
  written, and nobody pays. Transitions of lifecycle rules are stored and shown; storage classes and redirects have no
  effect.
- **Checksums that nobody asked for.** S3 keeps a CRC-64/NVME of each object whose writer sent no checksum. The memory
  driver keeps none. To compute it makes a put of 256 MiB 6 to 8 % slower (398 and 422 ms of CPU time, medians of 12
  puts in turns), and one of 1 KiB takes 14 instead of 5 µs. A writer who wants it asks for it:
  `checksum_algorithm="CRC64NVME"`.
"""


class Tally(msgspec.Struct):
    """How the tests went that need one operation or feature."""

    declared: bool
    passed: int
    refused: int
    failed: int


class Report(msgspec.Struct):
    """One driver's run."""

    driver: str
    version: str
    suite: str
    counts: dict[str, int]
    operations: dict[str, Tally]
    features: dict[str, Tally]
    limits: dict[str, object]
    refused_keys: list[str]
    not_tried: list[object]


class Reports(msgspec.Struct):
    """What ``--contract-report`` writes."""

    drivers: list[Report]


class Server(msgspec.Struct):
    """What one server did, in a word by operation and by feature."""

    operations: dict[str, str]
    features: dict[str, str]


def _cell(tally: Tally | None) -> str:
    if tally is None or not (tally.passed or tally.refused or tally.failed):
        return "–"
    if tally.failed:
        return f"**{tally.failed} failed**"
    return "yes" if tally.declared else "no"


def _row(name: str, cells: Iterable[str]) -> str:
    return f"| {name} | {' | '.join(cells)} |"


def _table(title: str, reports: list[Report], names: Iterable[str], cell: Callable[[Report, str], str]) -> list[str]:
    titles = _row(title, (f"{report.driver} ({report.suite})" for report in reports))
    rows = [_row(f"`{name}`", (cell(report, name) for report in reports)) for name in names]
    return ["", titles, _row("---", ("---" for _ in reports)), *rows]


def _s3_table(title: str, words: dict[str, dict[str, str]]) -> list[str]:
    """Returns a table of words by server and name."""
    names = next(iter(words.values()))
    # Operations are names; features are words.
    titles = {name: f"`{name}`" if name[0].isupper() and name.isalnum() else name for name in names}
    rows = [_row(titles[name], (each[name] for each in words.values())) for name in names]
    return ["", _row(title, (_SERVERS[server] for server in words)), _row("---", ("---" for _ in words)), *rows]


def render(servers: dict[str, Server], reports: list[Report]) -> str:
    """Returns the page in Markdown."""
    first = reports[0]
    runs = [
        f"- **{report.driver}** {report.version} ({report.suite}): "
        + ", ".join(f"{count} {what}" for what, count in report.counts.items() if count or what != "expected")
        for report in reports
    ]
    lines = [_HEAD, *runs]
    lines += _table("operation", reports, first.operations, lambda report, name: _cell(report.operations.get(name)))
    lines += _table("feature", reports, first.features, lambda report, name: _cell(report.features.get(name)))
    lines += _table("limit", reports, first.limits, lambda report, name: str(report.limits.get(name, "–")))
    lines += ["", "Keys that a backend cannot hold, and refuses with `InvalidKey`:", ""]
    for report in reports:
        keys = ", ".join(f"`{shorten(key, _SHOWN, placeholder='…')}`" for key in report.refused_keys)
        lines.append(f"- **{report.driver}** ({report.suite}): {keys or 'none'}")
    lines += [_S3.rstrip()]
    lines += _s3_table("operation", {name: server.operations for name, server in servers.items()})
    lines += _s3_table("feature", {name: server.features for name, server in servers.items()})
    return "\n".join([*lines, "", _TAIL])


def main(operations: str, *contract: str) -> None:
    """Reads the reports and prints the page."""
    servers = msgspec.json.decode(Path(operations).read_bytes(), type=dict[str, Server])
    reports = [
        report for path in contract for report in msgspec.json.decode(Path(path).read_bytes(), type=Reports).drivers
    ]
    sys.stdout.write(render(servers, reports))


if __name__ == "__main__":
    main(*sys.argv[1:])
