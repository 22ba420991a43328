"""Drivers with mistakes in the redirects of objects."""

from __future__ import annotations

from collections.abc import Mapping

from bucketry import (
    Body,
    CopyOptions,
    Done,
    GetOptions,
    ObjectInfo,
    OpenedObject,
    PutOptions,
    Upload,
    UploadOptions,
    VersionOptions,
)
from bucketry.hookspecs import hookimpl
from bucketry_contract.suite.website_redirects import WebsiteRedirectTests
from msgspec.structs import replace

from tests.contract_self.cases import fails
from tests.contract_self.honest_memory import HonestMemory


@fails(WebsiteRedirectTests, WebsiteRedirectTests.test_a_put_gives_the_object_its_redirect)
class StoresNoRedirect(HonestMemory):
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        return super().put_object(bucket, key, body, replace(options, website_redirect=None))


@fails(WebsiteRedirectTests, WebsiteRedirectTests.test_a_put_gives_the_object_its_redirect)
class ReadsWithoutTheRedirect(HonestMemory):
    @hookimpl
    def get_object(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        opened = super().get_object(bucket, key, options)
        return OpenedObject(replace(opened.info, website_redirect=None), opened, content_range=opened.content_range)


@fails(WebsiteRedirectTests, WebsiteRedirectTests.test_other_redirects_are_kept)
class KeepsUrlsAlone(HonestMemory):
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        if options.website_redirect is not None and options.website_redirect.startswith("/"):
            options = replace(options, website_redirect=None)
        return super().put_object(bucket, key, body, options)


@fails(WebsiteRedirectTests, WebsiteRedirectTests.test_an_overwrite_takes_the_redirect_away)
class KeepsTheRedirectThatWasThere(HonestMemory):
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        before = self._buckets[bucket].objects.get(key) if bucket in self._buckets else None
        if before is not None and options.website_redirect is None:
            options = replace(options, website_redirect=before.facts.website_redirect)
        return super().put_object(bucket, key, body, options)


@fails(WebsiteRedirectTests, WebsiteRedirectTests.test_a_copy_has_the_redirect_that_it_is_given_and_never_its_sources)
class CopiesTheRedirectOfTheSource(HonestMemory):
    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        source = self._buckets[source_bucket].objects.get(source_key) if source_bucket in self._buckets else None
        if source is not None and options.website_redirect is None:
            options = replace(options, website_redirect=source.facts.website_redirect)
        return super().copy_object(source_bucket, source_key, bucket, key, options)


@fails(WebsiteRedirectTests, WebsiteRedirectTests.test_an_upload_gives_the_object_its_redirect)
class ForgetsTheRedirectOfAnUpload(HonestMemory):
    @hookimpl
    def create_multipart_upload(self, bucket: str, key: str, options: UploadOptions) -> Upload:
        return super().create_multipart_upload(bucket, key, replace(options, website_redirect=None))


@fails(WebsiteRedirectTests, WebsiteRedirectTests.test_tagging_leaves_the_redirect_as_it_was)
class TaggingLosesTheRedirect(HonestMemory):
    @hookimpl
    def put_object_tagging(self, bucket: str, key: str, tags: Mapping[str, str], options: VersionOptions) -> Done:
        done = super().put_object_tagging(bucket, key, tags, options)
        objects = self._buckets[bucket].objects
        objects[key] = objects[key].with_facts(replace(objects[key].facts, website_redirect=None))
        return done
