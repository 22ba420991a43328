"""Whether a signature is of the right time, by a clock that may have been turned. Reasons: docs/adr/0014-clock.md.

Clients sign with real time, whatever a test has done to the clock. So a signature is accepted if it is right by the
clock or by real time. A presigned URL of a client works until its lifetime has passed on the clock, counted from what
the clock showed when the URL was signed. While the clock is not turned, both are the same time.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterator
from datetime import datetime
from math import ceil, inf
from threading import Lock
from typing import Final, Literal, final

from bucketry.clock import Clock

MAX_SKEW: Final = 900
"""Seconds that a client's clock may be off (S3 API reference, RequestTimeTooSkewed: 15 minutes)."""

_MAX_SEEN: Final = 4096
"""Most signatures whose first use is remembered."""

_LONG: Final = 600
"""Lifetimes from here on are multiples of one of these, as signers choose them; shorter ones of the one below."""

_LONG_STEPS: Final = (60, 100)
_SHORT_STEP: Final = 5
"""Lifetimes below this may be any number of seconds."""

Age = Literal["early", "current", "over"]


@final
class Times:
    """Judges times of signatures. Threads may share it.

    From then on, whoever turns the clock waits until the second is over. Times of signatures have whole seconds, so
    nobody could tell what was signed before the turn from what was signed after it.

    Attributes:
        max_skew: Seconds that the time of a signature may be off, either way.
    """

    __slots__ = ("_clock", "_lock", "_seen", "max_skew")

    def __init__(self, clock: Clock, max_skew: int = MAX_SKEW) -> None:
        """Takes the clock.

        Args:
            clock: The clock.
            max_skew: Seconds that the time of a signature may be off, either way.
        """
        self._clock = clock
        self.max_skew = max_skew
        self._seen: OrderedDict[str, float] = OrderedDict()
        self._lock = Lock()
        clock.on_change(_let_second_pass)

    def is_near(self, signed_at: datetime, now: float | None = None) -> bool:
        """Says whether a signature is of the present.

        Args:
            signed_at: When it was signed.
            now: The time to judge by, in seconds since 1970; ``None``: the clock's, and real time.
        """
        signed = signed_at.timestamp()
        return any(abs(moment - signed) <= self.max_skew for moment in self._moments(now))

    def age_of_url(self, signed_at: datetime, expires_in: int, now: float | None = None) -> Age:
        """Says whether a URL works that was signed at a known time.

        Args:
            signed_at: When it was signed.
            expires_in: Seconds that it works.
            now: As in `is_near`.
        """
        signed = signed_at.timestamp()
        turned, real = self._moments(now)
        ages = [turned - signed]
        if now is None and signed <= real + self.max_skew:
            ages.append(turned - signed - self._clock.ahead_at(signed))
        if any(-self.max_skew <= age <= expires_in for age in ages):
            return "current"
        return "early" if max(ages) < -self.max_skew else "over"

    def is_over(self, end: float, signature: str, signed_at: datetime | None = None) -> bool:
        """Says whether a URL or a form has expired that says when it ends.

        Args:
            end: When it ends, in seconds since 1970.
            signature: Its signature.
            signed_at: When it was signed; ``None``: it does not say.
        """
        turned, real = self._moments(None)
        if end >= turned:
            return False
        if end < real:
            return True
        if signed_at is not None:
            signed = signed_at.timestamp()
            return signed > real + self.max_skew or end + self._clock.ahead_at(signed) < turned
        with self._lock:
            seen = self._seen.get(signature, real)
        return not any(
            end + ahead >= turned and _has_usual(end - last, end - first) for first, last, ahead in self._spans(seen)
        )

    def remember(self, signature: str) -> None:
        """Notes the first use of a signature that is right and does not say when it was made."""
        with self._lock:
            if signature not in self._seen:
                self._seen[signature] = time.time()
                if len(self._seen) > _MAX_SEEN:
                    self._seen.popitem(last=False)

    def _moments(self, now: float | None) -> tuple[float, float]:
        """Returns the clock's time and real time."""
        real = time.time() if now is None else now
        return (real + self._clock.ahead if now is None else now), real

    def _spans(self, until: float) -> Iterator[tuple[float, float, float]]:
        """Yields begin and end of each time up to this one, by real time, and how far ahead the clock was then."""
        spans = self._clock.spans()
        ends = [span.begin for span in spans[1:]] + [inf]
        for span, end in zip(spans, ends, strict=True):
            if span.begin <= until:
                yield span.begin, min(end, until), span.ahead


def _has_usual(least: float, most: float) -> bool:
    """Says whether a usual lifetime is in these bounds: at least the first, below the second."""
    if least < _SHORT_STEP or most == inf:
        return True
    steps = _LONG_STEPS if least >= _LONG else (_SHORT_STEP,)
    return any(ceil(least / step) * step < most for step in steps)


def _let_second_pass(clock: Clock) -> None:
    """Waits until the second of the last turn is over, by the system's clock."""
    *_, last = clock.spans()
    if last.ahead:
        time.sleep(max(0.0, int(last.begin) + 1 - time.time()))
