"""Where entries of the audit stream go: a file, standard output, or a webhook."""

from __future__ import annotations

import os
import sys
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from urllib3 import PoolManager, Timeout
from urllib3.exceptions import HTTPError

from bucketry_http.shared.tls_client import client_context
from bucketry_http.webhooks.settings import WebhookSettings
from bucketry_http.webhooks.signing import signed_headers

STDOUT: Final = "stdout"
_SCHEMES: Final = ("http://", "https://")
_MODE: Final = 0o600


class TargetDown(Exception):
    """The target takes no entries now. The message holds neither a secret nor the path of a URL."""


class Target(Protocol):
    """Takes entries, from one thread."""

    @property
    def name(self) -> str:
        """What messages call it."""

    def write(self, lines: Sequence[bytes]) -> None:
        """Takes lines of JSON, all of them.

        If it fails, the same object comes again, and then it goes on where it stopped.

        Raises:
            TargetDown: It does not take them now.
        """

    def close(self) -> None:
        """Frees what it holds."""


class FileTarget:
    """Appends to a file, or writes to standard output. A file that was moved away is made anew."""

    def __init__(self, path: Path | None) -> None:
        """Opens the file.

        Args:
            path: The file; ``None``: standard output.

        Raises:
            OSError: The file cannot be opened.
        """
        self.name = STDOUT if path is None else str(path)
        self._path = path
        self._file = sys.stdout.fileno() if path is None else _open(path)
        self._left = b""
        self._begun: Sequence[bytes] = ()

    def write(self, lines: Sequence[bytes]) -> None:
        """Writes the lines. What was written of them before an error is not written again."""
        if lines is not self._begun:
            self._begun, self._left = lines, b"".join(lines)
        try:
            if self._path is not None:
                self._follow(self._path)
            while self._left:
                self._left = self._left[os.write(self._file, self._left) :]
        except OSError as error:
            raise TargetDown(error.strerror or type(error).__name__) from None
        self._begun = ()

    def close(self) -> None:
        """Closes the file."""
        if self._path is not None:
            os.close(self._file)

    def _follow(self, path: Path) -> None:
        """Opens the file anew if another program moved it away, as those do that rotate logs."""
        here = os.fstat(self._file)
        try:
            there = path.stat()
        except FileNotFoundError:
            there = None
        if there is None or (there.st_dev, there.st_ino) != (here.st_dev, here.st_ino):
            opened = _open(path)
            os.close(self._file)
            self._file = opened


class WebhookTarget:
    """Sends entries to a URL, several in one POST: a line of JSON each, signed as all webhooks are."""

    def __init__(self, settings: WebhookSettings) -> None:
        """Sends nothing yet.

        Raises:
            InvalidSettings: The file of certificate authorities cannot be used.
        """
        self.name = settings.place
        self._settings = settings
        self._message: tuple[Sequence[bytes], str] = ((), "")
        self._pool = PoolManager(
            num_pools=1,
            maxsize=1,
            ssl_context=client_context(settings.ca_file, "a webhook"),
            timeout=Timeout(connect=settings.timeout_seconds, read=settings.timeout_seconds),
        )

    def write(self, lines: Sequence[bytes]) -> None:
        """Sends the lines. The receiver sees by the message's id if they come again."""
        if lines is not self._message[0]:
            self._message = (lines, f"msg_{uuid.uuid4().hex}")
        body = b"".join(lines)
        headers = {
            "content-type": "application/x-ndjson",
            "user-agent": "bucketry",
            **signed_headers(self._settings.secret, self._message[1], int(time.time()), body),
        }
        try:
            response = self._pool.request(
                "POST", self._settings.url, body=body, headers=headers, retries=False, redirect=False
            )
        except (HTTPError, OSError) as error:
            raise TargetDown(type(error).__name__) from None
        if not 200 <= response.status < 300:
            raise TargetDown(f"status {response.status}")
        self._message = ((), "")

    def close(self) -> None:
        """Closes the connections."""
        self._pool.clear()


def _open(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), _MODE)


def is_url(text: str) -> bool:
    """Says whether a target is a webhook."""
    return text.startswith(_SCHEMES)


def target_of(text: str, webhook: WebhookSettings | None = None) -> Target:
    """Returns the target that a text names: ``stdout``, or a file.

    Args:
        text: The text.
        webhook: The settings of the webhook, if the text is a URL (`is_url`).

    Raises:
        OSError: The file cannot be opened.
        InvalidSettings: The webhook cannot be used.
    """
    if webhook is not None:
        return WebhookTarget(webhook)
    return FileTarget(None if text == STDOUT else Path(text))
