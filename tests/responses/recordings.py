"""The recorded responses: one file for each setup, written by ``make record`` from real servers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

FOLDER: Final = Path(__file__).parent / "recorded"
_TOKENS: Final = re.compile(rb"(?i)(\r\nx-(?:auth|storage)-token: )([^\r\n]+)")


class Exchange(msgspec.Struct, frozen=True):
    """A request and the response to it.

    Attributes:
        asked: Method and target.
        response: All bytes of the response, each as the character of that number.
    """

    asked: str
    response: str

    @property
    def raw(self) -> bytes:
        return self.response.encode("latin-1")


class Recording(msgspec.Struct, frozen=True):
    """One call and all responses that it got.

    Attributes:
        scenario: Name of the scenario.
        error: Code of the error that came of it; empty if it succeeded.
        names: What was prepared: buckets, upload ids, etags.
        exchanges: The requests, in the order in which the responses to them were whole.
    """

    scenario: str
    error: str
    names: dict[str, str]
    exchanges: list[Exchange]


def read(setup: str) -> dict[str, Recording]:
    """Return a setup's recordings by scenario; none where nothing was recorded."""
    file = FOLDER / f"{setup}.json"
    if not file.exists():
        return {}
    return {found.scenario: found for found in msgspec.json.decode(file.read_bytes(), type=list[Recording])}


def write(setup: str, recordings: Iterable[Recording]) -> None:
    """Replace a setup's recordings."""
    FOLDER.mkdir(exist_ok=True)
    packed = msgspec.json.format(msgspec.json.encode(list(recordings)), indent=1)
    (FOLDER / f"{setup}.json").write_bytes(packed + b"\n")


def redacted(raw: bytes, secrets: Iterable[str]) -> bytes:
    """Return a response without keys and tokens, and as long as it was."""
    for secret in secrets:
        raw = raw.replace(secret.encode(), b"x" * len(secret))
    return _TOKENS.sub(lambda match: match[1] + b"x" * len(match[2]), raw)
