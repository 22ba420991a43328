"""Limits failed attempts to authenticate, per address and per credential."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from math import ceil
from typing import Final, TypeVar

from bucketry_http.shared.origin import network_of

PER_CREDENTIAL: Final = 10
"""Failures with one credential from one address, after which the address has to wait with it."""

PER_ADDRESS: Final = 50
"""Failures from one address, after which it has to wait with every credential."""

WINDOW_SECONDS: Final = 60.0
"""How long failures count, and how long the wait takes at most."""

_SIZE: Final = 4096
"""Most addresses and credentials that are remembered; the oldest are forgotten first."""

_OF_ADDRESS: Final = ""

T = TypeVar("T", bound=Hashable)


class FailedAttempts:
    """Counts failed attempts in tables of a fixed size. It belongs to one process.

    Whoever sends wrong credentials must not lock out others behind the same address, who may be all clients of a proxy.
    So a credential that worked there goes on working: callers ask `has_worked` first.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Starts with no failures.

        Args:
            clock: Counts seconds.
        """
        self._clock = clock
        self._failures: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()
        self._worked: OrderedDict[tuple[str, str], None] = OrderedDict()

    def has_worked(self, address: str, proof: str) -> bool:
        """Says whether a credential worked at an address, and need not wait there. It is remembered the longer for it.

        Args:
            address: IP address of the client. Addresses of IPv6 with the same first 64 bits count as one.
            proof: What `worked` was told.
        """
        try:
            self._worked.move_to_end((network_of(address), proof))
        except KeyError:
            return False
        return True

    def seconds_left(self, address: str, credential: str) -> int:
        """Returns how long an address has to wait before it tries a credential, in whole seconds; 0: not at all.

        Args:
            address: IP address of the client.
            credential: Names the credential, and is no secret.
        """
        network = network_of(address)
        places = (((network, credential), PER_CREDENTIAL), ((network, _OF_ADDRESS), PER_ADDRESS))
        return ceil(max(self._left(place, most) for place, most in places))

    def failed(self, address: str, credential: str) -> None:
        """Counts a failure."""
        network = network_of(address)
        for place in ((network, credential), (network, _OF_ADDRESS)):
            count, end = self._failures.pop(place, (0, 0.0))
            now = self._clock()
            _remember(self._failures, place, (count + 1, end) if now < end else (1, now + WINDOW_SECONDS))

    def worked(self, address: str, proof: str) -> None:
        """Remembers that a credential worked.

        Args:
            address: IP address of the client.
            proof: What nobody without the credential can send again, such as a hash of a token; or the name of a key
                whose signature is verified each time.
        """
        _remember(self._worked, (network_of(address), proof), None)

    def _left(self, place: tuple[str, str], most: int) -> float:
        count, end = self._failures.get(place, (0, 0.0))
        return max(0.0, end - self._clock()) if count >= most else 0.0


def _remember(table: OrderedDict[tuple[str, str], T], place: tuple[str, str], value: T) -> None:
    table[place] = value
    table.move_to_end(place)
    if len(table) > _SIZE:
        table.popitem(last=False)
