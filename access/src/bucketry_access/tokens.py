"""Tokens of the REST API: random, shown once, and kept as a hash.

A token is ``bkt_`` and an id, then ``_`` and a secret. The id is public: lists and logs name the token by it. The
secret has 256 random bits. So a fast hash of it is enough: slow hashes are for secrets that people choose.
"""

from __future__ import annotations

import hmac
import re
import secrets
import string
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, NamedTuple

import msgspec
from bucketry import InvalidSettings, Secret

PREFIX: Final = "bkt_"
"""How every token begins, so that scanners for leaked secrets find it."""

_ID_SIGNS: Final = string.ascii_lowercase + string.digits
_ID_LENGTH: Final = 12
_SECRET_BYTES: Final = 32

_TOKEN: Final = re.compile(r"bkt_([a-z0-9]{12})_([A-Za-z0-9_-]{43})", re.ASCII)
_ID: Final = re.compile(r"[a-z0-9]{12}", re.ASCII)
_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)

MAX_DESCRIPTION: Final = 256
"""Longest description of a token or a key pair, in characters."""


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A token as it is kept: without its secret.

    Attributes:
        id: Its public id: 12 lower-case letters and digits.
        sha256: SHA-256 of the secret, in hexadecimal.
        created_at: When it was made, in UTC; ``None``: nobody knows.
        expires_at: When it ends, in UTC; ``None``: never.
        description: What it is for.

    Raises:
        InvalidSettings: The id or the hash is malformed, the description is too long, or a time has no time zone.
    """

    id: str
    sha256: str
    created_at: datetime | None = None
    expires_at: datetime | None = None
    description: str = ""

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise InvalidSettings(f"the id of a token is 12 lower-case letters and digits, not {self.id[:64]!r}")
        if not _HASH.fullmatch(self.sha256):
            raise InvalidSettings(f"the sha256 of the token {self.id!r} is not 64 digits of hexadecimal")
        check_times(f"the token {self.id!r}", self.created_at, self.expires_at, self.description)

    def matches(self, secret: str) -> bool:
        """Says whether this is the token's secret. It takes the same time for every wrong secret."""
        return hmac.compare_digest(hash_of(secret), self.sha256)

    def is_expired(self, now: datetime) -> bool:
        """Says whether it has ended."""
        return self.expires_at is not None and now >= self.expires_at


class NewToken(NamedTuple):
    """A token that was just made.

    Attributes:
        text: The whole token, which is shown once.
        token: What is kept of it.
    """

    text: Secret
    token: Token


def create_token(*, expires_at: datetime | None = None, description: str = "") -> NewToken:
    """Makes a random token.

    Args:
        expires_at: When it ends, in UTC; ``None``: never.
        description: What it is for.

    Raises:
        InvalidSettings: The description is too long, or the time has no time zone.
    """
    token_id = "".join(secrets.choice(_ID_SIGNS) for _ in range(_ID_LENGTH))
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    token = Token(
        id=token_id,
        sha256=hash_of(secret),
        created_at=datetime.now(UTC).replace(microsecond=0),
        expires_at=expires_at,
        description=description,
    )
    return NewToken(Secret(f"{PREFIX}{token_id}_{secret}"), token)


def split_token(text: str) -> tuple[str, str] | None:
    """Returns the id and the secret of a token; ``None``: this is no token of this kind."""
    match = _TOKEN.fullmatch(text)
    return None if match is None else (match[1], match[2])


def name_of_token(text: str) -> str:
    """Returns what names a token of any kind and is no secret: its id, or a hash of a token without one."""
    split = split_token(text)
    return split[0] if split is not None else hash_of(text)[:16]


def hash_of(secret: str) -> str:
    """Returns the SHA-256 of a secret, in hexadecimal."""
    return sha256(secret.encode(errors="surrogatepass")).hexdigest()


def check_times(what: str, created_at: datetime | None, expires_at: datetime | None, description: str) -> None:
    """Refuses times without a time zone, and long descriptions.

    Raises:
        InvalidSettings: One of them is not valid.
    """
    for moment in (created_at, expires_at):
        if moment is not None and moment.tzinfo is None:
            raise InvalidSettings(f"a time of {what} has no time zone: write 2030-01-31T00:00:00Z")
    if len(description) > MAX_DESCRIPTION or not description.isprintable():
        raise InvalidSettings(f"the description of {what} is not at most {MAX_DESCRIPTION} printable characters")
