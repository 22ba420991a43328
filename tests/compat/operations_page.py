"""Writes docs/s3-operations.md from what servers did with S3's operations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from tests.compat.results import FOLDER

RESULTS: Final = FOLDER / "s3-operations.json"
PATH: Final = FOLDER.with_name("s3-operations.md")

_HEAD: Final = """\
# What each S3 endpoint does

Each operation of S3 is asked for once through boto3, with a proper request, and so is each feature; bucketry's drivers
are not between. Our port is over the memory driver; the other servers are asked directly, over plain HTTP. Written by
`make compat`; do not edit.

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


class Server(msgspec.Struct):
    """What one server did, in a word by operation and by feature."""

    server: str
    operations: dict[str, str]
    features: dict[str, str]


class Operations(msgspec.Struct):
    """What ``--operations-report`` writes."""

    date: str
    servers: list[Server]


def _row(name: str, cells: Iterable[str]) -> str:
    return f"| {name} | {' | '.join(cells)} |"


def _table(title: str, servers: list[Server], words: list[dict[str, str]]) -> Iterator[str]:
    # Operations are names; features are words.
    titles = {name: f"`{name}`" if name[0].isupper() and name.isalnum() else name for name in words[0]}
    yield from ("", _row(title, (each.server for each in servers)), _row("---", ("---" for _ in servers)))
    yield from (_row(shown, (each[name] for each in words)) for name, shown in titles.items())


def render(found: Operations) -> str:
    """Returns the page in Markdown."""
    lines = [_HEAD.rstrip(), "", f"Asked on {found.date}.", "", "## Operations"]
    lines += _table("operation", found.servers, [each.operations for each in found.servers])
    lines += ["", "## Features", *_table("feature", found.servers, [each.features for each in found.servers])]
    return "\n".join([*lines, "", _TAIL])


def page(path: Path = RESULTS) -> str:
    """Returns the page as the results in docs/compat make it."""
    return render(msgspec.json.decode(path.read_bytes(), type=Operations))
