"""Compares what a server says of its requests with what its clients know: metrics, access log, audit stream."""

from __future__ import annotations

import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from tests.load.serving import USER, Served
from tests.load.tally import Tally
from tests.servers.secrecy import SIGNED

_PATIENCE: Final = 10.0
ACCESS_LOG: Final = "bucketry_http.access"
_MOST: Final = 5
_BUSY: Final = frozenset({429, 503})


def in_metrics(where: Served, tally: Tally) -> list[str]:
    """What is wrong in the metrics: each response must be counted once, by port and outcome."""
    found: Counter[tuple[str, str]] = Counter()
    until = time.monotonic() + _PATIENCE
    while found != tally.outcomes and time.monotonic() < until:  # A request ends after its response.
        time.sleep(0.1)
        found = _requests(where.metrics)
    return [] if found == tally.outcomes else [f"metrics: {dict(found)}, not {dict(tally.outcomes)}"]


def _requests(url: str) -> Counter[tuple[str, str]]:
    with urllib.request.urlopen(url, timeout=60) as response:  # noqa: S310 - our own URL
        text = response.read().decode()
    found: Counter[tuple[str, str]] = Counter()
    for family in text_string_to_metric_families(text):
        for one in family.samples:
            if one.name == "bucketry_requests_total":
                found[one.labels["port"], one.labels["outcome"]] += int(one.value)
            elif one.name == "bucketry_requests_in_flight" and one.value:
                found[one.labels["port"], "in flight"] += int(one.value)
    return found


def in_log(where: Served, tally: Tally) -> list[str]:
    """What is wrong in the log.

    Each request must have one line. Warnings must be about requests that the server asked to come back later, and no
    secret may be in it.
    """
    lines: Counter[tuple[str, int]] = Counter()
    busy: set[str] = set()
    warnings: list[dict[str, Any]] = []
    wrong: list[str] = []
    for entry in entries(where.log, where.secrets, wrong.append):
        if entry["logger"] == ACCESS_LOG:
            lines[entry["port"], entry["status"]] += 1
            if entry["status"] in _BUSY:
                busy.add(entry["request_id"])
        elif entry["level"] not in {"DEBUG", "INFO"}:
            warnings.append(entry)
    wrong += [f"log: {entry.get('message')}: {entry}" for entry in warnings if entry.get("request_id") not in busy]
    if lines != tally.statuses:
        wrong.append(f"access log: {dict(lines)}, not {dict(tally.statuses)}")
    return wrong[:_MOST]


def in_audit(where: Served, tally: Tally) -> list[str]:
    """What is wrong in the audit stream: each write, presigned URL and refusal must be there once, and nothing else."""
    found: dict[str, int] = {}
    wrong: list[str] = []
    for entry in entries(where.audit, where.secrets, wrong.append):
        name, status = entry["request_id"], entry["status"]
        if name in found:
            wrong.append(f"audit: twice: {entry}")
        found[name] = status
        if tally.audited.get(name) != status:
            wrong.append(f"audit: the response was {tally.audited.get(name)}: {entry}")
        if not _says_who(entry):
            wrong.append(f"audit: not by whom: {entry}")
    missing = tally.audited.keys() - found.keys()
    return [*wrong[:_MOST], *(f"audit: {name} is missing" for name in sorted(missing)[:_MOST])]


def _says_who(entry: dict[str, Any]) -> bool:
    return entry.get("principal") == USER and bool(entry.get("credential"))


def entries(path: Path, secrets: Iterable[str], complain: Callable[[str], None]) -> Iterator[dict[str, Any]]:
    """Yield the entries of a file, and complain about secrets and about lines that are not JSON."""
    with path.open() as file:
        for line in file:
            if any(secret in line for secret in secrets) or SIGNED.search(line):
                complain(f"{path.name}: a secret in {line[:500]}")
            try:
                yield msgspec.json.decode(line, type=dict[str, Any])
            except msgspec.DecodeError:
                complain(f"{path.name}: not JSON: {line[:500]}")
