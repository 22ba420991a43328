"""What Ceph RGW is known to do wrong where no driver can mend it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

RGW: Final[Mapping[str, str]] = {
    "test_a_copy_never_has_the_lock_of_its_source": "copies the lock of the source too, and cannot remove a retention",
    "test_a_deleted_object_counts_as_none_for_if_none_match": (
        "ignores If-None-Match of a put in a bucket with versions"
    ),
}
"""RGW 16.2, by the name of the test."""

RGW_THROUGH_S3: Final[Mapping[str, str]] = {
    **RGW,
    "test_a_put_and_a_delete_at_once_leave_all_or_nothing": (
        "may leave an object that no listing has, for good, where a put and a delete of its key race"
    ),
}
"""The same through `s3://`. RGW's own driver has one of its threads wait for the other."""
