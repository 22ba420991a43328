"""Multipart uploads that fail, and the list of those in progress."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from bucketry import (
    Body,
    CompletedPart,
    InvalidArgument,
    InvalidPart,
    NoSuchUpload,
    PageOptions,
    Part,
    PartTooSmall,
    Store,
    TooLarge,
    UploadListOptions,
)
from bucketry.features import MIB

from bucketry_contract._broken_bodies import BrokenCase, every_broken_body, fails_as
from bucketry_contract._capabilities import needs
from bucketry_contract._contents import meanwhile
from bucketry_contract._contract_tests import ContractTests
from bucketry_contract._pages import uploads_of
from bucketry_contract._report_notes import Notes, cannot_try
from bucketry_contract._scratch import Bucket, MultipartUpload
from bucketry_contract._threads import outcome_of, side_by_side
from bucketry_contract.suite.multipart import MULTIPART

ANY_PART = CompletedPart(1, "0" * 32)

SMALL = 64 * MIB
"""Largest body, in bytes, that a test sends to see that it is refused."""


class MultipartErrorTests(ContractTests):
    """An upload that fails changes nothing."""

    @needs(*MULTIPART)
    def test_a_part_with_another_etag_is_refused_and_the_upload_stays(self, store: Store, bucket: Bucket) -> None:
        upload = bucket.upload("key")
        stale = upload.send(1, b"replaced")
        part = upload.send(1, b"part")
        for wrong in (CompletedPart(1, stale.etag), ANY_PART, CompletedPart(2, part.etag)):
            with pytest.raises(InvalidPart) as caught:
                store.complete_multipart_upload(bucket.name, "key", upload.upload_id, [wrong])
            assert caught.value.code == "invalid_part"
        assert not bucket.holds("key")
        upload.complete(part)
        assert bucket.read("key") == b"part"

    @needs(*MULTIPART)
    def test_parts_that_are_not_ascending_are_refused(self, store: Store, bucket: Bucket) -> None:
        upload = bucket.upload("key")
        one, two = upload.send(1, bytes(max(store.capabilities.features.min_part_size, 1))), upload.send(2)
        wrong: list[list[Part]] = [[], [two, one], [one, one]]
        for listed in wrong:
            with pytest.raises(InvalidPart):
                upload.complete(*listed)
        upload.complete(one, two)

    @needs(*MULTIPART)
    def test_a_part_before_the_last_that_is_too_small_is_refused(self, store: Store, bucket: Bucket) -> None:
        upload = bucket.upload("key")
        parts = [upload.send(1, b"small"), upload.send(2, b"last")]
        if store.capabilities.features.min_part_size > len(b"small"):
            with pytest.raises(PartTooSmall) as caught:
                upload.complete(*parts)
            assert caught.value.code == "part_too_small"
            assert not bucket.holds("key")
            large = bytes(store.capabilities.features.min_part_size)
            upload.complete(upload.send(1, large), parts[1])
            assert bucket.read("key") == large + b"last"
        else:
            upload.complete(*parts)
            assert bucket.read("key") == b"smalllast"

    @needs("create_multipart_upload", "upload_part")
    @every_broken_body
    def test_a_part_whose_body_breaks_off_leaves_no_trace(self, bucket: Bucket, broken: BrokenCase) -> None:
        upload = bucket.upload("key")
        kept = upload.send(1, b"kept")
        for number in (1, 2):
            with fails_as(broken):
                upload.send(number, broken.body())
        if "list_parts" in bucket.store.capabilities.operations:
            assert [(part.part_number, part.etag) for part in upload.parts()] == [(1, kept.etag)]
        if "complete_multipart_upload" in bucket.store.capabilities.operations:
            upload.complete(kept)
            assert bucket.read("key") == b"kept"

    @needs(*MULTIPART)
    def test_a_completed_upload_is_gone(self, bucket: Bucket) -> None:
        upload = bucket.upload("key")
        part = upload.send(1)
        upload.complete(part)
        _assert_gone(upload)

    @pytest.mark.short
    @needs(*MULTIPART, "abort_multipart_upload")
    def test_an_aborted_upload_is_gone_and_leaves_the_key_as_it_was(self, bucket: Bucket) -> None:
        bucket.put("key", b"old")
        upload = bucket.upload("key")
        upload.send(1)
        upload.abort()
        _assert_gone(upload)
        assert bucket.read("key") == b"old"
        assert bucket.upload_ids() == []

    @pytest.mark.short
    @needs(*MULTIPART, "abort_multipart_upload")
    def test_a_part_on_its_way_does_not_bring_an_aborted_upload_back(self, bucket: Bucket) -> None:
        bucket.put("key", b"old")
        upload = bucket.upload("key")
        upload.send(1)
        with side_by_side(upload.abort) as start:
            late = outcome_of(lambda: upload.send(2, meanwhile(start, b"on its ", b"way")))
        # Done: the part came first.
        assert late in {"done", "no_such_upload"}
        _assert_gone(upload)
        assert bucket.upload_ids() == []
        assert bucket.read("key") == b"old"

    @needs(*MULTIPART)
    def test_a_part_on_its_way_does_not_bring_a_completed_upload_back(self, bucket: Bucket) -> None:
        upload = bucket.upload("key")
        part = upload.send(1, b"content")
        with side_by_side(lambda: upload.complete(part)) as start:
            late = outcome_of(lambda: upload.send(1, meanwhile(start, b"on its ", b"way")))
        assert late in {"done", "no_such_upload"}
        _assert_gone(upload)
        assert bucket.upload_ids() == []
        assert bucket.read("key") == b"content"

    @needs(*MULTIPART)
    def test_more_than_max_object_size_is_not_completed(self, store: Store, bucket: Bucket, notes: Notes) -> None:
        features = store.capabilities.features
        upload = bucket.upload("key")
        if features.max_object_size > SMALL:
            upload.complete(upload.send(1))
            cannot_try(notes, "more than max_object_size", f"max_object_size is {features.max_object_size} bytes")
        size = min(features.max_part_size, max(features.min_part_size, MIB))
        full, rest = divmod(features.max_object_size, size)
        parts = [upload.send(number, bytes(size)) for number in range(1, full + 1)]
        with pytest.raises(TooLarge) as caught:
            upload.complete(*parts, upload.send(full + 1, bytes(rest + 1)))
        assert caught.value.code == "too_large"
        assert not bucket.holds("key")
        # The upload is as it was.
        upload.complete(*parts, upload.send(full + 1, bytes(rest)))
        assert bucket.head("key").size_bytes == features.max_object_size

    @needs("create_multipart_upload", "upload_part")
    def test_an_upload_is_known_under_its_own_key_alone(self, store: Store, bucket: Bucket) -> None:
        upload = bucket.upload("key")
        for key, upload_id in (
            ("another", upload.upload_id),
            ("key", "no-such-upload"),
            ("key", upload.upload_id[:-1] + "~"),
        ):
            with pytest.raises(NoSuchUpload) as caught:
                store.upload_part(bucket.name, key, upload_id, 1, b"part")
            assert (caught.value.code, caught.value.bucket, caught.value.key) == ("no_such_upload", bucket.name, key)

    @needs("create_multipart_upload", "upload_part")
    def test_a_part_number_is_1_to_max_parts(self, store: Store, bucket: Bucket) -> None:
        upload = bucket.upload("key")
        for number in (0, -1, store.capabilities.features.max_parts + 1):
            with pytest.raises(InvalidArgument):
                upload.send(number)

    @needs("create_multipart_upload", "upload_part")
    def test_a_part_larger_than_max_part_size_is_refused(self, store: Store, bucket: Bucket) -> None:
        most = store.capabilities.features.max_part_size
        upload = bucket.upload("key")
        with pytest.raises(TooLarge):
            upload.send(1, Body(iter([b"x"]), most + 1))
        if most <= 16 * MIB:
            with pytest.raises(TooLarge):
                upload.send(1, iter([b"x" * most, b"x"]))
        if "list_parts" in store.capabilities.operations:
            assert upload.parts() == []

    @needs("create_multipart_upload", "list_multipart_uploads")
    def test_uploads_in_progress_are_listed_by_key_page_by_page(self, store: Store, bucket: Bucket) -> None:
        begun = [bucket.upload(key) for key in ("b", "a", "a/b", "\U00010000", "\ufffd", "b")]
        wanted = [(u.key.encode(), u.upload_id) for u in sorted(begun, key=lambda u: u.key.encode())]
        for limit in (1, 2, 1000):
            listed = [(u.key.encode(), u.upload_id) for u in uploads_of(store, bucket.name, limit=limit)]
            assert sorted(listed) == sorted(wanted)
            assert [key for key, _ in listed] == [key for key, _ in wanted]
        times = [u.initiated_at for u in store.list_multipart_uploads(bucket.name).uploads if u.key == "b"]
        assert times == sorted(times)
        assert len(store.list_multipart_uploads(bucket.name, UploadListOptions(limit=2)).uploads) == 2

    @needs("create_multipart_upload", "list_multipart_uploads")
    @pytest.mark.parametrize(
        ("prefix", "found"),
        [("", ["a", "a/b", "ab", "b"]), ("a", ["a", "a/b", "ab"]), ("a/", ["a/b"]), ("*", []), ("/a", [])],
    )
    def test_uploads_are_listed_by_a_prefix_that_is_no_path(
        self, store: Store, bucket: Bucket, prefix: str, found: list[str]
    ) -> None:
        for key in ("b", "ab", "a/b", "a"):
            bucket.upload(key)
        for limit in (1, 1000):
            assert [upload.key for upload in uploads_of(store, bucket.name, prefix, limit)] == found

    @needs("create_multipart_upload", "list_multipart_uploads")
    def test_pages_of_any_size_give_every_upload_of_a_key_once(self, store: Store, bucket: Bucket) -> None:
        begun = {bucket.upload("key").upload_id for _ in range(4)}
        for limit in (1, 2, 3, 1000):
            listed = [upload.upload_id for upload in uploads_of(store, bucket.name, "", limit)]
            assert len(listed) == len(begun)
            assert set(listed) == begun

    @needs("create_multipart_upload", "list_multipart_uploads")
    def test_a_cursor_is_given_only_where_more_uploads_come(self, store: Store, bucket: Bucket) -> None:
        for key in ("a", "b", "c"):
            bucket.upload(key)
        for prefix, limit, goes_on in (("", 2, True), ("", 3, False), ("", 4, False), ("a", 1, False)):
            page = store.list_multipart_uploads(bucket.name, UploadListOptions(prefix=prefix, limit=limit))
            assert (page.cursor is not None) == goes_on

    @needs("create_multipart_upload", "upload_part", "list_parts")
    def test_a_cursor_is_given_only_where_more_parts_come(self, store: Store, bucket: Bucket) -> None:
        upload = bucket.upload("key")
        for number in (1, 2):
            upload.send(number)
        for limit, goes_on in ((1, True), (2, False), (3, False)):
            page = store.list_parts(bucket.name, "key", upload.upload_id, PageOptions(limit=limit))
            assert (page.cursor is not None) == goes_on

    @needs(*MULTIPART, "abort_multipart_upload", "list_multipart_uploads")
    def test_uploads_that_ended_are_not_listed(self, store: Store, bucket: Bucket) -> None:
        completed, aborted, going_on = bucket.upload("completed"), bucket.upload("aborted"), bucket.upload("going on")
        completed.complete(completed.send(1))
        aborted.abort()
        (left,) = store.list_multipart_uploads(bucket.name).uploads
        assert left.upload_id == going_on.upload_id
        assert set(bucket.upload_ids()) == {going_on.upload_id}
        assert bucket.entries() == ["completed"]

    @needs("create_multipart_upload", "list_multipart_uploads")
    def test_an_upload_is_listed_as_it_began(self, store: Store, bucket: Bucket) -> None:
        upload = bucket.upload("key")
        (listed,) = store.list_multipart_uploads(bucket.name).uploads
        assert (listed.key, listed.upload_id) == ("key", upload.upload_id)
        assert listed.initiated_at.utcoffset() is not None


def _assert_gone(upload: MultipartUpload) -> None:
    operations = upload.bucket.store.capabilities.operations
    acts: dict[str, Callable[[], object]] = {
        "upload_part": lambda: upload.send(2),
        "list_parts": upload.parts,
        "complete_multipart_upload": lambda: _complete_any(upload),
        "abort_multipart_upload": upload.abort,
    }
    for name, act in acts.items():
        if name in operations:
            with pytest.raises(NoSuchUpload):
                act()


def _complete_any(upload: MultipartUpload) -> None:
    upload.bucket.store.complete_multipart_upload(upload.bucket.name, upload.key, upload.upload_id, [ANY_PART])
