"""Writes docs/limits.md from the code: ``limits_page.py > docs/limits.md``."""

from __future__ import annotations

import sys
from typing import Final

from bucketry_http.shared.limits import BURST_SECONDS

from tools.bounds import BOUNDS, HELP, Bound, Refusal

HEAD: Final = f"""\
# Limits

Written by `make settings` from the code; do not edit. A test exceeds each of these bounds.

## Quotas

`[[quotas]]` in the settings file says how much buckets may hold, and all buckets of an owner together:

```toml
[[quotas]]
buckets = "team-a-*"            # each bucket that matches
max_size_bytes = 107374182400   # 100 GiB
max_objects = 1000000

[[quotas]]
owners = "alice"                # all buckets of this user together
max_size_bytes = 1099511627776

[[quotas]]
buckets = "scratch"             # an exception: no limits
```

The first table that matches a bucket counts for it, and the first that matches its owner. Both apply. Bytes are
those of all versions and of the parts of uploads in progress; objects are versions, delete markers and uploads in
progress. An overwrite is judged by what it changes. Deletes are never refused. A body whose length is declared is
refused before it is sent.

The figures are exact among all threads and all processes (`--workers`) of one server. They start from the backend's
usage. **Replicas count each for itself**: what another one writes counts from the next count on. So does what
passes the server by: clients at the backend's own endpoint, its presigned URLs, and lifecycle that the backend
carries out. Buckets are counted before their first write, every `--quota-recount-seconds`, before a write is
refused by figures that are older than a minute, and after a response that was lost. [Decision
17](adr/0017-quotas.md) says how, and what it costs.

## Rates

Rates and requests in progress are limited per principal (a user; on the S3 port also an access key that belongs to
no user) and per address (the first 64 bits of one of IPv6; behind a proxy that `--trusted-proxies` names, the
client's). {BURST_SECONDS:g} seconds' worth may come at once. Requests beyond that get `Retry-After`. A body beyond
its rate is slowed down; once it has ended, requests are refused until its sender has waited as long as it was
ahead. Health counts against no limit.

All processes of a server count rates and requests in progress together. Replicas count each for itself.

## All bounds

| bound | default | what it is | REST | S3 |
|---|---|---|---|---|
"""

TAIL: Final = """
Bounds without an option are fixed, for the reason beside them. What a key, a tag, a policy or a setting of a bucket may
have at most is S3's own limit, and stands with the API. XML documents of tags, grants and settings also have limits of
their own on elements, however large `--max-xml-elements` is. What else parsers limit (the lines of a body in chunks,
the parts of a signature, tags and comments in XML) is far beyond what any client sends, and has no setting either.
JSON is decoded in one go, and nothing else is served meanwhile (about 20 ms for a MiB): mind that with
`--max-json-bytes`.
Drivers have limits of their own, such as the size of the store in memory (`max_bytes`).
"""


def page() -> str:
    """Returns the whole page."""
    return HEAD + "".join(map(_row, BOUNDS)) + TAIL


def _row(bound: Bound) -> str:
    default, about = HELP.get(bound.name, (bound.default, bound.about))
    name = f"`{bound.name}`" if bound.name.startswith(("-", "[")) else bound.name
    return f"| {name} | {default} | {about} | {_told(bound.rest)} | {_told(bound.s3)} |\n"


def _told(refusal: Refusal | None) -> str:
    return "" if refusal is None else f"{refusal.status} `{refusal.code}`"


if __name__ == "__main__":
    sys.stdout.write(page())
