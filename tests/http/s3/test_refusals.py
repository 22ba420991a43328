"""What S3 has and this endpoint has not is refused; what clients look up before they begin is answered."""

from __future__ import annotations

import pytest
from bucketry import Store
from bucketry_http.s3.xml import OWNER_ID

from tests.http.s3.client import Client

NOT_IMPLEMENTED = (501, "NotImplemented")
BODY = b"<Anything/>"

BUCKET_WRITES = ["replication", "metadataTable", "abac", "from-the-future"]
OBJECT_WRITES = ["renameObject", "encryption", "from-the-future"]


@pytest.mark.parametrize("name", BUCKET_WRITES)
def test_settings_of_a_bucket_that_cannot_be_made(s3: Client, store: Store, name: str) -> None:
    assert s3.ask("PUT", f"/things?{name}", BODY).error == NOT_IMPLEMENTED
    assert s3.ask("PUT", f"/new-bucket?{name}", BODY).error == NOT_IMPLEMENTED
    assert "new-bucket" not in {bucket.name for bucket in store.list_buckets()}


@pytest.mark.parametrize("name", OBJECT_WRITES)
def test_settings_of_an_object_that_cannot_be_made(s3: Client, store: Store, name: str) -> None:
    assert s3.ask("PUT", f"/things/a?{name}", BODY).error == NOT_IMPLEMENTED
    assert list(store.iter_objects("things")) == []


@pytest.mark.parametrize("target", ["/things/a?restore", "/things/a?select&select-type=2", "/things?delete=&uploads="])
def test_other_operations_that_are_not_there(s3: Client, target: str) -> None:
    assert s3.ask("POST", target, BODY).status in {400, 501}


@pytest.mark.parametrize("name", ["torrent", "from-the-future", "versions"])
def test_reads_of_an_object_that_are_not_there(s3: Client, store: Store, name: str) -> None:
    store.put_object("things", "a", b"a")
    assert s3.ask("GET", f"/things/a?{name}").error == NOT_IMPLEMENTED
    assert s3.ask("DELETE", f"/things/a?{name}").error == NOT_IMPLEMENTED
    assert [info.key for info in store.iter_objects("things")] == ["a"]


MISSING = {
    "policy": "NoSuchBucketPolicy",
    "lifecycle": "NoSuchLifecycleConfiguration",
    "tagging": "NoSuchTagSet",
    "website": "NoSuchWebsiteConfiguration",
    "replication": "ReplicationConfigurationNotFoundError",
    "encryption": "ServerSideEncryptionConfigurationNotFoundError",
    "object-lock": "ObjectLockConfigurationNotFoundError",
    "publicAccessBlock": "NoSuchPublicAccessBlockConfiguration",
    "cors": "NoSuchCORSConfiguration",
}


@pytest.mark.parametrize(("name", "code"), MISSING.items())
def test_what_is_not_configured(s3: Client, name: str, code: str) -> None:
    assert s3.ask("GET", f"/things?{name}").error == (404, code)
    assert s3.ask("GET", f"/none-such?{name}").error == (404, "NoSuchBucket")


def test_what_a_bucket_is_like(s3: Client) -> None:
    assert s3.ask("GET", "/things?versioning").xml.find("{*}Status") is None
    assert s3.ask("GET", "/things?requestPayment").text("{*}Payer") == "BucketOwner"
    grants = "{*}AccessControlList/{*}Grant"
    for target in ("/things?acl", "/things/a?acl"):
        s3.ask("PUT", "/things/a", b"")
        reply = s3.ask("GET", target)
        assert reply.texts(f"{grants}/{{*}}Permission") == ["FULL_CONTROL"]
        assert reply.texts(f"{grants}/{{*}}Grantee/{{*}}ID") == [reply.text("{*}Owner/{*}ID")]
    assert s3.ask("GET", "/things/none?acl").error == (404, "NoSuchKey")
    assert s3.ask("GET", "/none-such?versioning").error == (404, "NoSuchBucket")


@pytest.mark.parametrize("name", ["policy", "lifecycle", "tagging", "website", "replication", "encryption"])
def test_what_is_not_configured_can_be_deleted(s3: Client, name: str) -> None:
    assert s3.ask("DELETE", f"/things?{name}").status == 204
    assert s3.ask("HEAD", "/things").status == 200
    assert s3.ask("DELETE", f"/none-such?{name}").error == (404, "NoSuchBucket")


HEADERS = {
    "x-amz-copy-source-server-side-encryption-customer-algorithm": "AES256",
    "x-amz-if-match-size": "1",
    "x-amz-if-match-initiated-time": "Wed, 21 Oct 2015 07:28:00 GMT",
    "content-range": "bytes 0-3/10",
    "if-unmodified-since": "Wed, 21 Oct 2015 07:28:00 GMT",
    "x-amz-server-side-encryption-of-tomorrow": "AES256",
    "x-amz-write-offset-bytes": "5",
}


