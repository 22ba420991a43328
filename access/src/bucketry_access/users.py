"""Users, service accounts and groups: who there is, with which keys and tokens, and with which rights."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal

import msgspec
from bucketry import InvalidSettings, Secret
from bucketry.owners import DEFAULT_OWNER, Owner
from bucketry.settings import DEFAULT_SECRET_KEY
from bucketry.sigv4 import Credentials

from bucketry_access.errors import InvalidPolicy
from bucketry_access.named_principals import is_user_id
from bucketry_access.parsing import parse_user_policy
from bucketry_access.policies import Policy
from bucketry_access.principals import ANONYMOUS_OWNER, Principal
from bucketry_access.roles import joined, role_policy
from bucketry_access.tokens import Token, check_times

UserKind = Literal["user", "service"]
"""A person, or a program."""

MIN_SECRET: Final = 16
"""Shortest secret key of a key pair, in characters. AWS's have 40."""

_RESERVED: Final = frozenset({DEFAULT_OWNER.id, ANONYMOUS_OWNER.id, "Anonymous", "root"})
"""Ids that mean somebody else already."""

_MAX_NAME: Final = 256

_EVERY_USER: Final = parse_user_policy(
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}]}'
)
"""What every user may do: list buckets. The list has only those that the user may see."""


class KeyPair(msgspec.Struct, frozen=True, kw_only=True):
    """An access key and its secret key, which sign requests to the S3 port.

    Attributes:
        access_key: Its public name: 1 to 256 printable ASCII characters without ``,`` and ``=``.
        secret_key: The key that signs, of 16 characters at least.
        created_at: When it was made, in UTC; ``None``: nobody knows.
        expires_at: When it ends, in UTC; ``None``: never.
        description: What it is for.

    Raises:
        InvalidSettings: A key is malformed, too short, or the published one; or a time has no time zone.
    """

    access_key: str
    secret_key: Secret
    created_at: datetime | None = None
    expires_at: datetime | None = None
    description: str = ""

    def __post_init__(self) -> None:
        try:
            Credentials(self.access_key, self.secret_key)
        except ValueError as error:
            raise InvalidSettings(str(error)) from None
        what = f"the access key {self.access_key!r}"
        if self.secret_key == DEFAULT_SECRET_KEY:
            raise InvalidSettings(f"the secret key of {what} is the published one, which everybody knows")
        if len(self.secret_key.reveal()) < MIN_SECRET:
            raise InvalidSettings(f"the secret key of {what} is shorter than {MIN_SECRET} characters")
        check_times(what, self.created_at, self.expires_at, self.description)

    def is_expired(self, now: datetime) -> bool:
        """Says whether it has ended."""
        return self.expires_at is not None and now >= self.expires_at


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Rights that several users have.

    Attributes:
        name: Its name, which users and the claims of an OIDC issuer give.
        roles: Ready-made roles, such as ``write:team-a-*`` (`role_policy`).
        policy: A policy as IAM has them for users, as JSON; ``None``: none.

    Raises:
        InvalidSettings: The name, a role or the policy is malformed.
    """

    name: str
    roles: tuple[str, ...] = ()
    policy: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.name) <= _MAX_NAME or not self.name.isprintable():
            raise InvalidSettings(f"the name of a group has 1 to {_MAX_NAME} printable characters")
        _policies(f"the group {self.name!r}", self.roles, self.policy)


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A user or a service account.

    Without roles, a policy and groups, a user may do only what the policy or the ACL of a bucket allows.

    Attributes:
        id: The id, which never changes: letters, digits and ``_+=,.@$-``. Policies and ACLs name the user by it, and
            what the user makes belongs to it.
        display_name: The name for people; empty: the id.
        email: The e-mail address, by which ACLs may name the user.
        kind: Whether it is a person or a program.
        groups: Names of groups, whose rights the user has too.
        roles: Ready-made roles, such as ``read:*`` (`role_policy`).
        policy: A policy as IAM has them for users, as JSON; ``None``: none.
        is_root: Whether it has the rights of the owner over every bucket and object, whatever is set on them.
        keys: Key pairs for the S3 port.
        tokens: Tokens for the REST port.

    Raises:
        InvalidSettings: The id, a role or the policy is malformed, or the user has all rights and others besides.
    """

    id: str
    display_name: str = ""
    email: str = ""
    kind: UserKind = "user"
    groups: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    policy: str | None = None
    is_root: bool = False
    keys: tuple[KeyPair, ...] = ()
    tokens: tuple[Token, ...] = ()

    def __post_init__(self) -> None:
        if not is_user_id(self.id):
            raise InvalidSettings(f"the id of a user is 1 to 256 letters, digits and _+=,.@$-, not {self.id[:64]!r}")
        if self.id in _RESERVED:
            raise InvalidSettings(f"no user can have the id {self.id!r}: it means somebody else")
        for text in (self.display_name, self.email):
            if len(text) > _MAX_NAME or not text.isprintable():
                raise InvalidSettings(f"a name of the user {self.id!r} is not at most {_MAX_NAME} printable characters")
        if self.is_root and (self.roles or self.policy is not None or self.groups):
            raise InvalidSettings(
                f"the user {self.id!r} is_root, which is every right: leave out roles, policy, groups"
            )
        _policies(f"the user {self.id!r}", self.roles, self.policy)

    @property
    def owner(self) -> Owner:
        """The user as the owner of buckets and objects."""
        return Owner(id=self.id, display_name=self.display_name or self.id)


def principal_of(user: User, groups: Iterable[Group] = ()) -> Principal:
    """Returns a user as the one who sends a request.

    Args:
        user: The user.
        groups: The groups whose rights it has.
    """
    if user.is_root:
        return Principal(user_id=user.id, display_name=user.owner.display_name, is_root=True)
    found = [_EVERY_USER, *_policies(f"the user {user.id!r}", user.roles, user.policy)]
    for group in groups:
        found += _policies(f"the group {group.name!r}", group.roles, group.policy)
    return Principal(user_id=user.id, display_name=user.owner.display_name, is_member=True, policies=(joined(found),))


def _policies(what: str, roles: Iterable[str], policy: str | None) -> list[Policy]:
    try:
        found = [role_policy(role) for role in roles]
        if policy is not None:
            found.append(parse_user_policy(policy))
    except InvalidSettings as error:
        raise InvalidSettings(f"{what}: {error.detail}") from None
    except InvalidPolicy as error:
        raise InvalidSettings(f"the policy of {what} is not valid: {error.detail}") from None
    return found
