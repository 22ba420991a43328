"""A layer that sets the endpoint in a store's status, for servers that put an S3 endpoint in front of the store."""

from __future__ import annotations

from collections.abc import Generator

import msgspec

from bucketry.hookspecs import hookimpl
from bucketry.models import Status


class ServedAt:
    """Makes ``status`` name the S3 endpoint that serves the store, in place of the endpoint that the driver names.

    Attributes:
        endpoint: URL of that endpoint, as clients reach it. Empty: there is none yet.
        region: Its region.
    """

    def __init__(self) -> None:
        self.endpoint = ""
        self.region = ""

    @hookimpl(wrapper=True)
    def status(self) -> Generator[None, Status, Status]:
        """Replaces endpoint and region, and leaves the rest."""
        status = yield
        return msgspec.structs.replace(status, endpoint=self.endpoint, region=self.region) if self.endpoint else status
