"""Who sends a request to the REST API: the token in its ``Authorization`` header (RFC 6750)."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from bucketry import Unavailable
from bucketry_access import ANONYMOUS, Directory, Identity, Principal, hash_of, name_of_token

from bucketry_http.rest.framework import PREFIX
from bucketry_http.shared.errors import CredentialsUnchecked, TooManyRequests, Unauthenticated, log_failure
from bucketry_http.shared.failed_attempts import FailedAttempts
from bucketry_http.shared.origin import client_address
from bucketry_http.shared.record import RECORD
from bucketry_http.shared.response_body import RawHeaders

MAX_TOKEN_BYTES: Final = 8192
"""Longest token, in bytes. Those of OIDC issuers have one to four thousand."""

SENDER: Final = "bucketry_sender"
"""Where in a request's state its sender is."""

_SCHEME: Final = b"bearer "
_OPENED: Final = f"{PREFIX}/buckets/"
"""Where the paths begin that the policy of a bucket can open to everybody."""

HEALTH: Final = "/health/"
"""Where the paths begin that tell how the server is. They need no token, and count against no limit."""


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

    async def authenticate(self, scope: Any) -> Sender:
        """Returns who sends a request, and notes it in the request's record.

        Whoever sends no token gets no further than the buckets, which a policy can open.

        Raises:
            Unauthenticated: The token is not valid, or the request needs one and has none.
            TooManyRequests: The address has tried too many wrong tokens.
            CredentialsUnchecked: The issuer of the token does not answer.
        """
        path: str = scope["path"]
        if path.startswith(HEALTH):
            return NOBODY
        token = _token(scope["headers"])
        if token is None:
            if not path.startswith(_OPENED) or scope["method"] == "OPTIONS":
                raise Unauthenticated
            return NOBODY
        address, proof = client_address(scope), hash_of(token)
        identity = self._directory.recall(proof)
        if identity is None or not self._attempts.has_worked(address, proof):
            identity = await self._identify(address, token, proof)
        if RECORD in scope:
            scope[RECORD].principal, scope[RECORD].credential = identity.user.id, identity.credential
        return Sender(self._directory.principal(identity.user), identity)

    async def _identify(self, address: str, token: str, proof: str) -> Identity:
        credential = name_of_token(token)
        if not self._attempts.has_worked(address, proof):
            self._check(address, credential)
        try:
            identity = await self._directory.identify(token)
        except Unavailable as error:
            log_failure("a token cannot be checked", error)
            raise CredentialsUnchecked("its issuer does not answer") from error
        if identity is None:
            self._check(address, credential)  # One that worked once may have ended since.
            self._attempts.failed(address, credential)
            raise Unauthenticated("the token is unknown, wrong or has ended", "invalid_token")
        self._attempts.worked(address, proof)
        return identity

    def _check(self, address: str, credential: str) -> None:
        if wait := self._attempts.seconds_left(address, credential):
            raise TooManyRequests("too many wrong tokens came from this address: wait and check the token", wait)


def _token(headers: RawHeaders) -> str | None:
    """Returns the token of a request; ``None``: it carries none.

    Raises:
        Unauthenticated: It carries another kind of credential, or several.
    """
    found = [value for name, value in headers if name == b"authorization"]
    if not found:
        return None
    value = found[0]
    if len(found) > 1 or value[: len(_SCHEME)].lower() != _SCHEME:
        raise Unauthenticated("send one header Authorization: Bearer TOKEN", "invalid_request")
    token = value[len(_SCHEME) :].strip(b" ")
    if not token or len(token) > MAX_TOKEN_BYTES or not token.isascii() or b" " in token:
        raise Unauthenticated("the token is malformed", "invalid_token")
    return token.decode()
