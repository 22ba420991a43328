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


def in_one_process(app: Any, rules: BrowserRules, store: Store, stage: Stage, log: EventLog) -> ControlApp:
    """Returns the REST API with all endpoints.

    Args:
        app: The REST API.
        rules: What browsers may do.
        store: The store.
        stage: Its first state.
        log: Its events.
    """
    turning = clock.ClockEndpoint(store)
    return ControlApp(
        app,
        rules,
        {
            CLOCK: {"GET": turning.get, "POST": turning.post},
            RESET: {"POST": ResetEndpoint(stage.reset).post},
            EVENTS: {"GET": events.EventsEndpoint(log).get},
        },
    )


def in_worker(app: Any, rules: BrowserRules, store: Store, stage: Stage) -> ControlApp:
    """Returns the REST API of one of several processes, with the endpoints that need not know of the others."""
    return ControlApp(
        app,
        rules,
        {
            CLOCK: {"GET": clock.ClockEndpoint(store).get, "POST": clock.refuse},
            RESET: {"POST": ResetEndpoint(stage.reset).post},
            EVENTS: {"GET": events.refuse},
        },
    )
