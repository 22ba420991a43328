"""What was found out about servers, kept for a day: in this process, and in a file that ``probe_cache`` names.

What the file says is trusted only where nobody but its user can have written it, and where it says what this release
of the driver knows. Otherwise it counts as missing, and is made anew.
"""

from __future__ import annotations

import json
import logging
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec
from bucketry.decoding import from_json
from bucketry_s3client import NameLocks

from bucketry_s3.found import Found
from bucketry_s3.settings import AUTO, S3StoreSettings

MAX_AGE: Final = 24 * 3600.0
"""Seconds after which a server is probed again."""

MAX_UNSURE_AGE: Final = 600.0
"""Seconds after which it is probed again if a probe ended because the server failed in itself."""

PROBES_VERSION: Final = 8
"""Goes up when probes find out more, or in another way."""

_MAX_FILE_BYTES: Final = 1024**2
_MOST_SERVERS: Final = 100
_OTHERS_MAY_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH

_log = logging.getLogger("bucketry.s3")


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    found: Found
    until: float
    """When the server is probed again, in seconds since 1970."""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int = PROBES_VERSION
    servers: dict[str, _Entry] = {}


class _Version(msgspec.Struct, frozen=True):
    version: int = 0


_known: Final[dict[str, _Entry]] = {}
_turns: Final = NameLocks()


class Cache:
    """What was found out about one server, for one user: another user may have other rights.

    Attributes:
        name: Names server and user, and in which way the server is reached.
    """

    def __init__(self, settings: S3StoreSettings, user: str, server: str) -> None:
        """Takes what the result depends on.

        Args:
            settings: The settings, with a place and a region.
            user: Who signs; see `bucketry_s3.credentials.Signers.user`.
            server: What the server says it is.
        """
        place = [settings.endpoint, settings.region, settings.addressing, settings.probe_bucket]
        self.name: Final = json.dumps([*place, user, server])
        self._path = _path_of(settings.probe_cache)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Lets one thread at a time find out about this server; others wait, and have its result then."""
        with _turns.hold(self.name):
            yield

    def get(self) -> Found | None:
        """Returns what was found out, if that is not too long ago."""
        for entry in (_known.get(self.name), self._read().servers.get(self.name)):
            if entry is not None and 0 < entry.until - time.time() <= MAX_AGE:
                return entry.found
        return None

    def put(self, found: Found, seconds: float = MAX_AGE) -> None:
        """Keeps what was found out. A file that cannot be written costs the next process its time, and no more."""
        entry = _Entry(found, time.time() + seconds)
        _known[self.name] = entry
        if self._path is None:
            return
        servers = dict(sorted({**self._read().servers, self.name: entry}.items(), key=lambda one: one[1].until))
        kept = dict(list(servers.items())[-_MOST_SERVERS:])
        try:
            _write(self._path, msgspec.json.encode(_File(servers=kept)))
        except OSError as error:
            _log.warning("probe_cache cannot be written: %s", error.strerror or type(error).__name__)

    def _read(self) -> _File:
        if self._path is None:
            return _File()
        try:
            return _decoded(_content(self._path))
        except FileNotFoundError:
            return _File()
        except (OSError, ValueError, RecursionError) as error:  # Errors of msgspec are ValueErrors.
            reason = error.strerror if isinstance(error, OSError) else None
            _log.warning("probe_cache is not used, but made anew: %s", reason or type(error).__name__)
            return _File()


def _path_of(setting: str) -> Path | None:
    """Returns the file; ``None`` if there is none: the user wants none, or has no folder for it."""
    if setting != AUTO:
        return Path(setting) if setting else None
    with suppress(OSError, RuntimeError):  # There is no home folder, or it cannot be written.
        given = os.environ.get("XDG_CACHE_HOME", "")
        # A path that is not absolute counts as not set (XDG Base Directory Specification).
        base = Path(given) if given.startswith("/") else Path.home() / ".cache"
        folder = base / "bucketry"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder / "s3-probes.json"
    return None


def _content(path: Path) -> bytes:
    """Reads the file.

    Raises:
        OSError: It is missing, or another user can have written it.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise OSError(0, "it is not a file")
        # Windows has neither the owner's number nor these modes.
        if hasattr(os, "geteuid") and (about.st_uid != os.geteuid() or about.st_mode & _OTHERS_MAY_WRITE):
            raise OSError(0, "another user may have written it")
        return file.read(_MAX_FILE_BYTES)


def _decoded(content: bytes) -> _File:
    """Reads what the file says.

    Raises:
        ValueError: This driver does not write so.
    """
    if from_json(content, _Version).version != PROBES_VERSION:
        return _File()
    return from_json(content, _File)


def _write(path: Path, content: bytes) -> None:
    """Replaces a file, so that another process reads the old one or the new one. Its user alone may read it."""
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
