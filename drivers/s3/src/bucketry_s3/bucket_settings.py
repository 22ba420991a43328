"""Settings of buckets: what the server keeps of them is read again, so that nothing is dropped without a word."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from bucketry import BucketSettings, InvalidBucketState, NotificationSettings, Unsupported
from bucketry.bucket_settings import AnyBucketSettings, PolicySettings
from bucketry_s3client import (
    NameLocks,
    S3Client,
    S3ResponseError,
    delete_notification,
    delete_settings,
    get_settings,
    put_notification,
    put_settings,
)

from bucketry_s3.errors import MISSING_SETTINGS

_FIRST_PAUSE: Final = 0.05
"""Seconds until settings that were put are read again."""


class SettingsOfBuckets:
    """Reads and changes settings of buckets, of one bucket one change after the other. Threads may share it.

    SeaweedFS and MinIO keep all settings of a bucket together. A change reads them and writes them whole: of two
    changes at the same moment, one may be lost although both succeed. Changes of other processes are not seen here.
    """

    def __init__(self, client: S3Client, patience: float, turn: float) -> None:
        """Takes what it needs; sends nothing.

        Args:
            client: The way to the server.
            patience: Seconds for which settings that were put may still be the old ones when they are read.
            turn: Most seconds that a change waits for others of the same bucket.
        """
        self._client = client
        self._patience = patience
        self._changing = NameLocks("the bucket's settings", turn)

    def get(self, bucket: str, kind: type[AnyBucketSettings]) -> AnyBucketSettings:
        """Returns a bucket's settings of one kind: one request."""
        return get_settings(self._client, bucket, kind, also_missing=MISSING_SETTINGS)

    def put(self, bucket: str, settings: AnyBucketSettings) -> None:
        """Replaces a bucket's settings of one kind, and reads what the server keeps: three requests, a policy one.

        Where the old ones are still there after half of the patience, they are put and read once more.

        Raises:
            Unavailable: Other changes of the bucket take too long.
            Unsupported: The server drops a value of them without a word. The old settings are there again then, unless
                another caller has put others meanwhile.
        """
        with self._changing.hold(bucket):
            if isinstance(settings, PolicySettings):  # Servers write the document in their own way.
                put_settings(self._client, bucket, settings)
            else:
                self._put(bucket, settings)

    def _put(self, bucket: str, settings: AnyBucketSettings) -> None:
        kind: type[AnyBucketSettings] = type(settings)
        before = self.get(bucket, kind)
        kept = self._sent(bucket, settings, before)
        if kept == before and _lost(settings, kept):  # Another program's change may have taken them away.
            kept = self._sent(bucket, settings, before)
        if not _lost(settings, kept):
            return
        detail = f"the server does not keep all of these {kind.__name__}"
        if kept == before:
            raise Unsupported(f"{detail}: it still has the old ones", bucket=bucket)
        if not _is_partly(settings, kept, before):
            raise Unsupported(f"{detail}: it has others, perhaps another caller's", bucket=bucket)
        raise Unsupported(f"{detail}{self._undone(bucket, before)}", bucket=bucket)

    def _sent(self, bucket: str, settings: AnyBucketSettings, before: AnyBucketSettings) -> AnyBucketSettings:
        """Puts settings. Returns what the server keeps."""
        if isinstance(settings, NotificationSettings) and all(one.id for one in settings.configurations):
            put_notification(self._client, bucket, settings)
        else:
            put_settings(self._client, bucket, settings)
        return self._kept(bucket, settings, before)

    def _kept(self, bucket: str, settings: AnyBucketSettings, before: AnyBucketSettings) -> AnyBucketSettings:
        """Reads what the server keeps: again while it is the old settings, which AWS may show for some seconds.

        It takes half of the patience, since settings may be put twice.

        What is neither old nor complete is read once more: another caller may have put settings at that moment.
        """
        end = time.monotonic() + self._patience / 2
        pause = _FIRST_PAUSE
        partial: AnyBucketSettings | None = None
        while True:
            kept = self.get(bucket, type(settings))
            if not _lost(settings, kept) or kept == partial or time.monotonic() + pause > end:
                return kept
            partial = None if kept == before else kept
            time.sleep(pause)
            pause *= 2

    def _undone(self, bucket: str, before: AnyBucketSettings) -> str:
        """Puts the old settings back. Returns what to say if that fails."""
        try:
            if before == type(before)():
                self._delete(bucket, type(before))
            else:
                put_settings(self._client, bucket, before)
        except (InvalidBucketState, S3ResponseError) as error:
            return f", and the old ones cannot be put back: {getattr(error, 'code', '')}"
        return ""

    def delete(self, bucket: str, kind: type[BucketSettings]) -> None:
        """Deletes a bucket's settings of one kind.

        Raises:
            Unavailable: Other changes of the bucket take too long.
        """
        with self._changing.hold(bucket):
            self._delete(bucket, kind)

    def _delete(self, bucket: str, kind: type[BucketSettings]) -> None:
        if kind is NotificationSettings:
            delete_notification(self._client, bucket)
            return
        delete_settings(self._client, bucket, kind, also_missing=MISSING_SETTINGS)


def _lost(settings: BucketSettings, kept: BucketSettings) -> Counter[str]:
    """Returns the values that the server does not keep. It may write values in another order, or add some."""
    return _values_of(settings) - _values_of(kept)


def _is_partly(settings: BucketSettings, kept: BucketSettings, before: BucketSettings) -> bool:
    """Whether what is kept are these settings without some values, not others that another caller has put.

    They have something of them that the old ones lack, or they are the old ones without something.
    """
    new, old = _values_of(settings) - _values_of(before), _values_of(before)
    return bool(new & _values_of(kept)) or not _values_of(kept) - old


def _values_of(settings: BucketSettings) -> Counter[str]:
    return Counter(_values_in(msgspec.to_builtins(settings)))


def _values_in(value: Any) -> Iterator[str]:
    """Yields the values that are set in settings, whatever they stand in."""
    if isinstance(value, dict):
        for name, one in value.items():
            if name != "display_name":  # Servers have their own name of a grantee for people.
                yield from _values_in(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _values_in(one)
    elif value is not None and value != "" and value is not False:
        yield str(value)
