"""What ``bucketry serve`` tells whoever is on call of its requests, as far as its options ask for it."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING, Final

import msgspec

from bucketry_cli.errors import Failure
from bucketry_cli.output import log_to_standard_error
from bucketry_cli.serve_options import ServeOptions
from bucketry_cli.serve_options.audit import AuditOptions
from bucketry_cli.serve_options.logs import LogOptions
from bucketry_cli.serve_options.traces import TraceOptions
from bucketry_cli.webhooks import webhooks_of

if TYPE_CHECKING:
    from bucketry import Store
    from bucketry_access import Directory
    from bucketry_http import Listener
    from bucketry_http.shared.calls import StoreCalls
    from bucketry_http.shared.record import Port
    from bucketry_http.shared.recorded import Gate, Recorder, Sink
    from bucketry_http.telemetry.audit import Audit
    from bucketry_http.telemetry.metrics import Metrics
    from bucketry_http.telemetry.traces.exporting import Traces
    from prometheus_client import CollectorRegistry

    from bucketry_cli.listening import Endpoint

_PLAIN: Final = "%(asctime)s %(levelname)s{worker} %(name)s: %(message)s"
_TEXT: Final = "%(asctime)s %(levelname)s{worker} %(name)s: [%(request_id)s] %(message)s"


def start_logging(options: LogOptions, worker: int = 0) -> None:
    """Logs to standard error as the options say.

    Args:
        options: The options.
        worker: The number of this process, if it is a worker: each line has it. 0: it is none.
    """
    level, numbered = options.log_level.upper(), f" [worker {worker}]" if worker else ""
    if options.log_format is None:
        log_to_standard_error(level, _PLAIN.format(worker=numbered))
        return
    from bucketry_http.telemetry.log_format import JsonFormatter, RequestFilter

    form: logging.Formatter
    if options.log_format == "json":
        form = JsonFormatter(worker)
    else:
        form = logging.Formatter(_TEXT.format(worker=numbered), defaults={"request_id": "-"})
    log_to_standard_error(level, form, RequestFilter(keys=options.log_keys))


class Telemetry:
    """What one process of ``bucketry serve`` tells of its requests. Nothing is imported that is not asked for."""

    def __init__(self, options: ServeOptions, store: str, worker: int = 0) -> None:
        """Makes the sinks.

        Args:
            options: The options of ``bucketry serve``.
            store: The store's URL, whose scheme metrics name.
            worker: The number of this process, if it is a worker; 0: it is none.
        """
        self._sinks: list[Sink] = []
        self._gates: list[Gate] = []
        self._recorders: list[Recorder] = []
        self._metrics: Metrics | None = None
        self._audit: Audit | None = None
        self._traces = traces_of(options.traces, keys=options.logs.log_keys)
        if self._traces is not None:
            self._sinks.append(self._traces.sink)
        if options.logs.log_format is not None:
            from bucketry_http.telemetry.access_log import AccessLog

            self._sinks.append(AccessLog(_write, options.logs.log_format, keys=options.logs.log_keys, worker=worker))
        if options.management.management_port is not None:
            from bucketry_http.telemetry.metrics import Metrics

            self._metrics = Metrics(store.partition("://")[0].lower())
            self._sinks.append(self._metrics)
        if options.audit.audit is not None:
            self._audit = _audit(options.audit, options.audit.audit, self._metrics)
            self._gates.append(self._audit)

    def close(self) -> None:
        """Writes and counts what is still to be written and counted."""
        for recorder in self._recorders:
            recorder.flush()
        if self._metrics is not None:
            self._metrics.close()
        if self._audit is not None:
            self._audit.close()
        if self._traces is not None:
            self._traces.close()

    def start_counting(self) -> None:
        """Hands metrics over to another process from now on, if there are any."""
        if self._metrics is not None:
            self._metrics.start()

    @property
    def is_on(self) -> bool:
        """Whether anybody wants records."""
        return bool(self._sinks or self._gates)

    @property
    def registry(self) -> CollectorRegistry | None:
        """The metrics of this process; ``None``: there are none."""
        return None if self._metrics is None else self._metrics.registry

    def layers(self) -> list[object]:
        """Returns the layers that the store needs, before all others."""
        if not self.is_on:
            return []
        from bucketry_http.telemetry.backend import backend_layer

        return [backend_layer(*([] if self._metrics is None else [self._metrics.report]))]

    def outer_layers(self) -> list[object]:
        """Returns the layers that the store needs, after all others."""
        return [] if self._traces is None else [self._traces.layer()]

    def watch(self, port: Port, calls: StoreCalls) -> None:
        """Counts the threads of a port, if there are metrics."""
        if self._metrics is not None and not calls.inline:
            calls.meter = self._metrics.thread_meter(port, calls.limits)

    def watch_breakers(self, store: Store) -> None:
        """Shows the state of a store's circuit breakers, if there are metrics."""
        if self._metrics is not None:
            for breaker in store.breakers:
                self._metrics.watch_breaker(breaker)

    def watch_users(self, directory: Directory | None) -> None:
        """Audits changes of users and groups, if there are any and somebody wants to know."""
        if self._audit is not None and directory is not None:
            directory.on_change = self._audit.changed

    def around_endpoints(self, rest: Endpoint, *s3: Endpoint) -> list[Endpoint]:
        """Returns the endpoints of both ports, with records of their requests if anybody wants them."""
        endpoints: list[tuple[Endpoint, Port]] = [(rest, "rest"), *((each, "s3") for each in s3)]
        return [each._replace(listener=self._recorded(each.listener, port)) for each, port in endpoints]

    def _recorded(self, listener: Listener, port: Port) -> Listener:
        if not self.is_on:
            return listener
        from bucketry_http.shared.recorded import Recorder

        if (calls := getattr(listener.app, "calls", None)) is not None:
            self.watch(port, calls)
        recorder = Recorder(port, self._sinks, self._gates)
        self._recorders.append(recorder)
        return msgspec.structs.replace(listener, recorder=recorder)


def traces_of(options: TraceOptions, *, keys: bool) -> Traces | None:
    """Returns what makes spans; ``None``: nobody wants them.

    Args:
        options: The options.
        keys: Whether keys are shown.

    Raises:
        Failure: OpenTelemetry is not installed.
        InvalidSettings: A variable of OpenTelemetry cannot be used.
    """
    if options.traces == "off":
        return None
    from bucketry_http.telemetry.traces.settings import TraceSettings

    settings = TraceSettings(
        exporter=options.traces,
        endpoint=options.traces_endpoint,
        ratio=options.traces_ratio,
        service=options.traces_service,
        keys=keys,
    )
    try:
        from bucketry_http.telemetry.traces.exporting import Traces

        return Traces(settings)
    except ImportError as error:
        raise Failure("--traces needs OpenTelemetry", "pip install 'bucketry-http[traces]'") from error


def _audit(options: AuditOptions, text: str, metrics: Metrics | None) -> Audit:
    from bucketry_http.telemetry.audit import Audit, target_of
    from bucketry_http.telemetry.audit.targets import is_url

    try:
        target = target_of(text, webhooks_of([text], (), os.environ)[0] if is_url(text) else None)
    except OSError as error:
        raise Failure(
            f"the audit stream cannot be written to {text!r}: {error.strerror}", "name another file as --audit"
        ) from None
    meter = None if metrics is None else metrics.audit_meter()
    return Audit(target, options.audit_when_full, queue_size=options.audit_queue, meter=meter)


def _write(lines: str) -> None:
    # The standard error of the moment, as for all other lines.
    sys.stderr.write(lines)
