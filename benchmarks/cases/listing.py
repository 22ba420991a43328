"""The memory store: a listing costs what is listed, not what is there."""

from __future__ import annotations

from contextlib import ExitStack

from bucketry import DEFAULT_CONTENT_TYPE, ListOptions, ObjectInfo

from benchmarks.case import MICROSECONDS, Case, Contender, Contenders, Scale, Target
from benchmarks.cases.memory import memory_store
from benchmarks.timing import timed, timed_call

_LISTED = 1_000


def _set_up(scale: Scale, stack: ExitStack) -> Contenders:
    listed = min(_LISTED, scale.keys // 2)
    among_many, among_few = memory_store(stack), memory_store(stack)
    prefixes = scale.keys // listed
    prefix = f"{prefixes // 2:06}/"
    for number in range(prefixes):
        for index in range(listed):
            among_many.put_object("bench", f"{number:06}/{index:06}", b"")
    for index in range(listed):
        among_few.put_object("bench", f"{prefix}{index:06}", b"")
    options = ListOptions(prefix=prefix)
    page = among_many.list_objects("bench", options)
    if len(page.objects) != listed or page.cursor is not None:
        raise AssertionError(page)

    def bare() -> list[ObjectInfo]:
        return [
            ObjectInfo(
                key=info.key,
                size_bytes=0,
                etag=info.etag,
                last_modified=info.last_modified,
                content_type=DEFAULT_CONTENT_TYPE,
            )
            for info in page.objects
        ]

    return Contenders(
        Contender(f"among {scale.keys:,}", timed_call(scale, among_many.list_objects, "bench", options)),
        Contender(f"bucketry among {listed:,}", timed_call(scale, among_few.list_objects, "bench", options)),
        Contender(f"making {listed:,} results", timed(scale, bare)),
    )


CASES = (
    Case(
        name="memory-list-among-a-million",
        title="memory store, list 1,000 keys under a prefix among 1,000,000",
        unit=MICROSECONDS,
        set_up=_set_up,
        target=Target(1 / 1.5, "within 1.5×"),
    ),
)
