"""The directory: all users and groups, and who holds which key pair and which token."""

from __future__ import annotations

import hmac
import logging
import secrets
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Final, Protocol, TypeVar

import msgspec
from bucketry import InvalidSettings, Secret
from bucketry.owners import Owner

from bucketry_access.access_file import Accounts, read_access_file
from bucketry_access.changes import Change, changes
from bucketry_access.principals import Principal
from bucketry_access.tokens import Token, hash_of, split_token
from bucketry_access.users import Group, KeyPair, User, principal_of

_log: Final = logging.getLogger("bucketry_access")

_PATIENCE_SECONDS: Final = 1.0
"""How long the state of the access file is believed."""

_FRESH_NANOSECONDS: Final = 2_000_000_000
"""In this time after a change a file may change again and keep its time, since file systems count time in steps."""

_NO_TOKEN: Final = "0" * 64

_system_time: Final = partial(datetime.now, UTC)

_MOST_OTHERS: Final = 1024
"""How many users whom sources of tokens name are remembered with their rights."""

_NOBODY: Final = Accounts()

T = TypeVar("T")

MIN_FIXED_TOKEN: Final = 32
"""Shortest token that an operator may choose, in characters."""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who a token belongs to.

    Attributes:
        user: The user.
        credential: What names the token in logs: its id, never a secret.
        expires_at: When the token ends, in UTC; ``None``: never.
        source: The name of the source that knows it; empty: the directory itself.
        generation: The directory's generation when it was found (`Directory.holds`); ``None``: the token has to be
            looked up each time, since its file may change, or the keys of its issuer.
    """

    user: User
    credential: str
    expires_at: datetime | None = None
    source: str = ""
    generation: int | None = None


class TokenSource(Protocol):
    """Knows tokens that are not in the directory, such as those of an OIDC issuer. Its tokens end."""

    @property
    def name(self) -> str:
        """What tells it from other sources."""

    def takes(self, token: str) -> bool:
        """Says whether a text looks like a token of this source. It does not check the token, and never blocks."""

    async def identify(self, token: str) -> Identity | None:
        """Returns who a token belongs to; ``None``: it is not valid, or it has ended.

        The user has the groups that the token names. Those that the directory does not know count for nothing.

        Raises:
            Unavailable: Nobody can tell now. The source logs why, once: anybody can send such tokens.
        """

    def again(self, user: User) -> User | None:
        """Returns a user whom a token named before, with what the directory gives it now; ``None``: no longer one.

        Args:
            user: The id, and the groups that the token named.
        """


class FixedToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token that an operator chose, such as one from the environment.

    Attributes:
        user_id: Whose it is.
        secret: The whole token, which may change with its file.
    """

    user_id: str
    secret: Secret

    def __post_init__(self) -> None:
        if len(self.secret.reveal()) < MIN_FIXED_TOKEN:
            raise InvalidSettings(f"the token of {self.user_id!r} is shorter than {MIN_FIXED_TOKEN} characters")


class _State:
    """All accounts at one time. They never change: others take their place."""

    def __init__(self, places: Sequence[Accounts], taken_ids: Collection[str], taken_keys: Collection[str]) -> None:
        users = [user for place in places for user in place.users]
        self.users = _unique(((user.id, user) for user in users), "the user", taken_ids)
        groups = [(group.name, group) for place in places for group in place.groups]
        self.groups: dict[str, Group] = _unique(groups, "the group")
        keys = [(pair.access_key, (user, pair)) for user in users for pair in user.keys]
        self.keys: dict[str, tuple[User, KeyPair]] = _unique(keys, "the access key", taken_keys)
        tokens = [(token.id, (user, token)) for user in users for token in user.tokens]
        self.tokens: dict[str, tuple[User, Token]] = _unique(tokens, "the token")
        emails = [(user.email.lower(), user) for user in users if user.email]
        self.emails: dict[str, User] = _unique(emails, "the e-mail address")
        for user in users:
            if unknown := sorted(set(user.groups) - self.groups.keys()):
                raise InvalidSettings(f"the user {user.id!r} is in the group {unknown[0]!r}, which is nowhere defined")
        self._principals = {user.id: principal_of(user, self._groups_of(user)) for user in users}
        self._others: dict[tuple[object, ...], Principal] = {}

    def principal(self, user: User) -> Principal:
        """Returns a user as the one who sends a request: the same object each time, so that decisions about it last."""
        if self.users.get(user.id) is user:
            return self._principals[user.id]
        groups = self._groups_of(user)
        rights = (user.id, user.display_name, user.is_root, user.roles, user.policy, *(group.name for group in groups))
        found = self._others.get(rights)
        if found is None:
            if len(self._others) >= _MOST_OTHERS:
                self._others.clear()
            found = self._others[rights] = principal_of(user, groups)
        return found

    def _groups_of(self, user: User) -> Sequence[Group]:
        return [self.groups[name] for name in dict.fromkeys(user.groups) if name in self.groups]


