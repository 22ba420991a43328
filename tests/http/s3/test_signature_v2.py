"""Signature Version 2 in presigned URLs, as boto3 makes them with its default settings in us-east-1."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import urlsplit

import httpx
import pytest
from botocore.config import Config
from bucketry import Store
from types_boto3_s3 import S3Client

from tests.http.s3.client import Client
from tests.http.s3.serving import CREDENTIAL, serving
from tests.http.s3.signing_v2 import BODY, MISMATCH, client_of, presigned, seen, signed
from tests.testing.plain import ask

KEYS = [
    "photo.jpg",
    "images/photo 1.jpg",
    "a//b",
    "/a",
    "a/",
    "%2F",
    "a+b&c=d?e#f",
    "grün/😀",
    "(~'!*)",
    "a/../b",
    "?acl",
]


@pytest.mark.parametrize("key", KEYS)
def test_what_one_url_uploads_another_downloads(boto: S3Client, store: Store, key: str) -> None:
    assert ask("PUT", presigned(boto, "put_object", key), BODY).status == 200
    assert [info.key for info in store.iter_objects("things")] == [key]
    assert ask("GET", presigned(boto, "get_object", key)).content == BODY
    assert ask("HEAD", presigned(boto, "head_object", key)).status == 200
    assert ask("DELETE", presigned(boto, "delete_object", key)).status == 204
    assert list(store.iter_objects("things")) == []


def test_httpx_and_a_range(boto: S3Client, store: Store) -> None:
    store.put_object("things", "a b (1)~'!*", BODY)
    answer = httpx.get(presigned(boto, "get_object", "a b (1)~'!*"), headers={"range": "bytes=2-4"})
    assert (answer.status_code, answer.content) == (206, BODY[2:5])


def test_an_upload_carries_what_was_presigned(boto: S3Client, store: Store) -> None:
    url = presigned(boto, "put_object", ContentType="text/plain", Metadata={"colour": "deep  blue"}, Tagging="k=v&l=")
    assert seen(ask("PUT", url, BODY, {"Content-Type": "text/plain"})) == (200, "")
    info = store.head_object("things", "a")
    assert (info.content_type, dict(info.metadata)) == ("text/plain", {"colour": "deep  blue"})
    assert store.get_object_tagging("things", "a") == {"k": "v", "l": ""}


def test_what_was_presigned_may_be_sent_as_headers_too(boto: S3Client, store: Store) -> None:
    url = presigned(boto, "put_object", Metadata={"colour": "blue"})
    assert ask("PUT", url, BODY, {"x-amz-meta-colour": "blue"}).status == 200
    assert seen(ask("PUT", url, BODY, {"x-amz-meta-colour": "red"})) == MISMATCH
    assert dict(store.head_object("things", "a").metadata) == {"colour": "blue"}


def test_signed_headers_may_stand_in_the_headers_alone(s3: Client, store: Store) -> None:
    target = signed("PUT", "/things/a", headers=["x-amz-meta-a:1", "x-amz-meta-b:2,3"])
    assert s3.send("PUT", target, {"x-amz-meta-b": "2,3", "x-amz-meta-a": "1"}, BODY).status == 200
    assert store.head_object("things", "a").metadata == {"a": "1", "b": "2,3"}
    assert s3.send("PUT", target, {"x-amz-meta-a": "1"}, BODY).error == MISMATCH


@pytest.mark.parametrize("sent", [{}, {"Content-Type": "text/html"}], ids=["none", "another"])
def test_a_signed_content_type_must_come(boto: S3Client, store: Store, sent: dict[str, str]) -> None:
    url = presigned(boto, "put_object", ContentType="text/plain")
    answer = ask("PUT", url, BODY, sent)
    assert seen(answer) == MISMATCH
    assert b"content-type" in answer.content
    assert list(store.iter_objects("things")) == []


def test_a_content_type_that_was_not_signed_may_not_come(boto: S3Client, store: Store) -> None:
    url = presigned(boto, "put_object")
    assert seen(ask("PUT", url, BODY, {"Content-Type": "text/html"})) == MISMATCH
    assert seen(ask("PUT", url + "&content-type=text/html", BODY, {"Content-Type": "text/html"})) == MISMATCH
    assert seen(ask("PUT", url + "&content-type=text/html", BODY)) == MISMATCH
    assert list(store.iter_objects("things")) == []


def test_a_signed_digest_fixes_the_content(boto: S3Client, store: Store) -> None:
    digest = base64.b64encode(hashlib.md5(BODY, usedforsecurity=False).digest()).decode()
    url = presigned(boto, "put_object", ContentMD5=digest)
    assert seen(ask("PUT", url, BODY)) == MISMATCH
    assert seen(ask("PUT", url, b"another body", {"Content-MD5": digest})) == (400, "BadDigest")
    assert seen(ask("PUT", url, BODY, {"Content-MD5": digest})) == (200, "")


def test_the_answer_can_be_named_as_a_download(boto: S3Client, store: Store) -> None:
    store.put_object("things", "a", BODY)
    disposition = 'attachment; filename="a b+c.txt"'
    url = presigned(boto, "get_object", ResponseContentDisposition=disposition, ResponseContentType="text/x-a")
    answer = ask("GET", url)
    assert (answer.headers["content-disposition"], answer.headers["content-type"]) == (disposition, "text/x-a")
    assert seen(ask("GET", url.replace("text%2Fx-a", "text%2Fhtml"))) == MISMATCH


def test_an_upload_in_parts(boto: S3Client, store: Store) -> None:
    created = ask("POST", presigned(boto, "create_multipart_upload", "big"))
    assert created.status == 200
    upload = store.list_multipart_uploads("things").uploads[0].upload_id
    url = presigned(boto, "upload_part", "big", PartNumber=1, UploadId=upload)
    etag = ask("PUT", url, BODY).headers["etag"]
    assert seen(ask("PUT", url.replace("partNumber=1", "partNumber=2"), BODY)) == MISMATCH
    assert etag.encode() in ask("GET", presigned(boto, "list_parts", "big", UploadId=upload)).content.replace(
        b"&quot;", b'"'
    )
    parts = f"<Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part>"
    document = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
    assert ask("POST", presigned(boto, "complete_multipart_upload", "big", UploadId=upload), document).status == 200
    assert store.get_object("things", "big").read() == BODY


def test_a_copy(boto: S3Client, store: Store) -> None:
    store.put_object("things", "b é", BODY)
    assert ask("PUT", presigned(boto, "copy_object", CopySource="things/b é")).status == 200
    assert store.get_object("things", "a").read() == BODY


@pytest.mark.parametrize("operation", ["list_objects", "list_objects_v2"])
def test_a_listing(boto: S3Client, store: Store, operation: str) -> None:
    for key in ("a/1", "a/2", "b"):
        store.put_object("things", key, BODY)
    listed = ask("GET", presigned(boto, operation, None, Prefix="a/", MaxKeys=1)).content
    assert listed.count(b"<Key>") == 1
    assert b"<Key>a/1</Key>" in listed


def test_buckets_and_their_settings(boto: S3Client, store: Store) -> None:
    assert b"<Name>things</Name>" in ask("GET", boto.generate_presigned_url("list_buckets")).content
    assert ask("GET", presigned(boto, "get_bucket_location", None)).status == 200
    assert ask("GET", presigned(boto, "get_object_tagging", "none")).code == "NoSuchKey"
    assert ask("GET", presigned(boto, "get_bucket_versioning", None)).status == 200


def test_a_bucket_in_the_host(store: Store) -> None:
    with serving(store, domains=("s3.example.com",)) as url:
        path_style = client_of(url, CREDENTIAL)
        port = urlsplit(url).port
        config = Config(s3={"addressing_style": "virtual"})
        virtual = client_of(f"http://s3.example.com:{port}", CREDENTIAL, config=config)
        made = urlsplit(presigned(virtual, "put_object", "a b/c"))
        assert made.hostname == "things.s3.example.com"
        host = {"Host": made.netloc}
        assert ask("PUT", f"{url}{made.path}?{made.query}", BODY, host).status == 200
        assert ask("GET", presigned(path_style, "get_object", "a b/c")).content == BODY
        assert seen(ask("PUT", f"{url}{made.path}?{made.query}", BODY, {"Host": f"guests.s3.example.com:{port}"})) == (
            MISMATCH
        )


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("s3.localhost", "/things/a"),
        ("S3.Localhost", "/things/a"),
        ("localhost", "/things/a"),
        ("things.s3.localhost", "/a"),
        ("things.localhost", "/a"),
    ],
)
def test_the_endpoint_s_own_name_is_no_bucket(store: Store, host: str, path: str) -> None:
    with serving(store, domains=("localhost", "s3.localhost")) as url:
        target = signed("PUT", path, resource="/things/a")
        assert seen(ask("PUT", f"{url}{target}", BODY, {"Host": host})) == (200, "")
        assert [info.key for info in store.iter_objects("things")] == ["a"]
        wrong = signed("PUT", path, resource="/s3/a" if path == "/a" else f"/s3{path}")
        assert seen(ask("PUT", f"{url}{wrong}", BODY, {"Host": host})) == MISMATCH


def test_markers_of_versions_are_not_signed(boto: S3Client, store: Store) -> None:
    for key in ("a", "b"):
        store.put_object("things", key, BODY)
    url = presigned(boto, "list_object_versions", None, KeyMarker="a", VersionIdMarker="null")
    listed = ask("GET", url).content
    assert b"<Key>b</Key>" in listed
    assert b"<Key>a</Key>" not in listed
    assert ask("GET", presigned(boto, "get_object", VersionId="null")).content == BODY
    assert seen(ask("GET", presigned(boto, "get_object", VersionId="null") + "&versionId=x"))[0] in {400, 403}
