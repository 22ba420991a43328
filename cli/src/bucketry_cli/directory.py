"""The users of ``bucketry serve``: from the access file, the settings file and the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec
from bucketry import InvalidSettings, Secret
from bucketry.decoding import convert
from bucketry.owners import DEFAULT_OWNER
from bucketry.settings import load_settings

from bucketry_cli.config import AdminVariables, ConfigFile, UrlVariables
from bucketry_cli.credentials import given
from bucketry_cli.errors import Failure

if TYPE_CHECKING:
    from bucketry_access import Accounts, Directory

    from bucketry_cli.serve_options import ServeOptions

ADMIN: Final = "admin"
"""The user whose token the environment may have. It has every right."""


def directory_of(
    options: ServeOptions,
    config: ConfigFile,
    config_path: Path | None,
    url_secret: Secret,
    environ: Mapping[str, str] = os.environ,
) -> Directory | None:
    """Returns the users of a server; ``None``: none are configured, so nobody is asked who they are.

    Args:
        options: The options of ``bucketry serve``.
        config: The settings file.
        config_path: Where it is.
        url_secret: What presigned URLs of users without a key pair are made with, if the environment names nothing.
        environ: The environment.

    Raises:
        Failure: The settings file holds users in a way that cannot be used, or what is configured contradicts it.
        bucketry.InvalidSettings: A user is malformed, comes twice, or the access file cannot be used.
    """
    admin = load_settings(AdminVariables, environ=environ).token
    access_file = options.access.access_file
    if access_file is None and admin is None and not (config.users or config.groups or config.oidc):
        return None
    _check_options(options)
    from bucketry_access import Directory, FixedToken

    taken_ids, taken_keys = _taken(config, environ)
    directory = Directory(
        _accounts(config, config_path, has_admin=admin is not None),
        access_file=None if access_file is None else Path(access_file),
        fixed_tokens=[] if admin is None else [FixedToken(user_id=ADMIN, secret=admin)],
        taken_ids=taken_ids,
        taken_keys=taken_keys,
        url_secret=load_settings(UrlVariables, environ=environ).secret or url_secret,
    )
    directory.sources = _issuers(config.oidc, config_path, directory)
    return directory


def take_users(
    directory: Directory, config: ConfigFile, config_path: Path | None, environ: Mapping[str, str] = os.environ
) -> None:
    """Has the users and groups of a settings file from now on, in place of those of the one before.

    Raises:
        Failure: As `directory_of`; all stays as it was.
        bucketry.InvalidSettings: As `directory_of`, likewise.
    """
    has_admin = load_settings(AdminVariables, environ=environ).token is not None
    accounts = _accounts(config, config_path, has_admin=has_admin)
    taken_ids, taken_keys = _taken(config, environ)
    directory.replace(accounts, taken_ids=taken_ids, taken_keys=taken_keys)


def describe_users(directory: Directory | None) -> tuple[tuple[str, str], ...]:
    """Returns a line for the user about who may use the server."""
    if directory is None:
        return ()
    count = len(directory.users)
    issuers = f", and those of {len(directory.sources)} OIDC issuer(s)" if directory.sources else ""
    return (("Access", f"{count} user{'' if count == 1 else 's'}{issuers}; everybody else is refused"),)


def _check_options(options: ServeOptions) -> None:
    if options.listening.allow_anonymous:
        raise click.UsageError("--allow-anonymous lets everybody do everything, and there are users: leave one out")
    if options.testing.reset_endpoint:
        raise click.UsageError("--reset-endpoint lets everybody delete everything, and there are users: leave one out")


def _accounts(config: ConfigFile, path: Path | None, *, has_admin: bool) -> Accounts:
    from bucketry_access import Accounts, User

    found = _accounts_in(config, path)
    admin = (User(id=ADMIN, kind="service", is_root=True),) if has_admin else ()
    return Accounts((*found.users, *admin), found.groups)


def _taken(config: ConfigFile, environ: Mapping[str, str]) -> tuple[set[str], set[str]]:
    """Returns the ids and access keys that users of the directory cannot have."""
    credentials = given(config.s3_credentials, environ)
    ids = {DEFAULT_OWNER.id, *(credential.user_id for credential in credentials)}
    return ids, {credential.access_key for credential in credentials}


def _accounts_in(config: ConfigFile, path: Path | None) -> Accounts:
    from bucketry_access import AccessTables, Accounts, accounts_of, check_mode, decode_secret, holds_secrets

    if path is None or not (config.users or config.groups):
        return Accounts()
    named = f"the settings file {str(path)!r}"
    try:
        tables = convert({"users": config.users, "groups": config.groups}, AccessTables, dec_hook=decode_secret)
    except msgspec.ValidationError as error:
        raise Failure(f"{named} cannot be used: {error}") from None
    if holds_secrets(tables.users) and path.exists():  # What a worker is given may have been deleted since.
        check_mode(path.stat().st_mode, named, holds_secrets=True)
    return accounts_of(tables.users, tables.groups, path.parent, named)


def _issuers(tables: Sequence[Mapping[str, Any]], path: Path | None, directory: Directory) -> tuple[Any, ...]:
    if not tables:
        return ()
    try:
        from bucketry_http.oidc import OidcIssuer, OidcSettings
    except ImportError as error:
        raise Failure("tokens of an OIDC issuer need PyJWT", "pip install 'bucketry-http[oidc]'") from error
    folder = Path() if path is None else path.parent
    found: list[OidcIssuer] = []
    for number, table in enumerate(tables, 1):
        ca_file = {"ca_file": str(folder / str(table["ca_file"]))} if table.get("ca_file") else {}
        try:
            settings = convert({**table, **ca_file}, OidcSettings)
            issuer = OidcIssuer(settings, user=directory.user)
        except msgspec.ValidationError as error:
            raise Failure(f"the table number {number} of [[oidc]]: {error}") from None
        except InvalidSettings as error:
            raise Failure(f"the table number {number} of [[oidc]]: {error.detail}") from None
        if settings.issuer in (other.name for other in found):
            raise Failure(f"two tables [[oidc]] are about the issuer {settings.issuer!r}: write one of them")
        found.append(issuer)
    return tuple(found)
