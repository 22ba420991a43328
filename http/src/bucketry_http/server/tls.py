"""TLS: the server's certificate and key, which it reads again when their files change."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path
from time import monotonic
from typing import Final, NoReturn

from bucketry import InvalidSettings

from bucketry_http.server.settings import TlsFiles

_CHECK_SECONDS: Final = 1.0
"""How often a new connection has the server look whether the files have changed, at most."""

_MAX_BYTES: Final = 1024 * 1024
"""Largest file, in bytes. A chain of certificates has a few KiB."""

_State = tuple[tuple[int, int, int], ...]

logger = logging.getLogger("bucketry_http")


def load(files: TlsFiles) -> ssl.SSLContext:
    """Returns a context for TLS 1.2 and later with a certificate.

    Raises:
        InvalidSettings: A file cannot be read, is not PEM, has a password, or the key belongs to another certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    _check("certificate", files.certificate, "CERTIFICATE-----")
    _check("key", files.key, "PRIVATE KEY-----")
    try:
        context.load_cert_chain(files.certificate, files.key, password=_refuse_password)
    except ssl.SSLError as error:
        raise InvalidSettings(_problem(files, error)) from None
    return context


def _check(what: str, path: str, begins: str) -> None:
    try:
        with Path(path).open("rb") as file:
            content = file.read(_MAX_BYTES)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InvalidSettings(f"the file {path!r} of the TLS {what} cannot be read: {reason}") from None
    if begins.encode() not in content:
        raise InvalidSettings(f"the file {path!r} of the TLS {what} has none in PEM (-----BEGIN …{begins})")


def _problem(files: TlsFiles, error: ssl.SSLError) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return f"the TLS key in {files.key!r} does not belong to the certificate in {files.certificate!r}"
    reason = (error.reason or "it is malformed").replace("_", " ").lower()
    return f"the TLS certificate in {files.certificate!r} and the key in {files.key!r} cannot be used: {reason}"


def _state_of(files: TlsFiles) -> _State:
    """Returns what differs between two contents of the files; empty if one is missing."""
    try:
        found = [Path(path).stat() for path in (files.certificate, files.key)]
    except OSError:
        return ()
    return tuple((file.st_mtime_ns, file.st_size, file.st_ino) for file in found)


def _refuse_password() -> NoReturn:
    # Without it, OpenSSL would ask for one on the terminal.
    raise InvalidSettings("the TLS key has a password: write it without one, into a file that only the server can read")


class Certificate:
    """The certificate that new connections get: that of the files as they are now.

    If the files cannot be used after a change, the certificate stays as it was, and the log says why.
    """

    def __init__(self, files: TlsFiles) -> None:
        """Reads the files.

        Raises:
            InvalidSettings: They cannot be used.
        """
        self._files = files
        self._state = _state_of(files)
        self._current = load(files)
        self._checked = monotonic()
        self._failed_with = ""
        self.context = load(files)
        """The context to listen with."""
        self.context.sni_callback = self._choose

    def _choose(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        """Gives a new connection the certificate; OpenSSL calls this in each handshake, with a name or without."""
        now = monotonic()
        if now - self._checked >= _CHECK_SECONDS:
            self._checked = now
            self.read_again()
        connection.context = self._current

    def read_again(self, *, even_if_unchanged: bool = False) -> None:
        """Reads the files if they have changed."""
        state = _state_of(self._files)
        if state == self._state and not even_if_unchanged:
            return
        try:
            self._current = load(self._files)
        except InvalidSettings as error:
            # Somebody may be replacing the two files, one after the other: said once, tried again each time.
            if error.detail != self._failed_with:
                logger.warning("the TLS certificate stays as it was: %s", error.detail)
            self._failed_with = error.detail
            return
        self._state, self._failed_with = state, ""
        logger.info("the TLS certificate was read again")
