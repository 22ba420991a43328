"""Traces."""

from __future__ import annotations

from typing import ClassVar, Final, Literal

import click
from bucketry import InvalidSettings

from bucketry_cli.serve_options.group import Group, option
from bucketry_cli.serve_options.needs import needs

_TRACES: Final = needs("--traces otlp or --traces console", lambda values: values["traces"] != "off")


def _check_endpoint(_context: click.Context, _given: click.Parameter, url: str | None) -> str | None:
    if url is None:
        return None
    from bucketry_http.telemetry.traces.settings import check_endpoint

    try:
        check_endpoint(url)
    except InvalidSettings as error:
        raise click.BadParameter(error.detail) from None
    return url


class TraceOptions(Group, frozen=True, kw_only=True):
    """Traces."""

    TITLE: ClassVar = "Traces"
    OPTIONS: ClassVar = (
        option(
            "--traces",
            type=click.Choice(("off", "otlp", "console")),
            default="off",
            show_default=True,
            help="Make spans of requests, of operations of the store and of requests to its backend (OpenTelemetry), "
            "and send them to a collector (OTLP over HTTP) or to standard output. --no-log-keys hides keys in them.",
        ),
        option(
            "--traces-endpoint",
            need=needs("--traces otlp", lambda values: values["traces"] == "otlp"),
            metavar="URL",
            callback=_check_endpoint,
            help="The collector; /v1/traces is added to a URL without a path. Its headers and certificates are "
            "OpenTelemetry's variables.  [default: OTEL_EXPORTER_OTLP_ENDPOINT, or http://localhost:4318]",
        ),
        option(
            "--traces-ratio",
            need=_TRACES,
            type=click.FloatRange(0, 1),
            metavar="RATIO",
            help="Keep this part of the traces that begin here. For others, the client says whether they are kept.  "
            "[default: OTEL_TRACES_SAMPLER, or all]",
        ),
        option(
            "--traces-service",
            need=_TRACES,
            metavar="NAME",
            help="The service's name.  [default: OTEL_SERVICE_NAME, or bucketry]",
        ),
    )

    traces: Literal["off", "otlp", "console"]
    traces_endpoint: str | None
    traces_ratio: float | None
    traces_service: str | None
