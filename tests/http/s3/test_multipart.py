"""Uploads in parts: copies, listings, and how they end."""

from __future__ import annotations

from typing import Any

import pytest
from bucketry import Store
from types_boto3_s3 import S3Client

from tests.http.s3.client import Client
from tests.http.s3.test_objects import failing

MIB = 1024**2
BIG: dict[str, Any] = {"Bucket": "things", "Key": "big/a b"}
FIRST, LAST = b"a" * 5 * MIB, b"the rest"


def begin(boto: S3Client, **more: Any) -> dict[str, Any]:
    return {**BIG, "UploadId": boto.create_multipart_upload(**BIG, **more)["UploadId"]}


def finish(boto: S3Client, upload: dict[str, Any], etags: dict[int, str], **more: Any) -> Any:
    parts: Any = [{"PartNumber": number, "ETag": etag} for number, etag in etags.items()]
    return boto.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}, **more)


def test_parts_become_one_object(boto: S3Client, s3: Client) -> None:
    upload = begin(boto, ContentType="text/plain", Metadata={"a": "b"}, Tagging="k=v")
    etags = {
        number: boto.upload_part(**upload, PartNumber=number, Body=body)["ETag"]
        for number, body in [(10_000, LAST), (3, FIRST)]
    }
    done = finish(boto, upload, dict(sorted(etags.items())))
    assert (done["Bucket"], done["Key"]) == (BIG["Bucket"], BIG["Key"])
    assert done["Location"] == f"{s3.url}/things/big/a%20b"
    got = boto.get_object(**BIG)
    assert got["Body"].read() == FIRST + LAST
    assert (got["ETag"], got["ContentType"], got["Metadata"]) == (done["ETag"], "text/plain", {"a": "b"})
    assert done["ETag"].endswith('-2"')
    assert boto.get_object_tagging(**BIG)["TagSet"] == [{"Key": "k", "Value": "v"}]
    assert failing(boto.list_parts, **upload) == (404, "NoSuchUpload")


def test_one_part_of_an_object_can_be_read(boto: S3Client) -> None:
    upload = begin(boto)
    finish(
        boto,
        upload,
        {n: boto.upload_part(**upload, PartNumber=n, Body=body)["ETag"] for n, body in [(1, FIRST), (2, LAST)]},
    )
    got = boto.get_object(**BIG, PartNumber=2)
    assert (got["Body"].read(), got["PartsCount"]) == (LAST, 2)
    assert got["ContentRange"] == f"bytes {len(FIRST)}-{len(FIRST) + len(LAST) - 1}/{len(FIRST) + len(LAST)}"
    assert boto.head_object(**BIG, PartNumber=1)["ContentLength"] == len(FIRST)
    assert failing(boto.get_object, **BIG, PartNumber=3) == (416, "InvalidPartNumber")
    assert failing(boto.get_object, **BIG, PartNumber=1, Range="bytes=0-1") == (400, "InvalidRequest")
    assert failing(boto.get_object, **BIG, PartNumber=10_001) == (400, "InvalidArgument")
    found = boto.get_object_attributes(**BIG, ObjectAttributes=["ObjectParts", "ETag"])
    assert (found["ObjectParts"]["TotalPartsCount"], found["ETag"]) == (2, got["ETag"].strip('"'))


