"""Records the responses of a running server, or cuts them on their way."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import msgspec
from bucketry import BucketryError, Store
from bucketry_contract._scratch import delete_versions

from tests.responses import recordings
from tests.responses.calls import Given, Scenario
from tests.responses.cuts import Cutter, places, recorded
from tests.responses.exchanges import forwarding, serving
from tests.responses.outcomes import CHANGING, Outcome, outcome_of
from tests.responses.scenarios import LEAST_PART
from tests.responses.setups import Setup

Settings = dict[str, str]


def record(setup: Setup, location: str, settings: Settings) -> None:
    """Record each scenario of a setup once."""
    found = []
    with setup.opened(location, settings) as direct:
        for scenario in setup.scenarios():
            cutter = Cutter(forwarding(location))
            # The name is in the recording, and says what it is of.
            with prepared(direct, scenario, f"responses-{scenario.name.replace('_', '-')}") as given:
                outcome = act(setup, settings, scenario, given, cutter)
            exchanges = [(asked, recordings.redacted(raw, settings.values())) for asked, raw in cutter.exchanges]
            print(f"{setup.name} {scenario.name}: {outcome.error or 'ok'}, {len(exchanges)} responses")
            found.append(recordings.Recording(scenario.name, outcome.error, given.names, recorded(exchanges)))
    recordings.write(setup.name, found)


class Tally(msgspec.Struct):
    """What a sweep saw."""

    scenarios: int = 0
    responses: int = 0
    cuts: int = 0
    successes: int = 0
    unavailable: int = 0
    wrong_successes: int = 0
    wrong_objects: int = 0
    wrong_errors: int = 0

    def count(self, outcome: Outcome, truth: Outcome) -> bool:
        """Count what came of a cut; return whether that is wrong."""
        self.cuts += 1
        is_wrong = not outcome.is_allowed(truth)
        if is_wrong and outcome.error:
            self.wrong_errors += 1
        elif is_wrong:
            self.wrong_successes += 1
        elif outcome.error == "unavailable":
            self.unavailable += 1
        else:
            self.successes += 1
        return is_wrong


def sweep(setup: Setup, location: str, settings: Settings, every: int, begins: str) -> int:
    """Cut each response of each scenario; print what was seen, and return how often it was wrong."""
    tally, begun = Tally(), time.monotonic()
    with setup.opened(location, settings) as direct:
        for scenario in setup.scenarios():
            if scenario.name.startswith(begins):
                tally.scenarios += 1
                _sweep(setup, location, settings, scenario, every, tally, direct)
    figures = ", ".join(f"{name} {number}" for name, number in msgspec.structs.asdict(tally).items())
    print(f"{setup.name}: {figures}, {time.monotonic() - begun:.0f} s", flush=True)
    return tally.wrong_successes + tally.wrong_errors + tally.wrong_objects


def _sweep(
    setup: Setup, location: str, settings: Settings, scenario: Scenario, every: int, tally: Tally, direct: Store
) -> None:
    def run(cutter: Cutter, given: Given) -> tuple[Outcome, Outcome, Outcome]:
        before = _object_written(scenario, given)
        outcome = _renamed(act(setup, settings, scenario, given, cutter), given)
        return outcome, before, _object_written(scenario, given)

    with ExitStack() as kept:

        def anew() -> Given:
            """Give a call a server in the state that it needs; what only reads leaves it so."""
            if not (scenario.reads and given):
                kept.close()
                given.append(kept.enter_context(prepared(direct, scenario, f"responses-{secrets.token_hex(6)}")))
            return given[-1]

        given: list[Given] = []
        _cut_each(setup, scenario, location, every, tally, lambda cutter: run(cutter, anew()))


Run = Callable[[Cutter], tuple[Outcome, Outcome, Outcome]]
"""Makes a call; returns what came of it, and what the key that it writes held before and after."""


def _cut_each(setup: Setup, scenario: Scenario, location: str, every: int, tally: Tally, run: Run) -> None:
    whole = Cutter(forwarding(location))
    truth, before, written = run(whole)
    tally.responses += len(whole.exchanges)
    for number, (asked, raw) in enumerate(whole.exchanges):
        for after in places(raw, every):
            outcome, _, found = run(Cutter(forwarding(location), number, after))
            if found not in (before, written):
                tally.wrong_objects += 1
                print(f"WRONG {setup.name} {scenario.name}: {asked} cut after {after} left {found}, not {written}")
            if tally.count(outcome, truth):
                print(f"WRONG {setup.name} {scenario.name}: {asked} cut after {after}: {outcome}, not {truth}")


def _object_written(scenario: Scenario, given: Given) -> Outcome:
    """Return what the key that a scenario writes holds."""
    if not scenario.written:
        return Outcome()
    # RGW copies tags in a step of its own, which may not be reached.
    outcome = outcome_of(lambda: given.store.head_object(given.bucket, scenario.written), CHANGING | {"tag_count"})
    return msgspec.structs.replace(outcome, text="")


def _renamed(outcome: Outcome, given: Given) -> Outcome:
    """Return an outcome without the names of the buckets, which differ from call to call."""
    text = msgspec.json.encode(outcome.result)
    for name in ("other", "bucket"):
        if name in given.names:
            text = text.replace(given.names[name].encode(), name.encode())
    return msgspec.structs.replace(outcome, result=msgspec.json.decode(text))


def act(setup: Setup, settings: Settings, scenario: Scenario, given: Given, cutter: Cutter) -> Outcome:
    """Make the call through a proxy."""
    with serving(cutter) as at, setup.opened(at, settings) as store:
        through = Given(store, given.names, LEAST_PART)
        return outcome_of(lambda: scenario.act(through), CHANGING)


@contextmanager
def prepared(direct: Store, scenario: Scenario, bucket: str) -> Iterator[Given]:
    """Bring the server into the state that a call needs, and tidy up after it."""
    given = Given(direct, {"bucket": bucket}, LEAST_PART)
    direct.create_bucket(bucket)
    try:
        scenario.prepare(given)
        yield given
    finally:
        for name in ("bucket", "other"):
            if name in given.names:
                _remove(direct, given.names[name])


def _remove(direct: Store, bucket: str) -> None:
    with suppress(BucketryError):
        for upload in direct.iter_multipart_uploads(bucket):
            direct.abort_multipart_upload(bucket, upload.key, upload.upload_id)
        delete_versions(direct, bucket)
        direct.delete_bucket(bucket)
