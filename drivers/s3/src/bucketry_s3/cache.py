"""What was found out about servers, kept for a day: in this process, and in the file that ``probe_cache`` names."""

from __future__ import annotations

import logging
import os
import tempfile
import time
from pathlib import Path
from typing import Final

import msgspec

from bucketry_s3.found import Found
from bucketry_s3.settings import S3StoreSettings

MAX_AGE: Final = 24 * 3600.0
"""Seconds after which a server is probed again."""

PROBES_VERSION: Final = 1
"""Goes up when probes find out more, or in another way."""

_MAX_FILE_BYTES: Final = 1024**2
_MOST_SERVERS: Final = 100

_log = logging.getLogger("bucketry.s3")


class _Entry(msgspec.Struct, frozen=True):
    found: Found
    probed_at: float
    """Seconds since 1970."""


class _File(msgspec.Struct, frozen=True):
    version: int = PROBES_VERSION
    servers: dict[str, _Entry] = {}


_known: Final[dict[str, _Entry]] = {}


class Cache:
    """What was found out about one server, for one user: another user may have other rights."""

    def __init__(self, settings: S3StoreSettings, server: str) -> None:
        """Takes the settings as they were given, and what the server says it is."""
        user = settings.access_key or f"profile {settings.profile}"
        place = settings.endpoint if settings.location else f"AWS {settings.region}"
        self._name = f"{place} {settings.addressing} {settings.probe_bucket} {user} {server}"
        self._path = None if settings.probe_cache is None else Path(settings.probe_cache)

    def get(self) -> Found | None:
        """Returns what was found out, if that is not too long ago."""
        for entry in (_known.get(self._name), self._read().servers.get(self._name)):
            if entry is not None and 0 <= time.time() - entry.probed_at < MAX_AGE:
                return entry.found
        return None

    def put(self, found: Found) -> None:
        """Keeps what was found out. A file that cannot be written costs the next process its time, and no more."""
        entry = _Entry(found, time.time())
        _known[self._name] = entry
        if self._path is None:
            return
        servers = dict(sorted({**self._read().servers, self._name: entry}.items(), key=lambda one: one[1].probed_at))
        kept = dict(list(servers.items())[-_MOST_SERVERS:])
        try:
            _write(self._path, msgspec.json.encode(_File(servers=kept)))
        except OSError as error:
            _log.warning("probe_cache cannot be written: %s", error.strerror or type(error).__name__)

    def _read(self) -> _File:
        if self._path is None:
            return _File()
        try:
            with self._path.open("rb") as file:
                content = file.read(_MAX_FILE_BYTES)
            read = msgspec.json.decode(content, type=_File)
        except FileNotFoundError:
            return _File()
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            _log.warning("probe_cache cannot be read: %s", type(error).__name__)
            return _File()
        return read if read.version == PROBES_VERSION else _File()


def _write(path: Path, content: bytes) -> None:
    """Replaces a file, so that another process reads the old one or the new one."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def forget() -> None:
    """Forgets what was found out in this process."""
    _known.clear()
