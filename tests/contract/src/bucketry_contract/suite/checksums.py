"""Checksums of objects and parts: given or computed, kept, and compared."""

from __future__ import annotations

import msgspec
import pytest
from bucketry import (
    CHECKSUM_ALGORITHMS,
    BadDigest,
    Body,
    Checksum,
    CompletedPart,
    CopyOptions,
    InvalidArgument,
    InvalidChecksum,
    InvalidPart,
    ObjectHeaders,
    ObjectInfo,
    Part,
    PartCopyOptions,
    Store,
)
from bucketry.checksums import COMPOSITE, FULL_OBJECT, ChecksumType, checksum_of, checksum_of_parts

from bucketry_contract._capabilities import needs
from bucketry_contract._contents import content_of
from bucketry_contract._contract_tests import ContractTests
from bucketry_contract._scratch import Bucket, MultipartUpload
from bucketry_contract.suite.multipart import MULTIPART

every_algorithm = pytest.mark.parametrize(
    "algorithm", [pytest.param(name, marks=needs(name)) for name in CHECKSUM_ALGORITHMS]
)
every_kind = pytest.mark.parametrize(
    ("algorithm", "kind"),
    [
        pytest.param(name, kind, marks=needs(name))
        for name, known in CHECKSUM_ALGORITHMS.items()
        for kind in known.types
    ],
)


