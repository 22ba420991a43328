"""Live servers over a store, as a test sees them: objects, and context managers that make them."""

from __future__ import annotations

import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from bucketry import InvalidArgument, ServedSettings, Store
from bucketry.events import EventLog
from bucketry.layers import Fault, Faults
from bucketry.rest_api import PREFIX
from bucketry_http import RestSettings

from bucketry_testing.background import Serving
from bucketry_testing.fresh_store import FreshStore, memory_settings, reserve_port, url_of

if TYPE_CHECKING:
    from bucketry_http.rest.app import StorageApp

AddFaults = Callable[[Faults], Store]
"""Gives the same store as before, with a layer of faults around it."""


class Endpoint(ABC):
    """A server on a port of its own, on the loopback interface.

    Attributes:
        store: The store behind it. What a test does with it directly is struck by no fault and counted by none.
    """

    def __init__(
        self, store: Store, reserved: socket.socket, add_faults: AddFaults | None, events: EventLog | None
    ) -> None:
        self.store = store
        self._events = events
        self._url = url_of(reserved)
        self._add_faults = add_faults
        self._faults: Faults | None = None
        self._serving = Serving(self._app(store), reserved)

    @property
    def faults(self) -> Faults:
        """What goes wrong for the clients of this server; nothing, until faults are added.

        Raises:
            InvalidArgument: The server was given a store that it did not open.
        """
        if self._faults is None:
            if self._add_faults is None:
                raise InvalidArgument("this server was given an open store: open it with a Faults layer of your own")
            faults = Faults(blocks=True)
            # Only now: a store that may wait is called in threads, which a test without faults need not pay for.
            self._serving.app = self._app(self._add_faults(faults))
            self._faults = faults
        return self._faults

    @property
    def events(self) -> EventLog:
        """What happened to the objects in the store: S3's events, whoever caused them.

        Raises:
            InvalidArgument: The server was given a store that it did not open.
        """
        if self._events is None:
            raise InvalidArgument("this server was given an open store: open it with an Events layer of your own")
        return self._events

    def close(self) -> None:
        """Ends the server; the store stays open."""
        if self._faults is not None:
            self._faults.clear()  # Nothing in progress has to wait any longer.
        self._serving.close()

    @abstractmethod
    def _app(self, store: Store) -> Any:
        """Makes the application over a store."""


class S3Endpoint(Endpoint):
    """A live S3 endpoint.

    Attributes:
        endpoint_url: Its URL, ``http://127.0.0.1:PORT``.
        access_key: The access key that it accepts.
        secret_key: Its secret key.
        region: Its region.
        store: The store behind it. What a test does with it directly is struck by no fault and counted by none.
    """

    def __init__(
        self,
        store: Store,
        settings: ServedSettings,
        reserved: socket.socket,
        add_faults: AddFaults | None = None,
        allowed_hosts: tuple[str, ...] = (),
        events: EventLog | None = None,
    ) -> None:
        """Begins to serve; made by `s3_endpoint`."""
        self._allowed_hosts = allowed_hosts
        self.access_key = settings.access_key
        self.secret_key = settings.secret_key.reveal()
        self.region = settings.region
        self._settings = settings
        super().__init__(store, reserved, add_faults, events)
        self.endpoint_url = self._url

    @property
    def boto3_kwargs(self) -> dict[str, Any]:
        """The arguments of ``boto3.client("s3", …)``, of ``boto3.resource`` and of aiobotocore's ``create_client``."""
        return {
            "endpoint_url": self.endpoint_url,
            "aws_access_key_id": self.access_key,
            "aws_secret_access_key": self.secret_key,
            "region_name": self.region,
        }

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables in which AWS's SDKs and CLI look for the same, for code that makes its client itself.

        Those of a developer's own that would spoil it are set to nothing.
        """
        return {
            "AWS_ENDPOINT_URL_S3": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            # A token of another key pair goes with this one too, and is refused; an empty one counts as none.
            "AWS_SESSION_TOKEN": "",
            "AWS_SECURITY_TOKEN": "",
            "AWS_CREDENTIAL_EXPIRATION": "",
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        }

    def _app(self, store: Store) -> Any:
        from bucketry_http import S3Credential, S3Settings, create_s3_app

        credential = S3Credential(access_key=self.access_key, secret_key=self._settings.secret_key)
        public = self._settings.public_endpoint
        settings = S3Settings(
            credentials=(credential,),
            region=self.region,
            domains=("localhost",),
            allowed_hosts=self._allowed_hosts,
            public_endpoints=(public,) if public else (),
        )
        return create_s3_app(store, settings)

    def __repr__(self) -> str:
        return f"<S3Endpoint {self.endpoint_url}>"


class RestServer(Endpoint):
    """A live server of the REST API.

    Attributes:
        url: URL of the API, ``http://127.0.0.1:PORT/api/v1/storage``.
        store: The store behind it. What a test does with it directly is struck by no fault and counted by none.
    """

    def __init__(
        self,
        store: Store,
        reserved: socket.socket,
        add_faults: AddFaults | None = None,
        settings: RestSettings | None = None,
        events: EventLog | None = None,
    ) -> None:
        """Begins to serve; made by `rest_server`."""
        self._settings = settings
        super().__init__(store, reserved, add_faults, events)
        self.url = self._url + PREFIX

    def _app(self, store: Store) -> Any:
        return _template().over(store, self._settings)

    def __repr__(self) -> str:
        return f"<RestServer {self.url}>"


@cache
def _template() -> StorageApp:
    """The REST API over a store of its own, which nobody sees: making its routes takes longer than all the rest."""
    from bucketry_http import create_app
    from bucketry_memory import MemoryDriver, MemorySettings

    return create_app(Store(MemoryDriver(MemorySettings())))


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
    with closing(FreshStore(settings)) as fresh:
        yield _prepared(fresh.serve_s3(hosts), buckets, faults)


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
    with closing(FreshStore(settings)) as fresh:
        yield _prepared(fresh.serve_rest(how), buckets, faults)


def _prepared(endpoint: EndpointT, buckets: Iterable[str], faults: Iterable[Fault | str]) -> EndpointT:
    for name in buckets:
        endpoint.store.create_bucket(name)
    if faults := tuple(faults):
        endpoint.faults.add(*faults)
    return endpoint
