"""``bucketry serve``."""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack, closing
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import click
from bucketry import BucketryError, InvalidSettings, open_store
from bucketry.events import EventLog
from bucketry.layers import Fault, Faults, ReadOnly
from bucketry.settings import is_of_service
from click.core import ParameterSource

from bucketry_cli import clock, events, reset
from bucketry_cli.clock import ClockEndpoint
from bucketry_cli.config import State
from bucketry_cli.control import ControlApp, Endpoints
from bucketry_cli.errors import Failure
from bucketry_cli.events import EventsEndpoint
from bucketry_cli.listening import Endpoint, LazyApp, announce, bind, is_loopback, run, url_of
from bucketry_cli.options import command_options, driver_table, examples, store_option
from bucketry_cli.output import log_to_standard_error
from bucketry_cli.reset import ResetEndpoint, Stage
from bucketry_cli.s3_endpoint import S3Front, S3Options, is_endpoint
from bucketry_cli.webhooks import describe, events_layer, webhooks_of
from bucketry_cli.workers import LOG_FORMAT, WorkerOptions, check_workers, rest_app, run_workers

if TYPE_CHECKING:
    pass


_LEVELS: Final = ("debug", "info", "warning", "error")


def _fault(_context: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]) -> tuple[Fault, ...]:
    try:
        return tuple(map(Fault.parse, texts))
    except BucketryError as error:
        raise click.BadParameter(error.detail) from None


class PortOption(click.Option):
    """An option for a port. Its variable is ignored if Kubernetes set it.

    In a cluster with a service called ``bucketry``, Kubernetes sets ``BUCKETRY_PORT=tcp://10.0.0.1:80`` in every pod.
    """

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """Returns the option's value in the environment."""
        value = super().resolve_envvar_value(ctx)
        return None if value is not None and is_of_service("_PORT", value) else value


def access_notes(host: str, bound: socket.socket, *, allowed: bool, read_only: bool) -> tuple[tuple[str, str], ...]:
    """Returns lines for the user about who may use the REST API.

    Args:
        host: Name or address to listen on, as given.
        bound: The socket there.
        allowed: Whether users of other machines may use it.
        read_only: Whether the store is read-only.

    Raises:
        Failure: Other machines would reach it, and that is not allowed.
    """
    if is_loopback(bound.getsockname()[0]):
        return ()
    what = "read everything" if read_only else "read, change and delete everything"
    if not allowed:
        raise Failure(
            f"the REST API would be open to all who reach {host or 'this machine'}, and it asks nobody for credentials",
            f"listen here alone (--host 127.0.0.1), or give --allow-anonymous to let everybody {what}",
        )
    return (("Access", f"everybody who reaches the REST API may {what}: it asks nobody for credentials"),)


