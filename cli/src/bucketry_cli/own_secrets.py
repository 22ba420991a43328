"""Secrets that a server draws at its start."""

from __future__ import annotations

import secrets

from bucketry import Secret


class OwnSecrets:
    """Secrets that nobody has configured: drawn at a server's start, and the same in all of its processes.

    They end with the server. A `Secret` cannot be pickled, and workers get these through the pipe that starts them.
    """

    __slots__ = ("_signer", "_urls")

    def __init__(self) -> None:
        """Draws them."""
        self._signer = secrets.token_urlsafe(32)
        self._urls = secrets.token_urlsafe(32)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    @property
    def signer(self) -> Secret:
        """The secret key of `bucketry_cli.credentials.url_signer`."""
        return Secret(self._signer)

    @property
    def urls(self) -> Secret:
        """What presigned URLs of users without a key pair are made with, if the environment has nothing for it."""
        return Secret(self._urls)
