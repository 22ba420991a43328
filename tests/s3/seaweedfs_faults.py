"""What SeaweedFS 4.48 does wrong, by the name of the test that is expected to fail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_VERSION_ORDER: Final = "lists versions folder by folder, and loses entries between pages"
_NULL_VERSION: Final = "lists the version null after the others, and not as the latest"
_UPLOAD_STAYS: Final = "takes parts of an upload that was completed, which is there again then"
_PARTS_TWICE: Final = "lists a part twice that was sent twice"
_PLAIN_PARTS: Final = "says of an object that was put whole that it has one part"
_COPIES_LOCKS: Final = "copies the lock of the source"
_COPY_LOCKS: Final = "ignores the lock that a copy asks for"
_WITHOUT_KEY: Final = "fails in itself (500)"
_NO_EXPIRY: Final = "does not say when an object expires"
_CORS_AGE: Final = "has a max age of 0 where a CORS rule has none"
_BUCKET_KEY: Final = "has a bucket key of false where nothing is set"
_COMPLETION: Final = "takes any completion of a key that the upload had made before"

SEAWEEDFS: Final[Mapping[str, str]] = {
    "test_a_source_that_does_not_exist_is_not_found": f"{_WITHOUT_KEY} where the bucket of a copy is missing",
    "test_a_bucket_may_name_the_kms_key_of_its_default": f"{_WITHOUT_KEY} without a key service",
    "test_what_does_not_exist_gets_no_lock": f"{_WITHOUT_KEY} where the object of a lock is missing",
    "test_an_object_says_when_it_expires_and_by_which_rule": _NO_EXPIRY,
    "test_tags_decide_whether_an_object_expires": _NO_EXPIRY,
    "test_versions_are_listed_as_objects_are": _VERSION_ORDER,
    "test_parts_are_listed_in_the_order_of_their_numbers_page_by_page": _PARTS_TWICE,
    "test_a_copied_part_replaces_the_one_before_and_is_listed": _PARTS_TWICE,
    "test_a_part_with_another_etag_is_refused_and_the_upload_stays": "takes a part under the etag that it had before",
    "test_a_completed_upload_is_gone": _UPLOAD_STAYS,
    "test_a_part_on_its_way_does_not_bring_a_completed_upload_back": _UPLOAD_STAYS,
    "test_an_object_that_was_not_uploaded_in_parts_has_one": _PLAIN_PARTS,
    "test_other_parts_complete_no_upload_again": _COMPLETION,
    "test_a_copy_onto_itself_is_no_longer_what_the_upload_made": _COMPLETION,
    "test_a_copy_may_get_a_checksum_of_another_algorithm": "keeps the checksum of the source in a copy",
    "test_tags_of_an_object_that_does_not_exist_are_not_found": "deletes tags of what does not exist without a word",
    "test_while_versioning_is_suspended_a_write_replaces_the_version_null": _NULL_VERSION,
    "test_a_version_null_is_replaced_wherever_it_is": _NULL_VERSION,
    "test_a_completed_upload_makes_a_version_as_a_put_does": _NULL_VERSION,
    "test_a_delete_while_versioning_is_suspended_makes_a_marker_null": _NULL_VERSION,
    "test_a_completion_that_is_sent_again_finds_its_version_below_a_newer_one": _COMPLETION,
    "test_a_bucket_that_holds_versions_alone_is_not_deleted": "deletes a bucket that holds delete markers alone",
    "test_any_sequence_of_operations_does_what_a_dict_does": "takes a folder for an object, under if_none_match",
    "test_a_bucket_without_object_lock_refuses_locks": _COPY_LOCKS,
    "test_a_write_with_a_retention_in_the_past_is_refused": _COPY_LOCKS,
    "test_the_default_of_the_bucket_is_the_retention_of_new_versions": _COPIES_LOCKS,
    "test_a_copy_never_has_the_lock_of_its_source": _COPIES_LOCKS,
    "test_a_retention_in_governance_mode_is_weakened_by_whoever_bypasses_it": "removes no retention",
    "test_a_retention_in_the_past_is_refused": "refuses it with a code that says nothing (InvalidRequest)",
    "test_rules_are_kept_in_their_order_with_all_their_values": _CORS_AGE,
    "test_new_rules_replace_all": _CORS_AGE,
    "test_a_bucket_is_there_when_the_store_is_opened_again": _CORS_AGE,
    "test_settings_are_kept_with_all_their_values": f"{_CORS_AGE}; {_BUCKET_KEY}; writes policies in its own way",
    "test_new_settings_of_a_kind_replace_all_of_it": f"{_BUCKET_KEY}; writes policies in its own way",
    "test_settings_are_one_buckets_alone": f"{_BUCKET_KEY}; writes policies in its own way",
    "test_a_bucket_has_up_to_fifty_tags": "refuses values of tags that S3 takes",
    "test_of_many_uploads_with_if_none_match_exactly_one_is_completed": "checks conditions of completions too early",
}
