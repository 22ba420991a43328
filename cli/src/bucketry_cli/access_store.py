"""Whether a server keeps who may use its store in an access store, and which one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bucketry import DriverSettings, Features, Store, open_store
from bucketry.access_store import ACCESS_BUCKET, AccessStore

from bucketry_cli.errors import Failure

if TYPE_CHECKING:
    from bucketry_cli.serve_options import ServeOptions


def access_store_of(
    options: ServeOptions,
    settings: DriverSettings,
    drivers: Mapping[str, Mapping[str, Any]],
    *,
    has_users: bool = False,
    environ: Mapping[str, str] = os.environ,
) -> AccessStore | None:
    """Returns where it is kept who may use a store; ``None``: its driver keeps it, or there are no users.

    A driver that has no owners of its own needs one where our S3 port stands in front of the backend's, or where users
    are configured: what names them must not reach a backend that does not know them.

    Args:
        options: The options of ``bucketry serve``.
        settings: The settings of the store that is served.
        drivers: The settings file's tables of drivers.
        has_users: Whether users are configured.
        environ: The environment.

    Raises:
        Failure: The store needs none although one is named, nothing needs the bucket that is named, or the store that
            is named keeps nothing.
        bucketry.InvalidSettings: The one that is named cannot be opened, or does not write with conditions.
    """
    url, bucket = options.access_stores.access_store, options.access_stores.access_bucket
    if url is None and not options.s3.s3 and not has_users:
        if bucket != ACCESS_BUCKET:
            raise Failure("--access-bucket needs --access-store, --s3 or users", "leave --access-bucket out")
        return None
    with open_store(settings) as looked_at:
        served = looked_at.capabilities
    if served.features.owners:
        if url is not None:
            raise Failure(
                f"{served.driver}:// keeps itself who may use it, and needs no access store", "leave --access-store out"
            )
        return None
    if url is not None:
        kept = open_store(url, defaults=drivers.get(url.partition("://")[0].lower(), {}), environ=environ)
        _check_keeps(kept, url)
    elif served.s3_endpoint or _can_keep(served.features):
        kept = open_store(settings)
    else:
        return None
    try:
        return AccessStore(kept, bucket)
    except BaseException:
        kept.close()
        raise


def _can_keep(features: Features) -> bool:
    return features.persistent and features.put_if_match and features.put_if_none_match


def _check_keeps(store: Store, url: str) -> None:
    if not store.capabilities.features.persistent:
        store.close()
        raise Failure(
            f"{url} cannot be the access store: it keeps nothing when the server ends", "name another --access-store"
        )