def checked_names(_context: click.Context, option: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    """Checks the names of hosts and origins that an option takes; Click calls it for each.

    Raises:
        Failure: One is malformed. The message names the option.
    """
    if names:
        from bucketry_http import RestSettings, S3Settings

        try:
            if option.name == "allowed_host":
                RestSettings(allowed_hosts=names)
            elif option.name == "cors_origin":
                RestSettings(cors_origins=names)
            elif option.name == "s3_region":
                S3Settings(regions=names)
            else:
                S3Settings(domains=names)
        except InvalidSettings as error:
            raise Failure(error.detail, f"correct {option.opts[0]}, or {option.envvar} in the environment") from None
    return names


@click.command(
    epilog=examples(
        "bucketry serve",
        "bucketry serve --store minio://localhost:9000 --port 8080 --read-only",
        "bucketry serve --bucket my-assets --fault 'put_object:throttled:nth=3' --reset-endpoint",
    )
)
@command_options
@store_option("memory://")
@click.option(
    "--host",
    envvar="BUCKETRY_HOST",
    show_envvar=True,
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; 0.0.0.0: all. Any but this machine's own needs --allow-anonymous.",
)
@click.option(
    "--allow-anonymous/--no-allow-anonymous",
    envvar="BUCKETRY_ALLOW_ANONYMOUS",
    show_envvar=True,
    default=False,
    help="Listen beyond this machine although the REST API asks nobody for credentials: everybody may do everything.",
)
@click.option(
    "--allowed-host",
    envvar="BUCKETRY_ALLOWED_HOST",
    show_envvar=True,
    multiple=True,
    metavar="NAME",
    callback=checked_names,
    help="Host name under which clients reach this server, besides localhost; * for any. Repeatable.",
)
@click.option(
    "--cors-origin",
    envvar="BUCKETRY_CORS_ORIGIN",
    show_envvar=True,
    multiple=True,
    metavar="ORIGIN",
    callback=checked_names,
    help="Web pages from here may use the REST API (https://app.example.com); * for all. Repeatable.",
)
@click.option(
    "--port",
    cls=PortOption,
    envvar="BUCKETRY_PORT",
    show_envvar=True,
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="TCP port of the REST API; 0: any that is free.",
)
@click.option(
    "--s3/--no-s3",
    envvar="BUCKETRY_S3",
    show_envvar=True,
    default=True,
    help="Serve S3 too, for stores whose backend has no S3 endpoint of its own.  [default: s3]",
)
@click.option("--s3-host", envvar="BUCKETRY_S3_HOST", show_envvar=True, help="Its address.  [default: that of --host]")
@click.option(
    "--s3-port",
    cls=PortOption,
    envvar="BUCKETRY_S3_PORT",
    show_envvar=True,
    type=click.IntRange(0, 65535),
    default=9000,
    show_default=True,
    help="Its TCP port; 0: any that is free.",
)
@click.option(
    "--s3-domain",
    envvar="BUCKETRY_S3_DOMAIN",
    show_envvar=True,
    multiple=True,
    metavar="NAME",
    callback=checked_names,
    help="Host name below which the first label is a bucket (bucket.s3.example.com). Repeatable.",
)
@click.option(
    "--s3-region",
    envvar="BUCKETRY_S3_REGION",
    show_envvar=True,
    multiple=True,
    metavar="NAME",
    callback=checked_names,
    help="Another region that buckets can be in, besides the store's own. Repeatable.",
)
@click.option(
    "--s3-check-origins/--no-s3-check-origins",
    envvar="BUCKETRY_S3_CHECK_ORIGINS",
    show_envvar=True,
    default=True,
    help="Web pages from elsewhere need a CORS rule or a presigned URL to change something.  [default: check]",
)
@click.option(
    "--bucket",
    envvar="BUCKETRY_BUCKET",
    show_envvar=True,
    multiple=True,
    metavar="NAME",
    help="Create this bucket first, if it does not exist. Repeatable.",
)
@click.option(
    "--fault",
    envvar="BUCKETRY_FAULT",
    show_envvar=True,
    multiple=True,
    metavar="FAULT",
    callback=_fault,
    help="Fail on request: get_object:torn:after=1000, *:latency=0.2, ... (docs/faults.md). Repeatable.",
)
@click.option(
    "--webhook",
    envvar="BUCKETRY_WEBHOOK",
    show_envvar=True,
    multiple=True,
    metavar="[NAME=]URL",
    help="Send events of objects (S3's messages) to this URL, signed with BUCKETRY_WEBHOOK_SECRET (docs/events.md). "
    "Repeatable.",
)
@click.option(
    "--reset-endpoint/--no-reset-endpoint",
    envvar="BUCKETRY_RESET_ENDPOINT",
    show_envvar=True,
    default=False,
    help=f"For tests: POST {reset.PATH} deletes everything, POST {clock.PATH} turns the clock, and GET {events.PATH} "
    "lists S3's events. Refused if the store holds buckets at the start.",
)
@click.option(
    "--read-only/--read-write",
    envvar="BUCKETRY_READ_ONLY",
    show_envvar=True,
    default=False,
    help="Refuse everything that changes the store.",
)
@click.option(
    "--workers",
    envvar="BUCKETRY_WORKERS",
    show_envvar=True,
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    metavar="N",
    help="Serve the REST API in so many processes, for stores that they can share (not memory://). S3 needs one.",
)
@click.option(
    "--shutdown-delay",
    envvar="BUCKETRY_SHUTDOWN_DELAY",
    show_envvar=True,
    type=click.FloatRange(0),
    default=0.0,
    show_default=True,
    metavar="SECONDS",
    help="When stopped, go on serving for so long while /health/ready says 503, so that a load balancer notices.",
)
@click.option(
    "--grace-seconds",
    envvar="BUCKETRY_GRACE_SECONDS",
    show_envvar=True,
    type=click.FloatRange(0),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="Then let requests in progress go on for so long; what is left is cut off (503). A second signal ends all.",
)
@click.option(
    "--log-level",
    envvar="BUCKETRY_LOG_LEVEL",
    show_envvar=True,
    type=click.Choice(_LEVELS, case_sensitive=False),
    default="warning",
    show_default=True,
    help="What is logged, on standard error.",
)
@click.pass_context
def serve(
    ctx: click.Context,
    store: str,
    host: str,
    allow_anonymous: bool,
    allowed_host: tuple[str, ...],
    cors_origin: tuple[str, ...],
    port: int,
    s3: bool,
    s3_host: str | None,
    s3_port: int,
    s3_domain: tuple[str, ...],
    s3_region: tuple[str, ...],
    s3_check_origins: bool,
    bucket: tuple[str, ...],
    fault: tuple[Fault, ...],
    webhook: tuple[str, ...],
    reset_endpoint: bool,
    read_only: bool,
    workers: int,
    shutdown_delay: float,
    grace_seconds: float,
    log_level: str,
) -> None:
    """Serve the REST API and S3 over a store, until Ctrl-C or SIGTERM.

    memory:// starts empty, and its buckets live as long as the server does.
    """
    if read_only and (reset_endpoint or bucket):
        raise click.UsageError("--read-only goes neither with --bucket nor with --reset-endpoint")
    if is_endpoint(store):
        raise click.UsageError("serve stands in front of a driver's store, such as minio://localhost:9000")
    log_to_standard_error(log_level.upper(), LOG_FORMAT)
    config = ctx.ensure_object(State).config
    table = driver_table(ctx, store)
    front = S3Front(
        S3Options(
            host=s3_host or host,
            port=s3_port,
            domains=s3_domain,
            regions=s3_region,
            allowed_hosts=allowed_host,
            check_origins=s3_check_origins,
            credentials=tuple(config.s3_credentials),
        )
        if s3 and not _has_workers(ctx, workers)
        else None
    )
    faults = Faults(*fault)
    log = EventLog()
    webhooks = webhooks_of(webhook, config.webhooks, os.environ)
    emitting = events_layer(webhooks, *([log] if reset_endpoint else [])) if workers == 1 else None
    with ExitStack() as stack:
        bound = stack.enter_context(closing(bind(host, port, "--port")))
        access = access_notes(host, bound, allowed=allow_anonymous, read_only=read_only)
        stack.enter_context(closing(front))
        settings = front.settings(store, table)
        # Whoever may not write is told so before a fault strikes.
        layers = [
            *([emitting] if emitting is not None else []),
            *([faults] if fault else []),
            front.layer,
            *([ReadOnly()] if read_only else []),
        ]
        opened = stack.enter_context(open_store(settings, layers=layers))
        if workers > 1:
            check_workers(opened, fault)
        stage = Stage(opened, bucket, faults, log)
        stage.prepare(resettable=reset_endpoint)
        endpoints, notes = front.serve(opened)
        from bucketry_http import Listener, RestSettings

        how = RestSettings(
            allowed_hosts=allowed_host, public_endpoints=(url_of(host, bound),), cors_origins=cors_origin
        )
        app: Any = LazyApp(partial(rest_app, opened, how), opened.clock)
        if reset_endpoint:
            turning = ClockEndpoint(opened)
            control: Endpoints = {
                clock.PATH: {"GET": turning.get, "POST": turning.post},
                reset.PATH: {"POST": ResetEndpoint(stage.reset).post},
                events.PATH: {"GET": EventsEndpoint(log).get},
            }
            app = ControlApp(app, how.browser_rules(), control)
        places = [("REST API", "/api/v1/storage"), ("API docs", "/schema")]
        places += [("Reset", reset.PATH), ("Clock", clock.PATH), ("Events", events.PATH)] if reset_endpoint else []
        access += (("Webhooks", describe(webhooks)),) if webhooks else ()
        headline = f"bucketry serves {store}" + (" for reading only" if read_only else "") + "; Ctrl-C stops it"
        rest = Endpoint(Listener(app, host, port, bound), tuple(places))
        if workers == 1:
            run(
                [rest, *endpoints],
                headline,
                (*notes, *access),
                shutdown_delay=shutdown_delay,
                grace_seconds=grace_seconds,
            )
            return
        # Each worker has a store of its own.
        opened.close()
        options = WorkerOptions(
            url=store,
            table=table,
            settings=how,
            webhooks=webhook,
            config_path=ctx.ensure_object(State).config_path,
            buckets=bucket,
            reset_endpoint=reset_endpoint,
            read_only=read_only,
            log_level=log_level.upper(),
        )
        run_workers(
            workers,
            options,
            bound,
            partial(announce, [rest], headline, (("Workers", str(workers)), *access)),
            shutdown_delay=shutdown_delay,
            grace_seconds=grace_seconds,
        )


def _has_workers(ctx: click.Context, workers: int) -> bool:
    """Says whether there are several processes, which serve no S3: there, credentials and uploads live in one."""
    if workers == 1:
        return False
    if ctx.get_parameter_source("s3") is not ParameterSource.DEFAULT and ctx.params["s3"]:
        raise click.UsageError("--workers serves the REST API alone for now: give --no-s3 too, or one worker")
    return True
