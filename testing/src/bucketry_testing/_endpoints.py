"""Live servers over a store, as a test sees them."""

from __future__ import annotations

import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from bucketry import InvalidArgument, ServedSettings, Store
from bucketry.layers import Faults

from bucketry_testing._background import Listening
from bucketry_testing._ports import url_of

if TYPE_CHECKING:
    from bucketry_http import RestSettings
    from bucketry_http.rest.app import StorageApp

AddFaults = Callable[[Faults], Store]
"""Gives the same store as before, with a layer of faults around it."""

API: Final = "/api/v1/storage"


class Endpoint(ABC):
    """A server on a port of its own, on the loopback interface.

    Attributes:
        store: The store behind it. What a test does with it directly is struck by no fault and counted by none.
    """

    def __init__(self, store: Store, reserved: socket.socket, add_faults: AddFaults | None) -> None:
        self.store = store
        self._url = url_of(reserved)
        self._add_faults = add_faults
        self._faults: Faults | None = None
        self._listening = Listening(self._app(store), reserved)

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
            self._listening.app = self._app(self._add_faults(faults))
            self._faults = faults
        return self._faults

    def close(self) -> None:
        """Ends the server; the store stays open."""
        if self._faults is not None:
            self._faults.clear()  # Nothing in progress has to wait any longer.
        self._listening.close()

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
    ) -> None:
        """Begins to serve; made by `s3_endpoint`."""
        self._allowed_hosts = allowed_hosts
        self.access_key = settings.access_key
        self.secret_key = settings.secret_key.reveal()
        self.region = settings.region
        self._settings = settings
        super().__init__(store, reserved, add_faults)
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
    ) -> None:
        """Begins to serve; made by `rest_server`."""
        self._settings = settings
        super().__init__(store, reserved, add_faults)
        self.url = self._url + API

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
