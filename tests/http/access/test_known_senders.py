"""Whoever sent a token before is known by it, as long as the token lasts and the users stay as they are."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bucketry import Secret
from bucketry_access import Accounts, Directory, FixedToken, Identity, User, create_token
from bucketry_http.rest.authentication import Sender, TokenAuthenticator
from bucketry_http.shared import failed_attempts
from bucketry_http.shared.errors import Unauthenticated
from bucketry_http.shared.failed_attempts import PER_CREDENTIAL
from typing_extensions import override

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=1)


class Counting(Directory):
    """Counts how often it is asked for a token."""

    asked = 0

    @override
    async def identify(self, text: str) -> Identity | None:
        self.asked += 1
        return await super().identify(text)


class Issuer:
    """Knows one token."""

    name = "issuer"

    def takes(self, token: str) -> bool:
        return token.startswith("ey")

    async def identify(self, token: str) -> Identity | None:
        return Identity(user=User(id="erin"), credential="erin-1", expires_at=LATER)

    def again(self, user: User) -> User | None:
        return user


class Asking:
    """One user with a token that ends and one that lasts, and what is asked about them."""

    def __init__(self, *fixed: FixedToken) -> None:
        self.now = NOW
        self.ending, self.lasting = create_token(expires_at=LATER), create_token()
        user = User(id="alice", tokens=(self.ending.token, self.lasting.token))
        self.directory = Counting(Accounts((user,)), fixed_tokens=fixed, now=lambda: self.now, sources=[Issuer()])
        self._authenticator = TokenAuthenticator(self.directory)

    def sender(self, text: str, address: str = "192.0.2.1", scheme: str = "Bearer") -> Sender:
        headers = [(b"authorization", f"{scheme} {text}".encode())]
        scope: Any = {"path": "/api/v1/storage/status", "method": "GET", "headers": headers, "client": (address, 1)}
        return asyncio.run(self._authenticator.authenticate(scope))


@pytest.fixture
def asking() -> Asking:
    return Asking()


def test_a_token_is_looked_up_once_at_each_address(asking: Asking) -> None:
    text = asking.lasting.text.reveal()
    first = asking.sender(text)
    assert first.principal.user_id == "alice"
    assert all(asking.sender(text) is first for _ in range(3))
    assert asking.directory.asked == 1
    assert asking.sender(text, "192.0.2.2") == first
    assert asking.directory.asked == 2


def test_a_token_that_ends_is_known_until_then(asking: Asking) -> None:
    ending, lasting = asking.ending.text.reveal(), asking.lasting.text.reveal()
    for text in (ending, lasting):
        asking.sender(text)
    asking.now = LATER
    with pytest.raises(Unauthenticated):
        asking.sender(ending)
    assert asking.sender(lasting).principal.user_id == "alice"


def test_nobody_is_known_once_the_users_have_changed(asking: Asking) -> None:
    text = asking.lasting.text.reveal()
    asking.sender(text)
    asking.directory.replace(Accounts((User(id="alice", tokens=(asking.lasting.token,), roles=("read:team-*",)),)))
    assert asking.sender(text).principal.policies
    asking.directory.replace(Accounts((User(id="alice"),)))
    with pytest.raises(Unauthenticated):
        asking.sender(text)


def test_a_token_in_use_goes_on_working_where_its_address_is_locked_out(
    asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failed_attempts, "_SIZE", 3)
    text = asking.lasting.text.reveal()
    for number in range(5):
        asking.sender(text)  # Known, but for the first time.
        asking.sender(text, f"192.0.2.{100 + number}")
    for _ in range(PER_CREDENTIAL):
        with pytest.raises(Unauthenticated):
            asking.sender(text + "x")
    asking.directory.replace(Accounts((User(id="alice", tokens=(asking.lasting.token,)),)))
    assert asking.sender(text).principal.user_id == "alice"


def test_another_text_than_the_one_that_was_right_is_not_known(asking: Asking) -> None:
    text = asking.lasting.text.reveal()
    asking.sender(text)
    others = [text + "x", text[:-1], text.upper(), ("B" if text[0] != "B" else "C") + text[1:]]
    assert len(others) < PER_CREDENTIAL
    for other in others:
        with pytest.raises(Unauthenticated):
            asking.sender(other)
    with pytest.raises(Unauthenticated):
        asking.sender(text, scheme="Basic")


def test_an_issuer_is_asked_each_time(asking: Asking) -> None:
    for _ in range(3):
        assert asking.sender("ey.a.b").principal.user_id == "erin"
    assert asking.directory.asked == 3


def test_a_token_in_a_file_follows_the_file(tmp_path: Path) -> None:
    first, second = (f"the-token-of-an-operator-number-{number}" for number in (1, 2))
    file = tmp_path / "token"
    file.write_text(first)
    asking = Asking(FixedToken(user_id="alice", secret=Secret.from_file(file)))
    for _ in range(2):
        assert asking.sender(first).principal.user_id == "alice"
    assert asking.directory.asked == 2
    file.write_text(second)
    with pytest.raises(Unauthenticated):
        asking.sender(first)
    assert asking.sender(second).principal.user_id == "alice"
