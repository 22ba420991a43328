"""Patterns of buckets' names in settings."""

from __future__ import annotations

import pytest
from bucketry import InvalidBucketName
from bucketry.bucket_names import check_bucket_pattern


@pytest.mark.parametrize(
    "pattern", ["*", "a*", "team-a-*", "abc", "Old_Name", "???", "a[a-f]c", "[!a-f]*", "logs-20[0-9][0-9]", "a?*"]
)
def test_a_pattern_that_some_bucket_matches(pattern: str) -> None:
    check_bucket_pattern(pattern)


@pytest.mark.parametrize(
    "pattern", ["", "a", "??", "a[bc]", "a b*", "a/*", "[abc", "abc]*", "[]*", "[!]*", "a*ü", "*" * 256, "abc\n"]
)
def test_a_pattern_that_no_bucket_matches(pattern: str) -> None:
    with pytest.raises(InvalidBucketName):
        check_bucket_pattern(pattern)
