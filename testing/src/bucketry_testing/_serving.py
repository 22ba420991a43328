"""The servers as context managers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any, TypeVar

from bucketry import Store
from bucketry.layers import Fault
from bucketry_http import RestSettings

from bucketry_testing._bed import Bed, memory_settings
from bucketry_testing._endpoints import Endpoint, RestServer, S3Endpoint
from bucketry_testing._ports import reserve_port

EndpointT = TypeVar("EndpointT", bound=Endpoint)


@contextmanager
def s3_endpoint(
    store: Store | None = None,
    *,
    buckets: Iterable[str] = (),
    faults: Iterable[Fault | str] = (),
    allowed_hosts: Iterable[str] = (),
    **settings: Any,
) -> Iterator[S3Endpoint]:
    """Serves S3 from a fresh store in memory, for as long as the ``with`` statement lasts.

    Args:
        store: A store of your own to serve instead, which you close. Its presigned URLs lead wherever its driver says.
        buckets: Buckets to create first.
        faults: What goes wrong from the start; more with `Endpoint.faults`.
        allowed_hosts: Host names under which clients reach it, besides those of this machine.
        settings: Settings of the memory driver: ``access_key``, ``secret_key``, ``region``, ``min_part_size``, …

    Raises:
        InvalidSettings: A setting is unknown, of the wrong type or out of bounds.
        InvalidArgument: A fault cannot be read.
    """
    hosts = RestSettings(allowed_hosts=tuple(allowed_hosts)).allowed_hosts
    if store is not None:
        with closing(S3Endpoint(store, memory_settings(settings), reserve_port(), None, hosts)) as endpoint:
            yield _prepared(endpoint, buckets, faults)
        return
    with closing(Bed(settings)) as bed:
        yield _prepared(bed.serve_s3(hosts), buckets, faults)


@contextmanager
def rest_server(
    store: Store | None = None,
    *,
    buckets: Iterable[str] = (),
    faults: Iterable[Fault | str] = (),
    allowed_hosts: Iterable[str] = (),
    cors_origins: Iterable[str] = (),
    **settings: Any,
) -> Iterator[RestServer]:
    """Serves the REST API from a fresh store in memory, for as long as the ``with`` statement lasts.

    Args:
        store: A store to serve instead, such as that of an `s3_endpoint`; who opened it closes it.
        buckets: As in `s3_endpoint`; likewise the two below.
        faults: See above.
        allowed_hosts: See above.
        cors_origins: Origins whose web pages may use the API, such as ``http://localhost:3000``.
        settings: See above.

    Raises:
        InvalidSettings: As `s3_endpoint`.
        InvalidArgument: As `s3_endpoint`.
    """
    how = RestSettings(allowed_hosts=tuple(allowed_hosts), cors_origins=tuple(cors_origins))
    if store is not None:
        with closing(RestServer(store, reserve_port(), settings=how)) as server:
            yield _prepared(server, buckets, faults)
        return
    with closing(Bed(settings)) as bed:
        yield _prepared(bed.serve_rest(how), buckets, faults)


def _prepared(endpoint: EndpointT, buckets: Iterable[str], faults: Iterable[Fault | str]) -> EndpointT:
    for name in buckets:
        endpoint.store.create_bucket(name)
    if faults := tuple(faults):
        endpoint.faults.add(*faults)
    return endpoint
