"""Finds out what serves at an ``http://`` or ``https://`` URL: the REST API or S3."""

from __future__ import annotations

import ssl
from typing import Final

from bucketry.rest_api import PREFIX

_SECONDS: Final = 5.0
"""How long is waited for the response. Without one, the store that is opened says why."""

_PATH: Final = f"{PREFIX}/whoami"
"""The REST API answers it without asking its backend, with and without a token. In S3 it is an object."""

_JSON: Final = frozenset({"application/json", "application/problem+json"})


def is_rest(url: str) -> bool:
    """Asks the server at a URL, in one request without credentials, whether it serves the REST API.

    Returns:
        ``False`` too if it does not respond.
    """
    base = url.partition("?")[0].rstrip("/").removesuffix(PREFIX)
    if "@" in base:
        return False  # Credentials do not belong there: the store refuses them.
    import urllib.request  # Only here: importing it takes time, and few commands need it.
    from http.client import HTTPException
    from urllib.error import HTTPError

    # The certificate is checked when the store is used. Nothing secret is sent here.
    unchecked = ssl._create_unverified_context()  # noqa: S323
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=unchecked))
    try:
        with opener.open(base + _PATH, timeout=_SECONDS) as response:
            kind = response.headers.get_content_type()
    except HTTPError as error:
        with error:
            kind = error.headers.get_content_type()
    except (OSError, ValueError, HTTPException):
        return False
    return kind in _JSON
