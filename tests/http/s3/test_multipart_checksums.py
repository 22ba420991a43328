"""Checksums of uploads in parts, as S3's clients send them and expect them back."""

from __future__ import annotations

import base64
import hashlib
import io
from typing import Any
from urllib.parse import quote

import pytest
from boto3.s3.transfer import TransferConfig
from bucketry import CHECKSUM_ALGORITHMS, Store
from bucketry.checksums import checksum_of
from types_boto3_s3 import S3Client

from tests.http.s3.checksums import checksum
from tests.http.s3.client import Client
from tests.http.s3.test_multipart import BIG, FIRST, LAST
from tests.http.s3.test_objects import failing

CONTENTS = {1: FIRST, 2: LAST}
KINDS = [(name, kind) for name, known in CHECKSUM_ALGORITHMS.items() for kind in known.types]
SMALL_PARTS = TransferConfig(multipart_threshold=1024**2, multipart_chunksize=5 * 1024**2)

each_kind = pytest.mark.parametrize(("algorithm", "kind"), KINDS)


def text_of(algorithm: str, *pieces: bytes) -> str:
    return checksum_of(algorithm, pieces).text


def composite(algorithm: str) -> str:
    digests = [base64.b64decode(text_of(algorithm, content)) for content in CONTENTS.values()]
    return f"{text_of(algorithm, *digests)}-{len(CONTENTS)}"


