"""``bucketry user``, ``bucketry token`` and ``bucketry key``: who may use a server, in its access file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from bucketry import InvalidSettings

from bucketry_cli.config import State
from bucketry_cli.errors import Failure
from bucketry_cli.options import command_options, examples
from bucketry_cli.output import json_line, note, timestamp, write_lines, write_table

if TYPE_CHECKING:
    from bucketry_access import Accounts

_UNITS: Final = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_LIFETIME: Final = re.compile(r"([1-9][0-9]{0,5})([hdw])", re.ASCII)
_ONCE: Final = "it is shown only now, and kept nowhere"

Command = Callable[..., None]


def access_file(command: Command) -> Command:
    """Adds ``--access-file``, and calls the command with its path as the first argument."""

    @wraps(command)
    def called(access_file: str | None, **arguments: Any) -> None:
        found = access_file or click.get_current_context().ensure_object(State).config.serve.get("access_file")
        if not found:
            raise click.UsageError(
                "no access file is named: give --access-file FILE, set BUCKETRY_ACCESS_FILE, or write access_file "
                "into [serve] of the settings file"
            )
        try:
            command(Path(str(found)), **arguments)
        except InvalidSettings as error:
            # The file is no settings of a driver, about which the usual hint is.
            raise Failure(error.detail) from error

    option = click.option(
        "--access-file", envvar="BUCKETRY_ACCESS_FILE", show_envvar=True, metavar="FILE", help="The access file."
    )
    return command_options(option(called))


def _lifetime(_context: click.Context, _parameter: click.Parameter, text: str | None) -> datetime | None:
    if text is None or text == "never":
        return None
    match = _LIFETIME.fullmatch(text)
    try:
        if match is not None:
            moment = datetime.now(UTC) + int(match[1]) * _UNITS[match[2]]
        else:
            moment = datetime.fromisoformat(text)
            moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise click.BadParameter("write 12h, 90d, 52w, never, or a time as 2030-01-31T00:00:00Z") from None
    if moment <= datetime.now(UTC):
        raise click.BadParameter("it lies in the past")
    return moment.astimezone(UTC).replace(microsecond=0)


def _expiry(default: str | None) -> Callable[[Command], Command]:
    return click.option(
        "--expires",
        default=default,
        show_default=default is not None,
        callback=_lifetime,
        metavar="TIME",
        help="When it ends: 12h, 90d, 52w, never, or a time as 2030-01-31T00:00:00Z.",
    )


_description: Final = click.option("--description", default="", metavar="TEXT", help="What it is for.")
_as_json: Final = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


def _read(path: Path) -> Accounts:
    from bucketry_access import read_access_file

    return read_access_file(path)


def _write(headers: tuple[str, ...], rows: Iterable[tuple[object, ...]], *, as_json: bool) -> None:
    if as_json:
        names = [header.lower().replace(" ", "_") for header in headers]
        write_lines(json_line(dict(zip(names, row, strict=True))) for row in rows)
    else:
        write_table(headers, [tuple(_cell(value) for value in row) for row in rows])


def _cell(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    return "-" if value in (None, "") else str(value)


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else timestamp(moment)


@click.group
def user() -> None:
    """Users and service accounts in the access file."""


@user.command("create", epilog=examples("bucketry user create alice --role 'write:team-a-*' --email alice@example.com"))
@access_file
@click.argument("user_id", metavar="USER")
@click.option("--role", "roles", multiple=True, metavar="ROLE", help="A role, such as 'write:team-a-*'. Repeatable.")
@click.option("--group", "groups", multiple=True, metavar="NAME", help="A group that the file defines. Repeatable.")
@click.option("--display-name", default="", metavar="TEXT", help="The name for people.")
@click.option("--email", default="", metavar="ADDRESS", help="The e-mail address, which ACLs may name.")
@click.option("--service", is_flag=True, help="It is a program, not a person.")
@click.option("--root", is_flag=True, help="Give every right, instead of roles.")
def create_user(path: Path, user_id: str, service: bool, root: bool, **fields: Any) -> None:
    """Add a user. A file that does not exist is made, for its owner alone."""
    from bucketry_access import editing

    with editing(path, create=True) as file:
        file.add_user(user_id, kind="service" if service else "", is_root=root, **fields)
    note(f"created the user {user_id}; 'bucketry token create {user_id}' makes a token for the REST API")


@user.command("list")
@access_file
@_as_json
def list_users(path: Path, as_json: bool) -> None:
    """List the users, with their roles and groups."""
    rows = [
        (user.id, user.kind, list(user.roles), list(user.groups), len(user.keys), len(user.tokens), user.is_root)
        for user in _read(path).users
    ]
    _write(("User", "Kind", "Roles", "Groups", "Keys", "Tokens", "Root"), rows, as_json=as_json)


@user.command("delete")
@access_file
@click.argument("user_id", metavar="USER")
def delete_user(path: Path, user_id: str) -> None:
    """Delete a user, with all tokens and key pairs. Buckets stay, and still name the user as their owner."""
    from bucketry_access import editing

    with editing(path) as file:
        file.remove_user(user_id)
    note(f"deleted the user {user_id}")


@click.group
def token() -> None:
    """Tokens for the REST API, in the access file."""


@token.command("create", epilog=examples("bucketry token create alice --expires 30d --description laptop"))
@access_file
@click.argument("user_id", metavar="USER")
@_expiry("90d")
@_description
def create_token(path: Path, user_id: str, expires: datetime | None, description: str) -> None:
    """Make a token, and write it to standard output. Send it as 'Authorization: Bearer TOKEN'."""
    from bucketry_access import editing

    with editing(path) as file:
        made = file.add_token(user_id, expires_at=expires, description=description)
    write_lines([made.text.reveal()])
    ends = f"ends {timestamp(expires)}" if expires is not None else "never ends"
    note(f"the token {made.token.id} of {user_id} {ends}; {_ONCE}")


@token.command("list")
@access_file
@click.argument("user_id", metavar="[USER]", required=False)
@_as_json
def list_tokens(path: Path, user_id: str | None, as_json: bool) -> None:
    """List the tokens without their secrets: of a user, or all."""
    rows = [
        (one.id, user.id, _moment(one.created_at), _moment(one.expires_at), _state(one.expires_at), one.description)
        for user in _read(path).users
        if user_id in (None, user.id)
        for one in user.tokens
    ]
    _write(("Id", "User", "Created at", "Expires at", "State", "Description"), rows, as_json=as_json)


@token.command("revoke")
@access_file
@click.argument("token_id", metavar="ID")
def revoke_token(path: Path, token_id: str) -> None:
    """Revoke a token by its id. Servers refuse it within a second of its next use."""
    from bucketry_access import editing

    with editing(path) as file:
        file.remove_token(_id_in(token_id))
    note(f"revoked the token {_id_in(token_id)}")


@click.group
def key() -> None:
    """Key pairs for the S3 port, in the access file."""


@key.command("create", epilog=examples("bucketry key create alice --description backup"))
@access_file
@click.argument("user_id", metavar="USER")
@_expiry("never")
@_description
def create_key(path: Path, user_id: str, expires: datetime | None, description: str) -> None:
    """Make a key pair, and write it to standard output: access key and secret key, as AWS's tools read them."""
    from bucketry_access import editing

    with editing(path) as file:
        pair = file.add_key_pair(user_id, expires_at=expires, description=description)
    secret = pair.secret_key.reveal()
    write_lines([f"aws_access_key_id = {pair.access_key}", f"aws_secret_access_key = {secret}"])
    note(f"the secret key stands in {path} too: requests cannot be checked without it")


