"""Sentences about multipart uploads."""

from __future__ import annotations

UPLOADS: dict[str, dict[str, list[str]]] = {
    "list_multipart_uploads": {
        "Only uploads whose key begins": ["test_uploads_are_listed_by_a_prefix_that_is_no_path"],
        "Neither completed nor aborted": ["test_uploads_that_ended_are_not_listed"],
        "``cursor`` is ``None``": ["test_a_cursor_is_given_only_where_more_uploads_come"],
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
}
