"""The S3 endpoint that ``bucketry serve`` prints, as a store: ``--store http://localhost:9000``.

Its URL is enough. The credentials are those that the server itself would find in the same place: ``BUCKETRY_S3_…``, the
settings file, those of ``memory://``, or, on this machine alone, the published pair.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from bucketry import ServedSettings, Store, find_settings, open_store
from bucketry.settings import DEFAULT_SECRET_KEY, PUBLISHED_FOR

from bucketry_cli._failures import Failure
from bucketry_cli._serving._credentials import HOW, Given, given
from bucketry_cli._serving._listening import is_loopback

if TYPE_CHECKING:
    from bucketry_cli._config import CredentialTable

DRIVER: Final = "minio"
"""The driver that speaks to it: any that speaks S3 would do."""

_SCHEMES: Final = ("http", "https")


def is_endpoint(url: str) -> bool:
    """Whether a URL is that of an S3 endpoint, and not of a driver's store."""
    return url.partition("://")[0].lower() in _SCHEMES and "://" in url


def open_endpoint(
    url: str,
    tables: Sequence[CredentialTable],
    memory: Mapping[str, object],
    environ: Mapping[str, str] = os.environ,
) -> Store:
    """Opens the store behind an S3 endpoint.

    Args:
        url: Its URL, with a driver's settings as parameters if need be (``?region=eu-central-1``).
        tables: Credentials of the settings file.
        memory: What the settings file says of ``memory://``, which has a pair and a region of its own.
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
    served = find_settings(f"{PUBLISHED_FOR}://", defaults=memory, environ=environ)
    assert isinstance(served, ServedSettings)  # noqa: S101 - it has no S3 endpoint of its own
    keys = _credentials(urlsplit(f"//{place}").hostname or "", given(tables, environ), served)
    settings = {**keys, "secure": scheme.lower() == "https"}
    # Variables of the driver are about a server of its own kind.
    return open_store(
        f"{DRIVER}://{place}{mark}{query}", settings=settings, defaults={"region": served.region}, environ={}
    )


def _credentials(host: str, found: Sequence[Given], served: ServedSettings) -> dict[str, Any]:
    if not found and served.secret_key == DEFAULT_SECRET_KEY and not is_loopback(host):
        raise Failure(f"no credentials are given for the S3 endpoint on {host}", HOW)
    first = found[0] if found else served
    return {"access_key": first.access_key, "secret_key": first.secret_key}
