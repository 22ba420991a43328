"""``bucketry serve --workers``: the REST API and S3 in several processes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final

import msgspec
from bucketry import Features, Store, find_settings, installed_drivers, open_store

from bucketry_cli.access_store import access_store_of
from bucketry_cli.errors import Failure
from bucketry_cli.limits import limit_layers
from bucketry_cli.listening import Address, Endpoint, end_at_once_on_signals
from bucketry_cli.management import Management
from bucketry_cli.ports import Plan, Ports
from bucketry_cli.reloading import Reloading, follow_in_worker
from bucketry_cli.serve_options.backend import is_router
from bucketry_cli.server_settings import server_settings
from bucketry_cli.telemetry import start_logging

if TYPE_CHECKING:
    from bucketry_access import Directory
    from bucketry_http import Listener

    from bucketry_cli.config import StoreTable

_LOOK_SECONDS: Final = 1.0
"""How often the first process looks whether the users have changed."""


def check_processes(url: str, stores: Sequence[StoreTable], faults: Sequence[object]) -> None:
    """Refuses several processes where they would not see the same, as far as that is known before a store is open.

    Args:
        url: URL of the store.
        stores: The stores behind it, if it is that of several.
        faults: The faults that are to strike.

    Raises:
        Failure: Faults are to be counted, or a driver says that it keeps its objects in its own process.
    """
    if faults:
        raise Failure(
            "--fault goes with one process alone, which counts the calls that it strikes",
            "leave --workers or --fault away",
        )
    declared = {driver.name: driver.features for driver in installed_drivers()}
    for each in [store.url for store in stores] if is_router(url) else [url]:
        name = each.partition("://")[0].lower()
        _check_shared(name, declared.get(name))


def check_workers(store: Store) -> None:
    """Refuses several processes over an open store that they cannot share.

    Raises:
        Failure: The store keeps its objects in its own process.
    """
    _check_shared(store.capabilities.driver, store.capabilities.features)


def _check_shared(name: str, features: Features | None) -> None:
    if features is not None and not features.persistent:
        raise Failure(
            f"--workers needs a store that several processes can share, and {name}:// keeps its objects in one process",
            "leave --workers away, or serve another store",
        )


class _Opening:
    """Opens in a worker what the first process has seen can be opened. Each worker gets it as it is at its start."""

    def __init__(self, plan: Plan, urls: Sequence[str]) -> None:
        """Takes what the workers have to know, and the URL of each socket."""
        self.plan = plan
        self._urls = tuple(urls)

    @contextmanager
    def __call__(self, sockets: Sequence[socket.socket], worker: int) -> Iterator[list[Listener]]:
        """Opens the ports on their sockets: the REST API's, then S3's if it is served."""
        start_logging(self.plan.options.logs, worker)
        addresses = [Address(bound, url) for bound, url in zip(sockets, self._urls, strict=True)]
        with closing(Ports(self.plan, self.plan.config_file(), *addresses, worker=worker)) as ports:
            ports.open()
            endpoints = ports.endpoints()
            follow_in_worker(ports.users, worker)
            ports.telemetry.start_counting()
            yield [endpoint.listener for endpoint in ports.served(endpoints)]


def run_workers(
    plan: Plan,
    ports: Ports,
    endpoints: Sequence[Endpoint],
    announce: Callable[[list[Endpoint]], None],
    management: Management,
    reloading: Reloading,
) -> None:
    """Serves until a signal; a second one ends all processes, whatever still goes on in them.

    Args:
        plan: What each of them has to know.
        ports: The ports as this process has opened them. It serves none of them.
        endpoints: Their endpoints. The workers share the sockets.
        announce: Called with what listens, once all of them serve.
        management: The management port.
        reloading: Reads the settings again on SIGHUP.

    Raises:
        Failure: A worker does not start, or they die again and again.
    """
    from bucketry_http.server.workers import Workers, WorkersFailed

    settings = server_settings(plan.options)
    config = plan.config_file()
    opening = _Opening(plan, [address.url for address in ports.addresses])
    listening = list(endpoints)

    def open_beside(layers: Sequence[object]) -> Store:
        of_store = find_settings(plan.url, defaults=plan.table)
        has_users = ports.directory is not None
        access_store = access_store_of(plan.options, of_store, config.drivers, has_users=has_users)
        return open_store(of_store, layers=layers, access_store=access_store)

    def on_ready() -> None:
        if hooks is not None:
            hooks.on_ready()
        announce(listening)

    def on_reload() -> Callable[[], None]:
        action = reloading.for_workers()
        opening.plan = msgspec.structs.replace(plan, taken=reloading.taken, taken_tables=reloading.users.names)
        return action

    end_at_once_on_signals()

    try:
        with (
            _watching(ports.directory),
            management.beside_workers(
                open_beside, limit_layers(plan.options, config.quotas, plan.shared), settings, listening
            ) as hooks,
        ):
            Workers(
                opening,
                [address.bound for address in ports.addresses],
                plan.options.processes.workers,
                on_ready=on_ready,
                on_stop=None if hooks is None else hooks.on_stop,
                on_end=None if hooks is None else hooks.on_end,
                on_reload=on_reload,
                settings=settings,
            ).run()
    except WorkersFailed as error:
        raise Failure(str(error)) from error


@contextmanager
def _watching(directory: Directory | None) -> Iterator[None]:
    """Has this process see changes of the access file, although nobody asks it for a user: it tells of them."""
    if directory is None or not directory.follows or directory.on_change is None:
        yield
        return
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(_LOOK_SECONDS):
            directory.refresh()

    thread = threading.Thread(target=look, name="bucketry-users", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        directory.refresh()
