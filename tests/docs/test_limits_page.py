"""docs/limits.md is what the code says."""

from __future__ import annotations

from pathlib import Path

from bucketry_cli.serve_options.limits import LimitOptions

from tools.bounds import BOUNDS, HELP
from tools.limits_page import page

PAGE = Path(__file__).parents[2] / "docs" / "limits.md"
NO_BOUNDS = {"--quota-recount-seconds"}


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == page(), "run `make settings`"


def test_every_option_of_limits_is_a_bound() -> None:
    options = {given.opts[0] for given in LimitOptions.OPTIONS}
    assert options - NO_BOUNDS <= {bound.name for bound in BOUNDS}


def test_every_bound_is_an_option_or_says_itself_what_it_is() -> None:
    for bound in BOUNDS:
        assert bound.name in HELP or (bound.about and bound.default), bound.name
