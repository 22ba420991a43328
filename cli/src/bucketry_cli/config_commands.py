"""``bucketry config``: what is wrong with the settings of ``bucketry serve``, and what holds."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import click
import msgspec
from bucketry import BucketryError, Secret, find_settings
from bucketry.settings import parse_url

from bucketry_cli.config import ConfigFile, State, tables
from bucketry_cli.credentials import given
from bucketry_cli.options import command_options, driver_table, examples, store_option
from bucketry_cli.output import json_line, write_lines, write_table
from bucketry_cli.s3_endpoint import is_endpoint
from bucketry_cli.serve import start
from bucketry_cli.serve_options import ServeOptions, all_options, grouped, in_groups
from bucketry_cli.serve_options.command import OptionsCommand, Problem, Problems, problems_of, sentence, source_of
from bucketry_cli.serve_options.ports import PortOption
from bucketry_cli.server_settings import server_settings
from bucketry_cli.webhooks import webhooks_of

_HIDDEN: Final = "***"
_URL_KEYS: Final = frozenset({"url", "webhook"})
"""Names of settings whose URLs may hold a secret in their path."""

_SECRET_NAME: Final = re.compile(r"(secret|token|password)(?!.*_file$)")
"""Names of settings in tables of drivers that are secrets: those are plain strings there."""


class CheckCommand(OptionsCommand):
    """A command with the options of ``serve`` that goes on when one is wrong."""

    refuses = False


@click.group
def config() -> None:
    """Look at the settings of 'bucketry serve' without serving."""


@config.command(
    cls=CheckCommand,
    params=list(all_options()),
    epilog=examples("bucketry config check", "bucketry config check --config /etc/bucketry.toml --port 8080"),
)
@command_options
@store_option("memory://")
@click.pass_context
@in_groups
def check(ctx: click.Context, store: str, options: ServeOptions) -> None:
    """Say what is wrong with the settings, and where; one sentence each.

    Takes the options of 'bucketry serve', and does all that it does at its start but listen on its ports and
    connect to the store. The exit code is 2 if there is a problem.
    """
    problems = problems_of(ctx) + list(_problems(ctx, store, options))
    unique = list({sentence(problem): problem for problem in problems}.values())
    if unique:
        raise Problems(unique)
    click.echo(f"the settings can be used: bucketry would serve {store}")


def _problems(ctx: click.Context, store: str, options: ServeOptions) -> Iterator[Problem]:
    found = ctx.ensure_object(State).config
    checks: list[Callable[[], object]] = [
        lambda: server_settings(options),
        lambda: is_endpoint(store) or find_settings(store, defaults=driver_table(ctx, store)),
        lambda: given(found.s3_credentials, os.environ),
        lambda: webhooks_of(options.buckets.webhook, found.webhooks, os.environ),
        lambda: start(ctx, store, _on_any_port(options), is_dry=True),
    ]
    for each in checks:
        try:
            each()
        except (click.ClickException, BucketryError) as error:
            yield error


def _on_any_port(options: ServeOptions) -> ServeOptions:
    """Returns the options with ports that are free: the server may be running on its own."""
    ports = {str(each.name): 0 for each in all_options() if isinstance(each, PortOption)}
    return grouped({**options.values(), **ports})


@config.command(cls=CheckCommand, params=list(all_options()), epilog=examples("bucketry config show --json"))
@command_options
@store_option("memory://")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_context
def show(ctx: click.Context, /, store: str, as_json: bool, **_values: object) -> None:
    """Show the settings that hold, and where each comes from. Secrets are not shown.

    Takes the options of 'bucketry serve'.
    """
    if problems := problems_of(ctx):
        raise Problems(problems)
    rows = list(_rows(ctx, store))
    if as_json:
        write_lines(json_line({"name": name, "value": value, "source": source}) for name, value, source in rows)
        return
    write_table(("SETTING", "VALUE", "SOURCE"), ((name, _text(value), source) for name, value, source in rows))


Row = tuple[str, Any, str]


def _rows(ctx: click.Context, store: str) -> Iterator[Row]:
    parameters = {parameter.name: parameter for parameter in ctx.command.params}
    yield "store", store, _source_of_store(ctx, parameters["store"])
    for given_option in all_options():
        name = str(given_option.name)
        yield f"serve.{name}", _shown(name, ctx.params[name]), source_of(ctx, given_option)
    yield from _of_tables(ctx.ensure_object(State).config, str(ctx.ensure_object(State).config_path))
    if not is_endpoint(store):
        yield from _of_driver(ctx, store)


def _source_of_store(ctx: click.Context, parameter: click.Parameter) -> str:
    source = source_of(ctx, parameter)
    state = ctx.ensure_object(State)
    if state.store and source != "command line":
        return "command line"
    return source.replace("[serve] in ", "") if source.startswith("[serve]") else source


def _of_tables(found: ConfigFile, path: str) -> Iterator[Row]:
    for name, (_, is_list) in tables().items():
        values = getattr(found, name)
        for number, table in enumerate(values if is_list else [values]):
            for field in msgspec.structs.fields(table) if isinstance(table, msgspec.Struct) else ():
                value = getattr(table, field.name)
                if value != field.default and value not in (msgspec.UNSET, None, [], {}):
                    place = f"{name}[{number}]" if is_list else name
                    yield f"{place}.{field.encode_name}", _shown(field.name, value), path


def _of_driver(ctx: click.Context, store: str) -> Iterator[Row]:
    table = driver_table(ctx, store)
    url = parse_url(store)
    settings = find_settings(store, defaults=table)
    for name, value in msgspec.structs.asdict(settings).items():
        variable = f"BUCKETRY_{url.scheme.upper()}_{name.upper()}"
        sources = (
            (name in url.parameters, "the store's URL"),
            (variable in os.environ, variable),
            (f"{variable}_FILE" in os.environ, f"{variable}_FILE"),
            (name in table, str(ctx.ensure_object(State).config_path)),
        )
        yield (
            f"drivers.{url.scheme}.{name}",
            _shown(name, value),
            next((text for holds, text in sources if holds), "default"),
        )


def _shown(name: str, value: object) -> Any:
    """Returns a value without what may be secret in it."""
    if isinstance(value, Secret) or (isinstance(value, str) and _SECRET_NAME.search(name)):
        return _HIDDEN
    if isinstance(value, str):
        return _without_path(value) if name in _URL_KEYS else value
    if isinstance(value, list | tuple):
        return [_shown(name, entry) for entry in value]
    if isinstance(value, Mapping):
        return {key: _shown(str(key), entry) for key, entry in value.items()}
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, msgspec.Struct):
        return {key: _shown(key, entry) for key, entry in msgspec.structs.asdict(value).items()}
    return str(value)


def _without_path(url: str) -> str:
    name, mark, place = url.rpartition("=") if "://" not in url.partition("=")[0] else ("", "", url)
    parts = urlsplit(place)
    if parts.scheme not in {"http", "https"}:
        return url  # Of a store: such URLs hold no secrets.
    return f"{name}{mark}{parts.scheme}://{parts.hostname}/{_HIDDEN}" if parts.hostname else _HIDDEN


def _text(value: object) -> str:
    if isinstance(value, list):
        return " ".join(map(_text, value))
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    return str(value)