@key.command("list")
@access_file
@click.argument("user_id", metavar="[USER]", required=False)
@_as_json
def list_keys(path: Path, user_id: str | None, as_json: bool) -> None:
    """List the access keys without their secret keys: of a user, or all."""
    rows = [
        (
            one.access_key,
            user.id,
            _moment(one.created_at),
            _moment(one.expires_at),
            _state(one.expires_at),
            one.description,
        )
        for user in _read(path).users
        if user_id in (None, user.id)
        for one in user.keys
    ]
    _write(("Access key", "User", "Created at", "Expires at", "State", "Description"), rows, as_json=as_json)


@key.command("revoke")
@access_file
@click.argument("access_key", metavar="ACCESS_KEY")
def revoke_key(path: Path, access_key: str) -> None:
    """Revoke a key pair. Servers refuse it, and URLs that it signed, within a second of its next use."""
    from bucketry_access import editing

    with editing(path) as file:
        file.remove_key_pair(access_key)
    note(f"revoked the access key {access_key}")


def _state(expires_at: datetime | None) -> str:
    return "expired" if expires_at is not None and expires_at <= datetime.now(UTC) else "valid"


def _id_in(text: str) -> str:
    """Returns the id of a token; somebody may give the whole token.

    Raises:
        Failure: It is neither.
    """
    from bucketry_access import name_of_token

    found = name_of_token(text) if text.startswith("bkt_") else text
    if not found.isalnum():
        raise Failure(f"{text[:16]!r} is no id of a token", "'bucketry token list' shows them")
    return found
