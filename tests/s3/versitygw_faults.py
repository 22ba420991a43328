"""What VersityGW is known to do wrong where the driver cannot mend it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_FOLDERS: Final = "takes a slash at the end of a key for a folder, so such keys are refused"
_CRC: Final = "keeps a CRC-64/NVME of what was put without a checksum, as S3 does"
_ATTRIBUTES: Final = "keeps what it knows of a file in its attributes, which on ext4 have room for 4 KiB"
_ENFORCED: Final = "gives each bucket the ownership BucketOwnerEnforced, as S3 does"
_SECONDS: Final = "tells times in whole seconds"

VERSITYGW: Final[Mapping[str, str]] = {
    "test_a_delete_takes_neither_what_begins_with_the_key_nor_what_is_above_it": _FOLDERS,
    "test_a_copy_onto_itself_keeps_none_of_its_headers_and_metadata": "keeps headers that a copy onto itself removes",
    "test_a_put_without_a_checksum_leaves_none_of_what_was_there": _CRC,
    "test_a_put_gives_the_object_its_tags": _ATTRIBUTES,
    "test_tags_are_replaced_all_at_once": _ATTRIBUTES,
    "test_a_bucket_has_up_to_fifty_tags": _ATTRIBUTES,
    "test_a_bucket_has_up_to_a_hundred_rules": _ATTRIBUTES,
    "test_tags_of_an_object_that_does_not_exist_are_not_found": "deletes tags of what does not exist without a word",
    "test_a_kind_of_which_nothing_is_set_is_empty": _ENFORCED,
    "test_settings_are_one_buckets_alone": _ENFORCED,
    "test_settings_end_with_their_bucket": _ENFORCED,
    "test_a_copy_has_a_later_time_than_what_was_there_before": _SECONDS,
    "test_when_a_bucket_was_created_does_not_change": "says that a bucket was created when its folder was changed last",
}
"""VersityGW 1.8.0, by the name of the test."""
