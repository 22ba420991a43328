"""How the backend is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import click

from bucketry_cli.config import ROUTER
from bucketry_cli.serve_options.group import Group, option

if TYPE_CHECKING:
    from bucketry.layers import Breaker


class BackendOptions(Group, frozen=True, kw_only=True):
    """How the backend is called."""

    TITLE: ClassVar = "Backend"
    OPTIONS: ClassVar = (
        option(
            "--breaker",
            type=click.IntRange(0),
            default=0,
            show_default=True,
            metavar="FAILURES",
            help="After so many calls in a row that the backend did not answer, refuse calls at once until it does "
            "(docs/circuit-breaker.md); 0: never.",
        ),
    )

    breaker: int

    def layers(self, url: str) -> list[Breaker]:
        """Returns the layers that stand next to the driver of a URL: new ones, since no two stores share them."""
        if not self.breaker or is_router(url):
            return []
        from bucketry.layers import Breaker

        return [Breaker(self.breaker)]

    def settings(self, url: str) -> dict[str, int]:
        """Returns what a driver over several stores is told: each of these has a breaker of its own."""
        return {"breaker": self.breaker} if self.breaker and is_router(url) else {}


def is_router(url: str) -> bool:
    """Says whether a URL is that of several stores."""
    return url.partition("://")[0].lower() == ROUTER
