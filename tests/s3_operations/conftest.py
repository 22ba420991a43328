"""The option that says where the words of a run are written."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--operations-report", metavar="FILE", help="write what servers do with S3's operations as JSON")
