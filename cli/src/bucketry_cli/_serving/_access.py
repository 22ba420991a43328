"""Who may use the REST API, and under which names: everybody who reaches it, since it asks nobody for credentials."""

from __future__ import annotations

import socket

import click
from bucketry import InvalidSettings

from bucketry_cli._failures import Failure
from bucketry_cli._serving._listening import is_loopback


def access_notes(host: str, bound: socket.socket, *, allowed: bool, read_only: bool) -> tuple[tuple[str, str], ...]:
    """Returns what is to be told about who may use the REST API.

    Args:
        host: Name or address to listen on, as it was given.
        bound: The socket there.
        allowed: Whether others than the users of this machine may use it.
        read_only: Whether nothing can be changed.

    Raises:
        Failure: Others would reach it, and that is not allowed.
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
        Failure: One is malformed. It names the option: a hint about settings of drivers would lead elsewhere.
    """
    if names:
        from bucketry_http import RestSettings, S3Settings

        try:
            if option.name == "allowed_host":
                RestSettings(allowed_hosts=names)
            elif option.name == "cors_origin":
                RestSettings(cors_origins=names)
            else:
                S3Settings(domains=names)
        except InvalidSettings as error:
            raise Failure(error.detail, f"correct {option.opts[0]}, or {option.envvar} in the environment") from None
    return names
