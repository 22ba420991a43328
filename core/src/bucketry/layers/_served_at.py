"""A layer for whoever puts an S3 endpoint in front of a store."""

from __future__ import annotations

from collections.abc import Generator

import msgspec

from bucketry.hookspecs import hookimpl
from bucketry.models import Status


class ServedAt:
    """Has ``status`` name the S3 endpoint that serves the store, once there is one, instead of what the driver says.

    Attributes:
        endpoint: URL of that endpoint, as clients reach it; empty: none yet.
        region: Its region.
    """

    def __init__(self) -> None:
        self.endpoint = ""
        self.region = ""

    @hookimpl(wrapper=True)
    def status(self) -> Generator[None, Status, Status]:
        """Replaces where the store is, and leaves the rest."""
        status = yield
        return msgspec.structs.replace(status, endpoint=self.endpoint, region=self.region) if self.endpoint else status
