"""The keys of an issuer: found through its discovery document, kept for a while, and fetched anew when needed.

Source: OpenID Connect Discovery 1.0, 4; RFC 7517.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import jwt
import msgspec
from bucketry import InvalidSettings, Unavailable
from bucketry.decoding import from_json
from urllib3 import BaseHTTPResponse, PoolManager, Timeout
from urllib3.exceptions import HTTPError

from bucketry_http.oidc.settings import OidcSettings, check_issuer_url
from bucketry_http.shared.tls_client import client_context

logger = logging.getLogger("bucketry_http")

FRESH_SECONDS: Final = 3600.0
"""How long keys are used before they are fetched anew."""

STALE_SECONDS: Final = 24 * 3600.0
"""How long they are used if the issuer does not respond. A key that the issuer withdrew counts no longer than that."""

PAUSE_SECONDS: Final = 30.0
"""The time between two fetches that a token with an unknown key may cause. Anybody can make such tokens."""

WAIT_SECONDS: Final = 20.0
"""How long a document may take, and how long a request waits while another one has them fetched."""

_FAILED_PAUSE_SECONDS: Final = 5.0
_MAX_DOCUMENT_BYTES: Final = 1024 * 1024
_MAX_KEYS: Final = 100
_DISCOVERY: Final = "/.well-known/openid-configuration"
_SHARED: Final = "oct"
"""The type of keys that are secrets of two: whoever checks a signature could make one."""


class IssuerKeys:
    """The keys that an issuer signs with. Threads may share them."""

    def __init__(self, settings: OidcSettings, clock: Callable[[], float] = time.monotonic) -> None:
        """Fetches nothing yet: a server starts although the issuer is down.

        Raises:
            InvalidSettings: The file of certificate authorities cannot be used.
        """
        self._settings = settings
        self._clock = clock
        self._timeout = Timeout(connect=settings.timeout_seconds, read=settings.timeout_seconds)
        self._pool = PoolManager(num_pools=2, ssl_context=client_context(settings.ca_file, "an OIDC issuer"))
        self._fetching = threading.Lock()
        self._keys: Mapping[str | None, jwt.PyJWK] = {}
        self._fetched: float | None = None
        self._tried: float | None = None
        self._failure = ""

    def known(self, key_id: str | None) -> jwt.PyJWK | None:
        """Returns a key without fetching any; ``None``: `fetched` has to look. It never blocks.

        The key was fetched lately; or it is an old one that is still used, while another thread fetches new ones, or
        just after they could not be had.
        """
        if (key := self._fresh(key_id)) is not None:
            return key
        return self._usable(key_id) if self._fetching.locked() or not self._may_fetch() else None

    def fetched(self, key_id: str | None) -> jwt.PyJWK | None:
        """Returns a key, after fetching all of them if that may help; ``None``: the issuer has no such key.

        It may wait for the issuer. One thread asks at a time. The others wait for what it gets, but for no longer than
        `WAIT_SECONDS`, and not at all if they have an old key that is still used.

        Raises:
            Unavailable: There are no keys, or only old ones, and the issuer does not give any.
        """
        if self._fetching.acquire(timeout=0.0 if self._usable(key_id) else WAIT_SECONDS):
            try:
                if self._fresh(key_id) is None and self._may_fetch():
                    self._fetch()
            finally:
                self._fetching.release()
        if not self._are_usable():
            raise Unavailable("the issuer of tokens does not give its keys")
        return self._keys.get(key_id)

    def _fresh(self, key_id: str | None) -> jwt.PyJWK | None:
        age = None if self._fetched is None else self._clock() - self._fetched
        return self._keys.get(key_id) if age is not None and age < FRESH_SECONDS else None

    def _are_usable(self) -> bool:
        return self._fetched is not None and self._clock() - self._fetched < STALE_SECONDS

    def _usable(self, key_id: str | None) -> jwt.PyJWK | None:
        return self._keys.get(key_id) if self._are_usable() else None

    def _may_fetch(self) -> bool:
        if self._tried is None:
            return True
        since = self._clock() - self._tried
        return since >= (_FAILED_PAUSE_SECONDS if self._failure else PAUSE_SECONDS)

    def _fetch(self) -> None:
        self._tried = self._clock()
        try:
            keys = _keys_in(self._document(self._settings.jwks_url or self._discovered()))
        except _UselessError as error:
            # Once for each failure: an issuer that is down is asked again and again.
            if str(error) != self._failure:
                why = str(error)
                logger.error("the keys of the issuer %s cannot be had: %s", self._settings.issuer, why)  # noqa: TRY400 - no traceback
            self._failure = str(error)
            return
        self._failure = ""
        self._keys, self._fetched = keys, self._clock()

    def _discovered(self) -> str:
        """Returns where the keys are, as the discovery document says."""
        document = self._document(self._settings.issuer.removesuffix("/") + _DISCOVERY)
        if document.get("issuer") != self._settings.issuer:
            raise _UselessError("its discovery document is another issuer's")
        url = document.get("jwks_uri")
        try:
            check_issuer_url(url if isinstance(url, str) else "", "jwks_uri")
        except InvalidSettings as error:
            raise _UselessError(error.detail) from None
        return str(url)

    def _document(self, url: str) -> dict[str, Any]:
        try:
            response = self._pool.request(
                "GET", url, retries=False, redirect=False, timeout=self._timeout, preload_content=False
            )
            try:
                content = self._content(response)
            finally:
                response.close()
        except HTTPError as error:
            raise _UselessError(f"it does not respond ({type(error).__name__})") from None
        if response.status != 200:
            raise _UselessError(f"it responds with status {response.status}")
        if len(content) > _MAX_DOCUMENT_BYTES:
            raise _UselessError(f"its document has more than {_MAX_DOCUMENT_BYTES} bytes")
        try:
            return from_json(content, dict[str, Any])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise _UselessError("its document is not a JSON object") from None

    def _content(self, response: BaseHTTPResponse) -> bytes:
        """Reads a document piece by piece: an issuer that sends a byte now and then must not hold a thread."""
        ends = time.monotonic() + WAIT_SECONDS
        content = bytearray()
        while len(content) <= _MAX_DOCUMENT_BYTES and (piece := response.read1(_MAX_DOCUMENT_BYTES)):
            content += piece
            if time.monotonic() > ends:
                raise _UselessError(f"its document does not come within {WAIT_SECONDS:g} seconds")
        return bytes(content)


class _UselessError(Exception):
    """The issuer gives nothing that can be used."""


def _keys_in(document: Mapping[str, Any]) -> Mapping[str | None, jwt.PyJWK]:
    """Returns the public keys for signatures in a key set, by their ids.

    Keys of unknown types are left out (RFC 7517, 5). A key without an id is for tokens that name none.
    """
    listed = document.get("keys")
    if not isinstance(listed, list) or len(listed) > _MAX_KEYS:
        raise _UselessError(f"its key set is not a list of at most {_MAX_KEYS} keys")
    found: dict[str | None, jwt.PyJWK] = {}
    for entry in listed:
        if not isinstance(entry, dict) or entry.get("use", "sig") != "sig" or entry.get("kty") == _SHARED:
            continue
        try:
            key = jwt.PyJWK(entry)
        except (jwt.PyJWTError, TypeError, ValueError):
            continue
        key_id = entry.get("kid")
        found[key_id if isinstance(key_id, str) else None] = key
    if not found:
        raise _UselessError("its key set has no public key for signatures")
    if len(found) == 1:  # A token need not name the only key.
        found[None] = next(iter(found.values()))
    return found
