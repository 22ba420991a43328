"""Sentences about objects and their versions."""

from __future__ import annotations

OBJECTS: dict[str, dict[str, list[str]]] = {
    "head_object": {
        "Headers and metadata are those": [
            "test_headers_are_kept",
            "test_a_header_is_kept_without_any_other",
            "test_metadata_is_kept",
            "test_a_value_of_metadata_is_kept_character_for_character",
        ],
        "``metadata`` is immutable": ["test_metadata_in_results_cannot_be_changed"],
        "``last_modified`` is in UTC": [
            "test_the_time_of_an_object_is_in_utc",
            "test_the_time_of_a_copy_is_in_utc",
            "test_an_overwrite_has_a_later_time",
            "test_a_copy_has_a_later_time_than_what_was_there_before",
        ],
        "``etag`` has no quotes": [
            "test_head_says_size_etag_time_and_type",
            "test_other_content_has_another_etag",
            "test_other_content_of_unknown_length_has_another_etag",
            "test_other_content_that_was_uploaded_in_parts_has_another_etag",
        ],
        "``tag_count`` is the number": [
            "test_an_object_without_tags_has_none",
            "test_a_put_gives_the_object_its_tags",
            "test_tags_are_replaced_all_at_once",
        ],
        "``checksum`` is what": [
            "test_a_put_gives_the_object_the_checksum_of_its_body",
            "test_an_upload_gives_the_object_a_checksum_of_its_parts",
            "test_tagging_leaves_the_checksum_as_it_was",
            "test_a_part_that_is_read_alone_has_its_own_checksum",
        ],
        "Conditions are evaluated": [
            "test_if_match_comes_before_if_unmodified_since",
            "test_if_none_match_comes_before_if_modified_since",
            "test_if_match_comes_before_if_none_match",
            "test_times_are_compared_in_whole_seconds",
        ],
        "With ``part_number``:": [
            "test_each_part_is_read_alone",
            "test_an_object_that_was_not_uploaded_in_parts_has_one",
            "test_without_a_number_nothing_is_said_of_parts",
        ],
        "``encryption`` is how": [
            "test_a_version_is_encrypted_as_its_write_asks",
            "test_the_kms_key_is_the_one_that_was_asked_for",
            "test_a_version_under_a_customers_key_is_read_with_that_key",
        ],
        "``expiration`` is when": [
            "test_an_object_says_when_it_expires_and_by_which_rule",
            "test_tags_decide_whether_an_object_expires",
            "test_without_rules_no_object_expires",
        ],
        "A version under a customer's key is told": [
            "test_a_version_under_a_customers_key_is_read_only_with_that_key",
            "test_a_customers_key_that_nothing_needs_is_refused",
            "test_tags_and_deletes_need_no_customers_key",
            "test_no_error_shows_a_customers_key",
        ],
        "With a ``version_id`` the result": [
            "test_every_write_makes_a_version_and_keeps_those_before",
            "test_what_was_there_before_versioning_is_the_version_null",
            "test_a_bucket_without_versioning_tells_no_ids",
        ],
        "``retention`` and ``legal_hold`` are": [
            "test_a_write_gives_the_version_its_lock",
            "test_a_lock_is_that_of_one_version",
        ],
    },
    "get_object_attributes": {
        "``info`` is what": ["test_an_object_tells_the_parts_it_was_uploaded_in"],
        "``parts_count`` is in": [
            "test_an_object_tells_the_parts_it_was_uploaded_in",
            "test_an_object_that_was_put_tells_no_parts",
            "test_a_copy_tells_no_parts",
        ],
        "Sizes are those": [
            "test_an_object_tells_the_parts_it_was_uploaded_in",
            "test_an_object_tells_the_checksums_of_its_parts",
        ],
        "A version under a customer's key is told": [
            "test_attributes_under_a_customers_key_are_told_only_with_that_key"
        ],
        "``version_id`` is honoured": ["test_a_version_tells_its_attributes"],
    },
    "get_object": {
        "The content is that of one write": [
            "test_an_overwrite_does_not_show_in_content_that_is_being_read",
            "test_a_delete_does_not_show_in_content_that_is_being_read",
        ],
        "Content comes as it is read": ["test_a_large_object_is_read_as_it_comes"],
        "``info.size_bytes`` is": [
            "test_a_range_gives_its_first_to_its_last_byte",
            "test_any_range_is_what_slicing_says",
        ],
        "The last bytes of an empty object": [
            "test_the_last_bytes_of_an_empty_object_are_none",
            "test_a_condition_comes_before_the_last_bytes_of_an_empty_object",
            "test_an_empty_object_has_no_other_range",
        ],
        "With ``part_number``, that part": [
            "test_each_part_is_read_alone",
            "test_an_object_that_was_not_uploaded_in_parts_has_one",
        ],
        "Content that breaks off": ["test_content_that_breaks_off_is_an_error_of_the_contract"],
        "``close`` frees everything": [
            "test_closing_an_unread_object_frees_what_it_holds",
            "test_reading_to_the_end_frees_what_it_holds",
        ],
        "A version under a customer's key is read": [
            "test_a_version_under_a_customers_key_is_read_with_that_key",
            "test_a_version_under_a_customers_key_is_read_only_with_that_key",
        ],
        "``version_id`` is honoured": ["test_every_write_makes_a_version_and_keeps_those_before"],
    },
    "put_object": {
        "Atomic: a reader": [
            "test_nobody_sees_an_object_before_it_is_whole",
            "test_a_reader_sees_one_whole_version_while_others_write",
        ],
        "The body is pulled": ["test_a_large_body_is_pulled_as_it_is_stored"],
        "An error out of ``body.read``": [
            "test_a_body_that_breaks_off_leaves_the_old_object",
            "test_a_body_that_breaks_off_stores_nothing",
            "test_a_large_body_that_breaks_off_leaves_no_parts_behind",
        ],
        "A put that fails takes up": [
            "test_a_put_that_fails_gives_its_room_back",
            "test_what_is_gone_gives_its_room_back",
        ],
        "The answer is what": [
            "test_the_answer_of_a_put_is_what_head_says",
            "test_a_put_gives_the_object_its_tags",
        ],
        "Its tags are those": [
            "test_a_put_gives_the_object_its_tags",
            "test_a_large_body_of_unknown_length_gets_its_tags",
            "test_a_put_leaves_none_of_the_tags_that_were_there",
            "test_a_put_with_tags_leaves_none_of_those_that_were_there",
        ],
        "With a ``checksum_algorithm``": [
            "test_a_put_gives_the_object_the_checksum_of_its_body",
            "test_a_put_without_a_checksum_leaves_none_of_what_was_there",
            "test_a_body_with_another_checksum_is_not_stored",
        ],
        "Conditions are checked": [
            "test_put_if_match_with_an_asterisk_replaces_any_object",
            "test_of_a_writer_and_one_that_comes_while_its_body_is_on_its_way_one_wins",
            "test_an_object_that_changes_while_the_body_is_on_its_way_fails_if_match",
            "test_of_many_writers_with_if_none_match_exactly_one_wins",
            "test_no_increment_is_lost_with_if_match",
        ],
        "It is encrypted as": [
            "test_a_version_is_encrypted_as_its_write_asks",
            "test_without_an_id_the_key_service_has_a_key",
            "test_other_encrypted_content_has_another_etag",
            "test_what_is_written_by_default_is_encrypted_as_the_bucket_says",
            "test_a_bucket_may_name_the_kms_key_of_its_default",
            "test_a_customers_key_goes_before_the_default",
        ],
        "If ``encrypts_at_rest`` is declared": ["test_encrypted_content_is_not_stored_readably"],
        "For conditions, a key": [
            "test_a_deleted_object_counts_as_none_for_if_none_match",
            "test_a_deleted_object_counts_as_none_for_if_match",
        ],
        "While versioning is enabled": [
            "test_every_write_makes_a_version_and_keeps_those_before",
            "test_while_versioning_is_suspended_a_write_replaces_the_version_null",
            "test_a_version_null_is_replaced_wherever_it_is",
            "test_of_many_writers_each_makes_a_version",
            "test_of_many_writers_while_versioning_is_suspended_one_version_is_left",
        ],
        "In a bucket with object lock": [
            "test_a_write_gives_the_version_its_lock",
            "test_the_default_of_the_bucket_is_the_retention_of_new_versions",
            "test_the_default_of_the_bucket_can_be_removed",
        ],
    },
    "copy_object": {
        "Content, headers and metadata": [
            "test_a_copy_has_the_content_and_type_of_its_source",
            "test_a_copy_has_the_headers_and_metadata_of_its_source",
            "test_a_copy_in_another_bucket_has_the_headers_and_metadata_of_its_source",
            "test_new_headers_replace_all_headers_and_metadata",
        ],
        "Tags are the source's": [
            "test_a_copy_has_the_tags_of_its_source",
            "test_a_copy_onto_itself_keeps_its_tags",
            "test_new_tags_of_a_copy_replace_all",
            "test_new_tags_of_a_copy_may_be_none_at_all",
        ],
        "Onto itself": [
            "test_a_copy_onto_itself_replaces_the_headers_and_keeps_the_content",
            "test_a_copy_onto_itself_keeps_none_of_its_headers_and_metadata",
        ],
        "It is one part": ["test_a_copy_of_an_object_that_was_uploaded_in_parts_has_the_etag_of_a_put"],
        "Its checksum is": [
            "test_a_copy_has_a_checksum_of_its_whole_content",
            "test_a_copy_may_get_a_checksum_of_another_algorithm",
        ],
        "It is encrypted as a put": [
            "test_a_copy_is_encrypted_as_it_asks",
            "test_a_copy_onto_itself_may_change_its_encryption_alone",
            "test_what_is_written_by_default_is_encrypted_as_the_bucket_says",
        ],
        "A source under a customer's key": ["test_a_source_under_a_customers_key_is_copied_only_with_that_key"],
        "Atomic, as a put": [
            "test_a_reader_sees_one_whole_version_while_others_copy",
            "test_a_copy_makes_a_version_as_a_put_does",
        ],
        "With a ``source_version_id``": [
            "test_a_version_is_copied",
            "test_an_older_version_that_is_copied_onto_its_key_is_the_newest",
        ],
        "Its lock is that": [
            "test_a_copy_never_has_the_lock_of_its_source",
            "test_the_default_of_the_bucket_is_the_retention_of_new_versions",
        ],
    },
    "delete_object": {
        "If no such object exists": ["test_deleting_what_does_not_exist_succeeds"],
        "Exactly this key": [
            "test_a_delete_takes_neither_what_begins_with_the_key_nor_what_is_above_it",
            "test_an_object_above_stays_when_the_last_one_below_goes",
        ],
        "Without a ``version_id``": [
            "test_a_delete_makes_a_marker_and_keeps_the_versions",
            "test_a_delete_of_nothing_says_whether_it_made_a_marker",
            "test_a_delete_while_versioning_is_suspended_makes_a_marker_null",
        ],
        "With a ``version_id``": [
            "test_exactly_the_version_that_is_named_is_gone",
            "test_deleting_the_marker_brings_the_object_back",
            "test_the_version_null_is_deleted_by_its_id",
            "test_deleting_a_version_that_does_not_exist_succeeds",
        ],
        "The result says which version": [
            "test_a_delete_makes_a_marker_and_keeps_the_versions",
            "test_exactly_the_version_that_is_named_is_gone",
            "test_deleting_the_marker_brings_the_object_back",
        ],
        "A lock holds up": [
            "test_a_lock_holds_up_neither_a_write_nor_a_delete_marker",
            "test_a_retained_version_is_not_deleted_unless_governance_is_bypassed",
        ],
    },
    "delete_objects": {
        "Every key stands": [
            "test_a_batch_deletes_its_keys_and_says_so",
            "test_a_batch_may_hold_more_than_a_thousand_keys",
        ],
        "A key that fails": ["test_a_key_that_fails_does_not_hold_up_the_others"],
        "Versions are deleted and delete markers": [
            "test_a_batch_deletes_versions_and_makes_markers",
            "test_each_locked_version_of_a_batch_fails_alone",
        ],
    },
    "presign": {
        "Asks the backend nothing": ["test_a_url_names_the_very_key"],
        "Signed for the public endpoint": ["test_a_url_is_for_the_stores_endpoint"],
        "``expires_at`` is what": ["test_a_url_expires_when_it_says"],
        "Good for this method": [
            "test_a_url_is_good_for_its_method_only",
            "test_a_url_that_was_changed_is_good_for_nothing",
            "test_a_url_that_has_expired_is_good_for_nothing",
            "test_an_upload_is_of_the_type_that_was_signed",
        ],
        "With a ``version_id``": ["test_a_url_names_the_version", "test_a_url_downloads_the_version_that_was_signed"],
    },
    "put_object_retention": {
        "It is the retention of this version": ["test_a_lock_is_that_of_one_version"],
        "A retention that has not ended": [
            "test_a_retention_in_governance_mode_is_made_longer_by_anybody",
            "test_a_retention_in_governance_mode_is_weakened_by_whoever_bypasses_it",
            "test_nobody_ends_a_retention_in_compliance_mode_before_its_time",
            "test_governance_mode_becomes_compliance_mode_for_whoever_bypasses_it",
            "test_a_retention_in_compliance_mode_is_made_longer_by_anybody",
        ],
    },
    "put_object_legal_hold": {
        "It is the legal hold": ["test_a_lock_is_that_of_one_version"],
        "It holds up the delete": ["test_a_legal_hold_holds_up_the_delete_until_it_is_removed"],
    },
    "get_object_acl": {
        "Its owner is": [
            "test_the_acl_says_who_owns_a_version",
            "test_an_object_of_nobody_belongs_to_the_buckets_owner",
            "test_a_version_belongs_to_whoever_is_named",
        ],
        "If no list was put": [
            "test_a_new_object_is_its_owners_alone",
            "test_a_write_leaves_nothing_of_the_acl_that_was_there",
            "test_a_copy_does_not_take_the_acl_of_its_source",
        ],
        "With ``acl``": ["test_a_write_brings_its_acl"],
    },
    "put_object_acl": {
        "All rights": ["test_an_acl_is_replaced_as_a_whole"],
        "Content, headers, metadata and etag": [
            "test_a_new_acl_leaves_the_object_as_it_was",
            "test_an_acl_is_one_objects_alone",
            "test_an_acl_is_that_of_one_version",
        ],
    },
    "get_object_tagging": {
        "An object without tags": ["test_an_object_without_tags_has_none"],
        "The mapping is immutable": ["test_tags_in_results_cannot_be_changed"],
        "Tags end with their object": [
            "test_a_put_leaves_none_of_the_tags_that_were_there",
            "test_a_put_with_tags_leaves_none_of_those_that_were_there",
            "test_an_upload_leaves_none_of_the_tags_that_were_there",
        ],
        "``version_id`` is honoured": ["test_tags_are_those_of_one_version"],
    },
    "put_object_tagging": {
        "All tags that it had": ["test_tags_are_replaced_all_at_once"],
        "Content, headers, metadata, etag and parts": [
            "test_tagging_leaves_the_content_type_and_etag_as_they_were",
            "test_tagging_leaves_the_object_in_listings_as_it_was",
            "test_tagging_leaves_headers_and_metadata_as_they_were",
            "test_tagging_leaves_the_parts_as_they_were",
        ],
        "Keys and values are kept": ["test_tags_are_kept_character_for_character_or_refused"],
        "The tags of one version": [
            "test_tags_are_those_of_one_version",
            "test_a_change_of_tags_leaves_the_lock_as_it_was",
        ],
    },
    "delete_object_tagging": {
        "If it has none": ["test_tags_are_deleted_all_at_once_also_where_there_are_none"],
        "Content, headers, metadata, etag and parts": [
            "test_tagging_leaves_the_content_type_and_etag_as_they_were",
            "test_tagging_leaves_the_object_in_listings_as_it_was",
            "test_tagging_leaves_headers_and_metadata_as_they_were",
            "test_tagging_leaves_the_parts_as_they_were",
        ],
        "The tags of one version": [
            "test_tags_are_those_of_one_version",
            "test_a_change_of_tags_leaves_the_lock_as_it_was",
        ],
    },
}
