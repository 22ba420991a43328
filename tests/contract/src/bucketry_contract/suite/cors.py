"""Rules of buckets for pages of other origins."""

from __future__ import annotations

from typing import Any

import msgspec
from bucketry import CorsRule, Store
from bucketry.s3 import MAX_CORS_RULES

from bucketry_contract._needs import needs
from bucketry_contract._scratch import Bucket, Scratch
from bucketry_contract._tests import ContractTests

CORS = ("get_bucket_cors", "put_bucket_cors", "delete_bucket_cors")
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
    """A bucket has all of its rules, or none. These tests take buckets of their own, since rules outlive a test."""

    @needs("get_bucket_cors")
    def test_a_bucket_without_rules_has_none(self, fresh_bucket: Bucket) -> None:
        assert fresh_bucket.store.get_bucket_cors(fresh_bucket.name) == ()

    @needs("get_bucket_cors", "put_bucket_cors")
    def test_rules_are_kept_in_their_order_with_all_their_values(self, store: Store, fresh_bucket: Bucket) -> None:
        for rules in (RULES, RULES[::-1]):
            store.put_bucket_cors(fresh_bucket.name, rules)
            assert _plain(store, fresh_bucket) == [_values(rule) for rule in rules]

    @needs("get_bucket_cors", "put_bucket_cors")
    def test_new_rules_replace_all(self, store: Store, fresh_bucket: Bucket) -> None:
        store.put_bucket_cors(fresh_bucket.name, RULES)
        store.put_bucket_cors(fresh_bucket.name, [EVERYBODY])
        assert _plain(store, fresh_bucket) == [_values(EVERYBODY)]

    @needs("get_bucket_cors", "put_bucket_cors")
    def test_a_bucket_has_up_to_a_hundred_rules(self, store: Store, fresh_bucket: Bucket) -> None:
        rules = [msgspec.structs.replace(EVERYBODY, max_age_seconds=age) for age in range(MAX_CORS_RULES)]
        store.put_bucket_cors(fresh_bucket.name, rules)
        assert [rule.max_age_seconds for rule in store.get_bucket_cors(fresh_bucket.name)] == list(range(len(rules)))

    @needs(*CORS)
    def test_rules_are_deleted_all_at_once_also_where_there_are_none(self, store: Store, fresh_bucket: Bucket) -> None:
        store.put_bucket_cors(fresh_bucket.name, RULES)
        for _ in range(2):
            store.delete_bucket_cors(fresh_bucket.name)
            assert store.get_bucket_cors(fresh_bucket.name) == ()

    @needs(*CORS)
    def test_rules_are_one_buckets_alone(self, store: Store, fresh_bucket: Bucket, scratch: Scratch) -> None:
        other = scratch.create()
        store.put_bucket_cors(fresh_bucket.name, RULES)
        assert store.get_bucket_cors(other) == ()
        store.put_bucket_cors(other, [EVERYBODY])
        store.delete_bucket_cors(fresh_bucket.name)
        assert len(store.get_bucket_cors(other)) == 1

    @needs(*CORS)
    def test_rules_end_with_their_bucket(self, store: Store, fresh_bucket: Bucket) -> None:
        store.put_bucket_cors(fresh_bucket.name, RULES)
        store.delete_bucket(fresh_bucket.name)
        store.create_bucket(fresh_bucket.name)
        assert store.get_bucket_cors(fresh_bucket.name) == ()


def _plain(store: Store, bucket: Bucket) -> list[dict[str, Any]]:
    return [_values(rule) for rule in store.get_bucket_cors(bucket.name)]


def _values(rule: CorsRule) -> dict[str, Any]:
    """A rule's values, those that come in any order sorted."""
    fields = msgspec.structs.asdict(rule)
    return {name: sorted(value) if isinstance(value, tuple) else value for name, value in fields.items()}
