"""``bucketry serve``."""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack, closing
from functools import partial
from typing import TYPE_CHECKING, Any

import click
from bucketry import open_store
from bucketry.layers import ReadOnly

from bucketry_cli import control_paths
from bucketry_cli.access_store import access_store_of
from bucketry_cli.config import State
from bucketry_cli.directory import describe_users, directory_of
from bucketry_cli.errors import Failure
from bucketry_cli.limits import RateLimiting, limit_layers, shared_folder
from bucketry_cli.listening import Endpoint, LazyApp, announce, bind, is_loopback, run, url_of
from bucketry_cli.management import Management
from bucketry_cli.options import command_options, driver_table, examples, store_option
from bucketry_cli.reloading import Reloading, UserTables
from bucketry_cli.rest_endpoint import rest_app
from bucketry_cli.s3_endpoint import S3Front, is_endpoint
from bucketry_cli.serve_options import ServeOptions, all_options, in_groups
from bucketry_cli.serve_options.command import OptionsCommand
from bucketry_cli.serve_options.listening import ListeningOptions
from bucketry_cli.serve_options.testing import TestingOptions
from bucketry_cli.server_settings import common, server_settings
from bucketry_cli.several_stores import describe_stores
from bucketry_cli.stage import Stage
from bucketry_cli.telemetry import Telemetry, start_logging
from bucketry_cli.webhooks import describe, events_layer, webhooks_of

if TYPE_CHECKING:
    from bucketry.events import EventLog
    from bucketry.layers import Faults
    from bucketry_access import Directory


def access_notes(
    listening: ListeningOptions, bound: socket.socket, *, read_only: bool, directory: Directory | None = None
) -> tuple[tuple[str, str], ...]:
    """Returns lines for the user about who may use the REST API.

    Args:
        listening: Where it listens, and whether users of other machines may use it.
        bound: The socket there.
        read_only: Whether the store is read-only.
        directory: The users; ``None``: nobody is asked who they are.

    Raises:
        Failure: Other machines would reach it, and that is not allowed.
    """
    if directory is not None:
        return describe_users(directory)
    if is_loopback(bound.getsockname()[0]):
        return ()
    what = "read everything" if read_only else "read, change and delete everything"
    if not listening.allow_anonymous:
        raise Failure(
            f"the REST API would be open to all who reach {listening.host or 'this machine'}, "
            "and it asks nobody for credentials",
            f"name users (--access-file), listen here alone (--host 127.0.0.1), or give --allow-anonymous to let "
            f"everybody {what}",
        )
    return (("Access", f"everybody who reaches the REST API may {what}: it asks nobody for credentials"),)


@click.command(
    cls=OptionsCommand,
    params=list(all_options()),
    epilog=examples(
        "bucketry serve",
        "bucketry serve --store minio://localhost:9000 --port 8080 --read-only",
        "bucketry serve --bucket my-assets --fault 'put_object:throttled:nth=3' --reset-endpoint",
    ),
)
@command_options
@store_option("memory://")
@click.pass_context
@in_groups
def serve(ctx: click.Context, store: str, options: ServeOptions) -> None:
    """Serve the REST API and S3 over a store, until Ctrl-C or SIGTERM.

    memory:// starts empty, and its buckets live as long as the server does.
    """
    start(ctx, store, options)


