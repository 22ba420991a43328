"""Who sends a request to the REST API: the token in its ``Authorization`` header (RFC 6750)."""

from __future__ import annotations

import logging
from hashlib import sha256
from typing import Any, Final, NamedTuple

from bucketry import Unavailable
from bucketry.rest_api import PREFIX
from bucketry_access import ANONYMOUS, Directory, Identity, Principal, name_of_token

from bucketry_http.shared.errors import CredentialsUnchecked, TooManyRequests, Unauthenticated
from bucketry_http.shared.failed_attempts import FailedAttempts
from bucketry_http.shared.health_paths import asks_for_health
from bucketry_http.shared.origin import client_address
from bucketry_http.shared.record import RECORD, RequestRecord
from bucketry_http.shared.response_body import RawHeaders

logger = logging.getLogger("bucketry_http")

MAX_TOKEN_BYTES: Final = 8192
"""Longest token, in bytes. It has no setting: those of OIDC issuers have one to four thousand."""

SENDER: Final = "bucketry_sender"
"""Where in a request's state its sender is."""

_MOST_KNOWN: Final = 4096
"""Most senders that are remembered."""

_SCHEME: Final = b"bearer "
_OPENED: Final = f"{PREFIX}/buckets/"
"""Where the paths begin that the policy of a bucket can open to everybody."""


class Sender(NamedTuple):
    """Who sends a request.

    Attributes:
        principal: The sender, with its rights.
        identity: The user and the token; ``None``: the request carries none.
    """

    principal: Principal
    identity: Identity | None = None


NOBODY: Final = Sender(ANONYMOUS)


class TokenAuthenticator:
    """Finds out who sends a request, and limits failed attempts."""

    def __init__(self, directory: Directory, attempts: FailedAttempts | None = None) -> None:
        """Takes what is needed for all requests.

        Args:
            directory: Whose tokens are accepted.
            attempts: Counts failed attempts.
        """
        self._directory = directory
        self._attempts = attempts or FailedAttempts()
        self._known: dict[tuple[str, bytes], Sender] = {}
        """Senders by address and hash of the header."""

    async def authenticate(self, scope: Any) -> Sender:
        """Returns who sends a request, and notes it in the request's record.

        Whoever sends no token gets no further than the buckets, which a policy can open.

        Raises:
            Unauthenticated: The token is not valid, or the request needs one and has none.
            TooManyRequests: The address has tried too many wrong tokens.
            CredentialsUnchecked: The issuer of the token does not answer.
        """
        if asks_for_health(scope):
            return NOBODY
        path: str = scope["path"]
        value = _authorization(scope["headers"])
        if value is None:
            if not path.startswith(_OPENED) or scope["method"] == "OPTIONS":
                raise Unauthenticated
            return NOBODY
        place = client_address(scope), sha256(value).digest()
        sender = self._known.get(place)
        if sender is None or sender.identity is None or not self._directory.holds(sender.identity):
            sender = await self._identified(scope, place, _token(value))
        else:
            # So that it is remembered the longer, if it has to be looked up again.
            self._attempts.has_worked(place[0], place[1].hex())
        if RECORD in scope and (identity := sender.identity) is not None:
            record: RequestRecord = scope[RECORD]
            record.principal, record.credential = identity.user.id, identity.credential
        return sender

    async def _identified(self, scope: Any, place: tuple[str, bytes], token: str) -> Sender:
        try:
            return await self._identify(place, token)
        except CredentialsUnchecked:
            if RECORD in scope:
                scope[RECORD].refused = True  # Its status, 503, does not say so.
            raise

    async def _identify(self, place: tuple[str, bytes], token: str) -> Sender:
        address, proof, credential = place[0], place[1].hex(), name_of_token(token)
        if not self._attempts.has_worked(address, proof):
            self._check(address, credential)
        try:
            identity = await self._directory.identify(token)
        except Unavailable as error:
            # The source has said why, once. Anybody can send such tokens, and must not fill the log.
            logger.debug("a token cannot be checked: %s", error.detail)
            raise CredentialsUnchecked("its issuer does not answer") from error
        if identity is None:
            self._check(address, credential)  # One that worked once may have ended since.
            self._attempts.failed(address, credential)
            raise Unauthenticated("the token is unknown, wrong or has ended", "invalid_token")
        self._attempts.worked(address, proof)
        sender = Sender(self._directory.principal(identity.user), identity)
        if identity.generation is not None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[place] = sender
        return sender

    def _check(self, address: str, credential: str) -> None:
        if wait := self._attempts.seconds_left(address, credential):
            raise TooManyRequests("too many wrong tokens came from this address: wait and check the token", wait)


def _authorization(headers: RawHeaders) -> bytes | None:
    """Returns the header that says who sends a request; ``None``: there is none.

    Raises:
        Unauthenticated: There are several.
    """
    found = None
    for name, value in headers:
        if name == b"authorization":
            if found is not None:
                raise _malformed()
            found = value
    return found


def _token(value: bytes) -> str:
    """Returns the token in the header.

    Raises:
        Unauthenticated: It holds another kind of credential.
    """
    if value[: len(_SCHEME)].lower() != _SCHEME:
        raise _malformed()
    token = value[len(_SCHEME) :].strip(b" ")
    if not token or len(token) > MAX_TOKEN_BYTES or not token.isascii() or b" " in token:
        raise Unauthenticated("the token is malformed", "invalid_token")
    return token.decode()


def _malformed() -> Unauthenticated:
    return Unauthenticated("send one header Authorization: Bearer TOKEN", "invalid_request")