def begun(boto: S3Client, algorithm: str, kind: str, **more: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Sends two parts; returns where to, and the parts as a completion lists them."""
    created = boto.create_multipart_upload(**BIG, ChecksumAlgorithm=algorithm, ChecksumType=kind, **more)  # type: ignore[arg-type]
    assert (created["ChecksumAlgorithm"], created["ChecksumType"]) == (algorithm, kind)
    upload = {**BIG, "UploadId": created["UploadId"]}
    name, parts = f"Checksum{algorithm}", []
    for number, content in CONTENTS.items():
        given: Any = {name: text_of(algorithm, content)}
        sent: Any = boto.upload_part(**upload, PartNumber=number, Body=content, **given)
        assert sent[name] == text_of(algorithm, content)
        parts.append({"PartNumber": number, "ETag": sent["ETag"], name: sent[name]})
    return upload, parts


def complete(boto: S3Client, upload: dict[str, Any], parts: list[dict[str, Any]], **more: Any) -> Any:
    return boto.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}, **more)  # type: ignore[typeddict-item]


@each_kind
def test_an_upload_is_verified_as_a_whole(boto: S3Client, algorithm: str, kind: str) -> None:
    upload, parts = begun(boto, algorithm, kind)
    name = f"Checksum{algorithm}"
    listed: Any = boto.list_parts(**upload)
    assert [part[name] for part in listed["Parts"]] == [text_of(algorithm, content) for content in CONTENTS.values()]
    assert (listed["ChecksumAlgorithm"], listed["ChecksumType"]) == (algorithm, kind)
    (going,) = boto.list_multipart_uploads(Bucket="things")["Uploads"]
    assert (going["ChecksumAlgorithm"], going["ChecksumType"]) == (algorithm, kind)

    made = composite(algorithm) if kind == "COMPOSITE" else text_of(algorithm, FIRST, LAST)
    wrong = {name: text_of(algorithm, b"another")}
    assert failing(complete, boto=boto, upload=upload, parts=parts, **wrong) == (400, "BadDigest")
    done = complete(boto, upload, parts, **{name: made, "ChecksumType": kind, "MpuObjectSize": len(FIRST + LAST)})
    assert (done[name], done["ChecksumType"]) == (made, kind)

    found: Any = boto.get_object(**BIG, ChecksumMode="ENABLED")
    assert (found[name], found["ChecksumType"], found["Body"].read()) == (made, kind, FIRST + LAST)
    for number, content in CONTENTS.items():
        part: Any = boto.get_object(**BIG, PartNumber=number, ChecksumMode="ENABLED")
        assert (part[name], part["Body"].read()) == (text_of(algorithm, content), content)


def test_the_number_of_parts_may_stand_behind_a_composite_checksum_or_not(boto: S3Client) -> None:
    upload, parts = begun(boto, "SHA256", "COMPOSITE")
    value = composite("SHA256")
    plain = value.partition("-")[0]
    assert failing(complete, boto=boto, upload=upload, parts=parts, ChecksumSHA256=f"{plain}-3") == (400, "BadDigest")
    assert complete(boto, upload, parts, ChecksumSHA256=plain)["ChecksumSHA256"] == value


def test_what_a_completion_says_is_what_the_upload_began_with(boto: S3Client, store: Store) -> None:
    upload, parts = begun(boto, "CRC32", "COMPOSITE")
    for wrong in (
        {"ChecksumType": "FULL_OBJECT"},
        {"ChecksumSHA256": text_of("SHA256", FIRST, LAST)},
        {"MpuObjectSize": 7},
        {"ChecksumCRC32": "no base64!"},
        {"ChecksumCRC32": text_of("SHA1", b"too long")},
    ):
        assert failing(complete, boto=boto, upload=upload, parts=parts, **wrong) == (400, "InvalidRequest")
    assert list(store.iter_objects("things")) == []
    complete(boto, upload, parts)


ALL_PARTS = "<CompleteMultipartUpload><Part>{}</Part></CompleteMultipartUpload>"


def test_each_checksum_of_a_listed_part_is_compared(boto: S3Client, s3: Client, store: Store) -> None:
    upload_id = boto.create_multipart_upload(**BIG, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")["UploadId"]
    etag = boto.upload_part(**BIG, UploadId=upload_id, PartNumber=1, Body=FIRST)["ETag"]
    right, wrong = (f"<ChecksumCRC32>{text_of('CRC32', each)}</ChecksumCRC32>" for each in (FIRST, LAST))

    def completed(said: str) -> Any:
        body = ALL_PARTS.format(f"<PartNumber>1</PartNumber><ETag>{etag}</ETag>{said}").encode()
        return s3.ask("POST", f"/things/{quote(BIG['Key'])}?uploadId={upload_id}", body)

    assert completed("<ChecksumSHA384>YQ==</ChecksumSHA384>").error == (501, "NotImplemented")
    assert completed(f"{right}<ChecksumMD4>YQ==</ChecksumMD4>").error == (501, "NotImplemented")
    assert completed(wrong + right).error == (400, "InvalidArgument")
    assert list(store.iter_objects("things")) == []
    assert completed(right).status == 200


def test_parts_are_listed_with_the_checksums_that_they_have(boto: S3Client, store: Store) -> None:
    upload, parts = begun(boto, "CRC32", "COMPOSITE")
    first, last = parts
    bare = {name: value for name, value in first.items() if name != "ChecksumCRC32"}
    for wrong, error in (
        (bare, "InvalidRequest"),
        (bare | {"ChecksumCRC32": text_of("CRC32", b"another")}, "InvalidPart"),
        (bare | {"ChecksumSHA1": text_of("SHA1", FIRST)}, "BadDigest"),
        (bare | {"ChecksumCRC32": "no base64!"}, "InvalidArgument"),
        (first | {"ChecksumSHA1": text_of("SHA1", FIRST)}, "InvalidArgument"),
    ):
        assert failing(complete, boto=boto, upload=upload, parts=[wrong, last]) == (400, error)
    assert list(store.iter_objects("things")) == []
    assert complete(boto, upload, parts)["ChecksumCRC32"] == composite("CRC32")


def test_parts_have_the_algorithm_of_their_upload(boto: S3Client, s3: Client) -> None:
    upload = {**BIG, "UploadId": boto.create_multipart_upload(**BIG, ChecksumAlgorithm="SHA256")["UploadId"]}
    target = f"/things/big/a%20b?partNumber=1&uploadId={upload['UploadId']}"
    assert s3.ask("PUT", target, b"part").error == (400, "InvalidRequest")
    other = {"x-amz-checksum-crc32": checksum("crc32", b"part")}
    assert s3.ask("PUT", target, b"part", other).error == (400, "InvalidRequest")
    assert "Parts" not in boto.list_parts(**upload)


def test_parts_of_a_checksum_of_the_whole_may_come_without(boto: S3Client, s3: Client) -> None:
    created = boto.create_multipart_upload(**BIG, ChecksumAlgorithm="CRC64NVME")
    assert created["ChecksumType"] == "FULL_OBJECT"
    target = f"/things/big/a%20b?partNumber=1&uploadId={created['UploadId']}"
    sent = s3.ask("PUT", target, b"part")
    assert sent.headers["x-amz-checksum-crc64nvme"] == checksum("crc64nvme", b"part")
    parts = [{"PartNumber": 1, "ETag": sent.headers["etag"]}]
    done = complete(boto, {**BIG, "UploadId": created["UploadId"]}, parts)
    assert done["ChecksumCRC64NVME"] == checksum("crc64nvme", b"part")


def test_an_upload_without_an_algorithm_has_no_checksum(boto: S3Client, s3: Client) -> None:
    upload = boto.create_multipart_upload(**BIG)["UploadId"]
    target = f"/things/big/a%20b?partNumber=1&uploadId={upload}"
    given = {"x-amz-checksum-crc32": checksum("crc32", b"part")}
    sent = s3.ask("PUT", target, b"part", given)
    assert sent.headers["x-amz-checksum-crc32"] == given["x-amz-checksum-crc32"]
    parts = [{"PartNumber": 1, "ETag": sent.headers["etag"]}]
    where = {**BIG, "UploadId": upload}
    summed = [{**parts[0], "ChecksumCRC32": given["x-amz-checksum-crc32"]}]
    assert failing(complete, boto=boto, upload=where, parts=summed) == (400, "InvalidPart")
    assert failing(complete, boto=boto, upload=where, parts=parts, ChecksumCRC32=given["x-amz-checksum-crc32"]) == (
        400,
        "InvalidRequest",
    )
    assert "ChecksumCRC32" not in complete(boto, where, parts)


@pytest.mark.parametrize(
    "headers",
    [
        {"x-amz-checksum-algorithm": "MD4"},
        {"x-amz-checksum-algorithm": "CRC32", "x-amz-checksum-type": "HALF_OBJECT"},
        {"x-amz-checksum-algorithm": "SHA256", "x-amz-checksum-type": "FULL_OBJECT"},
        {"x-amz-checksum-algorithm": "CRC64NVME", "x-amz-checksum-type": "COMPOSITE"},
        {"x-amz-checksum-type": "COMPOSITE"},
    ],
    ids=str,
)
def test_an_upload_that_can_have_no_such_checksum_is_not_begun(
    s3: Client, store: Store, headers: dict[str, str]
) -> None:
    assert s3.ask("POST", "/things/a?uploads", headers=headers).error == (400, "InvalidRequest")
    assert store.list_multipart_uploads("things").uploads == ()


def test_a_copied_part_tells_its_checksum(boto: S3Client, store: Store) -> None:
    store.put_object("things", "source", LAST)
    upload = {**BIG, "UploadId": boto.create_multipart_upload(**BIG, ChecksumAlgorithm="SHA1")["UploadId"]}
    copied = boto.upload_part_copy(**upload, PartNumber=1, CopySource="things/source")["CopyPartResult"]
    assert copied["ChecksumSHA1"] == text_of("SHA1", LAST)
    parts = [{"PartNumber": 1, "ETag": copied["ETag"], "ChecksumSHA1": copied["ChecksumSHA1"]}]
    assert complete(boto, upload, parts)["ChecksumSHA1"].endswith("-1")


@pytest.mark.parametrize("counted", [True, False], ids=["with a checksum", "without"])
def test_attributes_tell_the_parts_of_an_object(boto: S3Client, store: Store, counted: bool) -> None:
    wanted: Any = {**BIG, "ObjectAttributes": ["ObjectParts", "Checksum"]}
    if not counted:
        upload = store.create_multipart_upload("things", BIG["Key"])
        parts = [store.upload_part("things", BIG["Key"], upload.upload_id, n, body) for n, body in CONTENTS.items()]
        store.complete_multipart_upload("things", BIG["Key"], upload.upload_id, parts)
        of_parts: Any = boto.get_object_attributes(**wanted)["ObjectParts"]
        assert of_parts["TotalPartsCount"] == 2
        assert [(part["PartNumber"], part["Size"]) for part in of_parts["Parts"]] == [
            (number, len(content)) for number, content in CONTENTS.items()
        ]
        return
    complete(boto, *begun(boto, "SHA256", "COMPOSITE"))
    expected = [
        {"PartNumber": number, "Size": len(content), "ChecksumSHA256": text_of("SHA256", content)}
        for number, content in CONTENTS.items()
    ]
    found: Any = boto.get_object_attributes(**wanted)
    uncounted = composite("SHA256").removesuffix("-2")
    assert found["Checksum"] == {"ChecksumSHA256": uncounted, "ChecksumType": "COMPOSITE"}
    bounds = {"TotalPartsCount": 2, "PartNumberMarker": 0, "NextPartNumberMarker": 2, "MaxParts": 1000}
    assert found["ObjectParts"] == {**bounds, "IsTruncated": False, "Parts": expected}
    first = boto.get_object_attributes(**wanted, MaxParts=1)["ObjectParts"]
    assert (first["IsTruncated"], first["NextPartNumberMarker"], first["MaxParts"]) == (True, 1, 1)
    rest = boto.get_object_attributes(**wanted, MaxParts=1, PartNumberMarker=1)["ObjectParts"]
    assert (rest["IsTruncated"], rest["PartNumberMarker"], first["Parts"] + rest["Parts"]) == (False, 1, expected)
    assert "Parts" not in boto.get_object_attributes(**wanted, PartNumberMarker=2)["ObjectParts"]


@pytest.mark.parametrize("extra", ["algorithm", "value"])
def test_boto3_uploads_a_file_with_a_checksum(boto: S3Client, extra: str) -> None:
    data = hashlib.sha256(b"seed").digest() * (11 * 1024**2 // 32)
    whole = text_of("CRC32", data)
    how = {"ChecksumAlgorithm": "CRC32"} if extra == "algorithm" else {"ChecksumCRC32": whole}
    boto.upload_fileobj(io.BytesIO(data), **BIG, ExtraArgs=how, Config=SMALL_PARTS)
    found = boto.get_object(**BIG, ChecksumMode="ENABLED")
    assert found["Body"].read() == data
    if extra == "value":
        assert (found["ChecksumCRC32"], found["ChecksumType"]) == (whole, "FULL_OBJECT")


def test_a_completion_can_be_sent_again(boto: S3Client) -> None:
    upload, parts = begun(boto, "CRC32C", "FULL_OBJECT")
    done = complete(boto, upload, parts, IfNoneMatch="*")
    again = complete(boto, upload, parts, IfNoneMatch="*")
    said = ("ETag", "ChecksumCRC32C", "ChecksumType", "Location")
    assert [again[name] for name in said] == [done[name] for name in said]
    for wrong in ({"MpuObjectSize": 7}, {"ChecksumType": "COMPOSITE"}, {"ChecksumSHA1": text_of("SHA1", b"")}):
        assert failing(complete, boto=boto, upload=upload, parts=parts, **wrong) == (400, "InvalidRequest")
    assert failing(complete, boto=boto, upload=upload, parts=parts[:1]) == (404, "NoSuchUpload")
    assert failing(boto.list_parts, **upload) == (404, "NoSuchUpload")
    boto.delete_object(**BIG)
    assert failing(complete, boto=boto, upload=upload, parts=parts) == (404, "NoSuchUpload")


def test_a_copy_of_an_object_in_parts_is_one_part(boto: S3Client) -> None:
    complete(boto, *begun(boto, "CRC32", "COMPOSITE"))
    plain = f'"{hashlib.md5(FIRST + LAST, usedforsecurity=False).hexdigest()}"'
    copied: Any = boto.copy_object(Bucket="things", Key="copy", CopySource=BIG)  # type: ignore[arg-type]
    assert (copied["CopyObjectResult"]["ETag"], copied["CopyObjectResult"]["ChecksumCRC32"]) == (
        plain,
        text_of("CRC32", FIRST, LAST),
    )
    assert boto.head_object(Bucket="things", Key="copy")["ETag"] == plain
    found = boto.get_object_attributes(Bucket="things", Key="copy", ObjectAttributes=["ObjectParts", "ETag"])
    assert "ObjectParts" not in found
