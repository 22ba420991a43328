"""Path and query of a request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

_NOTHING: Final[Mapping[str, str]] = {}
# quote() takes several times as long as seeing that there is nothing to do.
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.~-]*")
_PLAIN_PATH: Final = re.compile(r"[A-Za-z0-9_.~/-]*")


def target_of(bucket: str, key: str = "", query: Mapping[str, str] = _NOTHING) -> str:
    """Returns path and query of a request, encoded to the byte: ``a//b`` and ``..`` stay as they are."""
    path = f"/{bucket}/{key if _PLAIN_PATH.fullmatch(key) else quote(key, safe='/~')}" if key else f"/{bucket}"
    if not query:
        return path
    return f"{path}?{'&'.join([f'{_encoded(name)}={_encoded(value)}' for name, value in query.items()])}"


def _encoded(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else quote(text, safe="~")
