"""A fresh store in memory, and the servers that a test asks for over it."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from bucketry import Store
from bucketry.clock import Clock
from bucketry.events import EventLog
from bucketry.layers import Events, Faults
from bucketry.settings import load_settings
from bucketry_memory import MemoryDriver, MemorySettings

if TYPE_CHECKING:
    from bucketry_http import RestSettings

    from bucketry_testing.endpoints import RestServer, S3Endpoint


HOST: Final = "127.0.0.1"


def reserve_port() -> socket.socket:
    """Returns a socket with a port of its own, on which nobody listens yet."""
    reserved = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        reserved.bind((HOST, 0))
        reserved.setblocking(False)
    except BaseException:
        reserved.close()
        raise
    return reserved


def url_of(reserved: socket.socket) -> str:
    """Returns the URL of what will listen on a socket."""
    return f"http://{HOST}:{reserved.getsockname()[1]}"


def memory_settings(settings: Mapping[str, Any]) -> MemorySettings:
    """Returns the memory driver's settings, with a secret key that may be a plain string; no variable is read.

    Raises:
        InvalidSettings: A setting is unknown, of the wrong type or out of bounds.
    """
    return load_settings(MemorySettings, explicit=settings, environ={})


class FreshStore:
    """What one test uses; nothing of it is shared with another.

    The S3 endpoint's port is reserved before the store opens, since presigned URLs carry it. Nobody listens there
    unless the endpoint is asked for.
    """

    def __init__(self, settings: Mapping[str, Any], clock: Clock | None = None) -> None:
        """Opens the store.

        Args:
            settings: Settings of the memory driver.
            clock: Its clock; ``None``: one of its own.

        Raises:
            InvalidSettings: A setting is unknown, of the wrong type or out of bounds.
        """
        self._port = reserve_port()
        with ExitStack() as undo:
            undo.callback(self._port.close)
            endpoint = url_of(self._port)
            # Looking at settings takes longer than all the rest of a store; most tests have none.
            self.settings = (
                memory_settings({"endpoint": endpoint, **settings}) if settings else MemorySettings(endpoint=endpoint)
            )
            self._driver = MemoryDriver(self.settings)
            self.events = EventLog()
            self._emitting = Events(self.events)
            self.store = Store(self._driver, [self._emitting], clock=clock)
            self._closing = undo.pop_all()
        self._closing.callback(self.store.close)

    def with_faults(self, faults: Faults) -> Store:
        """Returns the same store with faults around it."""
        return Store(self._driver, [self._emitting, faults])

    @cached_property
    def s3(self) -> S3Endpoint:
        """The S3 endpoint, which is started now."""
        return self.serve_s3()

    @cached_property
    def rest(self) -> RestServer:
        """The server of the REST API, which is started now."""
        return self.serve_rest()

    def serve_s3(self, allowed_hosts: tuple[str, ...] = ()) -> S3Endpoint:
        """Starts the S3 endpoint, of which there is one.

        Args:
            allowed_hosts: As in `S3Settings`.
        """
        from bucketry_testing.endpoints import S3Endpoint

        endpoint = S3Endpoint(self.store, self.settings, self._port, self.with_faults, allowed_hosts, self.events)
        self._closing.callback(endpoint.close)
        return endpoint

    def serve_rest(self, settings: RestSettings | None = None) -> RestServer:
        """Starts a server of the REST API.

        Args:
            settings: How to serve it.
        """
        from bucketry_testing.endpoints import RestServer

        server = RestServer(self.store, reserve_port(), self.with_faults, settings, self.events)
        self._closing.callback(server.close)
        return server

    def close(self) -> None:
        """Ends everything."""
        self._closing.close()
