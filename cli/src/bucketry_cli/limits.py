"""The limits of ``bucketry serve``: which layers and settings follow from its options and from ``[[quotas]]``."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bucketry.layers import MaxObjectSize, Quota
from bucketry.quotas import QuotaRule

from bucketry_cli.serve_options import ServeOptions


def limit_layers(options: ServeOptions, rules: Sequence[QuotaRule], folder: Path | None) -> list[object]:
    """Returns the layers that limit what clients store: new ones, since no two stores share them.

    Args:
        options: The options.
        rules: The quotas.
        folder: What the processes of this server share; ``None``: there is one process.
    """
    layers: list[object] = []
    if options.limits.max_object_size:
        layers.append(MaxObjectSize(options.limits.max_object_size))
    if rules:
        layers.append(Quota(*rules, folder=folder, recount_seconds=options.limits.quota_recount_seconds))
    return layers


@contextmanager
def shared_folder(options: ServeOptions, rules: Sequence[QuotaRule]) -> Iterator[Path | None]:
    """Makes the folder in which several processes count together; ``None``: nothing is counted together."""
    if options.processes.workers == 1 or not rules:
        yield None
        return
    from bucketry.quotas import prepare

    with tempfile.TemporaryDirectory(prefix="bucketry-") as name:
        folder = Path(name)
        prepare(folder)
        yield folder