def test_parts_copied_from_other_objects(boto: S3Client) -> None:
    boto.put_object(Bucket="guests", Key="source + ä", Body=FIRST + LAST)
    source: Any = {"Bucket": "guests", "Key": "source + ä"}
    upload = begin(boto)
    etags = {
        1: boto.upload_part_copy(
            **upload, PartNumber=1, CopySource=source, CopySourceRange=f"bytes=0-{len(FIRST) - 1}"
        ),
        2: boto.upload_part_copy(
            **upload, PartNumber=2, CopySource=source, CopySourceRange=f"bytes={len(FIRST)}-{len(FIRST) + 2}"
        ),
    }
    finish(boto, upload, {number: answer["CopyPartResult"]["ETag"] for number, answer in etags.items()})
    assert boto.get_object(**BIG)["Body"].read() == FIRST + LAST[:3]


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"CopySourceRange": "bytes=0-100"}, (400, "InvalidArgument")),
        ({"CopySourceRange": "bytes=100-101"}, (400, "InvalidArgument")),
        ({"CopySourceRange": f"bytes=0-{'9' * 20}"}, (400, "InvalidArgument")),
        ({"CopySourceRange": f"bytes={'9' * 20}-{'9' * 5000}"}, (400, "InvalidArgument")),
        ({"CopySourceRange": "bytes=5-"}, (400, "InvalidArgument")),
        ({"CopySourceRange": "nonsense"}, (400, "InvalidArgument")),
        ({"CopySourceIfMatch": '"another"'}, (412, "PreconditionFailed")),
        ({"PartNumber": 0}, (400, "InvalidArgument")),
        ({"PartNumber": 10_001}, (400, "InvalidArgument")),
        ({"UploadId": "nobody-s"}, (404, "NoSuchUpload")),
        ({"CopySource": "guests/none"}, (404, "NoSuchKey")),
        ({"CopySource": "none-such/a"}, (404, "NoSuchBucket")),
    ],
)
def test_parts_that_cannot_be_copied(boto: S3Client, more: dict[str, Any], error: tuple[int, str]) -> None:
    boto.put_object(Bucket="guests", Key="a", Body=LAST)
    upload = begin(boto)
    arguments = {**upload, "PartNumber": 1, "CopySource": "guests/a", **more}
    assert failing(boto.upload_part_copy, **arguments) == error
    assert "Parts" not in boto.list_parts(**upload)


@pytest.mark.parametrize(
    ("number", "code"), [(0, "InvalidArgument"), (-1, "InvalidArgument"), (10_001, "InvalidArgument")]
)
def test_numbers_that_no_part_has(boto: S3Client, number: int, code: str) -> None:
    assert failing(boto.upload_part, **begin(boto), PartNumber=number, Body=b"") == (400, code)


def test_a_part_without_a_number(s3: Client, boto: S3Client) -> None:
    upload_id = begin(boto)["UploadId"]
    assert s3.ask("PUT", f"/things/big/a%20b?uploadId={upload_id}", b"x").error == (400, "InvalidArgument")
    assert s3.ask("PUT", "/things/big/a%20b?uploadId=&partNumber=1", b"x").error == (404, "NoSuchUpload")


