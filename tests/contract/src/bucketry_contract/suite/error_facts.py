"""Facts of errors: what an error says is true, and what the backend does not say is ``None``."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from bucketry import (
    BadDigest,
    ByteRange,
    Checksum,
    CompletedPart,
    InvalidArgument,
    InvalidPart,
    InvalidRange,
    NotModified,
    ObjectInfo,
    PartCopyOptions,
    PartTooSmall,
    PreconditionFailed,
    Store,
)

from bucketry_contract._capabilities import needs
from bucketry_contract._contract_tests import ContractTests
from bucketry_contract._report_notes import Notes, cannot_try
from bucketry_contract._scratch import Bucket
from bucketry_contract.backend import Backend
from bucketry_contract.suite.multipart import MULTIPART
from bucketry_contract.suite.read_conditions import HOUR, both

Act = Callable[..., object]


Known = Callable[[object], set[object]]


class ErrorFactTests(ContractTests):
    """The facts in an error are right: nobody asks the backend a second time to explain it."""

    @pytest.fixture
    def known(self, contract_backend: Backend) -> Known:
        """Returns what a fact may be: the truth, or ``None`` where the backend does not say everything."""
        return lambda truth: {truth} if contract_backend.knows_all_facts else {truth, None}

    @both
    @needs("get_if_none_match")
    def test_not_modified_tells_the_etag_that_was_asked_about(self, bucket: Bucket, act: Act, known: Known) -> None:
        written = bucket.put("key")
        with pytest.raises(NotModified) as caught:
            act(bucket, "key", if_none_match=written.etag)
        assert caught.value.condition == "if_none_match"
        assert caught.value.info is not None
        assert caught.value.info.etag == written.etag
        _assert_true(caught.value, bucket.head("key"), known)

    @both
    @needs("get_if_modified_since")
    def test_not_modified_tells_the_truth_or_nothing(self, bucket: Bucket, act: Act, known: Known) -> None:
        bucket.put("key")
        current = bucket.head("key")
        with pytest.raises(NotModified) as caught:
            act(bucket, "key", if_modified_since=current.last_modified + HOUR)
        assert caught.value.condition == "if_modified_since"
        _assert_true(caught.value, current, known)

    @both
    @needs("get_if_none_match", "put_headers")
    def test_not_modified_tells_headers_of_the_object_alone(self, bucket: Bucket, act: Act, known: Known) -> None:
        bucket.put("key", cache_control="max-age=60", expires="Sun, 06 Nov 2044 08:49:37 GMT")
        current = bucket.head("key")
        with pytest.raises(NotModified) as caught:
            act(bucket, "key", if_none_match="*")
        _assert_true(caught.value, current, known)

    @both
    @needs("get_if_match", "get_if_unmodified_since")
    def test_the_condition_of_a_read_that_does_not_hold_is_named(self, bucket: Bucket, act: Act) -> None:
        written = bucket.put("key").last_modified
        with pytest.raises(PreconditionFailed) as caught:
            act(bucket, "key", if_match="another", if_unmodified_since=written)
        assert caught.value.condition == "if_match"
        with pytest.raises(PreconditionFailed) as caught:
            act(bucket, "key", if_unmodified_since=written - HOUR)
        assert caught.value.condition == "if_unmodified_since"

    @needs("put_if_match", "put_if_none_match")
    def test_the_condition_of_a_put_that_does_not_hold_is_named(self, bucket: Bucket) -> None:
        bucket.put("key")
        with pytest.raises(PreconditionFailed) as caught:
            bucket.put("key", b"lost", if_match="another")
        assert caught.value.condition == "if_match"
        with pytest.raises(PreconditionFailed) as caught:
            bucket.put("key", b"lost", if_none_match="*")
        assert caught.value.condition == "if_none_match"

    @needs("copy_source_if_match")
    def test_the_condition_on_the_source_of_a_copy_is_named(self, bucket: Bucket) -> None:
        bucket.put("key")
        with pytest.raises(PreconditionFailed) as caught:
            bucket.copy("key", "copy", source_if_match="another")
        assert caught.value.condition == "source_if_match"

    @needs("get_object")
    def test_a_range_beyond_the_end_tells_the_size_or_nothing(self, bucket: Bucket, known: Known) -> None:
        bucket.put("key", b"12345")
        with pytest.raises(InvalidRange) as caught:
            bucket.read("key", range=ByteRange(10, 20))
        assert caught.value.size_bytes in known(5)
        assert caught.value.field in known("range")

    @both
    @needs("get_part_number")
    def test_a_part_that_an_object_does_not_have_tells_the_size_or_nothing(
        self, bucket: Bucket, act: Act, known: Known
    ) -> None:
        bucket.put("key", b"12345")
        with pytest.raises(InvalidRange) as caught:
            act(bucket, "key", part_number=7)
        assert caught.value.size_bytes in known(5)
        assert caught.value.field in known("part_number")

    @needs("upload_part_copy")
    def test_a_range_beyond_the_source_of_a_part_tells_the_size_or_nothing(self, bucket: Bucket, known: Known) -> None:
        bucket.put("source", b"12345")
        upload = bucket.upload("key")
        options = PartCopyOptions(range=ByteRange(2, 5))
        with pytest.raises(InvalidRange) as caught:
            bucket.store.upload_part_copy(bucket.name, "key", upload.upload_id, 1, bucket.name, "source", options)
        assert caught.value.size_bytes in known(5)
        assert caught.value.field in known("range")

    @pytest.mark.short
    @needs(*MULTIPART)
    def test_a_part_that_is_refused_is_named_or_not(self, bucket: Bucket, known: Known) -> None:
        upload = bucket.upload("key")
        part = upload.send(1, b"part")
        for listed, fault in (
            (CompletedPart(1, "0" * 32), "etag"),
            (CompletedPart(2, part.etag), "missing"),
        ):
            with pytest.raises(InvalidPart) as caught:
                bucket.store.complete_multipart_upload(bucket.name, "key", upload.upload_id, [listed])
            assert caught.value.part_number in known(listed.part_number)
            assert caught.value.fault in known(fault)

    @pytest.mark.short
    @needs(*MULTIPART)
    def test_a_part_that_is_too_small_is_named_or_not(
        self, store: Store, bucket: Bucket, notes: Notes, known: Known
    ) -> None:
        smallest = store.capabilities.features.min_part_size
        if smallest <= len(b"small"):
            cannot_try(notes, "a part that is too small", "no part is too small for the driver")
        upload = bucket.upload("key")
        parts = [upload.send(1, b"small"), upload.send(2, b"last")]
        with pytest.raises(PartTooSmall) as caught:
            upload.complete(*parts)
        assert caught.value.part_number in known(1)
        assert caught.value.size_bytes in known(len(b"small"))
        assert caught.value.min_size_bytes in known(smallest)

    @needs("upload_part", "checksums", "upload_checksums", "CRC32", "SHA256")
    def test_a_checksum_of_a_part_that_is_another_is_named_or_not(self, bucket: Bucket, known: Known) -> None:
        upload = bucket.upload("key", checksum_algorithm="CRC32", checksum_type="FULL_OBJECT")
        part = upload.send(1, b"part")
        for wrong, kind in ((Checksum("CRC32", b"wrng"), InvalidPart), (Checksum("SHA256", bytes(32)), BadDigest)):
            listed = [CompletedPart(1, part.etag, wrong)]
            with pytest.raises(kind) as caught:
                bucket.store.complete_multipart_upload(bucket.name, "key", upload.upload_id, listed)
            if isinstance(caught.value, InvalidPart):
                assert (caught.value.part_number in known(1), caught.value.fault in known("checksum")) == (True, True)
            elif isinstance(caught.value, BadDigest):
                assert caught.value.digest in known("checksum")

    @needs(*MULTIPART, "checksums", "upload_checksums", "CRC32")
    def test_what_the_whole_object_should_be_is_named_or_not(self, bucket: Bucket, known: Known) -> None:
        upload = bucket.upload("key", checksum_algorithm="CRC32", checksum_type="FULL_OBJECT")
        part = upload.send(1, b"part")
        with pytest.raises(BadDigest) as bad:
            upload.complete(part, checksum=Checksum("CRC32", b"wrng"))
        assert bad.value.digest in known("checksum")
        with pytest.raises(InvalidArgument) as invalid:
            upload.complete(part, size_bytes=5)
        assert invalid.value.field == "size_bytes"


def _assert_true(error: NotModified, current: ObjectInfo, known: Known) -> None:
    assert error.info is not None
    assert error.info.etag in known(current.etag)
    assert error.info.cache_control in known(current.cache_control)
    assert error.info.expires in known(current.expires)
    # A listing may give fractions of a second, and so may some backends here.
    moment = None if error.info.last_modified is None else error.info.last_modified.replace(microsecond=0)
    assert moment in known(current.last_modified.replace(microsecond=0))
