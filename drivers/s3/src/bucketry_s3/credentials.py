"""Who signs: the keys in the settings, or those that boto3's chain finds and refreshes."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, Literal

from bucketry import InvalidSettings, Secret, Unavailable
from bucketry.sigv4 import Credentials, Presigner, Signer
from bucketry_s3client import watch_forks

from bucketry_s3.endpoints import session_of
from bucketry_s3.settings import S3StoreSettings

if TYPE_CHECKING:
    from botocore.session import Session

NONE_FOUND: Final = (
    "no credentials: set BUCKETRY_S3_ACCESS_KEY and BUCKETRY_S3_SECRET_KEY, or what boto3 reads (a profile, AWS_… "
    "variables, a web identity, the role of the machine)"
)


_VARIABLES: Final = (
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
)
"""Variables that say where temporary credentials come from (AWS SDKs and tools reference guide)."""


def _sources(session: Session) -> list[object]:
    """Returns what temporary credentials depend on: variables, and AWS's files without their secrets."""
    profiles = session.full_config.get("profiles", {})
    files = {
        name: {key: str(value) for key, value in profile.items() if "secret" not in key and "token" not in key}
        for name, profile in sorted(profiles.items())
    }
    return [files, {name: os.environ.get(name) for name in _VARIABLES}]


class _Current:
    """One set of credentials, with what is made of it."""

    def __init__(self, found: tuple[str, str, str | None], settings: S3StoreSettings) -> None:
        access_key, secret_key, token = found
        self.found = found
        self.credentials = Credentials(access_key, Secret(secret_key), Secret(token) if token else None)
        self.signer = Signer(self.credentials, region=settings.region)


class Signers:
    """Signs with the credentials that hold now. Threads may share it.

    Credentials that expire are refreshed by botocore when they are asked for: some minutes before their end, by one
    thread while others go on with those that still hold.
    """

    def __init__(self, settings: S3StoreSettings) -> None:
        """Finds the credentials.

        Args:
            settings: The settings, with a region.

        Raises:
            InvalidSettings: There are none, or the chain fails.
            ValueError: The credentials cannot be written in a signature.
        """
        self._settings = settings
        self._lock = threading.Lock()
        watch_forks(self)
        self._chain: Any = None
        if settings.has_keys:
            self._fixed: Credentials | None = settings.credentials
            self._signer = Signer(settings.credentials, region=settings.region)
            return
        self._fixed = None
        self._session = session_of(settings)
        try:
            self._chain = self._session.get_credentials()
        except InvalidSettings:
            raise
        except Exception as error:  # noqa: BLE001 - each provider has errors of its own
            raise InvalidSettings(f"boto3's chain finds no credentials: {type(error).__name__}") from None
        if self._chain is None:
            raise InvalidSettings(NONE_FOUND)
        self._current = _Current(self._asked(), settings)

    def after_fork(self) -> None:
        """Has a lock that nobody holds, in a new process."""
        self._lock = threading.Lock()

    @property
    def signer(self) -> Callable[[], Signer]:
        """Returns who signs, when it is called."""
        if self._fixed is not None:
            return lambda: self._signer
        return lambda: self._now().signer

    @property
    def user(self) -> str:
        """Names who signs, without a secret: the access key, or where temporary ones come from, each of another key."""
        if self._fixed is not None:
            return self._fixed.access_key
        if not hasattr(self._chain, "refresh_needed"):
            return self._now().credentials.access_key
        sources = [self._chain.method, socket.gethostname(), self._settings.profile, _sources(self._session)]
        return f"{self._chain.method} {sha256(json.dumps(sources).encode()).hexdigest()}"

    def credentials(self) -> Credentials:
        """Returns the credentials that hold now.

        Raises:
            Unavailable: They have expired and cannot be refreshed.
        """
        return self._fixed or self._now().credentials

    def presigner(self, endpoint: str, addressing: Literal["path", "virtual"]) -> Presigner:
        """Returns who presigns URLs for an endpoint. Errors as in `credentials`."""
        return Presigner(self.credentials(), endpoint=endpoint, region=self._settings.region, addressing=addressing)

    def _now(self) -> _Current:
        found = self._asked()
        current = self._current
        if current.found != found:
            with self._lock:
                current = self._current = _Current(found, self._settings)
        return current

    def _asked(self) -> tuple[str, str, str | None]:
        try:
            frozen = self._chain.get_frozen_credentials()
        except Exception as error:  # noqa: BLE001 - each provider has errors of its own
            # Their texts may quote responses and programs' output, so no traceback may show them.
            raise Unavailable(f"the credentials cannot be refreshed: {type(error).__name__}") from None
        return frozen.access_key, frozen.secret_key, frozen.token
