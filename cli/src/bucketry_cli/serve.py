"""``bucketry serve``."""

from __future__ import annotations

import socket
from contextlib import ExitStack, closing
from functools import partial
from typing import TYPE_CHECKING

import click

from bucketry_cli.config import State
from bucketry_cli.directory import describe_users
from bucketry_cli.errors import Failure
from bucketry_cli.limits import shared_folder
from bucketry_cli.listening import Address, announce, bind, is_loopback, run
from bucketry_cli.management import Management, metrics_folder
from bucketry_cli.options import command_options, driver_table, examples, store_option
from bucketry_cli.own_secrets import OwnSecrets
from bucketry_cli.ports import Plan, Ports
from bucketry_cli.reloading import Reloading
from bucketry_cli.s3_endpoint import is_endpoint
from bucketry_cli.serve_options import ServeOptions, all_options, in_groups
from bucketry_cli.serve_options.command import OptionsCommand
from bucketry_cli.serve_options.listening import ListeningOptions
from bucketry_cli.server_settings import server_settings
from bucketry_cli.several_stores import describe_stores
from bucketry_cli.telemetry import start_logging
from bucketry_cli.webhooks import describe

if TYPE_CHECKING:
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
    if processes.workers > 1:
        from bucketry_cli.workers import check_processes

        check_processes(store, config.stores, testing.fault)
    with ExitStack() as stack:
        if processes.workers > 1 and not is_dry:
            stack.enter_context(metrics_folder(options.management))
        plan = Plan(
            url=store,
            table={**driver_table(ctx, store), **options.backend.settings(store)},
            options=options,
            secrets=OwnSecrets(),
            config=ctx.ensure_object(State).config_text,
            shared=stack.enter_context(shared_folder(options, config.quotas)),
        )
        bound = stack.enter_context(closing(bind(listening.host, listening.port, "--port")))
        ports = stack.enter_context(closing(Ports(plan, config, Address.of(listening.host, bound, server.scheme))))
        access = access_notes(listening, bound, read_only=read_only, directory=ports.directory)
        ports.telemetry.watch_users(ports.directory)
        management = stack.enter_context(closing(Management(options.management)))
        opened = ports.open()
        if processes.workers > 1:
            from bucketry_cli.workers import check_workers

            check_workers(opened)
        if not is_dry:
            ports.stage.prepare(resettable=testing.reset_endpoint)
        endpoints = ports.endpoints()
        reloading.users = ports.users
        notes = (
            *ports.notes,
            *((("Workers", str(processes.workers)),) if processes.workers > 1 else ()),
            *access,
            *describe_stores(config.stores),
            *((("Webhooks", describe(ports.webhooks)),) if ports.webhooks else ()),
        )
        headline = f"bucketry serves {store}" + (" for reading only" if read_only else "") + "; Ctrl-C stops it"
        if is_dry:
            return
        if processes.workers == 1:
            beside = management.endpoints(opened, ports.telemetry.registry, ports.layers)
            run([*ports.served(endpoints), *beside], headline, notes, server, reloading.here)
            return
        from bucketry_cli.workers import run_workers

        # Each worker has a store of its own.
        opened.close()
        told = partial(announce, headline=headline, notes=notes, settings=server)
        run_workers(plan, ports, endpoints, told, management, reloading)
