"""The memory store: what 100,000 objects of 100 bytes take."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack

from benchmarks.case import BYTES, Case, Contender, Contenders, Scale, Target


def _taken(holder: str, scale: Scale) -> Callable[[], float]:
    command = [sys.executable, "-m", "benchmarks.memory_of_objects", holder, str(scale.objects)]

    def measure() -> float:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
        return float(done.stdout) / scale.objects

    return measure


def _against(holder: str) -> Callable[[Scale, ExitStack], Contenders]:
    def set_up(scale: Scale, _: ExitStack) -> Contenders:
        return Contenders(
            Contender("bucketry", _taken("bucketry", scale)),
            Contender(holder, _taken(holder, scale)),
            Contender("a dict of bytes", _taken("dict", scale)),
        )

    return set_up


_TITLE = "memory store, resident bytes an object, 100,000 objects of 100 bytes"
_LESS = Target(1, "less")

CASES = (
    Case(
        name="memory-resident-fsspec",
        title=_TITLE,
        unit=BYTES,
        set_up=_against("fsspec"),
        target=_LESS,
        needs=("fsspec",),
        max_rounds=2,
        note="Growth of the resident set of a process that does nothing else, keys of 14 characters included.",
    ),
    Case(
        name="memory-resident-moto",
        title=_TITLE,
        unit=BYTES,
        set_up=_against("moto"),
        target=_LESS,
        needs=("moto",),
        max_rounds=2,
        note="Put into moto's S3 backend itself, which favours moto: through boto3 it keeps a third more, "
        "and takes minutes.",
    ),
)
