"""Sentences about a store as a whole."""

from __future__ import annotations

STORES: dict[str, dict[str, list[str]]] = {
    "status": {
        "Where the backend cannot be used": [
            "test_a_backend_that_does_not_answer_is_unavailable",
            "test_credentials_that_are_refused_are_access_denied",
            "test_a_store_that_can_be_used_says_so",
        ],
        "Answers within": ["test_a_backend_that_does_not_answer_is_unavailable"],
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
