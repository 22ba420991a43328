"""The ports of ``bucketry serve`` in one process: a store of its own, and the REST API and S3 over it.

A server opens them in its process. One with workers opens them in the first process, which looks whether they can be
served and prepares the store, and then in each worker, which serves them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from bucketry import Store, open_store
from bucketry.layers import ReadOnly
from bucketry.rest_api import PREFIX

from bucketry_cli import control_paths
from bucketry_cli.access_store import access_store_of
from bucketry_cli.config import ConfigFile, ConfigText
from bucketry_cli.directory import directory_of
from bucketry_cli.limits import RateLimiting, limit_layers
from bucketry_cli.listening import Address, Endpoint, LazyApp
from bucketry_cli.own_secrets import OwnSecrets
from bucketry_cli.reloading import UserTables
from bucketry_cli.rest_endpoint import rest_app
from bucketry_cli.s3_endpoint import Notes, S3Front
from bucketry_cli.serve_options import ServeOptions
from bucketry_cli.serve_options.testing import TestingOptions
from bucketry_cli.server_settings import common
from bucketry_cli.stage import Stage
from bucketry_cli.telemetry import Telemetry
from bucketry_cli.webhooks import events_layer, webhooks_of

if TYPE_CHECKING:
    from bucketry.events import EventLog
    from bucketry.layers import Faults


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a process has to know to open the ports. It finds its credentials in the same places as the first process.

    Attributes:
        url: The store's URL.
        table: What the settings file says of the store's driver.
        options: The options of ``bucketry serve``.
        secrets: The secrets that all processes share.
        config: The settings file as the first process has read it. No other process reads it again: it may have
            changed, and all of them have the same users.
        taken: The settings file as it was when it was last read again.
        taken_tables: The tables of it that hold since then.
        shared: The folder in which all processes count together what is limited, if there are several.
    """

    url: str
    table: Mapping[str, Any]
    options: ServeOptions
    secrets: OwnSecrets
    config: ConfigText | None = None
    taken: ConfigText | None = None
    taken_tables: frozenset[str] = frozenset()
    shared: Path | None = None

    @property
    def config_path(self) -> Path | None:
        """The settings file, if there is one."""
        return None if self.config is None else self.config.path

    def config_file(self) -> ConfigFile:
        """Returns the settings file that a process which starts now goes by."""
        file = ConfigFile() if self.config is None else self.config.load()
        if self.taken is None:
            return file
        newer = self.taken.load()
        return msgspec.structs.replace(file, **{name: getattr(newer, name) for name in self.taken_tables})

    @property
    def has_one_process(self) -> bool:
        """Whether the process that opens the ports is the only one."""
        return self.options.processes.workers == 1


