"""A proxy that lets each request reach the server, and loses its response."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from bucketry import BucketryError, Store

from tests.faults.fronts import location_of
from tests.minio import backend as minio
from tests.responses.exchanges import Request, Response, forwarding, serving
from tests.rgw import backend as rgw
from tests.servers.handles import MinioServer, Server
from tests.servers.looking import bucket_on


class Losing:
    """Passes requests on, and loses the first response to each that it is about: its connection ends without one.

    Attributes:
        about: What the request line of those must match; empty: none.
        seen: How many requests matched.
    """

    def __init__(self, target: str) -> None:
        self._forward = forwarding(target)
        self.about = ""
        self.seen = 0

    def __call__(self, request: Request) -> Response:
        response = self._forward(request)
        if not self.about or not re.match(self.about, request.asked):
            return response
        self.seen += 1
        return Response(b"", ends=True) if self.seen == 1 else response


class Bench:
    """A store behind the proxy, one beside it, and a bucket."""

    def __init__(self, losing: Losing, store: Store, direct: Store, bucket: str) -> None:
        self.losing = losing
        self.store = store
        self.direct = direct
        self.bucket = bucket

    def lose(self, about: str, call: Callable[[], object]) -> tuple[str, int]:
        """Make a call whose response is lost; return its error code, and how often the request was sent."""
        self.losing.about, self.losing.seen = about.format(bucket=self.bucket), 0
        try:
            call()
            return "", self.losing.seen
        except BucketryError as error:
            return error.code, self.losing.seen
        finally:
            self.losing.about = ""


@contextmanager
def bench_on(server: Server) -> Iterator[Bench]:
    """Put the proxy before a server."""
    store_on: Callable[..., Store] = minio.store_on if isinstance(server, MinioServer) else rgw.store_on
    with ExitStack() as stack:
        losing = Losing(location_of(server.url))
        at = stack.enter_context(serving(losing))
        direct = stack.enter_context(store_on(server))
        store = stack.enter_context(store_on(server, at=at, retries=2))
        making = bucket_on(direct, "lost")
        try:
            yield Bench(losing, store, direct, next(making))
        finally:
            next(making, None)
