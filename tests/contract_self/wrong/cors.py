"""Drivers with mistakes in CORS rules."""

from __future__ import annotations

from typing import cast

import msgspec
from bucketry import AnyBucketSettings, BucketInfo, CorsRule, CorsSettings, CreateBucketOptions, Done, NoSuchBucket
from bucketry.hookspecs import hookimpl
from bucketry_contract.suite.cors import EVERYBODY, CorsTests
from bucketry_contract.suite.errors import ErrorTests

from tests.contract_self.cases import fails
from tests.contract_self.honest import HonestDriver


@fails(CorsTests, CorsTests.test_a_bucket_without_rules_has_none)
class LetsEverybodyIn(HonestDriver):
    @hookimpl
    def get_bucket_settings(self, bucket: str, kind: type[AnyBucketSettings]) -> AnyBucketSettings:
        settings = super().get_bucket_settings(bucket, kind)
        return CorsSettings(rules=(EVERYBODY,)) if settings == CorsSettings() else settings


@fails(CorsTests, CorsTests.test_a_bucket_without_rules_has_none)
class MissesSettingsThatAreNotSet(HonestDriver):
    @hookimpl
    def get_bucket_settings(self, bucket: str, kind: type[AnyBucketSettings]) -> AnyBucketSettings:
        return self.bucket(bucket).settings[kind]


@fails(ErrorTests, ErrorTests.test_a_bucket_that_does_not_exist_is_named)
class FindsNoRulesOfNoBucket(HonestDriver):
    @hookimpl
    def get_bucket_settings(self, bucket: str, kind: type[AnyBucketSettings]) -> AnyBucketSettings:
        return super().get_bucket_settings(bucket, kind) if bucket in self.buckets else kind()


class ChangesRules(HonestDriver):
    """Keeps other rules than it was given."""

    def other(self, bucket: str, rules: tuple[CorsRule, ...]) -> tuple[CorsRule, ...]:
        return rules

    @hookimpl
    def put_bucket_settings(self, bucket: str, settings: AnyBucketSettings) -> Done:
        if isinstance(settings, CorsSettings):
            settings = CorsSettings(rules=self.other(bucket, settings.rules))
        return super().put_bucket_settings(bucket, settings)

    def kept(self, bucket: str) -> tuple[CorsRule, ...]:
        return cast("CorsSettings", self.get_bucket_settings(bucket, CorsSettings)).rules


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
        return (*rules, *(rule for rule in self.kept(bucket) if rule not in rules))


@fails(CorsTests, CorsTests.test_a_bucket_has_up_to_a_hundred_rules)
class KeepsFiftyRules(ChangesRules):
    def other(self, bucket: str, rules: tuple[CorsRule, ...]) -> tuple[CorsRule, ...]:
        return rules[:50]


@fails(CorsTests, CorsTests.test_rules_are_deleted_all_at_once_also_where_there_are_none)
class DeletesRulesOnce(HonestDriver):
    @hookimpl
    def delete_bucket_settings(self, bucket: str, kind: type[AnyBucketSettings]) -> Done:
        if kind not in self.bucket(bucket).settings:
            raise NoSuchBucket("it has no rules")
        return super().delete_bucket_settings(bucket, kind)


@fails(CorsTests, CorsTests.test_rules_are_one_buckets_alone)
class HasOneSetOfRules(HonestDriver):
    @hookimpl
    def put_bucket_settings(self, bucket: str, settings: AnyBucketSettings) -> Done:
        done = super().put_bucket_settings(bucket, settings)
        for state in self.buckets.values():
            state.settings[type(settings)] = settings
        return done


@fails(CorsTests, CorsTests.test_rules_end_with_their_bucket)
class RulesOutliveTheirBucket(HonestDriver):
    @hookimpl
    def delete_bucket(self, bucket: str) -> Done:
        self.orphans = getattr(self, "orphans", {}) | {bucket: self.bucket(bucket).settings}
        return super().delete_bucket(bucket)

    @hookimpl
    def create_bucket(self, bucket: str, options: CreateBucketOptions) -> BucketInfo:
        info = super().create_bucket(bucket, options)
        self.buckets[bucket].settings = getattr(self, "orphans", {}).pop(bucket, {})
        return info
