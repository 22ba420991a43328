"""What ``bucketry serve`` tells of several stores."""

from __future__ import annotations

from collections.abc import Sequence

from bucketry_cli.config import StoreTable


def describe_stores(stores: Sequence[StoreTable]) -> tuple[tuple[str, str], ...]:
    """Returns a line for the user about which buckets lie in which store; none if there is one store alone."""
    if not stores:
        return ()
    places = [
        f"{store.name}: {', '.join([*store.buckets, *(['all others'] if store.default else [])])}" for store in stores
    ]
    return (("Stores", "; ".join(places)),)
