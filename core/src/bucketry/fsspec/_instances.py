"""Which file systems are the same: fsspec keeps the instances that it has made, by their arguments."""

from __future__ import annotations

import os
from typing import Any

from fsspec.asyn import AsyncFileSystem
from fsspec.utils import tokenize

from bucketry import DriverSettings, InvalidSettings, Secret, Store

Target = str | Store | DriverSettings
"""What names a store: its URL, its driver's settings, or an open store."""


class Instances(type(AsyncFileSystem)):  # type: ignore[misc]  # fsspec has no types
    """fsspec keeps instances by the text of their arguments, which does not tell two stores or secrets apart."""

    def __call__(cls, *args: object, **kwargs: object) -> Any:
        if all(is_plain(value) for value in (*args, *kwargs.values())):
            return super().__call__(*args, **kwargs)
        made = super().__call__(*args, **{**kwargs, "skip_instance_cache": True})
        made._fs_token_ = tokenize(cls, id(made), os.urandom(16).hex())
        return made


def is_plain(value: object) -> bool:
    """Says whether a value can be told from others by its text, and be sent to another process."""
    return not isinstance(value, Store | Secret | DriverSettings)


def target_of(store: Target | None, scheme: str | None, protocol: str) -> Target:
    """Returns what names the store of a file system.

    Args:
        store: What the caller gave; ``None``: the URL of the driver without a place.
        scheme: The scheme that the file system is for; ``None``: any.
        protocol: The protocol of the file system, for errors.

    Raises:
        InvalidSettings: No store is named, or one of another driver.
    """
    if store is None:
        if scheme is None:
            raise InvalidSettings("name the store, as in storage_options={'store': 'minio://host:9000'}")
        return f"{scheme}://"
    if scheme is not None and _scheme_of(store) != scheme:
        raise InvalidSettings(f"{protocol}:// needs a store of the driver {scheme!r}")
    return store


def _scheme_of(store: Target) -> str:
    if isinstance(store, str):
        return store.partition("://")[0].lower()
    return store.capabilities.driver if isinstance(store, Store) else store.scheme
