"""The access file: users, groups, key pairs and tokens in TOML.

The tables ``[[users]]`` and ``[[groups]]`` of a server's settings file have the same fields.
"""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
from bucketry import InvalidSettings, Secret
from bucketry.decoding import convert
from bucketry.settings import secret_in

from bucketry_access.tokens import Token
from bucketry_access.users import Group, KeyPair, User, UserKind

MAX_BYTES: Final = 8 * 1024 * 1024
"""Largest access file, in bytes: room for about ten thousand users."""

_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_OTHERS_READ: Final = stat.S_IROTH


class KeyTable(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A table ``[[users.keys]]``: a key pair for the S3 port.

    Attributes:
        access_key: The public name of the key.
        secret_key: The key that signs.
        secret_key_file: A file that holds the key instead, and may change. A relative path starts at the folder of the
            file that names it.
        created_at: When it was made.
        expires_at: When it ends; left out: never.
        description: What it is for.
    """

    access_key: str
    secret_key: Secret | None = None
    secret_key_file: str | None = None
    created_at: datetime | None = None
    expires_at: datetime | None = None
    description: str = ""


class TokenTable(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A table ``[[users.tokens]]``: a token for the REST port, as ``bucketry token create`` writes it.

    Attributes:
        id: Its public id.
        sha256: SHA-256 of its secret, in hexadecimal.
        created_at: When it was made.
        expires_at: When it ends; left out: never.
        description: What it is for.
    """

    id: str
    sha256: str
    created_at: datetime | None = None
    expires_at: datetime | None = None
    description: str = ""


class UserTable(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A table ``[[users]]``: a user or a service account.

    Attributes:
        id: The id, by which policies and ACLs name the user.
        display_name: The name for people; left out: the id.
        email: The e-mail address, which ACLs may name.
        kind: ``user`` or ``service``.
        groups: Names of groups.
        roles: Roles, such as ``write:team-a-*``.
        policy: A policy as IAM has them for users, as JSON.
        is_root: Whether the user has every right.
        keys: Key pairs for the S3 port.
        tokens: Tokens for the REST port.
    """

    id: str
    display_name: str = ""
    email: str = ""
    kind: UserKind = "user"
    groups: list[str] = []
    roles: list[str] = []
    policy: str | None = None
    is_root: bool = False
    keys: list[KeyTable] = []
    tokens: list[TokenTable] = []


class GroupTable(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A table ``[[groups]]``: rights that several users have.

    Attributes:
        name: The name, which users give.
        roles: Roles, such as ``read:*``.
        policy: A policy as IAM has them for users, as JSON.
    """

    name: str
    roles: list[str] = []
    policy: str | None = None


class AccessTables(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """All tables of an access file."""

    users: list[UserTable] = []
    groups: list[GroupTable] = []


class Accounts(NamedTuple):
    """Users and groups from one place."""

    users: tuple[User, ...] = ()
    groups: tuple[Group, ...] = ()


def read_access_file(path: Path) -> Accounts:
    """Reads an access file.

    Raises:
        InvalidSettings: It cannot be read, is not TOML, has something that is not understood, or too many may read or
            write it. The message never repeats a secret.
    """
    named = f"the access file {str(path)!r}"
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InvalidSettings(f"{named} cannot be read: {error.strerror or type(error).__name__}") from None
    if len(content) > MAX_BYTES:
        raise InvalidSettings(f"{named} is larger than {MAX_BYTES} bytes")
    tables = parse_access_file(content, named)
    check_mode(mode, named, holds_secrets=holds_secrets(tables.users))
    return accounts_of(tables.users, tables.groups, path.parent, named)


def parse_access_file(content: bytes, named: str) -> AccessTables:
    """Parses the text of an access file.

    Args:
        content: The text.
        named: What the message calls it.

    Raises:
        InvalidSettings: It is not UTF-8, not TOML, or has something that is not understood.
    """
    try:
        return convert(tomllib.loads(content.decode()), AccessTables, dec_hook=decode_secret)
    except UnicodeDecodeError:
        raise InvalidSettings(f"{named} is not UTF-8") from None
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, RecursionError) as error:
        raise InvalidSettings(f"{named} cannot be used: {error}") from None


def accounts_of(users: Sequence[UserTable], groups: Sequence[GroupTable], folder: Path, named: str) -> Accounts:
    """Returns the users and groups of tables.

    Args:
        users: The tables of users.
        groups: The tables of groups.
        folder: Where relative paths start.
        named: What the message calls the file that has them.

    Raises:
        InvalidSettings: A table is not valid. The message names it.
    """
    try:
        return Accounts(
            tuple(_user(table, folder) for table in users),
            tuple(Group(name=table.name, roles=tuple(table.roles), policy=table.policy) for table in groups),
        )
    except InvalidSettings as error:
        raise InvalidSettings(f"{named} cannot be used: {error.detail}") from None


def check_mode(mode: int, named: str, *, holds_secrets: bool) -> None:
    """Refuses a file that others may write, or read although it holds secret keys.

    A group may read it, as with the files of a secret that Kubernetes mounts. Windows has no such modes.

    Args:
        mode: The file's mode.
        named: What the message calls it.
        holds_secrets: Whether it holds secret keys.

    Raises:
        InvalidSettings: Too many may read or write it.
    """
    if os.name == "nt":
        return
    shown = f"{named} has mode {stat.S_IMODE(mode):04o}"
    if mode & _OTHERS_WRITE:
        raise InvalidSettings(f"{shown}, so others may write it: chmod 600 it")
    if holds_secrets and mode & _OTHERS_READ:
        raise InvalidSettings(f"{shown}, so everybody may read the secret keys in it: chmod 600 it")


def holds_secrets(users: Iterable[UserTable]) -> bool:
    """Says whether secret keys stand in the tables themselves."""
    return any(key.secret_key is not None for user in users for key in user.keys)


def decode_secret(kind: type, value: object) -> Any:
    """Decodes a `Secret`; a hook for msgspec."""
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise ValueError("expected a string")


def _user(table: UserTable, folder: Path) -> User:
    return User(
        id=table.id,
        display_name=table.display_name,
        email=table.email,
        kind=table.kind,
        groups=tuple(table.groups),
        roles=tuple(table.roles),
        policy=table.policy,
        is_root=table.is_root,
        keys=tuple(_key_pair(key, folder) for key in table.keys),
        tokens=tuple(Token(**msgspec.structs.asdict(token)) for token in table.tokens),
    )


def _key_pair(table: KeyTable, folder: Path) -> KeyPair:
    named = f"the access key {table.access_key!r}"
    if (table.secret_key is None) == (table.secret_key_file is None):
        found = "neither" if table.secret_key is None else "both"
        raise InvalidSettings(f"{named} needs secret_key or secret_key_file, and has {found}: write one of them")
    if table.secret_key_file is not None:
        secret = secret_in(folder / table.secret_key_file, f"secret_key_file of {named}")
    else:
        assert table.secret_key is not None  # noqa: S101 - one of the two is there
        secret = table.secret_key
    return KeyPair(
        access_key=table.access_key,
        secret_key=secret,
        created_at=table.created_at,
        expires_at=table.expires_at,
        description=table.description,
    )