class ChecksumTests(ContractTests):
    """Content that does not match its checksum is not stored."""

    @needs("checksums")
    @every_algorithm
    def test_a_put_gives_the_object_the_checksum_of_its_body(self, bucket: Bucket, algorithm: str) -> None:
        content = content_of(100_000)
        made = checksum_of(algorithm, [content])
        answers = [
            bucket.put("given", content, checksum=made),
            bucket.put("computed", content, checksum_algorithm=algorithm),
            bucket.put("of pieces", Body(iter([content[:10], content[10:]]), len(content)), checksum=made),
            bucket.put("of unknown length", iter([content[:10], content[10:]]), checksum_algorithm=algorithm),
        ]
        for answer in answers:
            assert answer.checksum == made
            assert bucket.head(answer.key) == answer
            with bucket.store.get_object(bucket.name, answer.key) as opened:
                assert opened.info == answer

    @needs("checksums", "CRC32")
    def test_a_put_without_a_checksum_leaves_none_of_what_was_there(self, bucket: Bucket) -> None:
        assert bucket.put("key", checksum_algorithm="CRC32").checksum is not None
        assert bucket.put("key").checksum is None
        assert bucket.head("key").checksum is None

    @needs("checksums")
    @every_algorithm
    @pytest.mark.parametrize("size", [0, 10, 100_000])
    def test_a_body_with_another_checksum_is_not_stored(self, bucket: Bucket, algorithm: str, size: int) -> None:
        bucket.put("key", b"old")
        wrong = checksum_of(algorithm, [b"something else"])
        for body in (bytes(size), Body(iter([bytes(size)]), size)):
            with pytest.raises(BadDigest) as caught:
                bucket.put("key", body, checksum=wrong)
            assert caught.value.code == "bad_digest"
        assert bucket.stored("key") == bucket.read("key") == b"old"

    @needs("checksums", "CRC32", "SHA256")
    def test_a_checksum_that_can_be_none_is_refused(self, bucket: Bucket) -> None:
        crc = checksum_of("CRC32", [b"content"])
        for wrong in (
            Checksum("CRC32", b"short"[:3]),
            Checksum("CRC33", crc.digest),
            msgspec.structs.replace(crc, parts_count=1),
        ):
            with pytest.raises(InvalidChecksum):
                bucket.put("key", b"content", checksum=wrong)
        with pytest.raises(InvalidChecksum):
            bucket.put("key", b"content", checksum=crc, checksum_algorithm="SHA256")
        assert bucket.entries() == []

    @needs("checksums", "upload_checksums", "SHA256", "create_multipart_upload", "list_multipart_uploads")
    def test_a_type_that_an_algorithm_does_not_have_is_refused(self, bucket: Bucket) -> None:
        with pytest.raises(InvalidChecksum):
            bucket.upload("key", checksum_algorithm="SHA256", checksum_type=FULL_OBJECT)
        assert bucket.upload_ids() == []

    @needs("checksums", "upload_checksums", *MULTIPART)
    @every_kind
    def test_an_upload_gives_the_object_a_checksum_of_its_parts(
        self, bucket: Bucket, store: Store, algorithm: str, kind: ChecksumType
    ) -> None:
        upload, parts, contents = _begun(bucket, store, algorithm, kind)
        assert (upload.begun.checksum_algorithm, upload.begun.checksum_type) == (algorithm, kind)
        assert [part.checksum for part in parts] == [checksum_of(algorithm, [content]) for content in contents]
        answer = upload.complete(*parts)
        assert answer.checksum == _made(algorithm, kind, contents)
        assert answer == bucket.head("key")
        if kind == FULL_OBJECT:
            assert answer.checksum == checksum_of(algorithm, contents)

    @needs(
        "checksums",
        "upload_checksums",
        "create_multipart_upload",
        "upload_part",
        "list_parts",
        "list_multipart_uploads",
    )
    @every_kind
    def test_an_upload_in_progress_says_what_its_checksums_are(
        self, bucket: Bucket, store: Store, algorithm: str, kind: ChecksumType
    ) -> None:
        upload, parts, _ = _begun(bucket, store, algorithm, kind)
        page = store.list_parts(bucket.name, "key", upload.upload_id)
        assert [(part.part_number, part.checksum) for part in page.parts] == [
            (part.part_number, part.checksum) for part in parts
        ]
        assert (page.checksum_algorithm, page.checksum_type) == (algorithm, kind)
        (listed,) = store.list_multipart_uploads(bucket.name).uploads
        assert (listed.checksum_algorithm, listed.checksum_type) == (algorithm, kind)

    @pytest.mark.short
    @needs("checksums", "upload_checksums", "CRC32", "create_multipart_upload", "upload_part", "list_parts")
    def test_a_part_with_another_checksum_is_not_stored(self, bucket: Bucket) -> None:
        upload = bucket.upload("key", checksum_algorithm="CRC32")
        kept = upload.send(1, b"part", checksum=checksum_of("CRC32", [b"part"]))
        for body in (b"tarp", Body(iter([b"ta", b"rp"]), 4)):
            with pytest.raises(BadDigest):
                upload.send(1, body, checksum=checksum_of("CRC32", [b"part"]))
        assert [(part.etag, part.checksum) for part in upload.parts()] == [(kept.etag, kept.checksum)]

    @needs("checksums", "upload_checksums", "CRC32", "SHA256", *MULTIPART)
    def test_a_part_has_the_algorithm_of_its_upload(self, bucket: Bucket) -> None:
        composite = bucket.upload("key", checksum_algorithm="CRC32", checksum_type=COMPOSITE)
        whole = bucket.upload("key", checksum_algorithm="CRC32", checksum_type=FULL_OBJECT)
        for upload in (composite, whole):
            with pytest.raises(InvalidChecksum) as caught:
                upload.send(1, b"part", checksum=checksum_of("SHA256", [b"part"]))
            assert caught.value.code == "invalid_checksum"
        with pytest.raises(InvalidChecksum):
            composite.send(1, b"part")
        made = checksum_of("CRC32", [b"part"])
        assert whole.send(1, b"part").checksum == made
        assert composite.send(1, b"part", checksum_algorithm="CRC32").checksum == made

    @pytest.mark.short
    @needs("checksums", "upload_checksums", "SHA1", *MULTIPART)
    def test_a_checksum_in_an_upload_without_any_is_checked_and_not_kept(self, bucket: Bucket) -> None:
        upload = bucket.upload("key")
        made = checksum_of("SHA1", [b"part"])
        with pytest.raises(BadDigest):
            upload.send(1, b"tarp", checksum=made)
        part = upload.send(1, b"part", checksum=made)
        assert part.checksum is None
        with pytest.raises(InvalidPart):
            upload.complete(CompletedPart(1, part.etag, made))
        with pytest.raises(InvalidChecksum):
            upload.complete(part, checksum=made)
        # S3 gives each object a checksum of its own (S3 user guide, "Checking object integrity in Amazon S3").
        assert upload.complete(part).checksum in {None, checksum_of("CRC64NVME", [b"part"])}

    @needs("checksums", "upload_checksums", *MULTIPART)
    @every_kind
    def test_an_object_with_another_checksum_than_is_said_is_not_made(
        self, bucket: Bucket, store: Store, algorithm: str, kind: ChecksumType
    ) -> None:
        upload, parts, contents = _begun(bucket, store, algorithm, kind)
        made = _made(algorithm, kind, contents)
        wrong = msgspec.structs.replace(made, digest=checksum_of(algorithm, [b"something else"]).digest)
        with pytest.raises(BadDigest):
            upload.complete(*parts, checksum=wrong)
        with pytest.raises(BadDigest):
            upload.complete(*parts, checksum=msgspec.structs.replace(made, parts_count=7))
        assert not bucket.holds("key")
        assert upload.complete(*parts, checksum=made).checksum == made

    @needs("checksums", "upload_checksums", "SHA256", *MULTIPART)
    def test_the_number_of_parts_may_be_left_out(self, bucket: Bucket, store: Store) -> None:
        upload, parts, contents = _begun(bucket, store, "SHA256", COMPOSITE)
        made = _made("SHA256", COMPOSITE, contents)
        assert upload.complete(*parts, checksum=Checksum("SHA256", made.digest)).checksum == made

    @needs("checksums", "upload_checksums", "CRC32", "CRC32C", *MULTIPART)
    def test_what_is_said_of_an_object_is_what_its_upload_began_with(self, bucket: Bucket, store: Store) -> None:
        upload, parts, contents = _begun(bucket, store, "CRC32C", FULL_OBJECT)
        for wrong in (
            {"checksum": checksum_of("CRC32", contents)},
            {"checksum_type": COMPOSITE},
        ):
            with pytest.raises(InvalidChecksum):
                upload.complete(*parts, **wrong)
        size = sum(map(len, contents))
        for other in (0, size - 1):
            with pytest.raises(InvalidArgument):
                upload.complete(*parts, size_bytes=other)
        assert not bucket.holds("key")
        upload.complete(*parts, checksum_type=FULL_OBJECT, size_bytes=size)

    @needs("checksums", "upload_checksums", "CRC32", "SHA1", *MULTIPART)
    def test_a_part_that_is_listed_with_another_checksum_is_refused(self, bucket: Bucket, store: Store) -> None:
        upload, parts, contents = _begun(bucket, store, "CRC32", COMPOSITE)
        first = parts[0]
        for wrong, error in (
            (checksum_of("CRC32", [b"something else"]), InvalidPart),
            (checksum_of("SHA1", contents[:1]), BadDigest),
            (None, InvalidChecksum),
        ):
            with pytest.raises(error):
                upload.complete(CompletedPart(1, first.etag, wrong), *parts[1:])
        assert not bucket.holds("key")
        upload.complete(*parts)

    @needs("checksums", "upload_checksums", "CRC64NVME", *MULTIPART)
    def test_parts_of_a_checksum_of_the_whole_may_be_listed_without(self, bucket: Bucket, store: Store) -> None:
        upload, parts, contents = _begun(bucket, store, "CRC64NVME", FULL_OBJECT)
        listed = [CompletedPart(part.part_number, part.etag) for part in parts]
        assert upload.complete(*listed).checksum == checksum_of("CRC64NVME", contents)

    @needs("checksums", "upload_checksums", "upload_part_copy", *MULTIPART)
    @every_kind
    def test_a_copied_part_has_a_checksum_too(
        self, bucket: Bucket, store: Store, algorithm: str, kind: ChecksumType
    ) -> None:
        content = content_of(1000)
        bucket.put("source", content)
        upload = bucket.upload("key", checksum_algorithm=algorithm, checksum_type=kind)
        place = bucket.name, "key", upload.upload_id, 1, bucket.name, "source"
        part = store.upload_part_copy(*place, PartCopyOptions())
        assert part.checksum == checksum_of(algorithm, [content])
        assert upload.complete(part).checksum == _made(algorithm, kind, [content])

    @needs("checksums", "upload_checksums", "copy_object", *MULTIPART)
    @every_kind
    def test_a_copy_has_a_checksum_of_its_whole_content(
        self, bucket: Bucket, store: Store, algorithm: str, kind: ChecksumType
    ) -> None:
        upload, parts, contents = _begun(bucket, store, algorithm, kind)
        upload.complete(*parts)
        made = checksum_of(algorithm, contents)
        assert _copy(bucket, "key", "copy").checksum == bucket.head("copy").checksum == made
        assert _copy(bucket, "copy", "copy of it").checksum == made
        itself = _copy(bucket, "key", "key", headers=ObjectHeaders(content_type="text/html"))
        assert itself.checksum == bucket.head("key").checksum == made

    @needs("checksums", "CRC32", "SHA256", "copy_object")
    def test_a_copy_may_get_a_checksum_of_another_algorithm(self, bucket: Bucket) -> None:
        bucket.put("source", b"content", checksum_algorithm="CRC32")
        bucket.put("plain", b"content")
        made = checksum_of("SHA256", [b"content"])
        for source in ("source", "plain"):
            assert _copy(bucket, source, "copy", checksum_algorithm="SHA256").checksum == made
        assert _copy(bucket, "plain", "copy").checksum in {None, checksum_of("CRC64NVME", [b"content"])}
        assert bucket.head("copy").checksum in {None, checksum_of("CRC64NVME", [b"content"])}
        with pytest.raises(InvalidChecksum):
            _copy(bucket, "source", "copy", checksum_algorithm="CRC33")

    @needs("checksums", "upload_checksums", "get_part_number", *MULTIPART)
    @every_kind
    def test_a_part_that_is_read_alone_has_its_own_checksum(
        self, bucket: Bucket, store: Store, algorithm: str, kind: ChecksumType
    ) -> None:
        upload, parts, _ = _begun(bucket, store, algorithm, kind)
        upload.complete(*parts)
        assert [bucket.head("key", part_number=part.part_number).checksum for part in parts] == [
            part.checksum for part in parts
        ]
        put = bucket.put("put", b"content", checksum_algorithm=algorithm)
        assert bucket.head("put", part_number=1).checksum == put.checksum

    @needs("checksums", "CRC32C", "put_object_tagging")
    def test_tagging_leaves_the_checksum_as_it_was(self, bucket: Bucket, store: Store) -> None:
        made = bucket.put("key", b"content", checksum_algorithm="CRC32C").checksum
        store.put_object_tagging(bucket.name, "key", {"colour": "blue"})
        assert bucket.head("key").checksum == made


def _begun(
    bucket: Bucket, store: Store, algorithm: str, kind: ChecksumType
) -> tuple[MultipartUpload, list[Part], list[bytes]]:
    """Sends two parts with checksums."""
    contents = [content_of(max(store.capabilities.features.min_part_size, 1000), 1), content_of(100, 2)]
    upload = bucket.upload("key", checksum_algorithm=algorithm, checksum_type=kind)
    parts = [
        upload.send(number, content, checksum=checksum_of(algorithm, [content]))
        for number, content in enumerate(contents, 1)
    ]
    return upload, parts, contents


def _made(algorithm: str, kind: ChecksumType, contents: list[bytes]) -> Checksum:
    parts = [(checksum_of(algorithm, [content]).digest, len(content)) for content in contents]
    return checksum_of_parts(algorithm, kind, parts)


def _copy(
    bucket: Bucket, source: str, key: str, headers: ObjectHeaders | None = None, checksum_algorithm: str | None = None
) -> ObjectInfo:
    options = CopyOptions(headers=headers, checksum_algorithm=checksum_algorithm)
    return bucket.store.copy_object(bucket.name, source, bucket.name, key, options)
