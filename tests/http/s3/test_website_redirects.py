"""The redirect of an object: kept and shown in its reads (S3 API reference, PutObject)."""

from __future__ import annotations

from typing import Any

import pytest
from bucketry import Store
from types_boto3_s3 import S3Client

from tests.http.s3.client import Client
from tests.http.s3.test_forms import post
from tests.http.s3.test_objects import failing

NAME = "x-amz-website-redirect-location"
PLACE: Any = {"Bucket": "things", "Key": "a"}
WHERE = "https://www.example.com/"


def test_reads_alone_tell_the_redirect(boto: S3Client, s3: Client) -> None:
    made = s3.ask("PUT", "/things/a", b"x", {NAME: WHERE})
    assert (made.status, made.headers.get(NAME)) == (200, None)
    for method in ("GET", "HEAD"):
        reply = s3.ask(method, "/things/a")
        assert (reply.status, reply.headers[NAME]) == (200, WHERE)
    boto.put_object(**PLACE, Body=b"x")
    assert NAME not in s3.ask("GET", "/things/a").headers


def test_an_upload_gives_its_object_the_redirect(boto: S3Client) -> None:
    upload: Any = {
        **PLACE,
        "UploadId": boto.create_multipart_upload(**PLACE, WebsiteRedirectLocation=WHERE)["UploadId"],
    }
    etag = boto.upload_part(**upload, PartNumber=1, Body=b"x")["ETag"]
    boto.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})
    assert boto.head_object(**PLACE)["WebsiteRedirectLocation"] == WHERE


def test_a_copy_has_a_redirect_of_its_own(boto: S3Client) -> None:
    boto.put_object(**PLACE, Body=b"x", WebsiteRedirectLocation=WHERE, Metadata={"colour": "blue"})
    boto.copy_object(Bucket="things", Key="b", CopySource="things/a")
    assert "WebsiteRedirectLocation" not in boto.head_object(Bucket="things", Key="b")
    # The redirect alone may be what a copy of an object to itself changes.
    boto.copy_object(**PLACE, CopySource="things/a", WebsiteRedirectLocation="/c")
    found = boto.head_object(**PLACE)
    assert (found["WebsiteRedirectLocation"], found["Metadata"]) == ("/c", {"colour": "blue"})
    assert failing(boto.copy_object, **PLACE, CopySource="things/a") == (400, "InvalidRequest")


def test_a_form_gives_a_redirect(boto: S3Client, s3: Client) -> None:
    conditions: Any = [{NAME: "/b"}]
    fields = boto.generate_presigned_post("things", "a", Fields={NAME: "/b"}, Conditions=conditions)["fields"]
    assert post(s3, fields).status == 204
    assert boto.head_object(**PLACE)["WebsiteRedirectLocation"] == "/b"


@pytest.mark.parametrize("wrong", ["", "page", "ftp://a", "//" + "a" * 2048])
def test_what_no_website_could_send_is_refused(s3: Client, store: Store, wrong: str) -> None:
    for method, target in (("PUT", "/things/a"), ("POST", "/things/a?uploads")):
        assert s3.ask(method, target, headers={NAME: wrong}).error == (400, "InvalidRedirectLocation")
    assert list(store.iter_objects("things")) == []
    assert store.list_multipart_uploads("things").uploads == ()


def test_other_operations_take_no_redirect(s3: Client, store: Store) -> None:
    store.put_object("things", "a", b"x")
    for method, target in (("PUT", "/things/a?tagging"), ("PUT", "/things/a?partNumber=1&uploadId=x")):
        assert s3.ask(method, target, headers={NAME: "/b"}).error == (501, "NotImplemented")
