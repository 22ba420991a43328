"""The endpoints for tests of applications, put in front of the REST API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bucketry import Store
from bucketry.events import EventLog

from bucketry_cli import clock, events
from bucketry_cli.control import ControlApp
from bucketry_cli.control_paths import CLOCK, EVENTS, RESET
from bucketry_cli.reset import ResetEndpoint
from bucketry_cli.stage import Stage

if TYPE_CHECKING:
    from bucketry_http.rest.cors import BrowserRules


def with_endpoints_for_tests(
    app: Any, rules: BrowserRules, store: Store, stage: Stage, log: EventLog | None
) -> ControlApp:
    """Returns the REST API with the endpoints.

    Args:
        app: The REST API.
        rules: What browsers may do.
        store: The store.
        stage: Its first state.
        log: Its events; ``None``: this process is one of several. Each of them has a clock of its own, and none knows
            the events of the others, so these two are refused.
    """
    turning = clock.ClockEndpoint(store)
    return ControlApp(
        app,
        rules,
        {
            CLOCK: {"GET": turning.get, "POST": clock.refuse if log is None else turning.post},
            RESET: {"POST": ResetEndpoint(stage.reset).post},
            EVENTS: {"GET": events.refuse if log is None else events.EventsEndpoint(log).get},
        },
    )
