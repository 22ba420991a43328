"""The processor time that another process has taken."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Final

_SCHEDULED: Final = 2


def clock_of(pid: int) -> Callable[[], float]:
    """Returns a clock of a process, in seconds: the processor time of all its threads (Linux alone).

    The id of such a clock is the process's own, inverted, before three bits for the kind of clock (what
    clock_getcpuclockid(3) returns).
    """
    return partial(time.clock_gettime, ~pid << 3 | _SCHEDULED)
