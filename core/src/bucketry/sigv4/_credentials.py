"""Who signs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bucketry.secret import Secret

# "," and "=" separate the fields of an Authorization header, and MinIO reserves both for that reason.
_ACCESS_KEY = re.compile(r"[\x21-\x7e]{1,256}")
_RESERVED = frozenset(",=")


@dataclass(frozen=True, slots=True)
class Credentials:
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
