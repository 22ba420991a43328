"""Opens a store from a URL or from a settings object."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bucketry._discovery import find_driver
from bucketry.clock import Clock
from bucketry.errors import BucketryError, InvalidDriver, InvalidSettings
from bucketry.hookspecs import DriverSpec
from bucketry.redaction import redacted
from bucketry.settings import DriverSettings, load_settings, parse_url, variables_of
from bucketry.store import Store

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
) -> Store:
    """Opens a store.

    Args:
        target: A URL (``memory://``, ``minio://host:9000?secure=true``), or a driver's settings object.
        settings: More settings for the URL's driver, by field name. They win over the URL and the environment.
        defaults: The same, but the URL and the environment win over them. A configuration file's values go here.
        layers: Hook wrappers around the driver; the last is outermost.
        environ: The environment, with variables named ``BUCKETRY_<DRIVER>_<FIELD>``.
        clock: The store's clock; ``None``: one that shows the system's time until it is turned.
        access_store: Where it is kept who may use the store; ``None``: by its driver, if it has owners and policies.

    Returns:
        The store. Drivers connect when they are first used: opening sends no request to the backend, but to a server
        that is probed (``s3://``).

    Raises:
        InvalidSettings: No driver is installed for the scheme, or a setting is unknown, missing or malformed.
        InvalidDriver: The driver or a layer breaks the contract.
    """
    if isinstance(layers, str) or not isinstance(layers, Sequence):
        raise InvalidDriver(f"the layers are a list, not {type(layers).__name__}: write layers=[…]")
    driver = open_driver(target, settings=settings, defaults=defaults, environ=environ)
    return Store(driver if access_store is None else access_store.around(driver), layers, clock=clock)


def open_driver(
    target: str | DriverSettings,
    *,
    settings: Mapping[str, object] | None = None,
    defaults: Mapping[str, object] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> DriverSpec:
    """Makes the driver that `open_store` would open a store over, for a driver that is made of others.

    Args:
        target: As in `open_store`; likewise the three below.
        settings: See above.
        defaults: See above.
        environ: See above.

    Raises:
        InvalidSettings: As `open_store`.
        InvalidDriver: As `open_store`.
    """
    if not isinstance(target, str | DriverSettings):
        raise InvalidSettings(f"a store is opened with a URL or a driver's settings, not {type(target).__name__}")
    if isinstance(target, DriverSettings):
        if settings or defaults:
            raise InvalidSettings("give the settings in the settings object, not beside it")
        kind, values = find_driver(target.scheme), target
        if not isinstance(target, kind.Settings):
            raise InvalidSettings(f"the installed driver {kind.name!r} takes {kind.Settings.__name__}")
    else:
        values = find_settings(target, settings=settings, defaults=defaults, environ=environ)
        kind = find_driver(values.scheme)
    try:
        return kind(values)  # type: ignore[call-arg]
    except BucketryError:
        raise
    except Exception as error:  # A driver's constructor may raise anything.
        # The message may repeat secrets from the settings.
        said = redacted(f"{type(error).__name__}: {error}")
        raise InvalidDriver(f"the driver {kind.name!r} cannot be made: {said}") from error


def driver_variables(scheme: str) -> frozenset[str]:
    """Returns the names of the environment variables of a driver's settings.

    Raises:
        InvalidSettings: No driver is installed for the scheme.
        InvalidDriver: It cannot be imported.
    """
    return variables_of(find_driver(scheme.lower()).Settings)


def find_settings(
    url: str,
    *,
    settings: Mapping[str, object] | None = None,
    defaults: Mapping[str, object] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> DriverSettings:
    """Returns the settings with which `open_store` would open a URL, so that a caller can look at them first.

    Args:
        url: The store's URL.
        settings: As in `open_store`; likewise the two below.
        defaults: See above.
        environ: See above.

    Raises:
        InvalidSettings: As `open_store`.
        InvalidDriver: The driver cannot be imported.
    """
    parsed = parse_url(url)
    return load_settings(find_driver(parsed.scheme).Settings, parsed, settings, environ, defaults)
