"""`make compat`: runs the contract suite on drivers and servers, and writes docs/compat.md and docs/s3-operations.md.

``python -m tests.compat [NAME…]`` runs these columns, or all of them; ``--page`` only writes the pages.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tests import prepare
from tests.compat import operations_page, page
from tests.compat.columns import COLUMNS, Column
from tests.compat.running import OPERATIONS, Outcome, run_all

RUNS = {column.name: column for column in (*COLUMNS, OPERATIONS) if column.suite}


def write_pages() -> None:
    """Writes both pages anew."""
    page.PATH.write_text(page.page())
    operations_page.PATH.write_text(operations_page.page())


def chosen(names: Sequence[str]) -> list[Column]:
    """Returns the runs of these names, or all.

    Raises:
        SystemExit: There is no run of a name.
    """
    if unknown := sorted(set(names) - RUNS.keys()):
        sys.exit(f"make compat: no column {', '.join(unknown)}; there are {', '.join(RUNS)}")
    return [RUNS[name] for name in names or RUNS]


def main(arguments: Sequence[str]) -> int:
    """Runs what is asked for; returns 1 if any of it failed or could not be run."""
    parser = argparse.ArgumentParser(prog="make compat", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(RUNS)}")
    parser.add_argument("--page", action="store_true", help="write the pages from the results that are there")
    parser.add_argument("--workers", default="auto", help="test processes of a run")
    given = parser.parse_args(arguments)
    if given.page and given.names:
        parser.error("--page runs nothing")
    outcomes = {} if given.page else _run(chosen(given.names), given.workers)
    write_pages()
    for name, outcome in outcomes.items():
        print(f"{name}: {outcome.value}")
    return int(any(outcome is not Outcome.PASSED for outcome in outcomes.values()))


def _run(columns: Sequence[Column], workers: str) -> dict[str, Outcome]:
    if prepare.main([column.suite for column in columns]):
        sys.exit("make compat: the servers could not be prepared")
    return run_all(columns, workers)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
