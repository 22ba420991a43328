"""The table of errors of the contract, with the tests of each."""

from __future__ import annotations

_NO_BUCKET = ["test_a_bucket_that_does_not_exist_is_named"]
_NO_UPLOAD = ["test_an_upload_that_does_not_exist_is_not_found", "test_a_completed_upload_is_gone"]
_NO_UPLOAD_BUCKET = ["test_an_upload_in_a_bucket_that_does_not_exist_is_not_found"]
_NO_KEY = ["test_an_object_that_does_not_exist_is_not_found"]
_FAILED = ["test_if_match_reads_only_the_object_with_that_etag"]
_NO_TAGGED = ["test_tags_of_an_object_that_does_not_exist_are_not_found"]
_NO_PART = ["test_a_part_that_the_object_does_not_have_is_refused"]
_NO_SOURCE = ["test_a_part_whose_source_does_not_exist_is_not_found"]
_NO_VERSION = ["test_a_version_that_does_not_exist_is_not_found"]
_MARKER = ["test_a_delete_marker_holds_nothing"]
_NO_LOCKED = ["test_what_does_not_exist_gets_no_lock"]
_NO_LOCK = ["test_a_bucket_without_object_lock_refuses_locks"]
_PAST = "test_a_write_with_a_retention_in_the_past_is_refused"
_CURRENT = ["test_if_none_match_reads_only_an_object_with_another_etag"]

_KEYS = {
    "CustomerKeyNeeded": ["test_a_version_under_a_customers_key_is_read_only_with_that_key"],
    "WrongCustomerKey": ["test_a_version_under_a_customers_key_is_read_only_with_that_key"],
    "CustomerKeyNotNeeded": ["test_a_customers_key_that_nothing_needs_is_refused"],
}
_NO_KMS_KEY = ["test_a_kms_key_that_does_not_exist_is_refused"]


def _keys(test: str) -> dict[str, list[str]]:
    return {name: [test] for name in _KEYS}


_OF_ACL = {
    "NoSuchBucket": _NO_BUCKET,
    "NoSuchKey": ["test_an_object_that_does_not_exist_has_no_acl"],
    "NoSuchVersion": _NO_VERSION,
    "IsDeleteMarker": _MARKER,
}