@pytest.mark.parametrize(("name", "value"), HEADERS.items())
def test_no_header_is_ignored_that_would_protect_or_expose(s3: Client, store: Store, name: str, value: str) -> None:
    for method, target in [("PUT", "/things/a"), ("POST", "/things/a?uploads")]:
        assert s3.ask(method, target, headers={name: value}).error == NOT_IMPLEMENTED
    assert list(store.iter_objects("things")) == []
    assert store.list_multipart_uploads("things").uploads == ()


@pytest.mark.parametrize("condition", ["If-Match", "If-None-Match"])
@pytest.mark.parametrize("operation", ["PUT ?uploadId=x&partNumber=1", "POST ?uploads", "PUT ?tagging", "PUT ?acl"])
def test_a_condition_that_a_write_is_not_under(s3: Client, store: Store, condition: str, operation: str) -> None:
    store.put_object("things", "a", b"a")
    method, query = operation.split()
    reply = s3.ask(method, f"/things/a{query}", b"", {condition.lower(): "*"})
    assert (reply.error, reply.text("Header")) == (NOT_IMPLEMENTED, condition)
    assert store.list_multipart_uploads("things").uploads == ()


def test_two_conditions_of_one_write(s3: Client, store: Store) -> None:
    reply = s3.ask("PUT", "/things/a", b"", {"if-match": "*", "if-none-match": "*"})
    assert (reply.error, reply.text("Header")) == (NOT_IMPLEMENTED, "If-Match,If-None-Match")
    assert list(store.iter_objects("things")) == []


CUSTOMER_KEY = {"algorithm": "AES256", "key": "a" * 44, "key-md5": "b" * 24}


@pytest.mark.parametrize("target", ["/things/a", "/things/a?attributes", "/things/a?tagging"])
def test_nothing_is_read_as_if_it_were_encrypted(s3: Client, store: Store, target: str) -> None:
    """Source: S3 API reference, GetObject, "Encryption": such a request is a 400."""
    store.put_object("things", "a", b"a")
    for part, value in CUSTOMER_KEY.items():
        reply = s3.ask("GET", target, headers={f"x-amz-server-side-encryption-customer-{part}": value})
        assert reply.status == 400
        assert value not in reply.body.decode() or value == "AES256"
    reply = s3.ask("GET", target, headers={"x-amz-server-side-encryption": "AES256"})
    assert (reply.error, reply.text("ArgumentName")) == ((400, "InvalidArgument"), "x-amz-server-side-encryption")
    assert s3.ask("HEAD", "/things/a", headers={"x-amz-server-side-encryption": "AES256"}).status == 400


def test_a_grant_to_the_owner_gives_nothing_away(s3: Client) -> None:
    headers = {"x-amz-grant-full-control": f'id="{OWNER_ID}"'}
    assert s3.ask("PUT", "/things/a", headers=headers).status == 200


@pytest.mark.parametrize("value", ["private", "bucket-owner-full-control"])
def test_an_acl_that_gives_nothing_away_is_what_there_is(s3: Client, value: str) -> None:
    assert s3.ask("PUT", "/things/a", headers={"x-amz-acl": value}).status == 200


def test_another_owner_is_expected(s3: Client) -> None:
    headers = {"x-amz-expected-bucket-owner": "111122223333"}
    assert s3.ask("GET", "/things", headers=headers).error == (403, "AccessDenied")
    owner = s3.ask("GET", "/things?acl").text("{*}Owner/{*}ID")
    right = {"x-amz-expected-bucket-owner": owner}
    assert s3.ask("GET", "/things", headers=right).status == 200
    source = {"x-amz-copy-source": "/things/none", "x-amz-source-expected-bucket-owner": "111122223333"}
    assert s3.ask("PUT", "/things/copy", headers=right | source).error == (403, "AccessDenied")
    source["x-amz-source-expected-bucket-owner"] = owner
    assert s3.ask("PUT", "/things/copy", headers=right | source).error == (404, "NoSuchKey")


METHODS = [
    ("POST", "/"),
    ("PUT", "/"),
    ("DELETE", "/"),
    ("PATCH", "/things/a"),
    ("POST", "/things/a"),
    ("TRACE", "/things"),
]


@pytest.mark.parametrize(("method", "target"), METHODS)
def test_methods_that_are_not_there(s3: Client, method: str, target: str) -> None:
    assert s3.ask(method, target).error == (405, "MethodNotAllowed")


def test_allowed_methods_are_named(s3: Client) -> None:
    assert s3.ask("PATCH", "/things/a").headers["allow"].split(", ") == ["GET", "HEAD", "PUT", "DELETE"]


@pytest.mark.parametrize("name", ["partNumber=1", "uploads&acl", "x=1&x=2"])
def test_parameters_that_say_two_things(s3: Client, store: Store, name: str) -> None:
    assert s3.ask("PUT", f"/things/a?{name}", b"part").status in {400, 501}
    assert list(store.iter_objects("things")) == []
