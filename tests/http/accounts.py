"""A directory with the users of a team, and their keys and tokens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from bucketry import Secret
from bucketry_access import Accounts, Directory, Group, KeyPair, NewToken, User, create_token

RIGHTS: dict[str, dict[str, Any]] = {
    "alice": {"roles": ("write:team-a-*",), "email": "alice@example.com", "display_name": "Alice A."},
    "bob": {"groups": ("readers",)},
    "carol": {"roles": ("admin:team-*",)},
    "dave": {},
    "erin": {"roles": ("write:team-a-1/erin/",)},
    "backup": {"roles": ("read:*",), "kind": "service"},
    "boss": {"is_root": True},
}
"""What each user may do."""

READERS = Group(name="readers", roles=("read:team-a-*",))
LONG_AGO = datetime.now(UTC) - timedelta(days=1)


def secret_of(user_id: str) -> str:
    """Returns the secret key of a user's key pair."""
    return f"the secret key of {user_id}"


class Team:
    """The users, with a key pair and a token each.

    Attributes:
        tokens: The whole tokens, by user; ``expired`` is one of Alice's that has ended.
        directory: The directory.
    """

    def __init__(self) -> None:
        made: dict[str, NewToken] = {name: create_token() for name in RIGHTS}
        made["expired"] = create_token(expires_at=LONG_AGO)
        self.tokens = {name: token.text.reveal() for name, token in made.items()}
        users = []
        for name, rights in RIGHTS.items():
            tokens = (made[name].token, *((made["expired"].token,) if name == "alice" else ()))
            pair = KeyPair(access_key=f"{name}-key", secret_key=Secret(secret_of(name)))
            old = KeyPair(access_key=f"{name}-old", secret_key=Secret(secret_of(name)), expires_at=LONG_AGO)
            users.append(User(id=name, keys=(pair, old), tokens=tokens, **rights))
        self.directory = Directory(Accounts(tuple(users), (READERS,)))