RAISES: dict[str, dict[str, list[str]]] = {
    "create_bucket": {
        "BucketAlreadyExists": ["test_creating_a_bucket_that_exists_fails_and_keeps_its_objects"],
    },
    "head_bucket": {"NoSuchBucket": _NO_BUCKET},
    "delete_bucket": {
        "BucketNotEmpty": ["test_a_bucket_that_holds_an_object_is_not_deleted"],
        "NoSuchBucket": _NO_BUCKET,
    },
    "list_objects": {
        "NoSuchBucket": _NO_BUCKET,
        "InvalidArgument": ["test_a_cursor_of_somebody_elses_is_refused"],
    },
    "list_object_versions": {"NoSuchBucket": ["test_listing_versions_of_a_bucket_that_does_not_exist_fails"]},
    "list_multipart_uploads": {"NoSuchBucket": _NO_BUCKET},
    "head_object": {
        "NoSuchBucket": _NO_BUCKET,
        "NoSuchKey": _NO_KEY,
        "NoSuchVersion": _NO_VERSION,
        "IsDeleteMarker": _MARKER,
        **_KEYS,
        "InvalidRange": _NO_PART,
        "PreconditionFailed": _FAILED,
        "NotModified": _CURRENT,
    },
    "get_object_attributes": {
        "NoSuchBucket": ["test_parts_of_what_does_not_exist_are_not_found"],
        "NoSuchKey": ["test_parts_of_what_does_not_exist_are_not_found"],
        "NoSuchVersion": _NO_VERSION,
        "IsDeleteMarker": _MARKER,
        **_keys("test_attributes_under_a_customers_key_are_told_only_with_that_key"),
    },
    "get_object": {
        "NoSuchBucket": _NO_BUCKET,
        "NoSuchKey": _NO_KEY,
        "NoSuchVersion": _NO_VERSION,
        "IsDeleteMarker": _MARKER,
        **_KEYS,
        "InvalidRange": [
            "test_a_range_without_a_byte_is_refused",
            "test_an_empty_object_has_no_other_range",
            *_NO_PART,
        ],
        "PreconditionFailed": _FAILED,
        "NotModified": _CURRENT,
    },
    "put_object": {
        "NoSuchBucket": _NO_BUCKET,
        "NoSuchKey": ["test_put_if_match_finds_no_key_where_there_is_no_object"],
        "PreconditionFailed": [
            "test_put_if_match_replaces_only_the_object_with_that_etag",
            "test_put_if_none_match_writes_only_where_there_is_no_object",
        ],
        "TooLarge": ["test_more_than_max_put_size_is_refused"],
        "QuotaExceeded": ["test_a_store_that_is_full_says_so_and_keeps_what_it_has"],
        "InvalidKey": ["test_a_key_is_kept_byte_for_byte_or_refused"],
        "InvalidArgument": ["test_a_put_keeps_tags_character_for_character_or_stores_nothing", _PAST],
        "NoSuchKmsKey": _NO_KMS_KEY,
        "InvalidBucketState": _NO_LOCK,
    },
    "copy_object": {
        "NoSuchBucket": _NO_BUCKET,
        "NoSuchKey": [
            "test_a_source_that_does_not_exist_is_not_found",
            "test_copy_if_match_finds_no_key_where_there_is_no_object",
        ],
        "NoSuchVersion": _NO_VERSION,
        "IsDeleteMarker": _MARKER,
        "PreconditionFailed": [
            "test_copy_if_match_replaces_only_the_object_with_that_etag",
            "test_copy_if_none_match_writes_only_where_there_is_no_object",
            "test_copy_source_if_match_copies_only_the_object_with_that_etag",
        ],
        "InvalidArgument": ["test_a_copy_onto_itself_that_changes_nothing_is_refused", _PAST],
        **_keys("test_a_source_under_a_customers_key_is_copied_only_with_that_key"),
        "NoSuchKmsKey": _NO_KMS_KEY,
        "InvalidBucketState": _NO_LOCK,
    },
    "delete_object": {
        "NoSuchBucket": _NO_BUCKET,
        "NoSuchKey": [
            "test_delete_if_match_finds_no_key_where_there_is_no_object",
            "test_delete_if_last_modified_finds_no_key_where_there_is_no_object",
        ],
        "PreconditionFailed": [
            "test_delete_if_match_deletes_only_the_object_with_that_etag",
            "test_delete_if_match_compares_the_newest_version",
            "test_delete_if_last_modified_deletes_only_what_was_written_at_that_time",
        ],
        "ObjectLocked": [
            "test_a_retained_version_is_not_deleted_unless_governance_is_bypassed",
            "test_a_legal_hold_holds_up_the_delete_until_it_is_removed",
        ],
    },
    "delete_objects": {"NoSuchBucket": _NO_BUCKET},
    "put_object_retention": {
        "NoSuchBucket": _NO_BUCKET,
        "NoSuchKey": _NO_LOCKED,
        "NoSuchVersion": _NO_LOCKED,
        "IsDeleteMarker": _NO_LOCKED,
        "ObjectLocked": [
            "test_a_retention_in_governance_mode_is_weakened_by_whoever_bypasses_it",
            "test_nobody_ends_a_retention_in_compliance_mode_before_its_time",
        ],
        "InvalidArgument": ["test_a_retention_in_the_past_is_refused"],
        "Unsupported": ["test_a_retention_in_governance_mode_is_weakened_by_whoever_bypasses_it"],
        "InvalidBucketState": ["test_an_object_without_object_lock_gets_no_lock"],
    },
    "put_object_legal_hold": {
        "NoSuchBucket": _NO_BUCKET,
        "NoSuchKey": _NO_LOCKED,
        "NoSuchVersion": _NO_LOCKED,
        "IsDeleteMarker": _NO_LOCKED,
        "InvalidBucketState": ["test_an_object_without_object_lock_gets_no_lock"],
    },
    "get_object_acl": _OF_ACL,
    "put_object_acl": _OF_ACL,
    "get_bucket_access": {"NoSuchBucket": _NO_BUCKET},
    "get_object_tagging": {
        "NoSuchBucket": _NO_BUCKET,
        "NoSuchKey": _NO_TAGGED,
        "NoSuchVersion": _NO_VERSION,
        "IsDeleteMarker": _MARKER,
    },
    "put_object_tagging": {
        "NoSuchBucket": _NO_BUCKET,
        "NoSuchKey": _NO_TAGGED,
        "NoSuchVersion": _NO_VERSION,
        "IsDeleteMarker": _MARKER,
        "InvalidArgument": ["test_tags_are_kept_character_for_character_or_refused"],
    },
    "delete_object_tagging": {
        "NoSuchBucket": _NO_BUCKET,
        "NoSuchKey": _NO_TAGGED,
        "NoSuchVersion": _NO_VERSION,
        "IsDeleteMarker": _MARKER,
    },
    "get_bucket_settings": {"NoSuchBucket": _NO_BUCKET},
    "put_bucket_settings": {
        "NoSuchBucket": _NO_BUCKET,
        "InvalidBucketState": [
            "test_object_lock_needs_versioning",
            "test_versioning_is_not_suspended_nor_object_lock_removed_while_it_is_on",
            "test_enforced_ownership_and_rights_of_others_exclude_each_other",
        ],
    },
    "delete_bucket_settings": {
        "NoSuchBucket": _NO_BUCKET,
        "InvalidBucketState": ["test_versioning_can_be_suspended_but_not_removed"],
    },
    "create_multipart_upload": {
        "NoSuchBucket": _NO_BUCKET,
        "InvalidKey": ["test_an_upload_keeps_its_key_byte_for_byte_or_is_refused"],
        "InvalidArgument": ["test_an_upload_keeps_tags_character_for_character_or_is_not_begun", _PAST],
        "NoSuchKmsKey": _NO_KMS_KEY,
        "InvalidBucketState": _NO_LOCK,
    },
    "upload_part": {
        "NoSuchBucket": _NO_UPLOAD_BUCKET,
        "NoSuchUpload": _NO_UPLOAD,
        "InvalidChecksum": ["test_a_part_has_the_algorithm_of_its_upload"],
        **_keys("test_a_part_needs_the_customers_key_of_its_upload"),
    },
    "upload_part_copy": {
        "NoSuchUpload": _NO_UPLOAD,
        "NoSuchBucket": [*_NO_SOURCE, *_NO_UPLOAD_BUCKET],
        "NoSuchKey": _NO_SOURCE,
        "NoSuchVersion": _NO_VERSION,
        "IsDeleteMarker": _MARKER,
        "InvalidRange": ["test_a_range_that_does_not_lie_within_the_source_is_refused"],
        "PreconditionFailed": ["test_part_copy_source_if_match_copies_only_the_object_with_that_etag"],
        "TooLarge": ["test_more_than_max_part_size_is_not_copied"],
        **_keys("test_a_copied_part_needs_the_keys_of_its_source_and_of_its_upload"),
    },
    "list_parts": {"NoSuchBucket": _NO_UPLOAD_BUCKET, "NoSuchUpload": _NO_UPLOAD},
    "complete_multipart_upload": {
        "NoSuchBucket": _NO_UPLOAD_BUCKET,
        "NoSuchUpload": _NO_UPLOAD,
        "NoSuchKey": ["test_complete_if_match_finds_no_key_where_there_is_no_object"],
        "InvalidPart": [
            "test_a_part_with_another_etag_is_refused_and_the_upload_stays",
            "test_a_part_that_is_listed_with_another_checksum_is_refused",
        ],
        "PartTooSmall": ["test_a_part_before_the_last_that_is_too_small_is_refused"],
        "TooLarge": ["test_more_than_max_object_size_is_not_completed"],
        "PreconditionFailed": ["test_complete_if_match_replaces_only_the_object_with_that_etag"],
        "BadDigest": [
            "test_an_object_with_another_checksum_than_is_said_is_not_made",
            "test_a_part_that_is_listed_with_another_checksum_is_refused",
        ],
        "InvalidChecksum": ["test_what_is_said_of_an_object_is_what_its_upload_began_with"],
        "InvalidArgument": ["test_what_is_said_of_an_object_is_what_its_upload_began_with"],
        "Unsupported": ["test_parts_that_are_not_listed_are_discarded"],
        "WrongCustomerKey": ["test_an_upload_is_completed_without_a_key_or_with_its_own"],
        "CustomerKeyNotNeeded": ["test_an_upload_is_completed_without_a_key_or_with_its_own"],
    },
    "abort_multipart_upload": {"NoSuchBucket": _NO_UPLOAD_BUCKET, "NoSuchUpload": _NO_UPLOAD},
}
