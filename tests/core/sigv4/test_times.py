"""Times of signatures, by a clock that may have been turned."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bucketry import clock as clocks
from bucketry.clock import Clock
from bucketry.secret import Secret
from bucketry.sigv4 import MAX_SKEW, Credentials, Presigner, SignatureError, Signer, Times, Verified, Verifier
from bucketry.sigv4 import times as modules
from hypothesis import given
from hypothesis import strategies as st

from tests.core.sigv4.wire import to_wire

START = 1_700_000_000.0
HOUR = 3600
DAY = 24 * HOUR
CREDENTIALS = Credentials("AK", Secret("secret"))


class RealTime:
    """Real time, which a test moves."""

    def __init__(self) -> None:
        self.second = START + 0.4
        self.slept = list[float]()

    def time(self) -> float:
        return self.second

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.second += seconds


@pytest.fixture
def real(monkeypatch: pytest.MonkeyPatch) -> RealTime:
    real = RealTime()
    monkeypatch.setattr(modules, "time", real)
    monkeypatch.setattr(clocks, "time", real.time)
    return real


@pytest.fixture
def clock(real: RealTime) -> Clock:
    return Clock()


@pytest.fixture
def times(clock: Clock) -> Times:
    return Times(clock)


def at(second: float) -> datetime:
    return datetime.fromtimestamp(int(second), UTC)


def test_without_a_turn_only_real_time_counts(real: RealTime, times: Times) -> None:
    ages = {seconds: times.is_near(at(real.second + seconds)) for seconds in (-901, -899, 0, 899, 902)}
    assert ages == {-901: False, -899: True, 0: True, 899: True, 902: False}
    assert times.age_of_url(at(START - 60), 61) == "current"
    assert times.age_of_url(at(START - 60), 60) == "over"  # The signature's time was cut to the second.
    assert times.age_of_url(at(START + 902), DAY) == "early"
    assert times.is_over(START, "v2")
    assert not times.is_over(START + 1, "v2")
    assert times.is_over(START, "form", at(START - 60))
    assert real.slept == []


def test_a_header_is_near_the_clock_or_real_time(real: RealTime, clock: Clock, times: Times) -> None:
    clock.advance(days=90)
    now = real.second
    near = {
        0: True, -MAX_SKEW - 2: False, MAX_SKEW + 2: False,
        90 * DAY: True, 90 * DAY - MAX_SKEW + 2: True, 90 * DAY - MAX_SKEW - 2: False, 90 * DAY + MAX_SKEW + 2: False,
        45 * DAY: False,
    }  # fmt: skip
    assert {seconds: times.is_near(at(now + seconds)) for seconds in near} == near
    clock.reset()
    assert times.is_near(at(real.second))
    assert not times.is_near(at(real.second + 90 * DAY))


def test_a_turn_waits_until_its_second_is_over(real: RealTime, clock: Clock, times: Times) -> None:
    Times(clock)  # A second endpoint over the same store.
    clock.advance(hours=1)
    assert real.second == pytest.approx(START + 1)
    clock.advance()
    clock.reset()
    assert real.second == pytest.approx(START + 1)
    assert times.is_near(at(real.second))


@pytest.mark.parametrize("pause", [0, 1, 10 * DAY])
def test_a_url_of_before_the_turn_has_aged(real: RealTime, clock: Clock, times: Times, pause: float) -> None:
    signed = at(real.second)
    clock.advance(hours=1)
    real.second += pause
    assert times.age_of_url(signed, HOUR) == "over"
    assert times.age_of_url(signed, HOUR + 60) == ("current" if pause < 30 else "over")


def test_a_url_of_after_the_turn_works_for_its_time(real: RealTime, clock: Clock, times: Times) -> None:
    clock.advance(days=90)
    signed = at(real.second)
    assert times.age_of_url(signed, HOUR) == "current"
    real.second += HOUR - 2
    assert times.age_of_url(signed, HOUR) == "current"
    real.second += 3
    assert times.age_of_url(signed, HOUR) == "over"


def test_a_url_ages_by_each_further_turn(real: RealTime, clock: Clock, times: Times) -> None:
    clock.advance(days=90)
    signed = at(real.second)
    clock.advance(minutes=59)
    assert times.age_of_url(signed, HOUR) == "current"
    clock.advance(minutes=2)
    assert times.age_of_url(signed, HOUR) == "over"
    assert times.age_of_url(at(real.second), HOUR) == "current"


def test_a_url_signed_by_the_turned_clock(real: RealTime, clock: Clock, times: Times) -> None:
    clock.advance(days=90)
    signed = clock.now().replace(microsecond=0)
    assert times.age_of_url(signed, HOUR) == "current"
    clock.advance(hours=1, seconds=2)
    assert times.age_of_url(signed, HOUR) == "over"
    clock.reset()
    assert times.age_of_url(signed, HOUR) == "early"


def test_a_url_from_further_ahead_is_early(real: RealTime, clock: Clock, times: Times) -> None:
    clock.advance(days=90)
    assert times.age_of_url(clock.now() + timedelta(seconds=MAX_SKEW + 2), HOUR) == "early"
    # By neither time is it of the present.
    assert times.age_of_url(at(real.second) + timedelta(days=1), HOUR) == "over"


@pytest.mark.parametrize("lifetime", [1, 10, 60, 100, 900, HOUR, 1000, DAY, 7 * DAY, 100_000])
def test_what_has_an_end_alone(real: RealTime, clock: Clock, times: Times, lifetime: int) -> None:
    before = int(real.second) + lifetime
    clock.advance(days=90)
    assert times.is_over(before, "unused") == (lifetime >= 5)  # A few seconds could be anything.
    after = int(real.second) + lifetime
    assert not times.is_over(after, "new")
    clock.advance(days=8)
    assert times.is_over(after, "new") == (lifetime >= 5)


def test_what_was_used_before_the_turn_is_known(real: RealTime, clock: Clock, times: Times) -> None:
    end = int(real.second) + HOUR
    times.remember("used")
    clock.advance(minutes=59)
    assert not times.is_over(end, "used")
    real.second += 20
    clock.advance(minutes=2)
    real.second += 30 * 60
    assert times.is_over(end, "used")
    # Half an hour after the turn nobody can tell any more when this was signed.
    assert not times.is_over(end, "unused")


def test_first_uses_are_bounded(real: RealTime, clock: Clock, times: Times) -> None:
    times.remember("first")
    for number in range(5000):
        times.remember(f"{number}")
    assert len(times._seen) == 4096
    assert "first" not in times._seen


def test_a_form_that_says_when_it_was_signed(real: RealTime, clock: Clock, times: Times) -> None:
    before = at(real.second)
    clock.advance(days=90)
    after = at(real.second)
    end = int(real.second) + HOUR
    assert times.is_over(end, "form", before)
    assert not times.is_over(end, "form", after)
    assert times.is_over(end, "form", after + timedelta(days=1))  # It cannot have been signed yet.
    clock.advance(hours=2)
    assert times.is_over(end, "form", after)
    by_clock = clock.now()
    assert not times.is_over(by_clock.timestamp() + 60, "form", by_clock)


@pytest.mark.parametrize("lifetime", [60, HOUR, DAY])
def test_a_reset_lets_what_has_not_expired_by_real_time_work_again(
    real: RealTime, clock: Clock, times: Times, lifetime: int
) -> None:
    signed, end = at(real.second), int(real.second) + lifetime
    clock.advance(days=90)
    clock.reset()
    assert times.age_of_url(signed, lifetime) == "current"
    assert not times.is_over(end, "v2")
    real.second += lifetime + 1
    assert times.age_of_url(signed, lifetime) == "over"
    assert times.is_over(end, "v2")


def verified(times: Times, url: str, headers: dict[str, str] | None = None) -> Verified:
    wire = to_wire("GET", url, headers)
    verifier = Verifier({CREDENTIALS.access_key: CREDENTIALS.secret_key}.get, times=times)
    return verifier.verify(wire.method, wire.path, wire.query, wire.headers)


def test_the_verifier_goes_by_it() -> None:
    clock = Clock()
    times = Times(clock)
    presigner = Presigner(CREDENTIALS, endpoint="http://host", region="us-east-1")
    signer = Signer(CREDENTIALS, region="us-east-1")

    def header(now: datetime) -> Any:
        return signer.sign("GET", "http://host/bucket/key", payload="UNSIGNED-PAYLOAD", now=now).headers

    def url(now: datetime) -> str:
        return presigner.presign_url("GET", "bucket", "key", expires_in=HOUR, now=now)

    old = url(datetime.now(UTC))
    clock.advance(days=90)
    for now in (datetime.now(UTC), clock.now()):
        verified(times, "http://host/bucket/key", header(now))
        verified(times, url(now))
    with pytest.raises(SignatureError, match="expired"):
        verified(times, old)
    with pytest.raises(SignatureError, match="RequestTimeTooSkewed"):
        verified(times, "http://host/bucket/key", header(clock.now() - timedelta(days=45)))
    with pytest.raises(SignatureError, match="not valid yet"):
        verified(times, url(clock.now() + timedelta(days=1)))


SECONDS = st.integers(-10 * DAY, 10 * DAY)


@given(signed=SECONDS, lifetime=st.integers(1, 604_800))
def test_with_the_systems_clock_nothing_is_laxer(signed: int, lifetime: int) -> None:
    """The rule of before: 15 minutes around real time, and until its end for what expires."""
    real = RealTime()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(modules, "time", real)
        patch.setattr(clocks, "time", real.time)
        for clock in (Clock(), turned_and_reset()):
            times = Times(clock)
            age, moment = real.second - (START + signed), at(START + signed)
            assert times.is_near(moment) == (abs(age) <= MAX_SKEW)
            assert (times.age_of_url(moment, lifetime) == "current") == (-MAX_SKEW <= age <= lifetime)
            end = START + signed
            for signed_at in (None, moment, at(START - DAY), at(START + DAY)):
                assert times.is_over(end, "s", signed_at) == (end < real.second)


def turned_and_reset() -> Clock:
    clock = Clock()
    clock.advance(days=90)
    clock.reset()
    return clock


@given(signed=SECONDS, lifetime=st.integers(1, 604_800), days=st.integers(0, 100), pause=st.integers(0, 2 * DAY))
def test_a_turn_never_makes_an_old_url_work(signed: int, lifetime: int, days: int, pause: int) -> None:
    """What was over before a turn is over after it, and what is over by real time is over."""
    real = RealTime()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(modules, "time", real)
        patch.setattr(clocks, "time", real.time)
        clock = Clock()
        times, moment = Times(clock), at(START + signed)
        before = times.age_of_url(moment, lifetime)
        clock.advance(days=days)
        real.second += pause
        after = times.age_of_url(moment, lifetime)
        by_clock = clock.now().timestamp() - moment.timestamp()
        if before == "over":
            assert after == "over"
        if signed + lifetime < pause and not -MAX_SKEW <= by_clock <= lifetime:
            assert after != "current"
