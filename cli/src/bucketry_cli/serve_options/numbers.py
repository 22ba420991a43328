"""Numbers that options take."""

from __future__ import annotations

from math import isfinite
from typing import Any

import click
from typing_extensions import override


class FiniteRange(click.FloatRange):
    """A number in a range. Click's own type takes ``nan``, which is in every range, and ``inf``."""

    @override
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        found = super().convert(value, param, ctx)
        if not isfinite(found):
            self.fail(f"{value} is not a number that can be used", param, ctx)
        return found