@pytest.mark.parametrize("size", [1, 2, 5])
def test_parts_are_listed_in_pages(boto: S3Client, size: int) -> None:
    upload = begin(boto)
    for number in (5, 1, 3, 200):
        boto.upload_part(**upload, PartNumber=number, Body=b"x" * number)
    pages = list(boto.get_paginator("list_parts").paginate(**upload, PaginationConfig={"PageSize": size}))
    found = [(part["PartNumber"], part["Size"]) for page in pages for part in page.get("Parts", [])]
    assert found == [(1, 1), (3, 3), (5, 5), (200, 200)]
    assert len(pages) == -(-4 // size)
    assert [part["PartNumber"] for part in boto.list_parts(**upload, PartNumberMarker=3)["Parts"]] == [5, 200]


def test_uploads_are_listed(boto: S3Client) -> None:
    keys = ["a", "b/1", "b/1", "b/2", "c"]
    ids = [boto.create_multipart_upload(Bucket="things", Key=key)["UploadId"] for key in keys]
    found = boto.list_multipart_uploads(Bucket="things")
    assert [entry["Key"] for entry in found["Uploads"]] == keys
    assert {entry["UploadId"] for entry in found["Uploads"]} == set(ids)
    rolled = boto.list_multipart_uploads(Bucket="things", Delimiter="/")
    assert [entry["Key"] for entry in rolled["Uploads"]] == ["a", "c"]
    assert rolled["CommonPrefixes"] == [{"Prefix": "b/"}]
    assert [entry["Key"] for entry in boto.list_multipart_uploads(Bucket="things", Prefix="b/")["Uploads"]] == keys[1:4]
    after = boto.list_multipart_uploads(Bucket="things", KeyMarker="b/1")
    assert [entry["Key"] for entry in after["Uploads"]] == ["b/2", "c"]


@pytest.mark.parametrize("size", [1, 2, 4, 10])
@pytest.mark.parametrize("delimiter", ["", "/"])
def test_uploads_are_listed_in_pages(boto: S3Client, size: int, delimiter: str) -> None:
    keys = ["a", "b/1", "b/1", "b/2", "c", "d/1", "e"]
    for key in keys:
        boto.create_multipart_upload(Bucket="things", Key=key)
    paginator = boto.get_paginator("list_multipart_uploads")
    found = []
    for page in paginator.paginate(Bucket="things", Delimiter=delimiter, PaginationConfig={"PageSize": size}):
        here = [entry["Key"] for entry in page.get("Uploads", [])]
        here += [entry["Prefix"] for entry in page.get("CommonPrefixes", [])]
        assert len(here) <= size
        found += here
    assert sorted(found) == (keys if not delimiter else ["a", "b/", "c", "d/", "e"])


def test_an_aborted_upload_leaves_nothing(boto: S3Client, store: Store) -> None:
    upload = begin(boto)
    etag = boto.upload_part(**upload, PartNumber=1, Body=LAST)["ETag"]
    boto.abort_multipart_upload(**upload)
    assert failing(boto.abort_multipart_upload, **upload) == (404, "NoSuchUpload")
    assert failing(boto.upload_part, **upload, PartNumber=1, Body=b"") == (404, "NoSuchUpload")
    assert failing(finish, boto=boto, upload=upload, etags={1: etag}) == (404, "NoSuchUpload")
    assert list(store.iter_objects("things")) == []


PARTS = "<CompleteMultipartUpload>{}</CompleteMultipartUpload>"
PART = "<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>"


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([(1, "{1}"), (2, '"00000000000000000000000000000000"')], "InvalidPart"),
        ([(1, "{1}"), (3, "{2}")], "InvalidPart"),
        ([(2, "{2}"), (1, "{1}")], "InvalidPartOrder"),
        ([(2, "{2}"), (1, "{1}"), (2, "{2}")], "InvalidPartOrder"),
        ([(1, "{1}"), (1, "{2}")], "InvalidPart"),
        ([(2, "{2}"), (3, "{3}")], "EntityTooSmall"),
        ([], "MalformedXML"),
        ([("one", "{1}")], "MalformedXML"),
        ([(1, "")], "MalformedXML"),
    ],
)
def test_lists_of_parts_that_are_wrong(s3: Client, boto: S3Client, parts: list[tuple[object, str]], code: str) -> None:
    upload = begin(boto)
    sent = {
        number: boto.upload_part(**upload, PartNumber=number, Body=body)["ETag"]
        for number, body in [(1, FIRST), (2, LAST), (3, b"another end")]
    }
    etags = {"{1}": sent[1], "{2}": sent[2], "{3}": sent[3]}
    body = PARTS.format("".join(PART.format(number, etags.get(etag, etag)) for number, etag in parts))
    target = f"/things/big/a%20b?uploadId={upload['UploadId']}"
    assert s3.ask("POST", target, body.encode()).error == (400, code)
    assert failing(boto.head_object, **BIG)[0] == 404
    assert len(boto.list_parts(**upload)["Parts"]) == 3


def test_a_part_that_was_sent_twice_may_be_listed_twice(boto: S3Client) -> None:
    upload = begin(boto)
    etags = [boto.upload_part(**upload, PartNumber=1, Body=body)["ETag"] for body in (b"later", b"last")]
    listed: Any = [{"PartNumber": 1, "ETag": etag} for etag in etags]
    boto.complete_multipart_upload(**upload, MultipartUpload={"Parts": listed})
    assert boto.get_object(**BIG)["Body"].read() == b"last"


def test_a_small_upload_has_its_facts_and_can_be_completed_again(boto: S3Client) -> None:
    begun = boto.create_multipart_upload(**BIG, ContentType="text/plain", Metadata={"colour": "blue"})
    upload: Any = {**BIG, "UploadId": begun["UploadId"]}
    etag = boto.upload_part(**upload, PartNumber=1, Body=b"x")["ETag"].strip('"')
    parts: Any = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    made = [boto.complete_multipart_upload(**upload, MultipartUpload=parts)["ETag"] for _ in range(2)]
    assert made[0] == made[1]
    found = boto.get_object(**BIG)
    assert (found["ContentLength"], found["ContentType"], found["Metadata"]) == (1, "text/plain", {"colour": "blue"})
    (listed,) = boto.list_objects_v2(Bucket="things")["Contents"]
    assert listed["Size"] == 1


def test_completion_can_have_conditions(boto: S3Client) -> None:
    boto.put_object(**BIG, Body=b"before")
    upload = begin(boto)
    etags = {1: boto.upload_part(**upload, PartNumber=1, Body=LAST)["ETag"]}
    assert failing(finish, boto=boto, upload=upload, etags=etags, IfNoneMatch="*") == (412, "PreconditionFailed")
    finish(boto, upload, etags, IfMatch=boto.head_object(**BIG)["ETag"])
    assert boto.get_object(**BIG)["Body"].read() == LAST
