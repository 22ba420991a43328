"""Drivers with mistakes in the regions of buckets."""

from __future__ import annotations

from bucketry import BucketInfo, CreateBucketOptions
from bucketry.hookspecs import hookimpl
from bucketry_contract.suite.buckets import BucketTests
from msgspec.structs import replace

from tests.contract_self.cases import fails
from tests.contract_self.honest_memory import HonestMemory


class ForgetsTheRegion(HonestMemory):
    @hookimpl
    def create_bucket(self, bucket: str, options: CreateBucketOptions) -> BucketInfo:
        made = super().create_bucket(bucket, replace(options, region=None))
        return replace(made, region=options.region)


class ListsBucketsWithoutRegions(HonestMemory):
    @hookimpl
    def list_buckets(self) -> tuple[BucketInfo, ...]:
        return tuple(replace(info, region=None) for info in super().list_buckets())


class PutsAllBucketsInOneRegion(HonestMemory):
    @hookimpl
    def create_bucket(self, bucket: str, options: CreateBucketOptions) -> BucketInfo:
        return super().create_bucket(bucket, replace(options, region="eu-west-1"))


for _wrong in (ForgetsTheRegion, ListsBucketsWithoutRegions, PutsAllBucketsInOneRegion):
    fails(BucketTests, BucketTests.test_a_bucket_is_in_the_region_that_it_was_created_in)(_wrong)
