"""Bodies that break off, and the errors that they must lead to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

import pytest
from bucketry import Body, BodySource, BucketryError

from bucketry_contract._contents import BrokenBody, broken_after


class BrokenCase(NamedTuple):
    """A body that breaks off.

    Attributes:
        body: Makes a new one.
        code: Code of the error that an operation with it must raise.
        cause: The error of its source, if that raises one.
    """

    body: Callable[[], BodySource | Body]
    code: str = "incomplete_body"
    cause: type[Exception] | None = None


BROKEN: Final[dict[str, BrokenCase]] = {
    "before its first byte": BrokenCase(broken_after, cause=BrokenBody),
    "half-way": BrokenCase(lambda: broken_after(b"half of the content"), cause=BrokenBody),
    "half-way of a known length": BrokenCase(lambda: Body(broken_after(b"half"), 8), cause=BrokenBody),
    "too short": BrokenCase(lambda: Body(iter([b"short"]), 8)),
    "too long": BrokenCase(lambda: Body(iter([b"rather too long"]), 8)),
    "wrong digest": BrokenCase(lambda: _with_md5(b"damaged"), "bad_digest"),
    "wrong digest of unknown length": BrokenCase(lambda: _with_md5(iter([b"dam", b"aged"])), "bad_digest"),
}

every_broken_body = pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
"""Runs a test once for each broken body."""


@contextmanager
def fails_as(broken: BrokenCase) -> Iterator[None]:
    """Checks that the block fails with the error of this body, and that its source's error is the cause."""
    with pytest.raises(BucketryError) as caught:
        yield
    assert caught.value.code == broken.code
    assert broken.cause is None or isinstance(caught.value.__cause__, broken.cause), "the source's own error got lost"


def _with_md5(source: BodySource) -> Body:
    body = Body(source)
    body.require_md5(hashlib.md5(b"what was meant", usedforsecurity=False).digest())
    return body
