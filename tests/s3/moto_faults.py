"""What moto's server is known to do wrong where the driver cannot mend it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_RACES: Final = "checks conditions without a lock"
_SIGNATURES: Final = "checks no signatures"
_UNKNOWN_UPLOAD: Final = "fails in itself (500) where an upload does not exist"
_EXPIRY: Final = "does not say when an object expires"
_BUCKET_KEY: Final = "has a bucket key of false where nothing is set"

MOTO: Final[Mapping[str, str]] = {
    "test_a_url_is_good_for_its_method_only": _SIGNATURES,
    "test_a_url_that_was_changed_is_good_for_nothing": _SIGNATURES,
    "test_a_url_that_has_expired_is_good_for_nothing": _SIGNATURES,
    "test_credentials_that_are_refused_are_access_denied": _SIGNATURES,
    "test_parts_are_listed_in_the_order_of_their_numbers_page_by_page": "loses parts where numbers are missing",
    "test_settings_end_with_their_bucket": "keeps the tags of a bucket that was deleted",
    "test_an_upload_that_does_not_exist_is_not_found": _UNKNOWN_UPLOAD,
    "test_a_completed_upload_is_gone": _UNKNOWN_UPLOAD,
    "test_an_aborted_upload_is_gone_and_leaves_the_key_as_it_was": _UNKNOWN_UPLOAD,
    "test_a_part_on_its_way_does_not_bring_an_aborted_upload_back": _UNKNOWN_UPLOAD,
    "test_a_part_on_its_way_does_not_bring_a_completed_upload_back": _UNKNOWN_UPLOAD,
    "test_an_upload_is_known_under_its_own_key_alone": "knows uploads without their keys",
    "test_the_times_of_an_upload_are_in_utc": "says that every upload began on 10 November 2010",
    "test_an_upload_gives_the_object_its_storage_class": "does not say which storage class an upload has",
    "test_of_many_writers_with_if_none_match_exactly_one_wins": _RACES,
    "test_of_many_uploads_with_if_none_match_exactly_one_is_completed": _RACES,
    "test_an_object_says_when_it_expires_and_by_which_rule": _EXPIRY,
    "test_tags_decide_whether_an_object_expires": _EXPIRY,
    "test_a_key_is_kept_byte_for_byte_or_refused": "has no code for a key of U+FFFF alone that does not exist",
    "test_a_copy_has_the_tags_of_its_source": "keeps the tags of what a copy overwrites",
    "test_settings_are_kept_with_all_their_values": _BUCKET_KEY,
    "test_new_settings_of_a_kind_replace_all_of_it": _BUCKET_KEY,
    "test_settings_are_one_buckets_alone": _BUCKET_KEY,
    "test_settings_are_kept_whole_or_refused": "writes a lifecycle filter for sizes with nothing in it",
    "test_tags_are_replaced_all_at_once": "fails in itself (500) where there are too many tags",
    "test_tags_of_an_object_that_does_not_exist_are_not_found": "fails in itself (500) where an object does not exist",
}
"""moto 5.2.5, by the name of the test."""
