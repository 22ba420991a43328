"""All buckets of a store, and what reports say of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, final

from bucketry import BucketReport, NoSuchBucket, Usage

if TYPE_CHECKING:
    from bucketry_memory.bucket import Bucket


@final
class Buckets(dict[str, "Bucket"]):
    """All buckets by name. Looking up one that does not exist raises the contract's error."""

    def __missing__(self, name: str) -> NoReturn:
        raise NoSuchBucket(bucket=name)


def report_of(name: str, usage: Usage) -> BucketReport:
    """Returns the usage of a bucket as a report has it."""
    return BucketReport(
        name=name,
        object_count=usage.object_count,
        size_bytes=usage.size_bytes,
        noncurrent_count=usage.noncurrent_count,
        noncurrent_bytes=usage.noncurrent_bytes,
    )
