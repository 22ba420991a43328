"""Notes each call of the driver in the record of the request that it is made for."""

from __future__ import annotations

from collections.abc import Callable

from bucketry.layers import Observe, OperationStats

from bucketry_http.shared.record import record_of_call

Report = Callable[[str, OperationStats], None]


def backend_layer(*reports: Report) -> Observe:
    """Returns the layer that notes calls. Make it the first of a store's layers: then it sees what the driver does.

    Args:
        reports: Get the operation and the figures of each call, in the thread that made it. They must be quick.
    """

    def note(operation: str, event: OperationStats) -> None:
        record = record_of_call()
        if record is not None:
            record.backend_calls += event.calls
            record.backend_seconds += event.seconds
        for report in reports:
            report(operation, event)

    return Observe(note)
