"""The AWS CLI, version 2."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from bucketry_testing import S3Endpoint

from tests.s3_clients.programs import Program, environment_in, found, pages_of_text


@pytest.fixture(scope="module")
def aws(s3: S3Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The program, with credentials in its environment alone."""
    path = found("aws", "--version", "aws-cli/2", "Debian's awscli")
    folder = tmp_path_factory.mktemp("aws")
    environment = environment_in(
        folder,
        AWS_ACCESS_KEY_ID=s3.access_key,
        AWS_SECRET_ACCESS_KEY=s3.secret_key,
        AWS_DEFAULT_REGION=s3.region,
        AWS_EC2_METADATA_DISABLED="true",
        AWS_PAGER="",
    )
    return Program((path, "--endpoint-url", s3.endpoint_url), environment, folder)


def test_the_documented_command(aws: Program, s3: S3Endpoint, bucket: str) -> None:
    s3.store.put_object(bucket, "images/cat.jpg", b"x" * 10)
    s3.store.put_object(bucket, "readme.md", b"x" * 20)
    documented = Program(aws.command[:1], aws.environment, aws.folder)
    listed = documented.run("s3", "ls", f"s3://{bucket}/", "--endpoint-url", s3.endpoint_url)
    assert [line.split()[-2:] for line in listed.splitlines()] == [["PRE", "images/"], ["20", "readme.md"]]


def test_a_tree_there_and_back(aws: Program, bucket: str, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    written = pages_of_text(source, 12)
    aws.run("s3", "sync", source, f"s3://{bucket}/tree", "--only-show-errors")
    listed = aws.run("s3", "ls", "--recursive", f"s3://{bucket}/")
    assert {line.split(maxsplit=3)[3] for line in listed.splitlines()} == {f"tree/{name}" for name in written}
    assert aws.run("s3", "sync", source, f"s3://{bucket}/tree") == ""
    aws.run("s3", "cp", "--recursive", f"s3://{bucket}/tree", target, "--only-show-errors")
    assert {name: (target / name).read_bytes() for name in written} == written
    aws.run("s3", "rm", "--recursive", f"s3://{bucket}/", "--only-show-errors")
    aws.run("s3", "rb", f"s3://{bucket}")
    assert "NoSuchBucket" in aws.fail("s3", "ls", f"s3://{bucket}/")


def test_a_large_file_in_parts(aws: Program, s3: S3Endpoint, bucket: str, large: Path, tmp_path: Path) -> None:
    aws.run("s3", "cp", large, f"s3://{bucket}/large.bin", "--only-show-errors", "--content-type", "video/mp4")
    info = s3.store.head_object(bucket, "large.bin")
    assert info.etag.endswith("-3")
    assert info.content_type == "video/mp4"
    aws.run("s3", "cp", f"s3://{bucket}/large.bin", f"s3://{bucket}/copy.bin", "--only-show-errors")
    aws.run("s3", "mv", f"s3://{bucket}/copy.bin", tmp_path / "back.bin", "--only-show-errors")
    assert (tmp_path / "back.bin").read_bytes() == large.read_bytes()
    assert [info.key for info in s3.store.iter_objects(bucket)] == ["large.bin"]
    assert not list(s3.store.iter_multipart_uploads(bucket))


def test_a_presigned_url(aws: Program, s3: S3Endpoint, bucket: str) -> None:
    s3.store.put_object(bucket, "a b+c/é.txt", b"hello")
    url = aws.run("s3", "presign", f"s3://{bucket}/a b+c/é.txt", "--expires-in", "60").strip()
    with urllib.request.urlopen(url) as answer:  # noqa: S310 - http
        assert answer.read() == b"hello"
    # The signature stands at the end.
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url[:-1] + ("1" if url.endswith("0") else "0"))  # noqa: S310 - http
    assert refused.value.code == 403
    refused.value.close()


def test_tags_and_cors(aws: Program, bucket: str, tmp_path: Path) -> None:
    body = tmp_path / "body"
    body.write_bytes(b"x")
    aws.run("s3api", "put-object", "--bucket", bucket, "--key", "k", "--body", body, "--tagging", "a=1&b=%2B%40")
    tags = json.loads(aws.run("s3api", "get-object-tagging", "--bucket", bucket, "--key", "k"))["TagSet"]
    assert sorted((tag["Key"], tag["Value"]) for tag in tags) == [("a", "1"), ("b", "+@")]
    rules = {"CORSRules": [{"AllowedOrigins": ["https://example.com"], "AllowedMethods": ["GET"], "MaxAgeSeconds": 60}]}
    aws.run("s3api", "put-bucket-cors", "--bucket", bucket, "--cors-configuration", json.dumps(rules))
    assert json.loads(aws.run("s3api", "get-bucket-cors", "--bucket", bucket)) == rules
    aws.run("s3api", "delete-bucket-cors", "--bucket", bucket)
    assert "NoSuchCORSConfiguration" in aws.fail("s3api", "get-bucket-cors", "--bucket", bucket)


def test_parts_by_hand(aws: Program, bucket: str, tmp_path: Path) -> None:
    part = tmp_path / "part"
    part.write_bytes(b"x" * 1000)
    target = ("--bucket", bucket, "--key", "by hand")
    upload = json.loads(aws.run("s3api", "create-multipart-upload", *target))["UploadId"]
    named = (*target, "--upload-id", upload)
    etag = json.loads(aws.run("s3api", "upload-part", *named, "--part-number", "1", "--body", part))["ETag"]
    (listed,) = json.loads(aws.run("s3api", "list-parts", *named))["Parts"]
    assert (listed["PartNumber"], listed["Size"], listed["ETag"]) == (1, 1000, etag)
    (found_upload,) = json.loads(aws.run("s3api", "list-multipart-uploads", "--bucket", bucket))["Uploads"]
    assert found_upload["UploadId"] == upload
    parts = json.dumps({"Parts": [{"PartNumber": 1, "ETag": etag}]})
    aws.run("s3api", "complete-multipart-upload", *named, "--multipart-upload", parts)
    head = json.loads(aws.run("s3api", "head-object", *target))
    assert head["ContentLength"] == 1000


def test_a_wrong_key_is_refused(aws: Program, bucket: str) -> None:
    wrong = Program(aws.command, {**aws.environment, "AWS_SECRET_ACCESS_KEY": "wrong"}, aws.folder)
    assert "SignatureDoesNotMatch" in wrong.fail("s3", "ls", f"s3://{bucket}/")
    unknown = Program(aws.command, {**aws.environment, "AWS_ACCESS_KEY_ID": "unknown"}, aws.folder)
    assert "InvalidAccessKeyId" in unknown.fail("s3", "ls", f"s3://{bucket}/")
