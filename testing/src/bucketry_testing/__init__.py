"""Object storage for an application's tests: stores in memory, and live servers over them.

pytest finds the fixtures by itself (`bucketry_testing.plugin`); without pytest there are context managers::

    with s3_endpoint(buckets=["my-assets"]) as s3:
        boto3.client("s3", **s3.boto3_kwargs)

What is named here is imported when it is first used, since the plugin is loaded by every pytest that starts.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from bucketry_testing.endpoints import RestServer, S3Endpoint, rest_server, s3_endpoint

_HOMES: Final = {
    "RestServer": "endpoints",
    "S3Endpoint": "endpoints",
    "rest_server": "endpoints",
    "s3_endpoint": "endpoints",
}

__all__ = ["RestServer", "S3Endpoint", "rest_server", "s3_endpoint"]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
    return value
