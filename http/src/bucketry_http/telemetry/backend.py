"""Notes each call of the driver in the record of the request that it is made for."""

from __future__ import annotations

from collections.abc import Callable

from bucketry.layers import CallEvent, ReportCalls

from bucketry_http.shared.record import record_of_call

Report = Callable[[CallEvent], object]


def backend_layer(*reports: Report) -> ReportCalls:
    """Returns the layer that notes calls. Make it the first of a store's layers: then it sees what the driver does.

    Args:
        reports: Get each call, in the thread that made it. They must be quick.
    """

    def note(event: CallEvent) -> None:
        record = record_of_call()
        if record is not None:
            record.backend_calls += event.calls
            record.backend_seconds += event.seconds
        for report in reports:
            report(event)

    return ReportCalls(note)
