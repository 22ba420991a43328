"""The management port of ``bucketry serve``: metrics and health, in the server's process or beside its workers."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import msgspec
from bucketry import Store

from bucketry_cli.listening import Endpoint, bind
from bucketry_cli.serve_options.management import ManagementOptions

if TYPE_CHECKING:
    import socket

    from bucketry_http import ServerSettings
    from bucketry_http.telemetry.management import ManagementApp
    from bucketry_http.telemetry.usage import UsageCollector
    from prometheus_client import CollectorRegistry

_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Tells prometheus-client where several processes keep their figures. It reads this when it is imported."""

_PLACES: Final = (("Metrics", "/metrics"), ("Health", "/health/ready"))


@contextmanager
def metrics_folder(options: ManagementOptions) -> Iterator[None]:
    """Makes the folder in which several processes keep their figures, if they are shown.

    It is there before this process has metrics of its own, which are shown with those of the workers.
    """
    if options.management_port is None:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="bucketry-metrics-", ignore_cleanup_errors=True) as folder:
        os.environ[_FOLDER] = folder  # Workers inherit it.
        try:
            yield
        finally:
            del os.environ[_FOLDER]


class WorkerHooks(msgspec.Struct, frozen=True):
    """What `bucketry_http.server.workers.Workers` calls.

    Attributes:
        on_ready: When all of them serve.
        on_stop: When the workers are told to stop.
        on_end: When one ended, with its process id.
    """

    on_ready: Callable[[], None]
    on_stop: Callable[[], None]
    on_end: Callable[[int], None]


class Management:
    """The management port, if the options ask for one."""

    def __init__(self, options: ManagementOptions) -> None:
        """Binds the port.

        Args:
            options: The options.

        Raises:
            Failure: The address is not available.
        """
        self._options = options
        port = options.management_port
        self._bound: socket.socket | None = (
            None if port is None else bind(options.management_host, port, "--management-port")
        )
        self._usage: UsageCollector | None = None

    def close(self) -> None:
        """Ends what runs beside the server, and closes the port if no server has taken it over.

        Close it before the store whose health it shows.
        """
        self._end_usage()
        if self._bound is not None:
            self._bound.close()

    def endpoints(
        self, store: Store, registry: CollectorRegistry | None, layers: Sequence[object] = ()
    ) -> list[Endpoint]:
        """Returns the port's endpoint, or nothing.

        Args:
            store: The store whose health is shown.
            registry: The metrics of this process; ``None``: there are none.
            layers: The store's layers. Of quotas among them it is shown how much is used.
        """
        if self._bound is None or registry is None:
            return []
        from bucketry_http.telemetry.metrics import about_this_process

        about_this_process(registry)
        return [self._endpoint(self._app(store, registry, layers))]

    @contextmanager
    def beside_workers(
        self,
        open_it: Callable[[Sequence[object]], Store],
        layers: Sequence[object],
        settings: ServerSettings,
        announced: list[Endpoint],
    ) -> Iterator[WorkerHooks | None]:
        """Serves the port in a thread of this process, which serves nothing else, as long as the block runs.

        It is not ready before the workers are. Everything is within `metrics_folder`.

        Args:
            open_it: Opens the store whose health is shown, with its layers. Each worker has another one.
            layers: The layers. Of quotas among them it is shown how much is used.
            settings: Settings of the server.
            announced: Gets the port's endpoint.
        """
        if self._bound is None:
            yield None
            return
        with open_it(layers) as store:
            yield from self._in_thread(store, layers, os.environ[_FOLDER], settings, announced)

    def _in_thread(
        self, store: Store, layers: Sequence[object], folder: str, settings: ServerSettings, announced: list[Endpoint]
    ) -> Iterator[WorkerHooks]:
        from bucketry_http import Server
        from prometheus_client import CollectorRegistry
        from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

        registry = CollectorRegistry()
        MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
        app = self._app(store, registry, layers)
        app.is_starting = True
        endpoint = self._endpoint(app)
        announced.append(endpoint)

        def on_ready() -> None:
            app.is_starting = False

        started = threading.Event()
        server = Server([endpoint.listener], lambda _: started.set(), settings=settings, handles_signals=False)
        thread = threading.Thread(target=server.run, name="bucketry-management")
        thread.start()
        started.wait()  # Before that it cannot be stopped.
        try:
            yield WorkerHooks(
                on_ready,
                server.stop,
                lambda pid: mark_process_dead(pid, folder),  # type: ignore[no-untyped-call]
            )
        finally:
            server.stop(abort=True)
            thread.join()
            self._end_usage()

    def _end_usage(self) -> None:
        usage, self._usage = self._usage, None
        if usage is not None:
            usage.close()

    def _app(self, store: Store, registry: CollectorRegistry, layers: Sequence[object]) -> ManagementApp:
        import prometheus_client
        from bucketry.layers import Quota
        from bucketry_http.shared.calls import StoreCalls
        from bucketry_http.telemetry.management import ManagementApp
        from bucketry_http.telemetry.usage import UsageCollector

        # When a series began is of no use to Prometheus, and doubles the series.
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
        options = self._options
        if options.usage_seconds and "usage_report" in store.capabilities.operations:
            self._usage = UsageCollector(store, options.usage_seconds)
            registry.register(self._usage)
        if quotas := [layer for layer in layers if isinstance(layer, Quota)]:
            from bucketry_http.telemetry.quotas import QuotaCollector

            registry.register(QuotaCollector(quotas))
        return ManagementApp(registry, StoreCalls(store, call_threads=1, transfer_threads=1))

    def _endpoint(self, app: ManagementApp) -> Endpoint:
        from bucketry_http import Listener

        options = self._options
        listener = Listener(app, options.management_host, options.management_port or 0, self._bound, is_plain=True)
        return Endpoint(listener, _PLACES)
