"""Options and arguments that many commands share, and the store that they open."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final, NamedTuple

import click
from bucketry import Store, open_store
from bucketry.settings import PUBLISHED_FOR
from click.core import ParameterSource

from bucketry_cli.config import DEFAULT_FILE, DRIVERS, ConfigText, State
from bucketry_cli.kinds_of_server import is_rest
from bucketry_cli.output import note
from bucketry_cli.s3_endpoint import is_endpoint, open_endpoint

_NO_STORE: Final = (
    "no store is named: give --store URL, set BUCKETRY_STORE, "
    f'or write store = "URL" into {DEFAULT_FILE} (such as minio://localhost:9000, or http://localhost:9000, '
    "the S3 API of 'bucketry serve', or its REST API; "
    "'bucketry drivers' lists what can stand before ://)"
)

Command = Callable[..., None]


def examples(*lines: str) -> str:
    """Returns a command's epilog with examples; click does not wrap their lines."""
    return "\n".join(("\b", "Examples:", *(f"  {line}" for line in lines)))


def global_options(command: Command) -> Command:
    """Adds ``--store``, ``--config`` and ``--debug`` to the group; commands take them too, after their names."""
    command = click.option("--debug", is_flag=True, expose_value=False, callback=_set_debug, help=_DEBUG_HELP)(command)
    command = click.option("--store", expose_value=False, callback=_set_store, metavar="URL", help=_STORE_HELP)(command)
    return click.option(
        "--config",
        envvar="BUCKETRY_CONFIG",
        show_envvar=True,
        type=click.Path(path_type=Path),
        default=_default_file,
        show_default=f"{DEFAULT_FILE}, if there is one",
        expose_value=False,
        callback=_set_config,
        metavar="FILE",
        help=_CONFIG_HELP,
    )(command)


def command_options(command: Command) -> Command:
    """Adds ``--config`` and ``--debug`` to a command, and reads the settings file for its other options."""
    command = click.option("--debug", is_flag=True, expose_value=False, callback=_set_debug, help=_DEBUG_HELP)(command)
    return click.option(
        "--config",
        type=click.Path(path_type=Path),
        is_eager=True,
        expose_value=False,
        callback=_read_config,
        metavar="FILE",
        help=_CONFIG_HELP,
    )(command)


def store_option(default: str | None = None) -> Callable[[Command], Command]:
    """Returns the option ``--store``, which the command gets as ``store``."""
    return click.option(
        "--store",
        envvar="BUCKETRY_STORE",
        show_envvar=True,
        default=default,
        show_default=default is not None,
        metavar="URL",
        callback=_choose_store,
        help=_STORE_HELP,
    )


def with_store(command: Command) -> Command:
    """Adds the options above, and calls the command with the open store as its first argument."""

    @wraps(command)
    def opened(store: str | None, **arguments: Any) -> None:
        ctx = click.get_current_context()
        if store is None:
            raise click.UsageError(_NO_STORE)
        if store.lower().startswith("memory://"):
            note(
                "note: a memory:// store is empty at first and gone when this command ends; 'bucketry serve' keeps one"
            )
        with _open_selected(ctx, store) as selected:
            command(selected, **arguments)

    return command_options(store_option()(opened))


def _open_selected(ctx: click.Context, url: str) -> Store:
    """Opens a store with its driver's settings from the URL, the environment and the settings file, in that order.

    The URL may also be that of a ``bucketry serve``, of either port.

    Raises:
        bucketry.InvalidSettings: They cannot be used.
        bucketry.InvalidDriver: The driver breaks the contract.
    """
    if is_endpoint(url) and not is_rest(url):
        config = ctx.ensure_object(State).config
        return open_endpoint(url, config.s3_credentials, config.drivers.get(PUBLISHED_FOR, {}))
    return open_store(url, defaults=driver_table(ctx, url))


def driver_table(ctx: click.Context, url: str) -> dict[str, Any]:
    """Returns the settings file's table of a store's driver, and warns of tables that no installed driver reads."""
    config = ctx.ensure_object(State).config
    for name in config.drivers:
        if not entry_points(group=DRIVERS, name=name):
            note(f"warning: the settings file has a table [drivers.{name}], and no driver of that name is installed")
    return config.table_of(url.partition("://")[0].lower())


_DEBUG_HELP: Final = "Show the traceback of a failure."
_STORE_HELP: Final = "The store: memory://, minio://host:9000, or the REST or S3 API that 'bucketry serve' prints."
_CONFIG_HELP: Final = "Settings file (TOML)."


def _default_file() -> str | None:
    return DEFAULT_FILE if Path(DEFAULT_FILE).is_file() else None


def _set_debug(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        ctx.ensure_object(State).debug = True


def _set_store(ctx: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    ctx.ensure_object(State).store = value


def _choose_store(ctx: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Returns the store of the command line, before or after the command's name; else what click found elsewhere."""
    given = ctx.get_parameter_source("store") is ParameterSource.COMMANDLINE
    return value if given else ctx.ensure_object(State).store or value


def _set_config(ctx: click.Context, _parameter: click.Parameter, value: Path | None) -> None:
    ctx.ensure_object(State).config_path = value


def _read_config(ctx: click.Context, _parameter: click.Parameter, value: Path | None) -> None:
    state = ctx.ensure_object(State)
    path = value or state.config_path
    if path is not None and not ctx.resilient_parsing:
        state.config_path = path
        state.config_text = ConfigText(path)
        state.config = state.config_text.load()
        ctx.default_map = state.config.options_of(ctx.info_name)


_SCHEME: Final = "s3://"


class Target(NamedTuple):
    """A bucket, and a key or prefix in it exactly as typed; the key may be empty."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"{self.bucket}/{self.key}" if self.key else self.bucket


def prefix_target(text: str) -> Target:
    """Splits ``BUCKET`` or ``BUCKET/PREFIX`` at the first slash: ``BUCKET//a`` is the key ``/a``.

    Raises:
        click.BadParameter: No bucket is named.
    """
    # A bucket's name has no colon, so the scheme is never part of it.
    bucket, _, key = text.removeprefix(_SCHEME).partition("/")
    if not bucket:
        raise click.BadParameter(f"{text!r} names no bucket")
    return Target(bucket, key)


def object_target(text: str) -> Target:
    """Splits ``BUCKET/KEY``.

    Raises:
        click.BadParameter: One of the two is missing.
    """
    target = prefix_target(text)
    if not target.key:
        raise click.BadParameter(f"{text!r} names a bucket and no key: write BUCKET/KEY")
    return target


def bucket_target(text: str) -> str:
    """Returns the name of a bucket, without scheme and slash.

    Raises:
        click.BadParameter: A key is named too, or no bucket.
    """
    target = prefix_target(text)
    if target.key:
        raise click.BadParameter(f"{text!r} names a key: only a bucket is wanted here")
    return target.bucket
