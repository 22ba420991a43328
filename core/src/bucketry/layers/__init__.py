"""Layers that come with core. They use what is public, as any other layer does; `Quota` also calls core's guards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bucketry.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from bucketry.layers._breaker import Breaker, Circuit
    from bucketry.layers._events import Events
    from bucketry.layers._faults import Fault, FaultCount, Faults
    from bucketry.layers._object_size import MaxObjectSize
    from bucketry.layers._observe import CallEvent, Observe, OperationStats, ReportCalls
    from bucketry.layers._presigned_for import PresignedFor
    from bucketry.layers._quota import Quota
    from bucketry.layers._read_only import ReadOnly
    from bucketry.layers._status_endpoint import ServedAt

__all__ = [
    "Breaker",
    "CallEvent",
    "Circuit",
    "Events",
    "Fault",
    "FaultCount",
    "Faults",
    "MaxObjectSize",
    "Observe",
    "OperationStats",
    "PresignedFor",
    "Quota",
    "ReadOnly",
    "ReportCalls",
    "ServedAt",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "_breaker": ("Breaker", "Circuit"),
        "_events": ("Events",),
        "_faults": ("Fault", "FaultCount", "Faults"),
        "_object_size": ("MaxObjectSize",),
        "_observe": ("CallEvent", "Observe", "OperationStats", "ReportCalls"),
        "_presigned_for": ("PresignedFor",),
        "_quota": ("Quota",),
        "_read_only": ("ReadOnly",),
        "_status_endpoint": ("ServedAt",),
    },
)
