"""Changes of the access file: users, key pairs and tokens. Comments and order of the file stay.

A change is written to a new file, which then takes the place of the old one. So a server sees the old users or
the new ones.
"""

from __future__ import annotations

import os
import secrets
import string
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
from bucketry import InvalidSettings, Secret

from bucketry_access.access_file import accounts_of, check_mode, parse_access_file
from bucketry_access.directory import Directory
from bucketry_access.tokens import NewToken, create_token
from bucketry_access.users import KeyPair

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

_ACCESS_KEY_SIGNS: Final = string.ascii_uppercase + "234567"
_NEW_MODE: Final = 0o600


class AccessFileEditor:
    """The access file, open for changes."""

    def __init__(self, document: TOMLDocument) -> None:
        """Takes the parsed file."""
        self.document = document

    def add_user(self, user_id: str, **fields: Any) -> None:
        """Adds a user; fields that are empty are left out.

        Raises:
            InvalidSettings: There is one with this id already.
        """
        if any(user.get("id") == user_id for user in self._users()):
            raise InvalidSettings(f"there is a user {user_id!r} already")
        self._append(self.document, "users", {"id": user_id, **fields})

    def remove_user(self, user_id: str) -> None:
        """Removes a user with all key pairs and tokens.

        Raises:
            InvalidSettings: There is no such user.
        """
        users = self._users()
        users.remove(self._user(user_id))
        if not users:
            del self.document["users"]

    def add_token(self, user_id: str, *, expires_at: datetime | None = None, description: str = "") -> NewToken:
        """Makes a token for a user, and keeps its hash. The token itself is in the result alone.

        Raises:
            InvalidSettings: There is no such user, or the description is not valid.
        """
        made = create_token(expires_at=expires_at, description=description)
        self._append(self._user(user_id), "tokens", msgspec.structs.asdict(made.token))
        return made

    def add_key_pair(self, user_id: str, *, expires_at: datetime | None = None, description: str = "") -> KeyPair:
        """Makes a random key pair for a user.

        Raises:
            InvalidSettings: There is no such user, or the description is not valid.
        """
        pair = KeyPair(
            access_key="BKT" + "".join(secrets.choice(_ACCESS_KEY_SIGNS) for _ in range(17)),
            secret_key=Secret(secrets.token_urlsafe(30)),
            created_at=datetime.now(UTC).replace(microsecond=0),
            expires_at=expires_at,
            description=description,
        )
        fields = {**msgspec.structs.asdict(pair), "secret_key": pair.secret_key.reveal()}
        self._append(self._user(user_id), "keys", fields)
        return pair

    def remove_token(self, token_id: str) -> None:
        """Removes a token.

        Raises:
            InvalidSettings: There is no such token.
        """
        self._remove("tokens", "id", token_id, "token")

    def remove_key_pair(self, access_key: str) -> None:
        """Removes a key pair.

        Raises:
            InvalidSettings: There is no such key pair.
        """
        self._remove("keys", "access_key", access_key, "access key")

    def _users(self) -> Any:
        return self.document.get("users", [])

    def _user(self, user_id: str) -> Any:
        for user in self._users():
            if user.get("id") == user_id:
                return user
        raise InvalidSettings(f"there is no user {user_id!r} in the access file")

    def _remove(self, table: str, field: str, value: str, what: str) -> None:
        for user in self._users():
            for entry in user.get(table, []):
                if entry.get(field) == value:
                    user[table].remove(entry)
                    if not user[table]:
                        del user[table]
                    return
        raise InvalidSettings(f"there is no {what} {value!r} in the access file")

    def _append(self, parent: Any, name: str, fields: Mapping[str, Any]) -> None:
        from tomlkit import aot, table

        entry = table()
        for field, value in fields.items():
            if value not in (None, "", (), [], False):
                entry.add(field, list(value) if isinstance(value, tuple) else value)
        if name not in parent:
            parent[name] = aot()
        parent[name].append(entry)


@contextmanager
def editing(path: Path, *, create: bool = False) -> Iterator[AccessFileEditor]:
    """Opens the access file for changes, and writes them at the end if they leave a valid file.

    Other programs that edit it in this way wait meanwhile. A file that the last change makes invalid stays as it was.

    Args:
        path: The file.
        create: Whether a file that is missing is made.

    Raises:
        InvalidSettings: The file cannot be read or written, or is not valid, before the changes or after them.
    """
    from tomlkit import dumps, parse

    path = Path(os.path.realpath(path))
    named = f"the access file {str(path)!r}"
    with _locked(path, named):
        before, mode = _read(path, named, create=create)
        check_mode(mode, named, holds_secrets=True)
        _check(before, path, named)
        editor = AccessFileEditor(parse(before.decode()))
        yield editor
        after = dumps(editor.document).encode()
        _check(after, path, named)
        _replace(path, after, mode, named)


def _read(path: Path, named: str, *, create: bool) -> tuple[bytes, int]:
    try:
        with path.open("rb") as file:
            return file.read(), os.fstat(file.fileno()).st_mode & 0o7777
    except FileNotFoundError:
        if create:
            return b"", _NEW_MODE
        raise InvalidSettings(f"{named} does not exist: 'bucketry user create' makes it") from None
    except OSError as error:
        raise InvalidSettings(f"{named} cannot be read: {error.strerror or type(error).__name__}") from None


def _check(content: bytes, path: Path, named: str) -> None:
    tables = parse_access_file(content, named)
    accounts = accounts_of(tables.users, tables.groups, path.parent, named)
    Directory(accounts)


def _replace(path: Path, content: bytes, mode: int, named: str) -> None:
    try:
        handle, written = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(written).chmod(mode)
            with suppress(OSError, AttributeError):
                found = path.stat()
                os.chown(written, found.st_uid, found.st_gid)
            Path(written).replace(path)
        except BaseException:
            Path(written).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise InvalidSettings(f"{named} cannot be written: {error.strerror or type(error).__name__}") from None


@contextmanager
def _locked(path: Path, named: str) -> Iterator[None]:
    """Keeps other programs from editing the file meanwhile; on Windows, where there are no such locks, it does not."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    try:
        handle = os.open(path.with_name(f".{path.name}.lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, _NEW_MODE)
    except OSError as error:
        raise InvalidSettings(f"{named} cannot be changed: {error.strerror or type(error).__name__}") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
