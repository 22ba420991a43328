"""``bucketry serve --workers``: the REST API in several processes."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from bucketry import Store, find_settings, open_store
from bucketry.layers import ReadOnly

from bucketry_cli.access_store import access_store_of
from bucketry_cli.config import ConfigFile, ConfigText
from bucketry_cli.directory import directory_of
from bucketry_cli.errors import Failure
from bucketry_cli.limits import RateLimiting, limit_layers
from bucketry_cli.listening import Endpoint, end_at_once_on_signals
from bucketry_cli.management import Management
from bucketry_cli.reloading import UserTables, follow_in_worker
from bucketry_cli.rest_endpoint import rest_app
from bucketry_cli.serve_options import ServeOptions
from bucketry_cli.server_settings import server_settings
from bucketry_cli.stage import Stage
from bucketry_cli.telemetry import Telemetry, start_logging
from bucketry_cli.webhooks import events_layer, webhooks_of

if TYPE_CHECKING:
    from bucketry_http import RestSettings


class WorkerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker has to know; it finds its credentials in the same places as this process.

    Attributes:
        url: The store's URL.
        table: What the settings file says of the store's driver.
        settings: How the API is served.
        options: The options of ``bucketry serve``.
        config: The settings file as this process has read it. The worker must not read it again: it may have changed,
            and all workers have the same users.
        shared: The folder in which all workers count together what quotas limit, if there are any.
    """

    url: str
    table: Mapping[str, Any]
    settings: RestSettings
    options: ServeOptions
    config: ConfigText | None = None
    shared: Path | None = None


def check_workers(store: Store, faults: Sequence[object]) -> None:
    """Refuses several processes where they would not see the same.

    Raises:
        Failure: The store keeps its objects in its own process, or faults are to be counted.
    """
    if not store.capabilities.features.persistent:
        name = store.capabilities.driver
        raise Failure(
            f"--workers needs a store that several processes can share, and {name}:// keeps its objects in one process",
            "leave --workers away, or serve another store",
        )
    if faults:
        raise Failure(
            "--fault goes with one process alone, which counts the calls that it strikes",
            "leave --workers or --fault away",
        )


def run_workers(
    worker: WorkerOptions,
    bound: socket.socket,
    announce: Callable[[list[Endpoint]], None],
    rest: Endpoint,
    management: Management,
    on_reload: Callable[[], Callable[[], None]],
    *,
    has_users: bool,
) -> None:
    """Serves until a signal; a second one ends all processes, whatever still goes on in them.

    Args:
        worker: What each of them has to know.
        bound: The socket that they share.
        announce: Called with what listens, once all of them serve.
        rest: The REST API's place.
        management: The management port.
        on_reload: Called on SIGHUP; returns what each worker has to do then.
        has_users: Whether users are configured.

    Raises:
        Failure: A worker does not start, or they die again and again.
    """
    from bucketry_http.server.workers import Workers, WorkersFailed

    start_logging(worker.options.logs, in_worker=True)
    settings = server_settings(worker.options)
    count = worker.options.processes.workers
    config = ConfigFile() if worker.config is None else worker.config.load()
    listening = [rest]

    def open_beside(layers: Sequence[object]) -> Store:
        of_store = find_settings(worker.url, defaults=worker.table)
        access_store = access_store_of(worker.options, of_store, config.drivers, has_users=has_users)
        return open_store(of_store, layers=layers, access_store=access_store)

    def on_ready() -> None:
        if hooks is not None:
            hooks.on_ready()
        announce(listening)

    end_at_once_on_signals()

    try:
        with management.beside_workers(
            open_beside,
            limit_layers(worker.options, config.quotas, worker.shared),
            settings,
            listening,
        ) as hooks:
            Workers(
                partial(_open_app, worker),
                bound,
                count,
                on_ready=on_ready,
                on_stop=None if hooks is None else hooks.on_stop,
                on_end=None if hooks is None else hooks.on_end,
                on_reload=on_reload,
                settings=settings,
            ).run()
    except WorkersFailed as error:
        raise Failure(str(error)) from error


@contextmanager
def _open_app(worker: WorkerOptions) -> Iterator[Any]:
    options = worker.options
    start_logging(options.logs, in_worker=True)
    telemetry = Telemetry(options, worker.url)
    config = ConfigFile() if worker.config is None else worker.config.load()
    events = events_layer(webhooks_of(options.buckets.webhook, config.webhooks, os.environ))
    layers = [
        *telemetry.layers(),
        *options.backend.layers(worker.url),
        *limit_layers(options, config.quotas, worker.shared),
        *([events] if events is not None else []),
        *([ReadOnly()] if options.buckets.read_only else []),
        *telemetry.outer_layers(),
    ]
    path = None if worker.config is None else worker.config.path
    directory = directory_of(options, config, path)
    telemetry.watch_users(directory)
    telemetry.watch_breakers(layers)
    follow_in_worker(UserTables(config, path, directory))
    settings = find_settings(worker.url, defaults=worker.table)
    access_store = access_store_of(options, settings, config.drivers, has_users=directory is not None)
    with closing(telemetry), open_store(settings, layers=layers, access_store=access_store) as store:
        telemetry.start_counting()
        app = rest_app(store, worker.settings, telemetry, directory)
        if options.testing.reset_endpoint:
            from bucketry_cli.control_endpoints import in_worker

            app = in_worker(app, worker.settings.browser_rules(), store, Stage(store, options.buckets.bucket))
        yield telemetry.around(RateLimiting(options, worker.shared).around(app), "rest")
