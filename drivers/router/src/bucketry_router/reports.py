"""What a router says of its stores: their states, and what they know of their use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from bucketry import Status, StoreStatus, UsageReport

from bucketry_router.settings import RouterSettings
from bucketry_router.stores import Answers


def status_of(names: Sequence[str], answers: Answers[Status], settings: RouterSettings) -> Status:
    """Joins the states of all stores.

    Args:
        names: The names of the stores.
        answers: What they said.
        settings: The router's settings.
    """
    stores = tuple(_status_of(name, answers) for name in names)
    down = [f"{store.name}: {store.detail}" for store in stores if not store.available]
    endpoint = settings.public_endpoint or settings.endpoint or f"router://{','.join(names)}"
    return Status(
        available=len(down) < len(stores),
        endpoint=endpoint,
        region=settings.region,
        detail="; ".join(down),
        stores=stores,
    )


def _status_of(name: str, answers: Answers[Status]) -> StoreStatus:
    found = answers.results.get(name)
    if found is None:  # A driver says so in its status; a layer around it may have raised.
        return StoreStatus(name=name, available=False, endpoint="", region="", detail=str(answers.down[name]))
    return StoreStatus(
        name=name,
        available=found.available,
        endpoint=found.endpoint,
        region=found.region,
        detail=found.detail,
    )


def merged_report(reports: Mapping[str, UsageReport], store_of: Callable[[str], str | None]) -> UsageReport:
    """Joins reports.

    Users stay apart, as do those of the same name in two stores. The time is that of the oldest report.

    Args:
        reports: The reports, by the names of their stores; at least one.
        store_of: Returns the name of the store that a bucket lies in.
    """
    buckets = [bucket for name, report in reports.items() for bucket in report.buckets if store_of(bucket.name) == name]
    return UsageReport(
        source=", ".join(dict.fromkeys(report.source for report in reports.values())),
        as_of=min(report.as_of for report in reports.values()),
        buckets=tuple(sorted(buckets, key=lambda bucket: bucket.name)),
        users=tuple(user for report in reports.values() for user in report.users),
    )
