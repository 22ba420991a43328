"""Which tests hold a driver to which sentence of the contract."""

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
        "Only objects count": ["test_parts_in_flight_do_not_count", "test_usage_follows_puts_overwrites_and_deletes"],
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
        "No figure is made up": ["test_a_report_makes_no_figure_up"],
        "Holds no secret": ["test_a_report_holds_no_secret"],
    },
    "create_bucket": {
        "The bucket exists, empty": ["test_a_new_bucket_exists_and_is_empty"],
    },
    "delete_bucket": {
        "Uploads in progress": ["test_uploads_in_progress_do_not_hold_up_deleting_a_bucket"],
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
    },
    "list_multipart_uploads": {
        "Only uploads whose key begins": ["test_uploads_are_listed_by_a_prefix_that_is_no_path"],
        "Neither completed nor aborted": ["test_uploads_that_ended_are_not_listed"],
    },
    "head_object": {
        "Headers and metadata are those": ["test_headers_are_kept", "test_metadata_is_kept"],
        "Conditions are evaluated": [
            "test_if_match_comes_before_if_unmodified_since",
            "test_if_none_match_comes_before_if_modified_since",
            "test_if_match_comes_before_if_none_match",
        ],
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
        "Content that breaks off": ["test_content_that_breaks_off_is_an_error_of_the_contract"],
        "``close`` frees everything": [
            "test_closing_an_unread_object_frees_what_it_holds",
            "test_reading_to_the_end_frees_what_it_holds",
        ],
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
        "The answer is what": ["test_the_answer_of_a_put_is_what_head_says"],
        "Conditions are checked": [
            "test_of_a_writer_and_one_that_comes_while_its_body_is_on_its_way_one_wins",
            "test_an_object_that_changes_while_the_body_is_on_its_way_fails_if_match",
            "test_of_many_writers_with_if_none_match_exactly_one_wins",
            "test_no_increment_is_lost_with_if_match",
        ],
    },
    "copy_object": {
        "Content, headers and metadata": [
            "test_a_copy_has_the_content_and_type_of_its_source",
            "test_a_copy_has_the_headers_and_metadata_of_its_source",
            "test_new_headers_replace_all_headers_and_metadata",
        ],
        "Onto itself": ["test_a_copy_onto_itself_replaces_the_headers_and_keeps_the_content"],
        "Atomic, as a put": ["test_a_reader_sees_one_whole_version_while_others_copy"],
    },
    "delete_object": {
        "If no such object exists": ["test_deleting_what_does_not_exist_succeeds"],
        "Exactly this key": [
            "test_a_delete_takes_neither_what_begins_with_the_key_nor_what_is_above_it",
            "test_an_object_above_stays_when_the_last_one_below_goes",
        ],
    },
    "delete_objects": {
        "Every key stands": [
            "test_a_batch_deletes_its_keys_and_says_so",
            "test_a_batch_may_hold_more_than_a_thousand_keys",
        ],
        "A key that fails": ["test_a_key_that_fails_does_not_hold_up_the_others"],
    },
    "presign": {
        "Asks the backend nothing": ["test_a_url_names_the_very_key"],
        "Signed for the public endpoint": ["test_a_url_is_for_the_stores_endpoint"],
        "``expires_at`` is what": ["test_a_url_expires_when_it_says"],
    },
    "create_multipart_upload": {
        "The key keeps its object": ["test_the_key_keeps_its_object_until_the_upload_is_completed"],
        "Any number of uploads": ["test_two_uploads_to_one_key_do_not_mix"],
    },
    "upload_part": {
        "Parts come in any order": [
            "test_parts_in_any_order_become_one_object_in_the_order_of_their_numbers",
            "test_parts_may_be_sent_side_by_side",
        ],
        "A part whose body": ["test_a_part_whose_body_breaks_off_leaves_no_trace"],
    },
    "complete_multipart_upload": {
        "Atomic, as a put": [
            "test_of_many_uploads_with_if_none_match_exactly_one_is_completed",
            "test_a_part_with_another_etag_is_refused_and_the_upload_stays",
        ],
        "Stored parts that are not listed": ["test_parts_that_are_not_listed_are_discarded"],
        "Headers and metadata": [
            "test_the_object_has_the_headers_that_the_upload_began_with",
            "test_the_object_has_the_content_type_that_the_upload_began_with",
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

_NO_BUCKET = ["test_a_bucket_that_does_not_exist_is_named"]
_NO_UPLOAD = ["test_an_upload_that_does_not_exist_is_not_found", "test_a_completed_upload_is_gone"]
_NO_KEY = ["test_an_object_that_does_not_exist_is_not_found"]
_FAILED = ["test_if_match_reads_only_the_object_with_that_etag"]
_CURRENT = ["test_if_none_match_reads_only_an_object_with_another_etag"]

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
    "list_multipart_uploads": {"NoSuchBucket": _NO_BUCKET},
    "head_object": {
        "NoSuchBucket": _NO_BUCKET,
        "NoSuchKey": _NO_KEY,
        "PreconditionFailed": _FAILED,
        "NotModified": _CURRENT,
    },
    "get_object": {
        "NoSuchBucket": _NO_BUCKET,
        "NoSuchKey": _NO_KEY,
        "InvalidRange": ["test_a_range_without_a_byte_is_refused", "test_an_empty_object_has_no_range"],
        "PreconditionFailed": _FAILED,
        "NotModified": _CURRENT,
    },
    "put_object": {
        "NoSuchBucket": _NO_BUCKET,
        "PreconditionFailed": ["test_put_if_match_fails_where_there_is_no_object"],
        "TooLarge": ["test_more_than_max_put_size_is_refused"],
        "QuotaExceeded": ["test_a_store_that_is_full_says_so_and_keeps_what_it_has"],
        "InvalidKey": ["test_a_key_is_kept_byte_for_byte_or_refused"],
    },
    "copy_object": {
        "NoSuchBucket": _NO_BUCKET,
        "NoSuchKey": ["test_a_source_that_does_not_exist_is_not_found"],
        "PreconditionFailed": [
            "test_copy_if_match_replaces_only_the_object_with_that_etag",
            "test_copy_if_none_match_writes_only_where_there_is_no_object",
            "test_copy_source_if_match_copies_only_the_object_with_that_etag",
        ],
        "InvalidArgument": ["test_a_copy_onto_itself_that_changes_nothing_is_refused"],
    },
    "delete_object": {
        "NoSuchBucket": _NO_BUCKET,
        "PreconditionFailed": ["test_delete_if_match_deletes_only_the_object_with_that_etag"],
    },
    "delete_objects": {"NoSuchBucket": _NO_BUCKET},
    "create_multipart_upload": {
        "NoSuchBucket": _NO_BUCKET,
        "InvalidKey": ["test_an_upload_keeps_its_key_byte_for_byte_or_is_refused"],
    },
    "upload_part": {"NoSuchUpload": _NO_UPLOAD},
    "list_parts": {"NoSuchUpload": _NO_UPLOAD},
    "complete_multipart_upload": {
        "NoSuchUpload": _NO_UPLOAD,
        "InvalidPart": ["test_a_part_with_another_etag_is_refused_and_the_upload_stays"],
        "PartTooSmall": ["test_a_part_before_the_last_that_is_too_small_is_refused"],
        "PreconditionFailed": ["test_complete_if_match_replaces_only_the_object_with_that_etag"],
        "Unsupported": ["test_parts_that_are_not_listed_are_discarded"],
    },
    "abort_multipart_upload": {"NoSuchUpload": _NO_UPLOAD},
}
