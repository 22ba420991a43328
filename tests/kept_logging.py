"""Keeps what a test makes of logging from those that come after it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept_logging() -> Iterator[None]:
    """Has loggers write after the block what they wrote before it, and to the same places."""
    loggers = [one for one in logging.root.manager.loggerDict.values() if isinstance(one, logging.Logger)]
    before = [(logger, logger.level) for logger in (logging.root, *loggers)]
    handlers = logging.root.handlers[:]
    try:
        yield
    finally:
        for logger, level in before:
            logger.setLevel(level)
        logging.root.handlers[:] = handlers
