"""Sentences about buckets, their listings and their settings."""

from __future__ import annotations

BUCKETS: dict[str, dict[str, list[str]]] = {
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
    "get_bucket_access": {
        "Its policy": ["test_nothing_is_set_on_a_new_bucket", "test_what_is_set_is_there_at_once"],
        "Its owner": ["test_the_owner_of_a_bucket_comes_with_what_is_set"],
        "``foreign_objects``": [
            "test_objects_of_others_are_known",
            "test_objects_that_bring_an_acl_are_known",
            "test_objects_with_an_acl_of_their_own_are_known",
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
}
