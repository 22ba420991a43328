"""The XML of answers: S3's namespace on every document but an error's, and text that stays text."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from bucketry import Store

from tests.http.s3.client import S3, Client, Reply
from tests.http.s3.serving import memory_store, serving
from tests.http.s3.signing import Signing

KEY = "<Key>a</Key>&amp;\"']]><!--é\u2028"
PATH = f"/things/{quote(KEY)}"
DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
DELETE = "<Delete><Object><Key>{}</Key></Object></Delete>"

PLACE = "<CreateBucketConfiguration><LocationConstraint>{}</LocationConstraint></CreateBucketConfiguration>"


@pytest.fixture
def stored(store: Store) -> Store:
    store.put_object("things", KEY, b"content")
    return store


def document(reply: Reply, root: str) -> Reply:
    """Checks what all documents have in common."""
    assert reply.status == 200
    assert reply.xml.tag == f"{S3}{root}"
    assert reply.body.startswith(DECLARATION)
    assert reply.headers["content-length"] == str(len(reply.body))
    assert all(element.tag.startswith("{") for element in reply.xml.iter())
    return reply


READS = {
    "/": "ListAllMyBucketsResult",
    "/things": "ListBucketResult",
    "/things?list-type=2": "ListBucketResult",
    "/things?location": "LocationConstraint",
    "/things?uploads": "ListMultipartUploadsResult",
    "/things?acl": "AccessControlPolicy",
    "/things?versioning": "VersioningConfiguration",
    "/things?logging": "BucketLoggingStatus",
    "/things?notification": "NotificationConfiguration",
    "/things?requestPayment": "RequestPaymentConfiguration",
    "/things?accelerate": "AccelerateConfiguration",
    f"{PATH}?acl": "AccessControlPolicy",
    f"{PATH}?tagging": "Tagging",
    f"{PATH}?attributes": "GetObjectAttributesResponse",
}


@pytest.mark.parametrize(("target", "root"), READS.items())
def test_documents_have_s3_s_namespace(s3: Client, stored: Store, target: str, root: str) -> None:
    headers = {"x-amz-object-attributes": "ETag"} if "attributes" in target else {}
    document(s3.ask("GET", target, headers=headers), root)


def test_the_first_region_has_no_name(s3: Client, stored: Store) -> None:
    reply = document(s3.ask("GET", "/things?location"), "LocationConstraint")
    assert (list(reply.xml), reply.xml.text) == ([], None)
    assert set(s3.ask("GET", "/").texts("{*}Buckets/{*}Bucket/{*}BucketRegion")) == {"us-east-1"}


def test_other_regions_have() -> None:
    by = Signing(region="eu-central-1")
    with memory_store() as store, serving(store, region="eu-central-1") as url:
        s3 = Client(url)
        for place, status in [("eu-central-1", 200), ("us-east-1", 400)]:
            assert s3.ask("PUT", f"/in-{place}", PLACE.format(place).encode(), by=by).status == status
        assert document(s3.ask("GET", "/in-eu-central-1?location", by=by), "LocationConstraint").xml.text == by.region
        assert s3.ask("HEAD", "/in-eu-central-1", by=by).headers["x-amz-bucket-region"] == by.region
        assert s3.ask("GET", "/", by=by).texts("{*}Buckets/{*}Bucket/{*}BucketRegion") == [by.region]
        assert s3.ask("GET", "/").text("Region") == by.region


def test_keys_in_listings(s3: Client, stored: Store) -> None:
    for target in ("/things", "/things?list-type=2", f"/things?prefix={quote(KEY[:8], safe='')}"):
        assert s3.ask("GET", target).texts("{*}Contents/{*}Key") == [KEY]


def test_prefixes_and_markers(s3: Client, stored: Store) -> None:
    value = "<a>&'\"/"
    query = "&".join(f"{name}={quote(value, safe='')}" for name in ("prefix", "delimiter", "marker"))
    reply = document(s3.ask("GET", f"/things?{query}"), "ListBucketResult")
    assert [reply.text(f"{{*}}{name}") for name in ("Prefix", "Delimiter", "Marker")] == [value] * 3


def test_keys_in_uploads(s3: Client, stored: Store) -> None:
    begun = document(s3.ask("POST", f"{PATH}?uploads"), "InitiateMultipartUploadResult")
    assert begun.text("{*}Key") == KEY
    upload = begun.text("{*}UploadId")
    etag = s3.ask("PUT", f"{PATH}?partNumber=1&uploadId={upload}", b"part").headers["etag"]
    assert s3.ask("GET", "/things?uploads").texts("{*}Upload/{*}Key") == [KEY]
    parts = document(s3.ask("GET", f"{PATH}?uploadId={upload}"), "ListPartsResult")
    assert (parts.text("{*}Key"), parts.text("{*}Part/{*}ETag")) == (KEY, etag)
    body = (
        f"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part></CompleteMultipartUpload>"
    )
    done = document(s3.ask("POST", f"{PATH}?uploadId={upload}", body.encode()), "CompleteMultipartUploadResult")
    assert (done.text("{*}Key"), done.text("{*}Location")) == (KEY, s3.url + PATH)
    assert done.text("{*}ETag").endswith('-1"')


def test_keys_in_copies_and_batches(s3: Client, stored: Store) -> None:
    document(s3.ask("PUT", "/things/b", headers={"x-amz-copy-source": PATH}), "CopyObjectResult")
    escaped = KEY.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    gone = document(s3.ask("POST", "/things?delete", DELETE.format(escaped).encode()), "DeleteResult")
    assert gone.texts("{*}Deleted/{*}Key") == [KEY]
    assert [info.key for info in stored.iter_objects("things")] == ["b"]


def test_tags(s3: Client, stored: Store) -> None:
    stored.put_object_tagging("things", KEY, {"a b": "c/d=e"})
    reply = document(s3.ask("GET", f"{PATH}?tagging"), "Tagging")
    assert [reply.text(f"{{*}}TagSet/{{*}}Tag/{{*}}{name}") for name in ("Key", "Value")] == ["a b", "c/d=e"]


def test_an_error_has_no_namespace(s3: Client, store: Store) -> None:
    reply = s3.ask("GET", PATH)
    assert reply.error == (404, "NoSuchKey")
    assert [element.tag for element in reply.xml] == [
        "Code", "Message", "BucketName", "Key", "Resource", "RequestId", "HostId",
    ]  # fmt: skip
    assert [reply.text(name) for name in ("BucketName", "Key", "Resource")] == ["things", KEY, PATH]


@pytest.mark.parametrize("key", ["%00", "%01%1F", "%EF%BF%BE", "%0B", "%EF%BF%BF"])
def test_an_error_can_be_read_whatever_was_asked_for(s3: Client, store: Store, key: str) -> None:
    reply = s3.ask("GET", f"/things/a{key}")
    assert reply.error == (404, "NoSuchKey")
    assert set(reply.text("Key")) == {"a", "\ufffd"}
    assert s3.ask("GET", f"/{key}{key}{key}").error == (400, "InvalidBucketName")


def test_what_was_wrong_is_shown_as_text_and_not_without_end(s3: Client, store: Store) -> None:
    value = "<script>&" + "x" * 5000
    reply = s3.ask("GET", f"/things?max-keys={quote(value, safe='')}")
    assert reply.error == (400, "InvalidArgument")
    assert reply.text("ArgumentValue").startswith(value[:200])
    assert len(reply.body) < 1500
