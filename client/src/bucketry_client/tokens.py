"""The token that each request carries: a text, a file that is read again when it changes, or a function."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from bucketry import InvalidSettings, Secret
from bucketry.settings import secret_in

Token: TypeAlias = str | Secret | Callable[[], str]
"""A token, or a function that returns the one to send now. The function must not block an event loop for long."""

VARIABLE: Final = "BUCKETRY_HTTP_TOKEN"
"""The variable with the token. The one of this name and ``_FILE`` names a file."""

_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""RFC 6750, 2.1."""


class TokenSource:
    """Gives the header of each request. Its ``repr`` does not show the token."""

    __slots__ = ("_function", "_secret")

    def __init__(self, token: Token | None) -> None:
        """Takes the token.

        Raises:
            InvalidSettings: It is not a token.
        """
        self._function = token if callable(token) else None
        self._secret: Secret | None = None
        if isinstance(token, Secret):
            _checked(token.reveal())
            self._secret = token
        elif token is not None and not callable(token):
            self._secret = Secret(_checked(token))

    def header(self) -> str | None:
        """Returns the value of ``Authorization``; ``None``: there is no token.

        Raises:
            InvalidSettings: The function, or the file that changed, gives something else than a token.
        """
        secret = self._secret
        if self._function is not None:
            given = self._function()
            # As a live secret it is kept out of logs. Another thread may have been given another token meanwhile.
            if secret is None or secret.reveal() != given:
                self._secret = secret = Secret(_checked(given))
        return None if secret is None else f"Bearer {_checked(secret.reveal())}"


def _checked(text: object) -> str:
    if not isinstance(text, str) or not _TOKEN.fullmatch(text):
        raise InvalidSettings("the token is not one: it has letters, digits and . _ ~ + / - alone, and = at its end")
    return text


def token_from_environment(environ: Mapping[str, str] = os.environ) -> Secret | None:
    """Returns the token of ``BUCKETRY_HTTP_TOKEN``, or in the file that ``BUCKETRY_HTTP_TOKEN_FILE`` names.

    Returns:
        The token, which changes with its file; ``None``: neither is set.

    Raises:
        InvalidSettings: The file cannot be read.
    """
    if value := environ.get(VARIABLE):
        return Secret(value)
    path = environ.get(f"{VARIABLE}_FILE")
    return secret_in(path, f"{VARIABLE}_FILE") if path else None
