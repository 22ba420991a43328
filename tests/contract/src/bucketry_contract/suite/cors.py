"""Settings of buckets: CORS rules, which say what pages of other origins may do."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from bucketry import CorsRule, CorsSettings, Store
from bucketry.s3 import MAX_CORS_RULES

from bucketry_contract._capabilities import needs
from bucketry_contract._contract_tests import ContractTests
from bucketry_contract._scratch import Bucket, Scratch

READS = ("get_bucket_settings", CorsSettings.feature)
WRITES = (*READS, "put_bucket_settings")
DELETES = (*WRITES, "delete_bucket_settings")
EVERYBODY = CorsRule(allowed_origins=("*",), allowed_methods=("GET",))
RULES = (
    CorsRule(
        id="the office",
        allowed_origins=("https://www.example.com", "https://*.example.org", "http://localhost:8080"),
        allowed_methods=("PUT", "GET", "POST", "DELETE", "HEAD"),
        allowed_headers=("X-Colour", "x-amz-*", "*"),
        expose_headers=("ETag", "x-amz-meta-colour"),
        max_age_seconds=3000,
    ),
    CorsRule(allowed_origins=("https://now.example.com",), allowed_methods=("HEAD",), max_age_seconds=0),
    EVERYBODY,
)


class CorsTests(ContractTests):
    """A bucket has all of its rules, or none. These tests use buckets of their own, because rules outlive a test."""

    @needs(*READS)
    def test_a_bucket_without_rules_has_none(self, fresh_bucket: Bucket) -> None:
        assert _rules(fresh_bucket.store, fresh_bucket.name) == ()

    @pytest.mark.short
    @needs(*WRITES)
    def test_rules_are_kept_in_their_order_with_all_their_values(self, store: Store, fresh_bucket: Bucket) -> None:
        for rules in (RULES, RULES[::-1]):
            store.put_bucket_settings(fresh_bucket.name, CorsSettings(rules=rules))
            assert _plain(store, fresh_bucket) == [_values(rule) for rule in rules]

    @needs(*WRITES)
    def test_new_rules_replace_all(self, store: Store, fresh_bucket: Bucket) -> None:
        store.put_bucket_settings(fresh_bucket.name, CorsSettings(rules=RULES))
        store.put_bucket_settings(fresh_bucket.name, CorsSettings(rules=(EVERYBODY,)))
        assert _plain(store, fresh_bucket) == [_values(EVERYBODY)]

    @needs(*WRITES)
    def test_a_bucket_has_up_to_a_hundred_rules(self, store: Store, fresh_bucket: Bucket) -> None:
        rules = tuple(msgspec.structs.replace(EVERYBODY, max_age_seconds=age) for age in range(MAX_CORS_RULES))
        store.put_bucket_settings(fresh_bucket.name, CorsSettings(rules=rules))
        assert [rule.max_age_seconds for rule in _rules(store, fresh_bucket.name)] == list(range(len(rules)))

    @needs(*DELETES)
    def test_rules_are_deleted_all_at_once_also_where_there_are_none(self, store: Store, fresh_bucket: Bucket) -> None:
        store.put_bucket_settings(fresh_bucket.name, CorsSettings(rules=RULES))
        for _ in range(2):
            store.delete_bucket_settings(fresh_bucket.name, CorsSettings)
            assert _rules(store, fresh_bucket.name) == ()

    @pytest.mark.short
    @needs(*DELETES)
    def test_rules_are_one_buckets_alone(self, store: Store, fresh_bucket: Bucket, scratch: Scratch) -> None:
        other = scratch.create()
        store.put_bucket_settings(fresh_bucket.name, CorsSettings(rules=RULES))
        assert _rules(store, other) == ()
        store.put_bucket_settings(other, CorsSettings(rules=(EVERYBODY,)))
        store.delete_bucket_settings(fresh_bucket.name, CorsSettings)
        assert len(_rules(store, other)) == 1

    @needs(*DELETES)
    def test_rules_end_with_their_bucket(self, store: Store, fresh_bucket: Bucket) -> None:
        store.put_bucket_settings(fresh_bucket.name, CorsSettings(rules=RULES))
        store.delete_bucket(fresh_bucket.name)
        store.create_bucket(fresh_bucket.name)
        assert _rules(store, fresh_bucket.name) == ()


def _rules(store: Store, bucket: str) -> tuple[CorsRule, ...]:
    return store.get_bucket_settings(bucket, CorsSettings).rules


def _plain(store: Store, bucket: Bucket) -> list[dict[str, Any]]:
    return [_values(rule) for rule in _rules(store, bucket.name)]


def _values(rule: CorsRule) -> dict[str, Any]:
    """Returns a rule's values. Those without an order are sorted."""
    fields = msgspec.structs.asdict(rule)
    return {name: sorted(value) if isinstance(value, tuple) else value for name, value in fields.items()}
