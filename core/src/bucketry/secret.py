"""A string that never shows itself."""

from __future__ import annotations

import hmac
from typing import final


@final
class Secret:
    """A secret string: passwords, secret keys, session tokens.

    Its ``repr``, ``str`` and ``format`` are always ``***``, so that a settings object can be logged as it is.
    Two secrets are compared in constant time.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Returns the secret itself, for the one place that signs or sends it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"

    def __str__(self) -> str:
        return "***"

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> tuple[object, ...]:
        # A pickled secret would be a secret in clear.
        raise TypeError("a Secret cannot be pickled: pass it on through settings or the environment")