def start(ctx: click.Context, store: str, options: ServeOptions, *, is_dry: bool = False) -> None:
    """Does all that a server does at its start, then serves.

    Args:
        ctx: The context of the command.
        store: URL of the store.
        options: The options.
        is_dry: Whether to return where serving would begin, without a call to the store.
    """
    listening, processes, testing = options.listening, options.processes, options.testing
    read_only = options.buckets.read_only
    if read_only and (testing.reset_endpoint or options.buckets.bucket):
        raise click.UsageError("--read-only goes neither with --bucket nor with --reset-endpoint")
    if is_endpoint(store):
        raise click.UsageError("serve stands in front of a driver's store, such as minio://localhost:9000")
    server = server_settings(options)
    reloading = Reloading(ctx, options)
    start_logging(options.logs)
    config = ctx.ensure_object(State).config
    table = {**driver_table(ctx, store), **options.backend.settings(store)}
    directory = directory_of(options, config, ctx.ensure_object(State).config_path)
    front = S3Front(options if _serves_s3(options) else None, config.s3_credentials, directory=directory)
    faults = _faults(testing)
    log = _event_log(testing)
    webhooks = webhooks_of(options.buckets.webhook, config.webhooks, os.environ)
    emitting = events_layer(webhooks, *([log] if log is not None else [])) if processes.workers == 1 else None
    with ExitStack() as stack:
        telemetry = stack.enter_context(closing(Telemetry(options, store)))
        telemetry.watch_users(directory)
        shared = stack.enter_context(shared_folder(options, config.quotas))
        bound = stack.enter_context(closing(bind(listening.host, listening.port, "--port")))
        access = access_notes(listening, bound, read_only=read_only, directory=directory)
        stack.enter_context(closing(front))
        management = stack.enter_context(closing(Management(options.management)))
        settings = front.settings(store, table)
        # Whoever may not write is told so before a fault strikes.
        layers = [
            *telemetry.layers(),
            *options.backend.layers(store),
            *limit_layers(options, config.quotas, shared),
            *([emitting] if emitting is not None else []),
            *([faults] if faults is not None else []),
            *front.layers,
            *([ReadOnly()] if read_only else []),
            *telemetry.outer_layers(),
        ]
        telemetry.watch_breakers(layers)
        access_store = access_store_of(options, settings, config.drivers, has_users=directory is not None)
        opened = stack.enter_context(open_store(settings, layers=layers, access_store=access_store))
        if processes.workers > 1:
            from bucketry_cli.workers import check_workers

            check_workers(opened, testing.fault)
        stage = Stage(opened, options.buckets.bucket, faults, log)
        if not is_dry:
            stage.prepare(resettable=testing.reset_endpoint)
        endpoints, notes = front.serve(opened)
        reloading.users = UserTables(config, ctx.ensure_object(State).config_path, directory, front)
        from bucketry_http import Listener, RestSettings

        how = RestSettings(
            allowed_hosts=listening.allowed_host,
            public_endpoints=(url_of(listening.host, bound, server.scheme),),
            cors_origins=listening.cors_origin,
            backend_urls=options.access.backend_urls or bool(endpoints),
            **common(options, RestSettings),
        )
        app: Any = LazyApp(partial(rest_app, opened, how, telemetry, directory, front.signing()), opened.clock)
        if log is not None:
            from bucketry_cli.control_endpoints import in_one_process

            app = in_one_process(app, how.browser_rules(), opened, stage, log)
        access += describe_stores(config.stores)
        access += (("Webhooks", describe(webhooks)),) if webhooks else ()
        headline = f"bucketry serves {store}" + (" for reading only" if read_only else "") + "; Ctrl-C stops it"
        rest = Endpoint(Listener(app, listening.host, listening.port, bound), _places(testing))
        rest, *s3 = telemetry.around_endpoints(*RateLimiting(options, shared).around_endpoints(rest, *endpoints))
        if is_dry:
            return
        if processes.workers == 1:
            listening_at = [rest, *s3, *management.endpoints(opened, telemetry.registry, layers)]
            run(listening_at, headline, (*notes, *access), server, reloading.here)
            return
        from bucketry_cli.workers import WorkerOptions, run_workers

        # Each worker has a store of its own.
        opened.close()
        run_workers(
            WorkerOptions(
                url=store,
                table=table,
                settings=how,
                options=options,
                config=ctx.ensure_object(State).config_text,
                shared=shared,
            ),
            bound,
            partial(announce, headline=headline, notes=(("Workers", str(processes.workers)), *access), settings=server),
            rest,
            management,
            reloading.for_workers,
            has_users=directory is not None,
        )


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
    places = (("REST API", "/api/v1/storage"), ("API docs", "/schema"))
    of_tests = (("Reset", control_paths.RESET), ("Clock", control_paths.CLOCK), ("Events", control_paths.EVENTS))
    return (*places, *of_tests) if testing.reset_endpoint else places


def _serves_s3(options: ServeOptions) -> bool:
    """Says whether there may be an S3 port. Several processes have none: there, credentials and uploads live in one."""
    if options.processes.workers > 1:
        if options.s3.s3:
            raise click.UsageError("--workers serves the REST API alone for now: give --no-s3 too, or one worker")
        return False
    return options.s3.s3 is not False
