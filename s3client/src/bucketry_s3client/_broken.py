"""Responses that are not whole: what they become, and where that is found out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from bucketry import Unavailable


def unreadable(what: str) -> Unavailable:
    """Makes the error of a response that lacks what it must have.

    It may be tried again: what broke off on its way, at a proxy say, may arrive whole the next time.

    Args:
        what: What is wrong, such as ``the response about tags is not XML``.
    """
    return Unavailable(f"{what}: it broke off on its way, or the server does not speak S3 (check location and secure)")


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Makes `unreadable` of whatever fails in the block because a response is malformed or lacks something.

    Args:
        what: What is read, such as ``the response about tags``.

    Raises:
        Unavailable: The block failed with a ``KeyError``, ``TypeError`` or ``ValueError``.
    """
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        not_whole(what, error)


def not_whole(what: str, error: Exception) -> NoReturn:
    """Raises `unreadable` for what a response lacks.

    Raises:
        Unavailable: Always; ``error`` is its cause.
    """
    raise unreadable(f"{what} is malformed or not whole") from error
