"""Changes of users and groups: what the log and the audit say of them."""

from __future__ import annotations

import logging

import pytest
from bucketry import InvalidSettings, Secret
from bucketry_access import Accounts, Change, Directory, Group, KeyPair, User, create_token

TOKEN, OTHER = create_token().token, create_token().token
PAIR = KeyPair(access_key="AK", secret_key=Secret("0123456789abcdef"))
CHANGED = KeyPair(access_key="AK", secret_key=Secret("fedcba9876543210"))


def test_each_change_is_told_once_without_secrets(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bucketry_access")
    readers, writers = Group(name="team", roles=("read:*",)), Group(name="team", roles=("write:*",))
    directory = Directory(Accounts((User(id="ann", tokens=(TOKEN,), keys=(PAIR,)), User(id="old")), (readers,)))
    told: list[Change] = []
    directory.on_change = told.extend
    ann = User(id="ann", groups=("team",), tokens=(OTHER,), keys=(CHANGED,))
    directory.replace(Accounts((ann, User(id="new", keys=())), (writers, Group(name="more"))))
    assert told == [
        ("CreateGroup", "more", ""),
        ("UpdateGroup", "team", ""),
        ("UpdateUser", "ann", ""),
        ("CreateUser", "new", ""),
        ("DeleteUser", "old", ""),
        *sorted([("CreateToken", "ann", OTHER.id), ("DeleteToken", "ann", TOKEN.id)], key=lambda one: one[2]),
        ("UpdateAccessKey", "ann", "AK"),
    ]
    assert "UpdateAccessKey ann AK" in caplog.text
    assert "0123456789abcdef" not in caplog.text + repr(told)
    told.clear()
    directory.replace(Accounts((ann, User(id="new")), (writers, Group(name="more"))))
    with pytest.raises(InvalidSettings):
        directory.replace(Accounts((ann, ann), ()))
    assert told == []
