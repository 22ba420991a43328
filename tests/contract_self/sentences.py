"""The table of sentences of the contract, with the tests of each."""

from __future__ import annotations

BEHAVIOUR: dict[str, dict[str, list[str]]] = {
    "status": {
        "Where the backend cannot be used": [
            "test_a_backend_that_does_not_answer_is_unavailable",
            "test_credentials_that_are_refused_are_access_denied",
            "test_a_store_that_can_be_used_says_so",
        ],
        "Answers within": ["test_a_backend_that_does_not_answer_is_unavailable"],
    },
    "list_buckets": {
        "Complete, and in byte order": ["test_buckets_are_listed_in_byte_order"],
        "A bucket is listed as soon": ["test_a_bucket_is_listed_from_its_creation_to_its_deletion"],
    },
    "bucket_usage": {
        "Only current objects count": [
            "test_parts_in_flight_do_not_count",
            "test_usage_follows_puts_overwrites_and_deletes",
            "test_usage_counts_beyond_the_first_thousand_objects",
        ],
        "Older versions and delete markers": ["test_usage_counts_current_objects_and_names_the_others"],
        "Exact right after a write": [
            "test_usage_follows_puts_overwrites_and_deletes",
            "test_usage_follows_copies_and_batches",
            "test_a_body_that_breaks_off_does_not_count",
            "test_an_empty_bucket_holds_nothing",
        ],
        "A bucket that does not exist": ["test_usage_of_many_buckets_leaves_out_those_that_do_not_exist"],
        "All buckets in one call": ["test_usage_of_many_buckets_leaves_out_those_that_do_not_exist"],
    },
    "usage_report": {
        "All buckets of the caller": ["test_a_report_tells_of_all_buckets_in_byte_order"],
        "Only objects count": [
            "test_a_report_does_not_count_parts_in_flight",
            "test_a_report_counts_beyond_the_first_thousand_objects",
        ],
        "No figure is made up": ["test_a_report_makes_no_figure_up"],
        "Holds no secret": ["test_a_report_holds_no_secret"],
    },
    "close": {
        "Where ``persistent`` is declared": [
            "test_a_customers_key_is_needed_also_when_the_store_is_opened_again",
            "test_objects_are_there_when_the_store_is_opened_again",
            "test_a_bucket_is_there_when_the_store_is_opened_again",
            "test_an_upload_goes_on_when_the_store_is_opened_again",
        ],
    },
    "create_bucket": {
        "The bucket exists, empty": ["test_a_new_bucket_exists_and_is_empty"],
        "``created_at`` is in UTC": [
            "test_the_time_of_a_bucket_is_in_utc",
            "test_when_a_bucket_was_created_does_not_change",
        ],
        "It belongs to ``owner``": [
            "test_a_bucket_belongs_to_whoever_is_named",
            "test_a_bucket_of_nobody_belongs_to_whoever_owns_the_store",
        ],
        "With ``object_lock``": ["test_a_bucket_that_is_created_with_object_lock_has_it"],
    },
    "delete_bucket": {
        "Uploads in progress": ["test_uploads_in_progress_do_not_hold_up_deleting_a_bucket"],
        "A put on its way": ["test_nothing_is_put_into_a_bucket_that_is_deleted_meanwhile"],
        "Versions of objects and delete markers": ["test_a_bucket_that_holds_versions_alone_is_not_deleted"],
    },
    "list_objects": {
        "Ascending UTF-8 byte order": [
            "test_keys_are_listed_in_byte_order",
            "test_a_listing_begins_after_a_key_that_need_not_exist",
            "test_every_prefix_that_is_listed_is_after_start_after",
            "test_any_listing_is_what_the_model_says",
        ],
        "Page after page": [
            "test_pages_of_any_size_give_every_key_once",
            "test_nothing_is_cut_off_after_a_thousand_keys",
            "test_keys_that_exist_throughout_are_listed_once_while_others_come_and_go",
            "test_a_page_goes_on_after_its_last_key_was_deleted",
            "test_a_page_goes_on_after_its_last_prefix_was_emptied",
        ],
        "At most ``limit`` entries": [
            "test_a_common_prefix_counts_as_one_entry_of_a_page",
            "test_a_cursor_is_given_only_where_more_comes",
            "test_no_cursor_is_given_where_only_keys_of_the_last_prefix_come",
            "test_no_cursor_is_given_where_only_keys_without_the_prefix_come",
        ],
        "Only keys that begin with ``prefix``": [
            "test_a_prefix_is_neither_a_path_nor_a_pattern",
            "test_the_prefix_holds_on_every_page",
        ],
        "With a ``delimiter``": [
            "test_keys_are_rolled_up_at_a_delimiter",
            "test_a_delimiter_may_have_many_characters",
            "test_a_key_may_begin_with_the_delimiter",
            "test_a_delimiter_begins_after_the_prefix",
        ],
        "Each object carries": [
            "test_a_listing_names_key_size_etag_time_and_content_type",
            "test_a_listing_may_leave_out_the_content_type_alone",
        ],
        "A put or delete that has returned": ["test_a_put_or_delete_shows_in_the_next_listing"],
        "Only current objects": [
            "test_a_listing_of_objects_has_current_objects_alone",
            "test_a_delete_makes_a_marker_and_keeps_the_versions",
        ],
    },
    "list_object_versions": {
        "Keys and common prefixes are in the order": [
            "test_versions_are_listed_as_objects_are",
            "test_versions_begin_after_a_key_that_need_not_exist",
            "test_versions_are_listed_by_key_and_the_newest_first",
            "test_versions_are_rolled_up_at_a_delimiter",
            "test_only_versions_of_keys_with_the_prefix_are_listed",
            "test_a_version_is_listed_with_what_it_is",
        ],
        "The newest version of a key": ["test_exactly_the_newest_version_of_a_key_is_the_latest"],
        "An object that was written without versioning": ["test_an_object_without_versioning_has_one_version"],
        "With ``start_after_version``": [
            "test_a_listing_begins_after_a_version",
            "test_a_listing_that_begins_after_a_key_has_none_of_its_versions",
        ],
        "Page after page": [
            "test_an_object_without_versioning_has_one_version",
            "test_versions_are_listed_as_objects_are",
            "test_pages_of_any_size_give_every_version_once",
            "test_nothing_is_cut_off_after_a_thousand_versions",
            "test_versions_that_exist_throughout_are_listed_once_while_others_come_and_go",
        ],
    },
    "list_multipart_uploads": {
        "Only uploads whose key begins": ["test_uploads_are_listed_by_a_prefix_that_is_no_path"],
        "Neither completed nor aborted": ["test_uploads_that_ended_are_not_listed"],
        "``cursor`` is ``None``": ["test_a_cursor_is_given_only_where_more_uploads_come"],
    },
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
    "get_bucket_access": {
        "Its policy": ["test_nothing_is_set_on_a_new_bucket", "test_what_is_set_is_there_at_once"],
        "Its owner": ["test_the_owner_of_a_bucket_comes_with_what_is_set"],
        "``foreign_objects``": [
            "test_objects_of_others_are_known",
            "test_objects_that_bring_an_acl_are_known",
            "test_objects_with_an_acl_of_their_own_are_known",
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
    "get_bucket_settings": {
        "The result is of this kind": [
            "test_a_bucket_without_rules_has_none",
            "test_a_kind_of_which_nothing_is_set_is_empty",
        ],
        "CORS rules come in the order": [
            "test_rules_are_kept_in_their_order_with_all_their_values",
            "test_a_bucket_has_up_to_a_hundred_rules",
        ],
        "A policy is the same JSON": ["test_settings_are_kept_with_all_their_values"],
        "Settings end with their bucket": ["test_rules_end_with_their_bucket", "test_settings_end_with_their_bucket"],
    },
    "put_bucket_settings": {
        "Settings of this kind": [
            "test_new_rules_replace_all",
            "test_new_settings_of_a_kind_replace_all_of_it",
            "test_other_kinds_stay_as_they_are",
            "test_kinds_that_are_put_at_the_same_moment_are_both_kept",
            "test_rules_are_one_buckets_alone",
            "test_settings_are_one_buckets_alone",
        ],
        "Each value": [
            "test_rules_are_kept_in_their_order_with_all_their_values",
            "test_settings_are_kept_with_all_their_values",
            "test_settings_are_kept_whole_or_refused",
            "test_a_bucket_has_up_to_fifty_tags",
            "test_a_bucket_has_many_lifecycle_rules",
        ],
        "Object lock needs versioning": [
            "test_object_lock_needs_versioning",
            "test_versioning_is_not_suspended_nor_object_lock_removed_while_it_is_on",
        ],
        "``BucketOwnerEnforced`` and an ACL": ["test_enforced_ownership_and_rights_of_others_exclude_each_other"],
        "Versions that the bucket has": ["test_versions_stay_when_versioning_is_suspended_and_enabled_again"],
        "The rules of `LifecycleSettings`": [
            "test_objects_expire_at_midnight_after_their_days",
            "test_an_object_that_is_written_meanwhile_is_kept",
            "test_in_a_bucket_with_versions_objects_that_expire_get_markers",
            "test_versions_expire_after_their_days_but_for_the_newest_ones",
            "test_a_delete_marker_goes_once_it_is_alone",
            "test_a_locked_version_is_kept",
            "test_an_upload_that_nobody_completes_is_aborted",
            "test_rules_that_are_removed_delete_nothing",
            "test_a_date_is_the_end_of_what_comes_later_too",
        ],
    },
    "delete_bucket_settings": {
        "If nothing is set": [
            "test_rules_are_deleted_all_at_once_also_where_there_are_none",
            "test_settings_are_deleted_also_where_nothing_is_set",
        ],
        "Kinds that are not ``removable``": [
            "test_versioning_can_be_suspended_but_not_removed",
            "test_versioning_is_not_suspended_nor_object_lock_removed_while_it_is_on",
        ],
    },
    "create_multipart_upload": {
        "The key keeps its object": ["test_the_key_keeps_its_object_until_the_upload_is_completed"],
        "Any number of uploads": ["test_two_uploads_to_one_key_do_not_mix"],
        "What its checksums are of": [
            "test_an_upload_gives_the_object_a_checksum_of_its_parts",
            "test_an_upload_in_progress_says_what_its_checksums_are",
        ],
        "Its object will be encrypted": [
            "test_an_upload_makes_an_object_that_is_encrypted_as_it_began",
            "test_what_is_written_by_default_is_encrypted_as_the_bucket_says",
        ],
        "``abort`` is when": ["test_an_upload_says_when_it_is_aborted"],
    },
    "upload_part": {
        "Parts come in any order": [
            "test_parts_in_any_order_become_one_object_in_the_order_of_their_numbers",
            "test_parts_may_be_sent_side_by_side",
        ],
        "A part whose body": ["test_a_part_whose_body_breaks_off_leaves_no_trace"],
        "A part on its way": [
            "test_a_part_on_its_way_does_not_bring_an_aborted_upload_back",
            "test_a_part_on_its_way_does_not_bring_a_completed_upload_back",
        ],
        "In an upload with a ``checksum_algorithm``": [
            "test_an_upload_in_progress_says_what_its_checksums_are",
            "test_a_part_with_another_checksum_is_not_stored",
            "test_a_checksum_in_an_upload_without_any_is_checked_and_not_kept",
        ],
        "It is encrypted as the upload is": [
            "test_an_upload_makes_an_object_that_is_encrypted_as_it_began",
            "test_a_part_needs_the_customers_key_of_its_upload",
        ],
    },
    "list_parts": {
        "At most ``limit`` parts": ["test_a_cursor_is_given_only_where_more_parts_come"],
    },
    "upload_part_copy": {
        "It is a part like one": [
            "test_a_part_is_copied_from_a_whole_object",
            "test_a_copied_part_replaces_the_one_before_and_is_listed",
            "test_a_copied_part_stays_what_it_is_whatever_becomes_of_its_source",
            "test_a_part_may_be_copied_from_what_the_key_holds",
            "test_a_part_is_copied_from_the_very_key_in_any_bucket",
        ],
        "With a range": ["test_a_part_is_copied_from_the_first_to_the_last_byte_of_a_range"],
        "In an upload with a ``checksum_algorithm``": ["test_a_copied_part_has_a_checksum_too"],
        "It is encrypted as the upload is": [
            "test_a_copied_part_is_encrypted_as_its_upload",
            "test_a_copied_part_needs_the_keys_of_its_source_and_of_its_upload",
        ],
        "With a ``source_version_id``": ["test_a_part_is_copied_from_a_version"],
    },
    "complete_multipart_upload": {
        "Atomic, as a put": [
            "test_of_many_uploads_with_if_none_match_exactly_one_is_completed",
            "test_a_part_with_another_etag_is_refused_and_the_upload_stays",
        ],
        "It makes a version as a put": [
            "test_a_completed_upload_makes_a_version_as_a_put_does",
            "test_a_write_gives_the_version_its_lock",
        ],
        "Stored parts that are not listed": ["test_parts_that_are_not_listed_are_discarded"],
        "Headers, metadata, tags and encryption": [
            "test_an_upload_makes_an_object_that_is_encrypted_as_it_began",
            "test_the_object_has_the_tags_that_the_upload_began_with",
            "test_the_object_has_the_headers_that_the_upload_began_with",
            "test_the_object_has_the_content_type_that_the_upload_began_with",
        ],
        "An upload under a customer's key": ["test_an_upload_is_completed_without_a_key_or_with_its_own"],
        "In an upload with a ``checksum_algorithm``": [
            "test_an_upload_gives_the_object_a_checksum_of_its_parts",
            "test_an_object_with_another_checksum_than_is_said_is_not_made",
            "test_the_number_of_parts_may_be_left_out",
            "test_parts_of_a_checksum_of_the_whole_may_be_listed_without",
        ],
        "Sent again": [
            "test_a_completion_that_is_sent_again_finds_its_version_below_a_newer_one",
            "test_a_completion_that_is_sent_again_gives_the_same_result",
            "test_conditions_of_a_completion_that_is_sent_again_held_already",
            "test_what_a_completion_that_is_sent_again_says_of_the_object_is_compared_again",
            "test_an_object_that_was_tagged_meanwhile_is_still_the_one",
            "test_other_parts_complete_no_upload_again",
            "test_a_part_with_another_checksum_completes_no_upload_again",
            "test_the_same_parts_complete_no_other_upload",
            "test_a_completion_is_not_known_once_its_object_is_gone",
            "test_a_copy_onto_itself_is_no_longer_what_the_upload_made",
        ],
    },
    "classify_error": {
        "Decides by code": [
            "test_a_backend_that_does_not_answer_is_unavailable",
            "test_credentials_that_are_refused_are_access_denied",
        ],
        "What it does not know": ["test_a_body_that_breaks_off_stores_nothing"],
        "``detail`` holds no secret": [
            "test_a_backend_that_does_not_answer_is_unavailable",
            "test_credentials_that_are_refused_are_access_denied",
        ],
    },
}
