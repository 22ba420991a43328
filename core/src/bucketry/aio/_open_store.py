"""Opens a store for async code.

Written by `make aio` from `bucketry._open_store`; do not edit. `make check` compares.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from bucketry import _open_store
from bucketry.aio._calls import CALL_THREADS, TRANSFER_THREADS
from bucketry.aio._opening import Opening
from bucketry.aio._store import AsyncStore, opened_in_thread
from bucketry.clock import Clock
from bucketry.settings import DriverSettings

if TYPE_CHECKING:
    from bucketry.access_store import AccessStore


def open_store(
    target: str | DriverSettings,
    *,
    settings: Mapping[str, object] | None = None,
    defaults: Mapping[str, object] | None = None,
    layers: Sequence[object] = (),
    environ: Mapping[str, str] = os.environ,
    clock: Clock | None = None,
    access_store: AccessStore | None = None,
    call_threads: int = CALL_THREADS,
    transfer_threads: int = TRANSFER_THREADS,
) -> Opening[AsyncStore]:
    """Opens a store.

    Args:
        target: A URL (``memory://``, ``minio://host:9000?secure=true``), or a driver's settings object.
        settings: More settings for the URL's driver, by field name. They win over the URL and the environment.
        defaults: The same, but the URL and the environment win over them. A configuration file's values go here.
        layers: Hook wrappers around the driver; the last is outermost.
        environ: The environment, with variables named ``BUCKETRY_<DRIVER>_<FIELD>``.
        clock: The store's clock; ``None``: one that shows the system's time until it is turned.
        access_store: Where it is kept who may use the store; ``None``: by its driver, if it has owners and policies.
        call_threads: As of `AsyncStore`.
        transfer_threads: As of `AsyncStore`.

    Returns:
        What opens the store: await it, or use it in an ``async with`` statement, which closes it.
        Drivers connect when they are first used: opening sends no request to the backend, but to a server
        that is probed (``s3://``).

    Raises:
        InvalidSettings: No driver is installed for the scheme, or a setting is unknown, missing or malformed.
        InvalidDriver: The driver or a layer breaks the contract.
    """
    return Opening(
        partial(
            opened_in_thread,
            partial(
                _open_store.open_store,
                target,
                settings=settings,
                defaults=defaults,
                layers=layers,
                environ=environ,
                clock=clock,
                access_store=access_store,
            ),
            call_threads=call_threads,
            transfer_threads=transfer_threads,
        )
    )
