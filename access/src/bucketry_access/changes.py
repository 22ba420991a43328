"""What differs between the users and groups of two times, in the words of IAM: for logs and audit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, TypeVar

import msgspec

from bucketry_access.users import Group, User

T = TypeVar("T")


class Change(NamedTuple):
    """One change.

    Attributes:
        action: What happened, such as ``CreateUser``, ``UpdateGroup``, ``DeleteToken`` or ``CreateAccessKey``.
        name: Id of the user, or name of the group.
        credential: Id of the token, or the access key; empty: the change is about none.
    """

    action: str
    name: str
    credential: str = ""


Changed = tuple[Mapping[str, User], Mapping[str, Group]]
"""Users by id, and groups by name."""


def changes(before: Changed, after: Changed) -> Iterator[Change]:
    """Yields what differs. A secret that changes with its own file is no change here.

    Args:
        before: The users and groups of one time.
        after: Those of a later one.
    """
    for action, name in _differences(before[1], after[1]):
        yield Change(f"{action}Group", name)
    old, new = before[0], after[0]
    for action, name in _differences(_without_credentials(old), _without_credentials(new)):
        yield Change(f"{action}User", name)
    for name in sorted({*old, *new}):
        users = [of.get(name) for of in (old, new)]
        tokens = [{} if user is None else {token.id: token for token in user.tokens} for user in users]
        for action, token_id in _differences(*tokens):
            yield Change(f"{action}Token", name, token_id)
        pairs = [{} if user is None else {pair.access_key: pair for pair in user.keys} for user in users]
        for action, access_key in _differences(*pairs):
            yield Change(f"{action}AccessKey", name, access_key)


def _without_credentials(users: Mapping[str, User]) -> dict[str, User]:
    return {name: msgspec.structs.replace(user, tokens=(), keys=()) for name, user in users.items()}


def _differences(before: Mapping[str, T], after: Mapping[str, T]) -> Iterable[tuple[str, str]]:
    for name in sorted({*before, *after}):
        if name not in before:
            yield "Create", name
        elif name not in after:
            yield "Delete", name
        elif before[name] != after[name]:
            yield "Update", name
