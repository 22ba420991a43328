"""SIGHUP: the settings are read again, and what can change while the server runs does."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import msgspec
from bucketry import BucketryError
from click.core import ParameterSource

from bucketry_cli.config import ConfigFile, ConfigText, State
from bucketry_cli.directory import take_users
from bucketry_cli.s3_endpoint import S3Front
from bucketry_cli.serve_options import ServeOptions, all_options, grouped
from bucketry_cli.serve_options.command import problems_of, sentence
from bucketry_cli.serve_options.logs import LogOptions
from bucketry_cli.telemetry import start_logging

if TYPE_CHECKING:
    from bucketry_access import Directory

_CHANGES: Final = frozenset({"log_level"})
"""The options that change while the server runs. Certificates, secrets and the access file follow their files."""

logger = logging.getLogger("bucketry_cli")

_in_this_worker: Final[list[tuple[UserTables, int]]] = []
"""The users of this process and its number, if it is a worker: what the parent tells it is pickled without them."""


class UserTables:
    """Users, groups and key pairs of the settings file, in one process.

    Attributes:
        names: The tables that it takes. Where a server knew no users at its start, it goes on to know none.
    """

    def __init__(
        self, file: ConfigFile, path: Path | None, directory: Directory | None, front: S3Front | None = None
    ) -> None:
        """Takes what has them.

        Args:
            file: The settings file as it is now.
            path: Where it is.
            directory: The users; ``None``: there are none.
            front: The S3 endpoint; ``None``: there is none in this process.
        """
        self._file = file
        self._directory = directory
        self._front = front if front is not None and front.serves else None
        self._path = path
        names = {"users", "groups"} if directory is not None else set()
        self.names = frozenset({*names, "s3_credentials"} if self._front is not None else names)

    @property
    def lost_signer(self) -> str:
        """The access key that URLs are presigned with, if nobody has it any more; empty: they work."""
        return "" if self._front is None else self._front.lost_signer

    def take(self, file: ConfigFile) -> None:
        """Has them as a settings file says from now on.

        Raises:
            Failure: They cannot be used; all stay as they were.
            bucketry.InvalidSettings: Likewise.
        """
        self._take_users(file)
        try:
            if self._front is not None:
                self._front.take(file.s3_credentials)
        except (click.ClickException, BucketryError):
            self._take_users(self._file)
            raise
        self._file = file

    def _take_users(self, file: ConfigFile) -> None:
        if self._directory is not None:
            take_users(self._directory, file, self._path)


class Reloading:
    """Reads the settings of one ``bucketry serve`` again: the file and the environment, under the same command line.

    Attributes:
        users: What has the users and key pairs of the file.
        taken: The file as it was last read again and found to be good; ``None``: it was not yet.
    """

    def __init__(self, ctx: click.Context, options: ServeOptions) -> None:
        """Knows what holds now."""
        self._ctx = ctx
        self._options = options
        self._file = ctx.ensure_object(State).config
        self.taken: ConfigText | None = None
        self.users = UserTables(self._file, None, None)

    def here(self) -> None:
        """Reads them again, for this process."""
        self._read_again()
        start_logging(self._options.logs)

    def for_workers(self) -> Callable[[], None]:
        """Reads them again for this process, and returns what each worker has to do, which can be pickled."""
        self.here()
        return partial(_in_worker, self._options.logs, self.taken)

    def _read_again(self) -> None:
        try:
            found, file = self._read()
            self.users.take(file)
            self.taken = self._ctx.ensure_object(State).config_text
        except (click.ClickException, BucketryError) as error:
            logger.error("the settings stay as they were: %s", sentence(error))  # noqa: TRY400 - one sentence says it
        else:
            if lost := self.users.lost_signer:
                logger.warning(
                    "URLs that the REST API presigns do not work until the next start: they are signed with %r", lost
                )
            if later := [*self._changed_options(found), *self._changed_tables(file)]:
                logger.warning("changed, and used from the next start on: %s", ", ".join(later))
            logs = msgspec.structs.replace(self._options.logs, log_level=found.logs.log_level)
            self._options = msgspec.structs.replace(self._options, logs=logs)
            logger.info("the settings were read again")

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
            if name != "serve" and name not in self.users.names and getattr(self._file, name) != getattr(file, name):
                yield f"[{name}]"


def follow_in_worker(users: UserTables, worker: int) -> None:
    """Has this worker's users follow the settings file when the parent has read it again.

    Args:
        users: The users.
        worker: The worker's number.
    """
    _in_this_worker[:] = [(users, worker)]


def _in_worker(logs: LogOptions, text: ConfigText | None) -> None:
    """Does in a worker what the parent has found to be good."""
    for users, worker in _in_this_worker:
        if text is not None:
            users.take(text.load())
        start_logging(logs, worker)