class Ports:
    """The ports of one process: first what the settings say of them, then the open store, then the endpoints.

    Attributes:
        directory: The users; ``None``: there are none.
        front: The S3 endpoint.
        webhooks: Where events are sent.
        telemetry: What is told of requests.
        layers: The layers of the open store.
        stage: The open store with its first buckets.
        addresses: Where the endpoints listen, in their order, once there are endpoints.
        notes: Lines for the user about them, likewise.
        users: Users and key pairs of the settings file, which can change, likewise.
    """

    layers: Sequence[object]
    stage: Stage
    addresses: tuple[Address, ...]
    notes: Notes
    users: UserTables
    _store: Store

    def __init__(
        self, plan: Plan, config: ConfigFile, rest: Address, s3: Address | None = None, *, worker: int = 0
    ) -> None:
        """Finds out what the settings say. Nothing is opened yet.

        Args:
            plan: What this process has to know.
            config: The settings file.
            rest: Where the REST API listens.
            s3: Where the S3 endpoint listens; ``None``: a worker serves none, and the first process binds its port when
                it is to be served.
            worker: The number of this process, if it is a worker; 0: it is none.

        Raises:
            Failure: Something cannot be used.
            bucketry.InvalidSettings: Likewise.
        """
        options = plan.options
        self._plan, self._config, self._rest, self._in_worker = plan, config, rest, worker > 0
        self._stack = ExitStack()
        has_s3 = s3 is not None if worker else options.s3.s3 is not False
        self.directory = directory_of(options, config, plan.config_path, plan.secrets.urls)
        self.front = S3Front(
            options if has_s3 else None,
            config.s3_credentials,
            signer=plan.secrets.signer,
            directory=self.directory,
            address=s3,
        )
        self._limiting = RateLimiting(options, plan.shared)
        self._faults = _faults(options.testing)
        self._log = _event_log(options.testing) if plan.has_one_process else None
        self.webhooks = webhooks_of(options.buckets.webhook, config.webhooks, os.environ)
        self.telemetry = self._stack.enter_context(closing(Telemetry(options, plan.url, worker)))
        self._stack.enter_context(closing(self.front))

    def close(self) -> None:
        """Closes the store, and the S3 endpoint's port if no server has taken it over."""
        self._stack.close()

    def open(self) -> Store:
        """Opens the store. The S3 endpoint's port is bound for it, if its driver has to know it.

        Raises:
            Failure: The port is not available, or something about the store cannot be used.
            bucketry.InvalidSettings: Likewise.
        """
        plan, options = self._plan, self._plan.options
        settings = self.front.settings(plan.url, plan.table)
        emitting = events_layer(self.webhooks, *([self._log] if self._log is not None else []))
        # Whoever may not write is told so before a fault strikes.
        self.layers = layers = [
            *self.telemetry.layers(),
            *options.backend.layers(plan.url),
            *limit_layers(options, self._config.quotas, plan.shared),
            *([emitting] if emitting is not None else []),
            *([self._faults] if self._faults is not None else []),
            *self.front.layers,
            *([ReadOnly()] if options.buckets.read_only else []),
            *self.telemetry.outer_layers(),
        ]
        access_store = access_store_of(options, settings, self._config.drivers, has_users=self.directory is not None)
        self._store = self._stack.enter_context(open_store(settings, layers=layers, access_store=access_store))
        self.telemetry.watch_breakers(self._store)
        self.stage = Stage(self._store, options.buckets.bucket, self._faults, self._log)
        return self._store

    def endpoints(self) -> list[Endpoint]:
        """Returns the endpoints over the open store: the REST API, then S3 if it is served.

        A worker makes the REST API now, any other process with its first request.

        Raises:
            Failure: The S3 endpoint's port is not available, or its credentials are not fit for it.
            bucketry.InvalidSettings: Something cannot be used.
        """
        from bucketry_http import Listener

        options, store = self._plan.options, self._store
        s3, self.notes = self.front.serve(store)
        self.addresses = tuple(filter(None, (self._rest, self.front.address if s3 else None)))
        self.users = UserTables(self._config, self._plan.config_path, self.directory, self.front)
        app = self._rest_app(has_s3=bool(s3))
        listener = Listener(app, options.listening.host, options.listening.port, self._rest.bound)
        return [Endpoint(listener, _places(options.testing)), *s3]

    def served(self, endpoints: Sequence[Endpoint]) -> list[Endpoint]:
        """Returns endpoints as they are served: with limits of rates, and with records of requests."""
        return self.telemetry.around_endpoints(*self._limiting.around_endpoints(*endpoints))

    def _rest_app(self, *, has_s3: bool) -> Any:
        from bucketry_http import RestSettings

        options, store = self._plan.options, self._store
        settings = RestSettings(
            allowed_hosts=options.listening.allowed_host,
            public_endpoints=(self._rest.url,),
            cors_origins=options.listening.cors_origin,
            backend_urls=options.access.backend_urls or has_s3,
            **common(options, RestSettings),
        )
        make = partial(rest_app, store, settings, self.telemetry, self.directory, self.front.signing())
        app: Any = make() if self._in_worker else LazyApp(make, store.clock)
        if not options.testing.reset_endpoint:
            return app
        from bucketry_cli.control_endpoints import with_endpoints_for_tests

        return with_endpoints_for_tests(app, settings.browser_rules(), store, self.stage, self._log)


def _faults(testing: TestingOptions) -> Faults | None:
    if not testing.fault:
        return None
    from bucketry.layers import Faults  # Only here: most servers have none.

    return Faults(*testing.fault)


def _event_log(testing: TestingOptions) -> EventLog | None:
    """Returns what keeps the events for tests; ``None``: there are no endpoints for tests."""
    if not testing.reset_endpoint:
        return None
    from bucketry.events import EventLog  # Only here: most servers keep none.

    return EventLog()


def _places(testing: TestingOptions) -> tuple[tuple[str, str], ...]:
    places = (("REST API", PREFIX), ("API docs", "/schema"))
    of_tests = (("Reset", control_paths.RESET), ("Clock", control_paths.CLOCK), ("Events", control_paths.EVENTS))
    return (*places, *of_tests) if testing.reset_endpoint else places
