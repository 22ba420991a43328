"""Writes docs/compat.md from the results of all columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from textwrap import shorten
from typing import Final

import msgspec
from bucketry import FEATURE_NAMES
from bucketry.features import GIB, MIB, TRAIT_NAMES
from bucketry.hookspecs import OPERATIONS

from tests.compat.columns import COLUMNS, Column
from tests.compat.results import FOLDER, Result, Tally, path_of, read

_YES: Final = "✓"

_SHOWN_KEY: Final = 24
"""Longest part of a key that is shown, in characters."""

_SHOWN_KEYS: Final = 12
"""Most keys that are shown of a backend."""

_HEAD: Final = """\
# What each driver and server can do

Each column is a run of the whole [contract suite](../tests/contract/README.md) on a real server, once bare and once
below a layer. Written by `make compat` from the results in `docs/compat/`; do not edit.

- **What can one server do?** [One by one](#one-by-one) has what each lacks, its known faults, and its limits.
- **Does a feature work everywhere?** [Features](#features) has a row for each.
- **Can I use it from async code, or over TLS?** [The same, reached in another way](#the-same-reached-in-another-way).
- **What does a server do with requests of S3 itself?** [S3's operations](s3-operations.md), without bucketry between.

Whatever a server cannot do, bucketry refuses with `Unsupported` before anything is sent. Nothing is ignored.
"""

_LEGEND: Final = """\
✓: declared, and all its tests passed. ≈: declared, with a fault of the server's that is known ([which](#one-by-one)).
–: not declared, and the same tests ended in `Unsupported`, as they must. Blank: not tested in that run.
[`bucketry.Features`](reference/contract.md) says what each feature is.
"""

_Tallies = Mapping[str, Tally]


class _Run(msgspec.Struct):
    """A column with its results."""

    column: Column
    result: Result

    @property
    def heading(self) -> str:
        """The column's heading: short lines."""
        return f"{self.column.title.replace(' ', '<br>')}<br>`{self.result.driver}`" if self.is_remote else self.title

    @property
    def is_remote(self) -> bool:
        """Whether the driver speaks to a server that has a name of its own."""
        return self.column.title != self.result.driver

    @property
    def title(self) -> str:
        """The column in a line of its own."""
        return f"{self.column.title} by `{self.result.driver}`" if self.is_remote else f"`{self.result.driver}`"


def _is_condition(name: str) -> bool:
    return "_if_" in name


def _is_of_locks_and_settings(name: str) -> bool:
    return name.startswith("bucket_") or "object_lock" in name


def _is_of_what_is_kept(name: str) -> bool:
    return name.startswith(("put_", "checksums", "encrypt_")) or name in {"owners", "storage_class", "website_redirect"}


def _is_of_uploads_and_copies(name: str) -> bool:
    return name.startswith(("upload_", "complete_", "copy_"))


_GROUPS: Final[Sequence[tuple[str, Callable[[str], bool]]]] = (
    ("Conditions", _is_condition),
    ("Settings of a bucket, versions and locks", _is_of_locks_and_settings),
    ("What an object keeps", _is_of_what_is_kept),
    ("Uploads and copies", _is_of_uploads_and_copies),
    ("Listing, reading, presigning", lambda _: True),
)
"""The tables of features, and which go where: each into the first that takes it."""


def _cell(tally: Tally | None) -> str:
    if tally is None or not (tally.passed or tally.refused or tally.failed or tally.expected):
        return ""
    if tally.failed:
        return f"**{tally.failed} failed**"
    if not tally.declared:
        return "–"
    return "≈" if tally.expected else _YES


def _row(name: str, cells: Iterable[str]) -> str:
    return f"| {name} | {' | '.join(cells)} |"


def _table(first: str, headings: Sequence[str], rows: Iterable[str], align: str = ":-:") -> Iterator[str]:
    yield from ("", _row(first, headings), _row("---", (align for _ in headings)), *rows)


def _rows(runs: Sequence[_Run], names: Iterable[str], tallies: Callable[[Result], _Tallies]) -> Iterator[str]:
    for name in names:
        yield _row(f"`{name}`", (_cell(tallies(run.result).get(name)) for run in runs))


def _counts(result: Result) -> Iterator[str]:
    for verdict in ("passed", "refused", "expected", "failed", "skipped"):
        count = result.counts.get(verdict, 0)
        yield f"**{count}**" if verdict == "failed" and count else str(count)


_COUNTED: Final = ("passed", "refused", "known faults", "failed", "not tried")


def _runs_table(runs: Sequence[_Run]) -> Iterator[str]:
    rows = (_row(run.title, (run.result.server or "in process", run.result.date, *_counts(run.result))) for run in runs)
    yield from _table("", ("server", "date", *_COUNTED), rows, "---")


def _missing(columns: Iterable[Column]) -> Iterator[str]:
    names = [f"`{column.name}`" for column in columns]
    if names:
        yield from ("", f"Not run yet: {', '.join(names)}.")


def _have(runs: Sequence[_Run], names: Iterable[str], tallies: Callable[[Result], _Tallies]) -> list[str]:
    """The names of what all of these have."""
    return [name for name in names if {_cell(tallies(run.result).get(name)) for run in runs} == {_YES}]


def _differing(runs: Sequence[_Run], names: Sequence[str], tallies: Callable[[Result], _Tallies]) -> Iterator[str]:
    """What all have in a sentence, and what some lack in a table."""
    everywhere = _have(runs, names, tallies)
    if everywhere:
        yield from ("", f"Everywhere: {', '.join(f'`{name}`' for name in everywhere)}.")
    if len(everywhere) < len(names):
        rows = _rows(runs, [name for name in names if name not in everywhere], tallies)
        yield from _table("", [run.heading for run in runs], rows)


def _features_of(result: Result) -> _Tallies:
    return result.features


def _operations_of(result: Result) -> _Tallies:
    return result.operations


def _features(runs: Sequence[_Run], complete: Sequence[_Run]) -> Iterator[str]:
    yield from ("", "## Features", "", _LEGEND.rstrip())
    if complete:
        names = " and ".join(run.title for run in complete)
        yield from (
            "",
            f"All of the {len(FEATURE_NAMES)} features and {len(OPERATIONS)} operations: {names}. The others:",
        )
    left = list(FEATURE_NAMES)
    for title, belongs in _GROUPS if runs else ():
        names_of_group = [name for name in left if belongs(name)]
        left = [name for name in left if not belongs(name)]
        yield from ("", f"### {title}", *_differing(runs, names_of_group, _features_of))


def _operations(runs: Sequence[_Run]) -> Iterator[str]:
    if runs:
        yield from ("", "## Operations", *_differing(runs, list(OPERATIONS), _operations_of))


def _is_complete(run: _Run) -> bool:
    whole = (FEATURE_NAMES, _features_of), (tuple(OPERATIONS), _operations_of)
    return all(_have([run], names, tallies) == [*names] for names, tallies in whole)


def _differences(result: Result, other: Result) -> Iterator[str]:
    for mine, theirs in ((result.operations, other.operations), (result.features, other.features)):
        for name, tally in mine.items():
            # What a part of the suite does not test is no difference.
            if (cell := _cell(tally)) and cell != _cell(theirs.get(name)):
                yield f"`{name}` {cell}, not {_cell(theirs.get(name)) or 'tested'}"
    for name, limit in result.limits.items():
        if limit != other.limits.get(name):
            yield f"`{name}` {limit}, not {other.limits.get(name)}"


def _same(runs: Sequence[_Run], main: Mapping[str, _Run]) -> Iterator[str]:
    yield from ("", "## The same, reached in another way", "")
    yield "The suite again, through `AsyncStore`, over TLS, or with a second API for listings, compared with the above."
    rows = []
    for run in runs:
        other = main.get(run.column.like)
        found = list(_differences(run.result, other.result)) if other else []
        same = "yes" if other and not found else "; ".join(found) or f"`{run.column.like}` has not run yet"
        rows.append(_row(f"{run.title}, {run.column.way}", (same, run.result.date, *_counts(run.result))))
    yield from _table("", ("the same?", "date", *_COUNTED), rows, "---")


def _lacks(result: Result) -> str:
    tallies = {**result.operations, **result.features}
    names = [f"`{name}`" for name, tally in tallies.items() if not tally.declared]
    return f"- Lacks {len(names)}: {', '.join(names)}." if names else "- Has every operation and feature."


def _size(limit: object) -> str:
    for unit, name in ((2**40, "TiB"), (GIB, "GiB"), (MIB, "MiB")):
        if isinstance(limit, int) and limit >= unit and limit % unit == 0:
            return f"{limit // unit} {name}"
    return f"{limit} bytes"


def _limits(result: Result) -> Iterator[str]:
    limits = result.limits
    parts = (
        f"parts of {_size(limits['min_part_size'])} to {_size(limits['max_part_size'])}, {limits['max_parts']} at most"
    )
    yield f"- Limits: {_size(limits['max_put_size'])} in one put, {_size(limits['max_object_size'])} in all; {parts}."
    yield f"- Checksums: {limits['checksum_algorithms'] or 'none'}."
    traits = (f"`{name}` {'yes' if limits[name] else 'no'}" for name in TRAIT_NAMES)
    yield f"- Traits: {', '.join(traits)}."


def _keys(result: Result) -> Iterator[str]:
    shown = [f"`{shorten(key, _SHOWN_KEY, placeholder='…')}`" for key in result.refused_keys]
    shown = [key for key in dict.fromkeys(shown) if "…" not in key]
    if shown:
        more = ", …" if len(result.refused_keys) > _SHOWN_KEYS else ""
        yield f"- Refuses keys (`InvalidKey`), such as {', '.join(shown[:_SHOWN_KEYS])}{more}."


def _lines(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield from (f"- {title}:", *(f"  - {line}" for line in lines))


def _faults(result: Result) -> Iterator[str]:
    """Each fault with the tests that it fails: one by its name, the others by their number."""
    tests: dict[str, list[str]] = {}
    for line in result.expected_failures:
        name, _, reason = line.partition(": ")
        tests.setdefault(reason, []).append(name.removeprefix("test_").replace("_", " "))
    for reason, names in sorted(tests.items(), key=lambda fault: (-len(fault[1]), fault[0])):
        more = f", and {len(names) - 1} more" if len(names) > 1 else ""
        yield f"{reason}. Not kept: *{names[0]}*{more}"


def _one(run: _Run) -> Iterator[str]:
    result = run.result
    server = f"{result.server}, with" if result.server else "With"
    yield from ("", f"### {run.title}", "")
    yield f"{server} bucketry-{result.driver} {result.version} on Python {result.python}, {result.date}."
    yield from ("", _lacks(result), *_limits(result), *_keys(result))
    yield from _lines("Known faults", [*_faults(result)])
    yield from _lines("**Failed**", [f"`{name}`" for name in result.failures])
    yield from _lines("Could not be tried", [", ".join(result.not_tried)] if result.not_tried else [])


def render(results: Mapping[str, Result], columns: Sequence[Column] = COLUMNS) -> str:
    """Returns the page in Markdown.

    Args:
        results: What came out, by the name of the column.
        columns: All columns, in the page's order.
    """
    runs = [_Run(column, results[column.name]) for column in columns if column.name in results]
    main = [run for run in runs if not run.column.like]
    complete = [run for run in main if _is_complete(run)]
    others = [run for run in main if run not in complete]
    lines = [_HEAD.rstrip(), "", "## Servers", *_runs_table(main)]
    lines += _missing(column for column in columns if column.name not in results)
    lines += [*_features(others, complete), *_operations(others)]
    lines += _same([run for run in runs if run.column.like], {run.column.name: run for run in main})
    lines += ["", "## One by one", *(line for run in main for line in _one(run))]
    return "\n".join([*lines, ""])


def page() -> str:
    """Returns the page as the results in docs/compat make it."""
    found = {column.name: read(path_of(column.name)) for column in COLUMNS}
    return render({name: result for name, result in found.items() if result is not None})


PATH: Final = FOLDER.with_suffix(".md")
