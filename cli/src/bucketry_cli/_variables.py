"""Variables in the environment that nothing reads: misspelt ones are reported when a command starts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import entry_points
from typing import ClassVar, Final

import click
from bucketry import BucketryError, DriverSettings, Secret, driver_variables
from bucketry.settings import is_of_service, variables_of, warn_of_unknown

DRIVERS: Final = "bucketry.drivers"
"""The entry-point group of drivers; its names are read without importing any of them."""

_PREFIX: Final = "BUCKETRY_"

_OF_TESTS: Final = frozenset(
    f"{_PREFIX}{name}" for name in ("REQUIRE_SERVERS", "BASE_IMAGE", "MINIO_IMAGE", "RGW_IMAGE")
)
"""Variables of this project's own tests."""


class PortOption(click.Option):
    """An option for a port, whose variable is passed over where it is no setting.

    In a cluster with a service called ``bucketry``, Kubernetes sets ``BUCKETRY_PORT=tcp://10.0.0.1:80`` in every pod.
    """

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """Returns what the environment says about the option."""
        value = super().resolve_envvar_value(ctx)
        return None if value is not None and is_of_service("_PORT", value) else value


class S3Variables(DriverSettings, frozen=True, kw_only=True):
    """One S3 credential, in variables that are read as a driver's are: the secret also from a file."""

    scheme: ClassVar[str] = "s3"

    access_key: str | None = None
    secret_key: Secret | None = None


def report_misspelt(environ: Mapping[str, str], group: click.Group) -> None:
    """Logs a warning for each variable of ours that nothing reads, with the one that was probably meant.

    Args:
        environ: The environment.
        group: The program, whose options have variables.
    """
    known = {*_of_options(group), *variables_of(S3Variables), *_OF_TESTS}
    unknown = {name for name in environ if name.upper().startswith(_PREFIX)} - known
    if unknown:
        # Only drivers that somebody seems to mean are imported, as long as that explains everything.
        schemes = sorted({entry.name for entry in entry_points(group=DRIVERS)})
        known |= _of_drivers(scheme for scheme in schemes if any(_is_of(scheme, name) for name in unknown))
        if unknown - known:
            known |= _of_drivers(schemes)
    # Also where there is nothing to report: from then on these names count as known.
    warn_of_unknown(environ, known)


def _is_of(scheme: str, variable: str) -> bool:
    return variable.upper().startswith(f"{_PREFIX}{scheme}_".upper())


def _of_options(group: click.Group) -> Iterator[str]:
    for command in (group, *group.commands.values()):
        for parameter in command.params:
            if isinstance(parameter.envvar, str):
                yield parameter.envvar


def _of_drivers(schemes: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for scheme in schemes:
        try:
            found |= driver_variables(scheme)
        except BucketryError:
            continue  # Whoever uses the driver is told what is wrong with it.
    return found
