"""Fixtures of these tests."""

from tests.memory.conftest import frequent_switches

__all__ = ["frequent_switches"]
