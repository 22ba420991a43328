"""Storage classes: kept and shown, wherever S3 shows them."""

from __future__ import annotations

from typing import Any

import pytest
from bucketry import Store
from bucketry.s3 import STORAGE_CLASSES
from types_boto3_s3 import S3Client

from tests.http.s3.client import Client
from tests.http.s3.test_forms import post
from tests.http.s3.test_objects import failing

NAME = "x-amz-storage-class"
PLACE: Any = {"Bucket": "things", "Key": "a"}


@pytest.mark.parametrize("given", STORAGE_CLASSES)
def test_a_class_is_shown_wherever_an_object_is(boto: S3Client, s3: Client, given: Any) -> None:
    boto.put_object(**PLACE, Body=b"x", StorageClass=given)
    told = None if given == "STANDARD" else given
    for method in ("GET", "HEAD"):
        assert s3.ask(method, "/things/a").headers.get(NAME) == told
    calls: tuple[Any, ...] = (boto.list_objects, boto.list_objects_v2)
    assert [call(Bucket="things")["Contents"][0]["StorageClass"] for call in calls] == [given, given]
    versions: Any = boto.list_object_versions(Bucket="things")
    assert versions["Versions"][0]["StorageClass"] == given
    found = boto.get_object_attributes(**PLACE, ObjectAttributes=["StorageClass"])
    assert found["StorageClass"] == given


def test_an_upload_shows_the_class_of_its_object(boto: S3Client) -> None:
    upload: Any = {**PLACE, "UploadId": boto.create_multipart_upload(**PLACE, StorageClass="GLACIER_IR")["UploadId"]}
    etag = boto.upload_part(**upload, PartNumber=1, Body=b"x")["ETag"]
    assert boto.list_multipart_uploads(Bucket="things")["Uploads"][0]["StorageClass"] == "GLACIER_IR"
    assert boto.list_parts(**upload)["StorageClass"] == "GLACIER_IR"
    boto.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})
    assert boto.head_object(**PLACE)["StorageClass"] == "GLACIER_IR"


def test_a_copy_has_a_class_of_its_own(boto: S3Client) -> None:
    boto.put_object(**PLACE, Body=b"x", StorageClass="STANDARD_IA", Metadata={"colour": "blue"})
    boto.copy_object(Bucket="things", Key="b", CopySource="things/a")
    assert "StorageClass" not in boto.head_object(Bucket="things", Key="b")
    # The class alone may be what a copy of an object to itself changes.
    boto.copy_object(**PLACE, CopySource="things/a", StorageClass="ONEZONE_IA")
    found = boto.head_object(**PLACE)
    assert (found["StorageClass"], found["Metadata"]) == ("ONEZONE_IA", {"colour": "blue"})
    boto.copy_object(**PLACE, CopySource="things/a", StorageClass="STANDARD")
    assert "StorageClass" not in boto.head_object(**PLACE)
    assert failing(boto.copy_object, **PLACE, CopySource="things/a") == (400, "InvalidRequest")


def test_a_form_gives_a_class(boto: S3Client, s3: Client) -> None:
    conditions: Any = [{NAME: "STANDARD_IA"}]
    fields = boto.generate_presigned_post("things", "a", Fields={NAME: "STANDARD_IA"}, Conditions=conditions)["fields"]
    assert post(s3, fields).status == 204
    assert boto.head_object(**PLACE)["StorageClass"] == "STANDARD_IA"


@pytest.mark.parametrize("wrong", ["", "standard", "COLD", "OUTPOSTS"])
def test_a_class_that_is_not_there_is_refused(s3: Client, store: Store, wrong: str) -> None:
    for method, target in (("PUT", "/things/a"), ("POST", "/things/a?uploads")):
        assert s3.ask(method, target, headers={NAME: wrong}).error == (400, "InvalidStorageClass")
    assert list(store.iter_objects("things")) == []
    assert store.list_multipart_uploads("things").uploads == ()
