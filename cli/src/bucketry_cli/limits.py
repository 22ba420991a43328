"""The limits of ``bucketry serve``: which layers and settings follow from its options and from ``[[quotas]]``."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from bucketry.quotas import QuotaRule

from bucketry_cli.listening import Endpoint
from bucketry_cli.serve_options import ServeOptions

if TYPE_CHECKING:
    from bucketry_http import RateLimits


def limit_layers(options: ServeOptions, rules: Sequence[QuotaRule], folder: Path | None) -> list[object]:
    """Returns the layers that limit what clients store: new ones, since no two stores share them.

    Args:
        options: The options.
        rules: The quotas.
        folder: What the processes of this server share; ``None``: there is one process.
    """
    layers: list[object] = []
    if options.limits.max_object_size:
        from bucketry.layers import MaxObjectSize

        layers.append(MaxObjectSize(options.limits.max_object_size))
    if rules:
        from bucketry.layers import Quota

        layers.append(Quota(*rules, folder=folder, recount_seconds=options.limits.quota_recount_seconds))
    return layers


class RateLimiting:
    """The limits of rates in one process, around both ports. Nothing is imported if there are none."""

    def __init__(self, options: ServeOptions, folder: Path | None) -> None:
        """Takes the options, and what the processes of this server share. Nothing is counted yet.

        Raises:
            bucketry.InvalidSettings: A limit cannot be used.
        """
        self._limits: RateLimits | None = None
        self._folder, self._processes = folder, options.processes.workers
        if _has_rates(options):
            from bucketry_http import RateLimits

            names = RateLimits.__struct_fields__
            self._limits = RateLimits(**{name: getattr(options.limits, name) for name in names})

    def around_endpoints(self, *endpoints: Endpoint) -> list[Endpoint]:
        """Returns the endpoints of ports, which keep the limits together if there are any."""
        if self._limits is None:
            return list(endpoints)
        from bucketry_http import Limited, Limiter

        limiter = Limiter(self._limits, folder=self._folder, processes=self._processes)
        return [
            each._replace(listener=msgspec.structs.replace(each.listener, app=Limited(each.listener.app, limiter)))
            for each in endpoints
        ]


def _has_rates(options: ServeOptions) -> bool:
    limits = options.limits
    of_principals = limits.principal_requests or limits.principal_bytes or limits.principal_concurrency
    return bool(of_principals or limits.address_requests or limits.address_bytes or limits.address_concurrency)


@contextmanager
def shared_folder(options: ServeOptions, rules: Sequence[QuotaRule]) -> Iterator[Path | None]:
    """Makes the folder in which several processes count together; ``None``: nothing is counted together."""
    if options.processes.workers == 1 or not (rules or _has_rates(options)):
        yield None
        return
    from bucketry.quotas import prepare

    with tempfile.TemporaryDirectory(prefix="bucketry-") as name:
        folder = Path(name)
        prepare(folder)
        yield folder
