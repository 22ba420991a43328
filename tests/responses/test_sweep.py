"""Every recorded response of both servers, cut after each byte of its head: whole, or `Unavailable`.

The responses are those of real servers (``make record`` asks them anew); here a local socket gives them. Each is cut
while the other responses to the same call are whole. ``make sweep`` does it on running servers.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from bucketry import Store

from tests.responses import recordings
from tests.responses.calls import SCENARIOS, Given, Scenario
from tests.responses.cuts import Replay, places
from tests.responses.exchanges import Request, Response, serving
from tests.responses.outcomes import Outcome, outcome_of
from tests.responses.scenarios import ASK_NOTHING
from tests.responses.setups import SETUPS, SMALL_PART, Setup, opener

MOST_WRONG = 5
"""Of how many wrong outcomes a test tells before it ends."""

CASES = [
    pytest.param(setup, scenario, id=f"{setup.name}-{scenario.name}")
    for setup in SETUPS
    for scenario in setup.scenarios()
]


class Local:
    """A server that answers from a recording, and calls that ask it, each of a store of its own."""

    def __init__(self, scenario: Scenario, recording: recordings.Recording) -> None:
        self._scenario = scenario
        self._recording = recording
        self._replay = Replay(())

    def respond(self, request: Request) -> Response:
        return self._replay(request)

    def ask(
        self, opened: Callable[[], AbstractContextManager[Store]], number: int | None = None, after: int = 0
    ) -> Outcome:
        """Make the scenario's call while one response is cut."""
        self._replay = Replay(self._recording.exchanges, number, after)
        with opened() as store:
            given = Given(store, dict(self._recording.names), SMALL_PART)
            outcome = outcome_of(lambda: self._scenario.act(given))
        assert number is None or self._replay.was_cut, "the response that was to be cut was not asked for"
        return outcome


@pytest.mark.parametrize(("setup", "scenario"), CASES)
def test_a_response_that_breaks_off_is_never_taken_for_a_whole_one(setup: Setup, scenario: Scenario) -> None:
    recording = recordings.read(setup.name).get(scenario.name)
    assert recording is not None, f"{scenario.name} was never recorded: run `make record`"
    local = Local(scenario, recording)
    wrong = []
    with serving(local.respond) as location:
        opened = opener(setup, location)
        truth = local.ask(opened)
        assert truth.error == recording.error, f"{truth.text or truth.result}: run `make record` if requests changed"
        for number, exchange in enumerate(recording.exchanges):
            for after in places(exchange.raw):
                outcome = local.ask(opened, number, after)
                is_whole = after == len(exchange.raw)
                if not outcome.is_allowed(truth) or (is_whole and outcome != truth):
                    wrong.append(f"{exchange.asked}, {after} of {len(exchange.raw)} bytes: {outcome}, not {truth}")
                    assert len(wrong) < MOST_WRONG, "\n".join(wrong)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("setup", [setup for setup in SETUPS if not setup.operations], ids=lambda setup: setup.name)
def test_every_operation_of_a_driver_has_its_responses_cut(setup: Setup) -> None:
    with setup.opened("127.0.0.1:1", setup.any_settings()) as store:
        operations = store.capabilities.operations
    assert operations == {scenario.operation for scenario in setup.scenarios()} | ASK_NOTHING


def test_every_scenario_is_for_some_driver_and_no_recording_is_left_over() -> None:
    wanted = {(setup.name, scenario.name) for setup in SETUPS for scenario in setup.scenarios()}
    assert {name for _, name in wanted} == {scenario.name for scenario in SCENARIOS}
    assert {(setup.name, name) for setup in SETUPS for name in recordings.read(setup.name)} == wanted


def test_operations_that_ask_nothing_need_no_recording() -> None:
    for setup in SETUPS:
        with setup.opened("127.0.0.1:1", setup.any_settings()) as store:
            assert store.presign("bucket", "key").url
