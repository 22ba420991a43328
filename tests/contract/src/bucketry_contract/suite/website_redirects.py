"""Redirects of objects: where a website of the bucket sends those who ask for one. They are kept and shown."""

from __future__ import annotations

import pytest
from bucketry import CopyOptions, InvalidArgument, ObjectHeaders, Store
from bucketry.s3 import MAX_WEBSITE_REDIRECT_BYTES

from bucketry_contract._capabilities import needs
from bucketry_contract._contract_tests import ContractTests
from bucketry_contract._scratch import Bucket
from bucketry_contract.suite.multipart import MULTIPART

WHERE = "https://www.example.com/new?a=1#b"


class WebsiteRedirectTests(ContractTests):
    """A redirect belongs to one write."""

    @pytest.mark.short
    @needs("website_redirect")
    def test_a_put_gives_the_object_its_redirect(self, bucket: Bucket) -> None:
        bucket.put("key", website_redirect=WHERE)
        assert bucket.head("key").website_redirect == WHERE
        with bucket.store.get_object(bucket.name, "key") as opened:
            assert opened.info.website_redirect == WHERE

    @needs("website_redirect")
    @pytest.mark.parametrize("given", ["/", "/a page.html", "http://a", "/" + "a" * (MAX_WEBSITE_REDIRECT_BYTES - 1)])
    def test_other_redirects_are_kept(self, bucket: Bucket, given: str) -> None:
        bucket.put("key", website_redirect=given)
        assert bucket.head("key").website_redirect == given

    @needs("website_redirect")
    def test_an_overwrite_takes_the_redirect_away(self, bucket: Bucket) -> None:
        bucket.put("key", website_redirect=WHERE)
        bucket.put("key")
        assert bucket.head("key").website_redirect is None

    @needs("website_redirect")
    def test_what_no_website_could_send_is_refused(self, bucket: Bucket) -> None:
        for wrong in ("page", "", "ftp://a", "/a\r\nset-cookie: b", "/é", "/a ", " /a"):
            with pytest.raises(InvalidArgument) as caught:
                bucket.put("key", website_redirect=wrong)
            assert caught.value.field == "website_redirect"
        assert not bucket.holds("key")

    @needs("website_redirect")
    def test_a_redirect_that_is_too_long_is_refused(self, bucket: Bucket) -> None:
        with pytest.raises(InvalidArgument) as caught:
            bucket.put("key", website_redirect="/" + "a" * MAX_WEBSITE_REDIRECT_BYTES)
        assert (caught.value.field, caught.value.limit) == ("website_redirect", MAX_WEBSITE_REDIRECT_BYTES)
        assert not bucket.holds("key")

    @needs("website_redirect", "copy_object")
    def test_a_copy_has_the_redirect_that_it_is_given_and_never_its_sources(self, bucket: Bucket, store: Store) -> None:
        bucket.put("source", website_redirect=WHERE)
        place = bucket.name, "source", bucket.name
        store.copy_object(*place, "copy")
        assert bucket.head("copy").website_redirect is None
        store.copy_object(*place, "copy", CopyOptions(website_redirect="/other"))
        assert bucket.head("copy").website_redirect == "/other"
        itself = CopyOptions(website_redirect="/other", headers=ObjectHeaders(content_type="text/plain"))
        store.copy_object(*place, "source", itself)
        assert bucket.head("source").website_redirect == "/other"

    @pytest.mark.short
    @needs("website_redirect", *MULTIPART)
    def test_an_upload_gives_the_object_its_redirect(self, bucket: Bucket) -> None:
        upload = bucket.upload("key", website_redirect=WHERE)
        upload.complete(upload.send(1, b"part"))
        assert bucket.head("key").website_redirect == WHERE

    @needs("website_redirect", "put_object_tagging")
    def test_tagging_leaves_the_redirect_as_it_was(self, bucket: Bucket, store: Store) -> None:
        bucket.put("key", website_redirect=WHERE)
        store.put_object_tagging(bucket.name, "key", {"colour": "blue"})
        assert bucket.head("key").website_redirect == WHERE
