"""Who signs, with which key, and for which region and day.

Source: S3 API reference, "Signature calculations for the Authorization header", tasks 2 and 3.
"""

from __future__ import annotations

import hmac
import re
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, final

import msgspec

from bucketry.s3 import REGION, basic_time
from bucketry.secret import Secret

from .canonical import encode

SERVICE: Final = "s3"
TERMINATOR: Final = "aws4_request"


# "," and "=" separate the fields of an Authorization header, and MinIO reserves both for that reason.
_ACCESS_KEY = re.compile(r"[\x21-\x7e]{1,256}")
_RESERVED = frozenset(",=")


class Credentials(msgspec.Struct, frozen=True):
    """An access key with its secret key, and the session token of temporary credentials.

    The repr shows the access key only.

    Attributes:
        access_key: The public name of the key, 1 to 256 printable ASCII characters without ``,`` and ``=``.
        secret_key: The key that signs. It is never sent.
        session_token: The token that comes with temporary credentials. It is sent, and signed, with every request.

    Raises:
        ValueError: The access key cannot be written in an ``Authorization`` header.
    """

    access_key: str
    secret_key: Secret
    session_token: Secret | None = None

    def __post_init__(self) -> None:
        if not _ACCESS_KEY.fullmatch(self.access_key) or _RESERVED & set(self.access_key):
            raise ValueError("an access key is 1 to 256 printable ASCII characters, without spaces, ',' and '='")


def credential_scope(date: str, region: str) -> str:
    """Returns the credential scope of a day (``YYYYMMDD``) in a region."""
    return f"{date}/{region}/{SERVICE}/{TERMINATOR}"


@lru_cache(maxsize=256)
def derive_key(secret_key: str, date: str, region: str) -> bytes:
    """Returns the key that signs in a region on one day (``YYYYMMDD``).

    The last ones are remembered, since a key stays the same all day. The secret key is part of what they are found by:
    once it changes, no key that was derived from the old one is used any more.
    """
    key = hmac.digest(f"AWS4{secret_key}".encode(), date.encode(), "sha256")
    for part in (region, SERVICE, TERMINATOR):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


@final
class Moment(msgspec.Struct, frozen=True):
    """One second of signing: the key that holds then, and the strings that go with it.

    Attributes:
        second: Seconds since 1970, UTC.
        timestamp: The same as ``YYYYMMDDTHHMMSSZ``.
        scope: The credential scope.
        credential: The access key and the scope.
        encoded_credential: The same, percent-encoded for a query.
        key: The signing key.
        secret: The secret key that it was derived from.
    """

    second: int
    timestamp: str
    scope: str
    credential: str
    encoded_credential: str
    key: bytes
    secret: str

    def __repr__(self) -> str:
        return f"Moment(timestamp={self.timestamp!r}, credential={self.credential!r})"


@final
class KeyRing:
    """Derives a signing key once a day, and when the secret key changes.

    It keeps the last moment only, since time goes forward. Threads may share it: at worst two of them derive the same
    key.
    """

    __slots__ = ("_credentials", "_last", "region")

    def __init__(self, credentials: Credentials, region: str) -> None:
        """Takes the credentials and the region.

        Raises:
            ValueError: The region cannot be written in a credential scope.
        """
        if not REGION.fullmatch(region):
            raise ValueError(f"a region is 1 to 128 letters, digits, '.', '_' and '-', not {region!r}")
        self._credentials = credentials
        self.region = region
        self._last: Moment | None = None

    def at(self, now: datetime | None) -> Moment:
        """Returns a time, cut to the second, with its key; the present for None.

        Raises:
            ValueError: The time has no time zone.
        """
        if now is not None and now.tzinfo is None:
            raise ValueError("now needs a time zone: datetime.now(UTC), not datetime.now()")
        second = int((time.time() if now is None else now.timestamp()) // 1)
        last = self._last
        if last is None or last.second != second:
            last = self._last = self._moment(second, last)
        return last

    def _moment(self, second: int, last: Moment | None) -> Moment:
        stamp = basic_time(datetime.fromtimestamp(second, UTC))
        date = stamp[:8]
        scope = credential_scope(date, self.region)
        secret = self._credentials.secret_key.reveal()  # It may have changed with its file.
        if last is not None and last.scope == scope and last.secret == secret:
            return msgspec.structs.replace(last, second=second, timestamp=stamp)
        key = derive_key(secret, date, self.region)
        credential = f"{self._credentials.access_key}/{scope}"
        return Moment(second, stamp, scope, credential, encode(credential), key, secret)
