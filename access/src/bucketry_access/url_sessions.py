"""Sessions for presigned URLs: what signs a URL for somebody who holds a token and no key pair.

A session is made for each URL. Its session token says whose it is and which token it was asked with; its access key is
a hash of that, and its secret key is made of the access key and a secret of the server. So nobody but the server can
make one, and no server has to remember one. Whoever uses the URL has the rights that its user has then.
"""

from __future__ import annotations

import binascii
import hmac
from base64 import b32encode, urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, NamedTuple

import msgspec
from bucketry import InvalidSettings, Secret
from bucketry.decoding import from_json
from bucketry.sigv4 import Credentials

from bucketry_access.directory import Directory, Identity
from bucketry_access.session_keys import SESSION_KEY
from bucketry_access.users import User

MAX_SESSION_TOKEN: Final = 4096
"""Longest session token, in characters: URLs of more than some 8,000 do not pass every proxy."""

_PROOF: Final = 16


class NoSession(Exception):
    """No session can be made for a token. The text says why, and holds nothing that the token says."""


class SessionHolder(NamedTuple):
    """Whose session it is.

    Attributes:
        user: The user, as it is now.
        credential: What names the token, which the session was made with, in logs.
    """

    user: User
    credential: str


class _Content(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a session token says.

    Attributes:
        user_id: The user.
        credential: What names the token.
        proof: Ties the session to the token's secret, where the directory knows it.
        source: The source of the token; empty: the directory.
        groups: The groups that the source named.
        expires: When the token ends, in seconds since 1970; 0: never, or the directory says.
    """

    user_id: str
    credential: str
    proof: str = ""
    source: str = ""
    groups: tuple[str, ...] = ()
    expires: int = 0


class UrlSessions:
    """Makes sessions for the users of a directory, and finds out whose they are."""

    def __init__(self, directory: Directory) -> None:
        """Takes the users. The secret is the directory's."""
        self._directory = directory

    def begin(self, identity: Identity) -> Credentials:
        """Returns what signs one URL for somebody.

        Args:
            identity: Whose token asks for it.

        Raises:
            NoSession: The token names too many groups, or never ends though the directory does not know it.
        """
        content = msgspec.json.encode(self._content(identity))
        token = urlsafe_b64encode(content).decode().rstrip("=")
        if len(token) > MAX_SESSION_TOKEN:
            raise NoSession("the token names too many groups for a URL")
        access_key = _access_key(token)
        return Credentials(access_key, self._secret_of(access_key), Secret(token))

    def secret_key(self, access_key: str) -> Secret | None:
        """Returns the secret key of a session by its access key; ``None``: that is not the access key of a session."""
        return self._secret_of(access_key) if access_key.startswith(SESSION_KEY) else None

    def holder(self, access_key: str, token: str) -> SessionHolder | None:
        """Returns whose a session is. Its signature has been verified before.

        Args:
            access_key: Its access key.
            token: Its session token.

        Returns:
            The user as it is now; ``None``: there is no such user any more, the token that the URL was asked with has
            ended or was revoked, or this is no session.
        """
        if len(token) > MAX_SESSION_TOKEN or not hmac.compare_digest(_access_key(token).encode(), access_key.encode()):
            return None
        try:
            content = from_json(urlsafe_b64decode(token + "=" * (-len(token) % 4)), _Content)
        except (binascii.Error, ValueError, msgspec.MsgspecError):
            return None  # The access key belongs to it, so a server with another secret or version made it.
        user = self._of_source(content) if content.source else self._of_directory(content)
        return None if user is None else SessionHolder(user, content.credential)

    def _content(self, identity: Identity) -> _Content:
        user, credential = identity.user, identity.credential
        if not identity.source:
            return _Content(user.id, credential, self._proof(user.id, credential))
        if identity.expires_at is None:
            raise NoSession("the token never ends, so nobody could say later whether it is still valid")
        groups = tuple(self._directory.known_groups(user.groups))
        return _Content(user.id, credential, "", identity.source, groups, int(identity.expires_at.timestamp()))

    def _of_directory(self, content: _Content) -> User | None:
        found = self._directory.credential(content.credential)
        if found is None or found[0].id != content.user_id:
            return None
        proof = self._proof(content.user_id, content.credential)
        return found[0] if proof and hmac.compare_digest(proof.encode(), content.proof.encode()) else None

    def _of_source(self, content: _Content) -> User | None:
        if datetime.now(UTC).timestamp() >= content.expires:
            return None
        source = next((each for each in self._directory.sources if each.name == content.source), None)
        if source is None:
            return None
        try:
            return source.again(User(id=content.user_id, groups=content.groups))
        except InvalidSettings:
            return None

    def _proof(self, user_id: str, credential: str) -> str:
        found = self._directory.credential(credential)
        return "" if found is None else self._hmac(f"proof\n{user_id}\n{credential}\n{found[1]}")[:_PROOF]

    def _secret_of(self, access_key: str) -> Secret:
        return Secret(self._hmac(f"key\n{access_key}"))

    def _hmac(self, text: str) -> str:
        return hmac.digest(self._directory.url_secret.reveal().encode(), text.encode(), "sha256").hex()


def _access_key(token: str) -> str:
    return SESSION_KEY + b32encode(sha256(token.encode()).digest()).decode().rstrip("=").lower()
