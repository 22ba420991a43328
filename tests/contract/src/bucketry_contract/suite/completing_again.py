"""Completions that a client sends again because it lost the response."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from bucketry import (
    BadDigest,
    CompletedPart,
    CopyOptions,
    InvalidArgument,
    InvalidChecksum,
    NoSuchUpload,
    ObjectHeaders,
    Part,
)
from bucketry.checksums import FULL_OBJECT, checksum_of
from msgspec.structs import replace

from bucketry_contract._capabilities import needs
from bucketry_contract._contract_tests import ContractTests
from bucketry_contract._scratch import Bucket, MultipartUpload
from bucketry_contract.suite.multipart import MULTIPART


class CompletingAgainTests(ContractTests):
    """Completing the same parts again gives the same object while it exists, and creates nothing new."""

    @needs("complete_again", *MULTIPART)
    def test_a_completion_that_is_sent_again_gives_the_same_result(self, bucket: Bucket) -> None:
        upload, parts = _completed(bucket)
        before = bucket.head("key")
        for _ in range(2):
            assert upload.complete(*parts) == before
        assert bucket.head("key") == before

    @needs("complete_again", "complete_if_none_match", *MULTIPART)
    def test_conditions_of_a_completion_that_is_sent_again_held_already(self, bucket: Bucket) -> None:
        upload = bucket.upload("key")
        part = upload.send(1)
        made = upload.complete(part, if_none_match="*")
        assert upload.complete(part, if_none_match="*") == made

    @needs("complete_again", "checksums", "upload_checksums", "CRC32", "SHA256", *MULTIPART)
    @pytest.mark.parametrize("algorithm", [None, "CRC32"])
    def test_what_a_completion_that_is_sent_again_says_of_the_object_is_compared_again(
        self, bucket: Bucket, algorithm: str | None
    ) -> None:
        upload = bucket.upload("key", checksum_algorithm=algorithm)
        part = upload.send(1, b"part", checksum_algorithm=algorithm)
        made = upload.complete(part, size_bytes=4)
        assert upload.complete(part, size_bytes=4, checksum=made.checksum) == made
        if made.checksum is not None:
            assert upload.complete(part, checksum_type=made.checksum.type) == made
            with pytest.raises(BadDigest):
                upload.complete(part, checksum=replace(made.checksum, digest=bytes(len(made.checksum.digest))))
        with pytest.raises(InvalidArgument):
            upload.complete(part, size_bytes=5)
        with pytest.raises(InvalidChecksum):
            upload.complete(part, checksum_type=FULL_OBJECT)
        with pytest.raises(InvalidChecksum):
            upload.complete(part, checksum=checksum_of("SHA256", [b"part"]))

    @pytest.mark.short
    @needs("complete_again", "put_object_tagging", *MULTIPART)
    def test_an_object_that_was_tagged_meanwhile_is_still_the_one(self, bucket: Bucket) -> None:
        upload, parts = _completed(bucket)
        bucket.store.put_object_tagging(bucket.name, "key", {"colour": "blue"})
        assert upload.complete(*parts) == bucket.head("key")

    @needs("complete_again", *MULTIPART)
    def test_other_parts_complete_no_upload_again(self, bucket: Bucket) -> None:
        upload, parts = _completed(bucket)
        (part,) = parts
        for listed in (
            [CompletedPart(1, "0" * 32)],
            [CompletedPart(2, part.etag)],
            [*parts, CompletedPart(2, "0" * 32)],
        ):
            with pytest.raises(NoSuchUpload):
                upload.complete(*listed)
        assert upload.complete(*parts) == bucket.head("key")

    @needs("complete_again", "checksums", "upload_checksums", "CRC32", "SHA256", *MULTIPART)
    @pytest.mark.parametrize("algorithm", [None, "CRC32"])
    def test_a_part_with_another_checksum_completes_no_upload_again(
        self, bucket: Bucket, algorithm: str | None
    ) -> None:
        upload = bucket.upload("key", checksum_algorithm=algorithm)
        part = upload.send(1, b"part", checksum_algorithm=algorithm)
        made = upload.complete(part)
        for checksum in (checksum_of("CRC32", [b"another"]), checksum_of("SHA256", [b"part"])):
            with pytest.raises(NoSuchUpload):
                upload.complete(CompletedPart(1, part.etag, checksum))
        assert upload.complete(part) == made == bucket.head("key")

    @needs("complete_again", *MULTIPART)
    def test_the_same_parts_complete_no_other_upload(self, bucket: Bucket) -> None:
        upload, parts = _completed(bucket)
        with pytest.raises(NoSuchUpload):
            bucket.store.complete_multipart_upload(bucket.name, "another", upload.upload_id, parts)
        other = upload.upload_id[:-1] + ("0" if upload.upload_id[-1] != "0" else "1")
        with pytest.raises(NoSuchUpload):
            bucket.store.complete_multipart_upload(bucket.name, "key", other, parts)
        assert upload.complete(*parts) == bucket.head("key")

    @needs("complete_again", *MULTIPART)
    @pytest.mark.parametrize(
        "act",
        [
            lambda bucket: bucket.delete("key"),
            lambda bucket: bucket.put("key", b"another"),
            lambda bucket: bucket.put("key", b"part"),
            lambda bucket: _completed(bucket, b"another"),
            lambda bucket: _completed(bucket, b"part"),
        ],
        ids=["deleted", "overwritten", "overwritten with the same", "uploaded", "uploaded with the same"],
    )
    def test_a_completion_is_not_known_once_its_object_is_gone(
        self, bucket: Bucket, act: Callable[[Bucket], object]
    ) -> None:
        upload, parts = _completed(bucket)
        assert upload.complete(*parts) == bucket.head("key")
        act(bucket)
        left = bucket.entries()
        with pytest.raises(NoSuchUpload):
            upload.complete(*parts)
        assert bucket.entries() == left

    @pytest.mark.short
    @needs("complete_again", "copy_object", *MULTIPART)
    def test_a_copy_onto_itself_is_no_longer_what_the_upload_made(self, bucket: Bucket) -> None:
        upload, parts = _completed(bucket)
        options = CopyOptions(headers=ObjectHeaders(content_type="text/html"))
        bucket.store.copy_object(bucket.name, "key", bucket.name, "key", options)
        with pytest.raises(NoSuchUpload):
            upload.complete(*parts)
        assert bucket.head("key").content_type == "text/html"


def _completed(bucket: Bucket, content: bytes = b"part") -> tuple[MultipartUpload, list[Part]]:
    upload = bucket.upload("key")
    parts = [upload.send(1, content)]
    upload.complete(*parts)
    return upload, parts
