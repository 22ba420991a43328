"""Tokens of an OpenID Connect issuer: whether they are valid, and whose they are.

Sources: OpenID Connect Core 1.0, 3.1.3.7; RFC 7519; RFC 8725.
"""

from __future__ import annotations

import binascii
import logging
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import anyio
import anyio.to_thread
import jwt
import msgspec
from bucketry import InvalidSettings
from bucketry.decoding import from_json
from bucketry_access import Identity, User

from bucketry_http.oidc.keys import IssuerKeys
from bucketry_http.oidc.settings import OidcSettings

logger = logging.getLogger("bucketry_http")

MAX_TOKEN: Final = 16 * 1024
"""Longest token that is looked at, in characters. Tokens with hundreds of groups have some 8 KiB."""

_MAX_GROUPS: Final = 1000
_MAX_ID: Final = 64
_MOST_WAITING: Final = 40
"""How many requests wait for an issuer in threads at most. Others wait for one of these threads."""

_PARTS: Final = 3
_KEY_TYPES: Final = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
"""The type of key (RFC 7517, 4.1) that an algorithm needs, by how its name begins."""


class OidcIssuer:
    """Knows the tokens of one issuer. It is a `bucketry_access.TokenSource`.

    A token is accepted if the issuer has signed it with one of its keys, for this audience, and it has not expired.
    """

    def __init__(
        self,
        settings: OidcSettings,
        *,
        user: Callable[[str], User | None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Asks the issuer for nothing yet.

        Args:
            settings: The issuer.
            user: Returns a user of the directory by id; ``None``: there is none (`OidcSettings.same_users`).
            clock: Counts seconds.

        Raises:
            InvalidSettings: The file of certificate authorities cannot be used.
        """
        self.settings = settings
        self._user = user
        self._keys = IssuerKeys(settings, clock)
        # Of its own: an issuer that hangs must take no thread from others.
        self._waiting = anyio.CapacityLimiter(_MOST_WAITING)

    @property
    def name(self) -> str:
        """What tells it from other issuers: its URL."""
        return self.settings.issuer

    def takes(self, token: str) -> bool:
        """Says whether a text claims to be a token of this issuer. Nothing is checked yet."""
        return _claims_unchecked(token).get("iss") == self.settings.issuer

    async def identify(self, token: str) -> Identity | None:
        """Returns who a token belongs to; ``None``: it is not valid. The log says why, at debug level.

        Raises:
            Unavailable: The issuer does not give its keys.
        """
        try:
            claims = await self._checked(token)
            return self._identity(claims)
        except (jwt.PyJWTError, _RefusedError, InvalidSettings) as error:
            # No text of the library: it may repeat what the token says.
            reason = str(error) if isinstance(error, _RefusedError) else type(error).__name__
            logger.debug("a token of %s is refused: %s", self.settings.issuer, reason)
            return None

    def again(self, user: User) -> User | None:
        """Returns a user whom a token named before, with what the directory gives it now; ``None``: no longer one."""
        try:
            return self._same(user)
        except _RefusedError:
            return None

    async def _checked(self, token: str) -> Mapping[str, Any]:
        if len(token) > MAX_TOKEN:
            raise _RefusedError("it is too long")
        header = jwt.get_unverified_header(token)
        algorithm, key_id = header.get("alg"), header.get("kid")
        if algorithm not in self.settings.algorithms:
            raise _RefusedError("its algorithm is not allowed")
        if "crit" in header:
            raise _RefusedError("it has extensions that must be understood (RFC 7515, 4.1.11)")
        key = self._keys.known(key_id)
        if key is None:
            key = await anyio.to_thread.run_sync(self._keys.fetched, key_id, limiter=self._waiting)
        if key is None:
            raise _RefusedError("the issuer has no such key")
        if key.key_type != _KEY_TYPES[algorithm[:2]]:
            raise _RefusedError("its key is not for its algorithm")
        claims: Mapping[str, Any] = jwt.decode(
            token,
            key.key,
            algorithms=[algorithm],
            audience=self.settings.audience,
            issuer=self.settings.issuer,
            leeway=self.settings.leeway_seconds,
            options={"require": ["exp", "iat", "iss", "aud"]},
        )
        return claims

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        name = _claim(claims, self.settings.user_claim)
        if not isinstance(name, str) or not name:
            raise _RefusedError(f"its claim {self.settings.user_claim} does not name a user")
        user = User(
            id=self.settings.user_prefix + name,
            display_name=_display_name(claims),
            groups=_groups(_claim(claims, self.settings.groups_claim)),
        )
        try:
            expires_at = datetime.fromtimestamp(int(claims["exp"]) + self.settings.leeway_seconds, UTC)
        except (OverflowError, ValueError, OSError):
            raise _RefusedError("it never expires") from None
        return Identity(user=self._same(user), credential=f"oidc-{user.id[:_MAX_ID]}", expires_at=expires_at)

    def _same(self, user: User) -> User:
        """Returns the user with the rights that the directory gives it, if it may be the same."""
        known = self._user(user.id)
        if known is None:
            return user
        if not self.settings.same_users:
            raise _RefusedError("its user has the id of another one here; set user_prefix or same_users")
        if known.is_root:
            return known  # It has every right already.
        groups = tuple(dict.fromkeys((*known.groups, *user.groups)))
        return msgspec.structs.replace(known, groups=groups)


class _RefusedError(Exception):
    """A token is not accepted. The text holds nothing that the token says."""


def _claims_unchecked(token: str) -> Mapping[str, Any]:
    """Returns what a token says, before anybody knows whether that is true; nothing if this is no token."""
    parts = token.split(".") if len(token) <= MAX_TOKEN and token.isascii() else []
    if len(parts) != _PARTS:
        return {}
    try:
        content = urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        return from_json(content, dict[str, Any])
    except (binascii.Error, ValueError, msgspec.MsgspecError, RecursionError):
        return {}


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """Returns a claim. Its name may hold dots, or lead into claims that are objects."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _groups(claimed: Any) -> tuple[str, ...]:
    """Returns the names of groups in a claim.

    Raises:
        _RefusedError: The claim is something else. A user who lost groups by a mistake would be told to have no rights.
    """
    listed = [] if claimed is None else [claimed] if isinstance(claimed, str) else claimed
    if not isinstance(listed, list) or len(listed) > _MAX_GROUPS or not all(isinstance(name, str) for name in listed):
        raise _RefusedError(f"its groups are not a list of at most {_MAX_GROUPS} texts")
    return tuple(dict.fromkeys(listed))


def _display_name(claims: Mapping[str, Any]) -> str:
    name = claims.get("name")
    return name if isinstance(name, str) and len(name) <= _MAX_ID * 4 and name.isprintable() else ""
