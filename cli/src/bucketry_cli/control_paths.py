"""Paths of the endpoints for tests of applications, on the port of the REST API."""

from __future__ import annotations

from typing import Final

PREFIX: Final = "/_bucketry/"
CLOCK: Final = f"{PREFIX}clock"
EVENTS: Final = f"{PREFIX}events"
RESET: Final = f"{PREFIX}reset"
