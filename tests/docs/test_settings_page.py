"""docs/settings.md is what the code says."""

from __future__ import annotations

from pathlib import Path

from bucketry_cli.serve_options import all_options

from tools.settings_page import page

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == page(), "run `make settings`"


def test_every_option_has_a_row() -> None:
    for given in all_options():
        assert f"`{given.envvar}`" in page()
