"""Fixtures of the durability tests."""

from __future__ import annotations

import pytest

from tests.crash import strace
from tests.servers.plugin import not_tested


@pytest.fixture(scope="session")
def recorder() -> None:
    """Skips what needs strace where it is not installed."""
    if not strace.is_installed():
        not_tested("crash states", "strace is not installed (install Debian's strace)")
