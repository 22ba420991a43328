"""``BUCKET``, ``BUCKET/KEY`` and ``BUCKET/PREFIX`` on the command line, with or without ``s3://`` before them.

The functions are click parameter types: ``click.argument(…, type=object_target)``.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import click

_SCHEME: Final = "s3://"


class Target(NamedTuple):
    """A bucket, and a key or prefix in it, byte for byte as typed; empty where there was none."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"{self.bucket}/{self.key}" if self.key else self.bucket


def prefix_target(text: str) -> Target:
    """Takes ``BUCKET`` or ``BUCKET/PREFIX`` apart, at the first slash: ``BUCKET//a`` is the key ``/a``.

    Raises:
        click.BadParameter: No bucket is named.
    """
    # Nothing is lost with the scheme: no bucket's name holds a colon.
    bucket, _, key = text.removeprefix(_SCHEME).partition("/")
    if not bucket:
        raise click.BadParameter(f"{text!r} names no bucket")
    return Target(bucket, key)


def object_target(text: str) -> Target:
    """Takes ``BUCKET/KEY`` apart.

    Raises:
        click.BadParameter: One of the two is missing.
    """
    target = prefix_target(text)
    if not target.key:
        raise click.BadParameter(f"{text!r} names a bucket and no key: write BUCKET/KEY")
    return target


def bucket_target(text: str) -> str:
    """Takes what may stand around a bucket's name away.

    Raises:
        click.BadParameter: A key is named too, or no bucket.
    """
    target = prefix_target(text)
    if target.key:
        raise click.BadParameter(f"{text!r} names a key: only a bucket is wanted here")
    return target.bucket
