"""SIGHUP: the settings are read again, and what can change while the server runs does."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import click
import msgspec
from bucketry import BucketryError
from click.core import ParameterSource

from bucketry_cli.config import ConfigFile, State
from bucketry_cli.serve_options import ServeOptions, all_options, grouped
from bucketry_cli.serve_options.command import problems_of, sentence
from bucketry_cli.serve_options.logs import LogOptions
from bucketry_cli.telemetry import start_logging

_CHANGES: Final = frozenset({"log_level"})
"""The options that change while the server runs. Certificates, secrets and the access file follow their files."""

logger = logging.getLogger("bucketry_cli")


class Reloading:
    """Reads the settings of one ``bucketry serve`` again: the file and the environment, under the same command line."""

    def __init__(self, ctx: click.Context, options: ServeOptions) -> None:
        """Knows what holds now."""
        self._ctx = ctx
        self._options = options
        self._file = ctx.ensure_object(State).config

    def here(self) -> None:
        """Reads them again, for this process."""
        self._logs(in_worker=False)()

    def for_workers(self) -> Callable[[], None]:
        """Reads them again for this process, and returns what each worker has to do, which can be pickled."""
        action = self._logs(in_worker=True)
        action()
        return action

    def _logs(self, *, in_worker: bool) -> Callable[[], None]:
        try:
            found, file = self._read()
        except (click.ClickException, BucketryError) as error:
            logger.error("the settings stay as they were: %s", sentence(error))  # noqa: TRY400 - one sentence says it
        else:
            if later := [*self._changed_options(found), *self._changed_tables(file)]:
                logger.warning("changed, and used from the next start on: %s", ", ".join(later))
            logs = msgspec.structs.replace(self._options.logs, log_level=found.logs.log_level)
            self._options = msgspec.structs.replace(self._options, logs=logs)
            logger.info("the settings were read again")
        return partial(_log, self._options.logs, in_worker)

    def _read(self) -> tuple[ServeOptions, ConfigFile]:
        problems_of(self._ctx).clear()
        again = self._ctx.command.make_context(self._ctx.info_name, [], parent=self._ctx.parent)
        given = {
            name: value
            for name, value in self._ctx.params.items()
            if self._ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
        }
        values = {**again.params, **given}
        return grouped({str(each.name): values[str(each.name)] for each in all_options()}), again.ensure_object(
            State
        ).config

    def _changed_options(self, found: ServeOptions) -> Iterator[str]:
        before, after = self._options.values(), found.values()
        for each in all_options():
            name = str(each.name)
            if before[name] != after[name] and name not in _CHANGES:
                yield each.opts[0]

    def _changed_tables(self, file: ConfigFile) -> Iterator[str]:
        for name in ConfigFile.__struct_fields__:
            if name != "serve" and getattr(self._file, name) != getattr(file, name):
                yield f"[{name}]"


def _log(logs: LogOptions, in_worker: bool) -> None:
    start_logging(logs, in_worker=in_worker)
