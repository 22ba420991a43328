"""Drivers that mistake something about a bucket's rules for pages of other origins."""

from __future__ import annotations

import msgspec
from bucketry import BucketInfo, CorsRule, Done, NoSuchBucket
from bucketry.hookspecs import hookimpl
from bucketry_contract.suite.cors import EVERYBODY, CorsTests
from bucketry_contract.suite.errors import ErrorTests

from tests.contract_self.cases import fails
from tests.contract_self.honest import HonestDriver


@fails(CorsTests, CorsTests.test_a_bucket_without_rules_has_none)
class LetsEverybodyIn(HonestDriver):
    @hookimpl
    def get_bucket_cors(self, bucket: str) -> tuple[CorsRule, ...]:
        return super().get_bucket_cors(bucket) or (EVERYBODY,)


@fails(ErrorTests, ErrorTests.test_a_bucket_that_does_not_exist_is_named)
class FindsNoRulesOfNoBucket(HonestDriver):
    @hookimpl
    def get_bucket_cors(self, bucket: str) -> tuple[CorsRule, ...]:
        return super().get_bucket_cors(bucket) if bucket in self.buckets else ()


class ChangesRules(HonestDriver):
    """Keeps other rules than it was given."""

    def other(self, bucket: str, rules: tuple[CorsRule, ...]) -> tuple[CorsRule, ...]:
        return rules

    @hookimpl
    def put_bucket_cors(self, bucket: str, rules: tuple[CorsRule, ...]) -> Done:
        return super().put_bucket_cors(bucket, self.other(bucket, rules))


@fails(CorsTests, CorsTests.test_rules_are_kept_in_their_order_with_all_their_values)
class SortsRules(ChangesRules):
    def other(self, bucket: str, rules: tuple[CorsRule, ...]) -> tuple[CorsRule, ...]:
        return tuple(sorted(rules, key=lambda rule: rule.allowed_origins))


@fails(CorsTests, CorsTests.test_rules_are_kept_in_their_order_with_all_their_values)
class TakesNoSecondsForNone(ChangesRules):
    def other(self, bucket: str, rules: tuple[CorsRule, ...]) -> tuple[CorsRule, ...]:
        return tuple(msgspec.structs.replace(rule, max_age_seconds=rule.max_age_seconds or None) for rule in rules)


@fails(CorsTests, CorsTests.test_new_rules_replace_all)
class AddsRules(ChangesRules):
    def other(self, bucket: str, rules: tuple[CorsRule, ...]) -> tuple[CorsRule, ...]:
        return (*rules, *(rule for rule in self.bucket(bucket).cors if rule not in rules))


@fails(CorsTests, CorsTests.test_a_bucket_has_up_to_a_hundred_rules)
class KeepsFiftyRules(ChangesRules):
    def other(self, bucket: str, rules: tuple[CorsRule, ...]) -> tuple[CorsRule, ...]:
        return rules[:50]


@fails(CorsTests, CorsTests.test_rules_are_deleted_all_at_once_also_where_there_are_none)
class DeletesRulesOnce(HonestDriver):
    @hookimpl
    def delete_bucket_cors(self, bucket: str) -> Done:
        if not self.bucket(bucket).cors:
            raise NoSuchBucket("it has no rules")
        return super().delete_bucket_cors(bucket)


@fails(CorsTests, CorsTests.test_rules_are_one_buckets_alone)
class HasOneSetOfRules(HonestDriver):
    @hookimpl
    def put_bucket_cors(self, bucket: str, rules: tuple[CorsRule, ...]) -> Done:
        done = super().put_bucket_cors(bucket, rules)
        for state in self.buckets.values():
            state.cors = rules
        return done


@fails(CorsTests, CorsTests.test_rules_end_with_their_bucket)
class RulesOutliveTheirBucket(HonestDriver):
    @hookimpl
    def delete_bucket(self, bucket: str) -> Done:
        self.orphans = getattr(self, "orphans", {}) | {bucket: self.bucket(bucket).cors}
        return super().delete_bucket(bucket)

    @hookimpl
    def create_bucket(self, bucket: str) -> BucketInfo:
        info = super().create_bucket(bucket)
        self.buckets[bucket].cors = getattr(self, "orphans", {}).pop(bucket, ())
        return info