def _unique(pairs: Iterable[tuple[str, T]], what: str, taken: Collection[str] = ()) -> dict[str, T]:
    found: dict[str, T] = {}
    for name, value in pairs:
        if name in found or name in taken:
            raise InvalidSettings(f"{what} {name!r} comes twice")
        found[name] = value
    return found


class Directory:
    """All users and groups.

    It re-reads the access file when the file changes, which it notices within a second of use. A file that cannot be
    used changes nothing, and is an error in the log. Threads may share a directory.

    Attributes:
        sources: Whom to ask about other tokens, in this order.
        generation: Grows whenever the users or their rights have changed.
        follows: Whether they can change: there is an access file.
        on_change: Is told what has changed, in any thread; ``None``: nobody wants to know.
        url_secret: What presigned URLs of users without a key pair are made with (`UrlSessions`).
    """

    def __init__(
        self,
        accounts: Accounts = _NOBODY,
        *,
        access_file: Path | None = None,
        fixed_tokens: Sequence[FixedToken] = (),
        sources: Sequence[TokenSource] = (),
        taken_ids: Collection[str] = (),
        taken_keys: Collection[str] = (),
        url_secret: Secret | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = _system_time,
    ) -> None:
        """Reads the access file.

        Args:
            accounts: Users and groups from elsewhere, such as a settings file.
            access_file: The access file; ``None``: there is none.
            fixed_tokens: Tokens that operators chose.
            sources: Whom to ask about other tokens.
            taken_ids: Ids of users that are known elsewhere, which nobody here may have.
            taken_keys: Access keys that are known elsewhere.
            url_secret: What presigned URLs of users without a key pair are made with; ``None``: such URLs end with
                this process.
            clock: Counts seconds.
            now: The present, in UTC.

        Raises:
            InvalidSettings: The access file cannot be used; or an id, a name of a group, an access key, a token or an
                e-mail address comes twice; or a user is in a group that is nowhere defined; or the secret of URLs is
                too short.
        """
        self.sources = tuple(sources)
        self.follows = access_file is not None
        self.generation = 0
        self.on_change: Callable[[Sequence[Change]], None] | None = None
        if url_secret is not None and len(url_secret.reveal()) < MIN_FIXED_TOKEN:
            raise InvalidSettings(f"the secret of presigned URLs is shorter than {MIN_FIXED_TOKEN} characters")
        self.url_secret = url_secret or Secret(secrets.token_urlsafe(32))
        self._accounts = accounts
        self._path = access_file
        self._fixed = tuple(fixed_tokens)
        self._taken = frozenset(taken_ids), frozenset(taken_keys)
        self._clock = clock
        self._now = now
        self._seen = None if access_file is None else _state_of(access_file)
        self._looked = clock()
        self._failure = ""
        self._lock = Lock()
        self._state = self._read()
        for fixed in self._fixed:
            if fixed.user_id not in self._state.users:
                raise InvalidSettings(f"there is a token of the user {fixed.user_id!r}, who is nowhere defined")

    @property
    def users(self) -> Sequence[User]:
        """All users, in the order in which they are defined."""
        self.refresh()
        return tuple(self._state.users.values())

    @property
    def ids(self) -> Collection[str] | None:
        """The ids of all users; ``None``: nobody knows them all, since a source of tokens may name others."""
        self.refresh()
        return None if self.sources else self._state.users.keys()

    def user(self, user_id: str) -> User | None:
        """Returns a user; ``None``: there is none."""
        self.refresh()
        return self._state.users.get(user_id)

    def key_pair(self, access_key: str) -> tuple[User, KeyPair] | None:
        """Returns a key pair and whose it is; ``None``: there is none, or it has ended."""
        self.refresh()
        found = self._state.keys.get(access_key)
        if found is None or found[1].expires_at is None:
            return found
        return None if found[1].is_expired(self._now()) else found

    def token(self, text: str) -> tuple[User, Token] | None:
        """Returns a token and whose it is; ``None``: there is none, its secret is wrong, or it has ended.

        A wrong secret and an id that nobody has take the same time.
        """
        self.refresh()
        return self._token_in(self._state, text)

    def _token_in(self, state: _State, text: str) -> tuple[User, Token] | None:
        split = split_token(text)
        if split is None:
            return None
        found = state.tokens.get(split[0])
        right = hmac.compare_digest(hash_of(split[1]), _NO_TOKEN if found is None else found[1].sha256)
        return found if found is not None and right and not found[1].is_expired(self._now()) else None

    def holds(self, identity: Identity) -> bool:
        """Says whether `identify` would return the same again: no users have changed, and the token has not ended."""
        self.refresh()
        if identity.generation != self.generation:
            return False
        return identity.expires_at is None or self._now() < identity.expires_at

    def credential(self, name: str) -> tuple[User, str] | None:
        """Returns whose a token of the directory is, and the hash of its secret, by what names it in logs.

        ``None``: there is none, or it has ended.
        """
        self.refresh()
        for fixed in self._fixed:
            if name == _name_of(fixed):
                user = self._state.users.get(fixed.user_id)
                return None if user is None else (user, hash_of(fixed.secret.reveal()))
        found = self._state.tokens.get(name)
        return None if found is None or found[1].is_expired(self._now()) else (found[0], found[1].sha256)

    def known_groups(self, names: Iterable[str]) -> list[str]:
        """Returns those names that groups of the directory have."""
        self.refresh()
        return [name for name in names if name in self._state.groups]

    async def identify(self, text: str) -> Identity | None:
        """Returns who a token of any kind belongs to; ``None``: it is not valid, or it has ended."""
        self.refresh()
        # The generation first: another thread may change both.
        generation, state = self.generation, self._state
        if (found := self._token_in(state, text)) is not None:
            user, token = found
            return Identity(user=user, credential=token.id, expires_at=token.expires_at, generation=generation)
        if (fixed := self._fixed_identity(text)) is not None:
            return fixed
        for source in self.sources:
            if source.takes(text):
                known = await source.identify(text)
                return None if known is None else msgspec.structs.replace(known, source=source.name)
        return None

    def principal(self, user: User) -> Principal:
        """Returns a user as the one who sends a request, with the rights of its groups.

        Groups that the directory does not know count for nothing.
        """
        self.refresh()
        return self._state.principal(user)

    def owner(self, user_id: str) -> Owner | None:
        """Returns a user as the owner of buckets and objects; ``None``: there is no such user."""
        found = self.user(user_id)
        return None if found is None else found.owner

    def by_email(self, address: str) -> User | None:
        """Returns the user with an e-mail address; ``None``: there is none. Case does not matter."""
        self.refresh()
        return self._state.emails.get(address.lower())

    def refresh(self) -> None:
        """Reads the access file anew if it has changed, at most once a second."""
        if self._path is None:
            return
        now = self._clock()
        if now - self._looked < _PATIENCE_SECONDS:
            return
        self._looked = now
        seen = _state_of(self._path)
        if seen is not None and seen == self._seen:
            return
        with self._lock:
            self._seen = seen
            try:
                self._change(self._read())
            except InvalidSettings as error:
                # Once for each failure: a file that stays broken is looked at each second.
                if error.detail != self._failure:
                    self._failure = error.detail
                    _log.error("users and rights stay as they were: %s", error.detail)
                return
            self._failure = ""

    def replace(self, accounts: Accounts, *, taken_ids: Collection[str] = (), taken_keys: Collection[str] = ()) -> None:
        """Has other users and groups from elsewhere, in place of those that it was made with.

        Args:
            accounts: The users and groups, those of fixed tokens among them.
            taken_ids: Ids of users that are known elsewhere, which nobody here may have.
            taken_keys: Access keys that are known elsewhere.

        Raises:
            InvalidSettings: As when it is made; all stays as it was.
        """
        with self._lock:
            before = self._accounts, self._taken
            self._accounts, self._taken = accounts, (frozenset(taken_ids), frozenset(taken_keys))
            try:
                self._change(self._read())
            except InvalidSettings:
                self._accounts, self._taken = before
                raise

    def _change(self, state: _State) -> None:
        before, self._state = self._state, state
        self.generation += 1
        found = tuple(changes((before.users, before.groups), (state.users, state.groups)))
        for change in found:
            _log.info("%s %s", change.action, " ".join(filter(None, change[1:])))
        if found and self.on_change is not None:
            self.on_change(found)

    def _read(self) -> _State:
        read = Accounts() if self._path is None else read_access_file(self._path)
        return _State([self._accounts, read], *self._taken)

    def _fixed_identity(self, text: str) -> Identity | None:
        found = None
        for fixed in self._fixed:
            # All are compared, so that the time does not tell which one fits.
            if hmac.compare_digest(hash_of(text), hash_of(fixed.secret.reveal())):
                found = fixed
        if found is None:
            return None
        user = self.user(found.user_id)
        return None if user is None else Identity(user=user, credential=_name_of(found))


def _name_of(token: FixedToken) -> str:
    return f"fixed-{token.user_id}"


def _state_of(path: Path) -> tuple[int, int, int] | None:
    """Returns what differs between two contents of a file; ``None``: it is missing, or may change and keep this."""
    try:
        found = path.stat()
    except OSError:
        return None
    if abs(time.time_ns() - found.st_mtime_ns) < _FRESH_NANOSECONDS:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
