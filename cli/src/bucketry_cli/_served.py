"""The S3 endpoint that ``bucketry serve`` prints, as a store: ``--store http://localhost:9000``.

Its URL is enough. The credentials are those that the server itself would find in the same place: ``BUCKETRY_S3_…``, the
settings file, or, on this machine alone, the published pair.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from bucketry import ServedSettings, Store, open_store

from bucketry_cli._failures import Failure
from bucketry_cli._serving._credentials import HOW, given
from bucketry_cli._serving._listening import is_loopback

if TYPE_CHECKING:
    from bucketry_cli._config import CredentialTable

DRIVER: Final = "minio"
"""The driver that speaks to it: any that speaks S3 would do."""

_SCHEMES: Final = ("http", "https")


def is_endpoint(url: str) -> bool:
    """Whether a URL is that of an S3 endpoint, and not of a driver's store."""
    return url.partition("://")[0].lower() in _SCHEMES and "://" in url


def open_endpoint(url: str, tables: Sequence[CredentialTable], environ: Mapping[str, str] = os.environ) -> Store:
    """Opens the store behind an S3 endpoint.

    Args:
        url: Its URL, with a driver's settings as parameters if need be (``?region=eu-central-1``).
        tables: Credentials of the settings file.
        environ: The environment.

    Raises:
        Failure: The URL has a path, or there are no credentials for it.
        bucketry.InvalidSettings: A setting is not usable, or the driver is not installed.
    """
    scheme, _, rest = url.partition("://")
    place, mark, query = rest.partition("?")
    place = place.removesuffix("/")
    if "/" in place or not place:
        raise Failure(
            f"an S3 endpoint is named by its host and port alone: {scheme}://localhost:9000",
            "buckets and keys are named by the command: bucketry ls BUCKET",
        )
    keys = _credentials(urlsplit(f"//{place}").hostname or "", tables, environ)
    settings = {**keys, "secure": scheme.lower() == "https"}
    # Variables of the driver are about a server of its own kind.
    return open_store(f"{DRIVER}://{place}{mark}{query}", settings=settings, environ={})


def _credentials(host: str, tables: Sequence[CredentialTable], environ: Mapping[str, str]) -> dict[str, Any]:
    found = given(tables, environ)
    if found:
        return {"access_key": found[0].access_key, "secret_key": found[0].secret_key}
    if not is_loopback(host):
        raise Failure(f"no credentials are given for the S3 endpoint on {host}", HOW)
    published = ServedSettings()
    return {"access_key": published.access_key, "secret_key": published.secret_key}
