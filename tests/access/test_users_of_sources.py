"""Users whom a source of tokens names: their rights are worked out once, and follow the directory."""

from __future__ import annotations

import msgspec
from bucketry_access import Accounts, Directory, Group, User, directory
from bucketry_access.decision import always_may

READ = frozenset({"s3:GetObject"})
WRITE = frozenset({"s3:PutObject"})
POLICY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"}]}'
TEAM = Group(name="team", roles=("read:team-*",))


def named(name: str = "oidc-ann", **fields: object) -> User:
    """A user as each token names it: a new object each time."""
    return msgspec.structs.replace(User(id=name, groups=("team",)), **fields)


def test_a_user_is_the_same_sender_each_time() -> None:
    users = Directory(Accounts((), (TEAM,)))
    first = users.principal(named())
    assert users.principal(named()) is first
    assert users.principal(named(groups=("unknown", "team"))) is first
    always_may.cache_clear()
    for _ in range(10):
        assert always_may(users.principal(named()), READ, "team-a", objects=True)
    assert always_may.cache_info().misses == 1


def test_users_who_differ_are_different_senders() -> None:
    users = Directory(Accounts((), (TEAM,)))
    first = users.principal(named())
    others = [
        named("oidc-ben"),
        named(display_name="Ann"),
        named(groups=()),
        named(roles=("write:team-a",)),
        named(policy=POLICY),
        named(is_root=True, groups=()),
    ]
    assert all(users.principal(other) != first for other in others)
    assert not always_may(users.principal(named(groups=())), READ, "team-a", objects=True)
    assert users.principal(named("oidc-ben")).user_id == "oidc-ben"


def test_rights_follow_a_change_of_groups() -> None:
    users = Directory(Accounts((), (TEAM,)))
    assert not always_may(users.principal(named()), WRITE, "team-a", objects=True)
    users.replace(Accounts((), (Group(name="team", roles=("write:team-*",)),)))
    assert always_may(users.principal(named()), WRITE, "team-a", objects=True)
    users.replace(Accounts((), ()))
    assert not always_may(users.principal(named()), READ, "team-a", objects=True)


def test_a_user_of_the_directory_is_not_mixed_up_with_one_of_a_source() -> None:
    known = User(id="ann", roles=("write:team-*",))
    users = Directory(Accounts((known,), (TEAM,)))
    merged = msgspec.structs.replace(known, groups=("team",))
    assert users.principal(known) is users.principal(known)
    assert users.principal(merged) is not users.principal(known)
    assert always_may(users.principal(merged), WRITE, "team-a", objects=True)
    assert not always_may(users.principal(named("ann")), WRITE, "team-a", objects=True)


def test_few_of_them_are_remembered() -> None:
    users = Directory(Accounts((), (TEAM,)))
    for number in range(2 * directory._MOST_OTHERS + 1):
        users.principal(named(f"oidc-{number}"))
    assert len(users._state._others) <= directory._MOST_OTHERS
