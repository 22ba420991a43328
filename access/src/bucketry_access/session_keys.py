"""How access keys of sessions are told from those of users."""

from __future__ import annotations

from typing import Final

SESSION_KEY: Final = "bktu-"
"""How the access keys of sessions begin. Those that `create_key_pair` makes begin otherwise."""
