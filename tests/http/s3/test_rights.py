"""What a credential may do, and what anybody may."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from bucketry import BucketAccess, Owner, Store
from bucketry_access import ACTIONS, Principal, Request, decide, policy_of_rights
from bucketry_http import S3Rights
from bucketry_http.s3.routing import BUCKET, COPIES, OBJECT, Route, settings_routes

from tests.http.s3.client import Client
from tests.http.s3.serving import CREDENTIAL, GUEST, READER, memory_store, serving
from tests.http.s3.signing import OWNER, Signing, signing_as

DENIED = (403, "AccessDenied")
READING, VISITING = signing_as(READER), signing_as(GUEST)
DELETE = b"<Delete><Object><Key>a</Key></Object></Delete>"
TAGS = b"<Tagging><TagSet/></Tagging>"
UPLOAD = "uploadId=0"

READS = ["/things", "/things?list-type=2", "/things?location", "/things/a", "/things?uploads", "/things?cors",
         "/things/a?tagging", "/things/a?attributes", "/things?versioning", "/things/a?acl"]  # fmt: skip
WRITES = [
    ("PUT", "/things/a", b"new"),
    ("PUT", "/a-new-bucket", b""),
    ("DELETE", "/things", b""),
    ("DELETE", "/things/a", b""),
    ("POST", "/things?delete", DELETE),
    ("PUT", "/things/a?tagging", TAGS),
    ("DELETE", "/things/a?tagging", b""),
    ("POST", "/things/a?uploads", b""),
    ("PUT", f"/things/a?partNumber=1&{UPLOAD}", b"part"),
    ("POST", f"/things/a?{UPLOAD}", b"<CompleteMultipartUpload/>"),
    ("DELETE", f"/things/a?{UPLOAD}", b""),
    ("PUT", "/things?cors", b"<CORSConfiguration/>"),
    ("DELETE", "/things?cors", b""),
    ("DELETE", "/things?policy", b""),
]


@pytest.fixture(autouse=True)
def objects(store: Store) -> None:
    for bucket in ("things", "guests", "public"):
        store.put_object(bucket, "a", b"before")


def content(store: Store, bucket: str = "things", key: str = "a") -> bytes:
    with store.get_object(bucket, key) as opened:
        return opened.read()


@pytest.mark.parametrize(
    ("method", "target", "body"), WRITES, ids=[f"{method} {target}" for method, target, _ in WRITES]
)
@pytest.mark.parametrize("by", [READING, VISITING], ids=["read-only", "of another bucket"])
def test_nobody_writes_without_the_right(
    s3: Client, store: Store, by: Signing, method: str, target: str, body: bytes
) -> None:
    assert s3.ask(method, target, body, by=by).error == DENIED
    assert content(store) == b"before"


@pytest.mark.parametrize("target", READS)
def test_reading_needs_the_right_to_the_bucket(s3: Client, target: str) -> None:
    headers = {"x-amz-object-attributes": "ETag"}
    assert s3.ask("GET", target, by=VISITING, headers=headers).error == DENIED
    assert s3.ask("GET", target, by=READING, headers=headers).error != DENIED
    assert s3.send("GET", target).error == DENIED


def test_a_guest_is_at_home_in_one_bucket(s3: Client, store: Store) -> None:
    assert s3.ask("PUT", "/guests/b", b"new", by=VISITING).status == 200
    assert s3.ask("GET", "/guests/b", by=VISITING).body == b"new"
    assert s3.ask("GET", "/guests", by=VISITING).texts("{*}Contents/{*}Key") == ["a", "b"]


@pytest.mark.parametrize("by", [VISITING, READING])
def test_who_may_not_write_does_not_learn_what_there_is(s3: Client, by: Signing) -> None:
    for target in ("/things/none-such", "/none-such/a"):
        assert s3.ask("PUT", target, b"", by=by).error == DENIED
    for target in ("/things/none-such", "/none-such/a", "/none-such"):
        assert s3.ask("GET", target, by=VISITING).error == DENIED
        assert s3.ask("HEAD", target, by=VISITING).status == 403


@pytest.mark.parametrize(("by", "buckets"), [(OWNER, ["guests", "public", "things"]), (VISITING, ["guests"])])
def test_everybody_sees_their_own_buckets_only(s3: Client, by: Signing, buckets: list[str]) -> None:
    assert s3.ask("GET", "/", by=by).texts("{*}Buckets/{*}Bucket/{*}Name") == buckets


def test_buckets_are_not_listed_to_who_signs_nothing(s3: Client) -> None:
    assert s3.send("GET", "/").error == DENIED


@pytest.mark.parametrize("target", ["/guests/b", "/guests/big?partNumber=1&uploadId={upload}"], ids=["object", "part"])
@pytest.mark.parametrize("source", ["things/a", "/things/a", "thing%73/a", "things/a?versionId=null"])
def test_copying_needs_the_right_to_read_the_source(s3: Client, store: Store, target: str, source: str) -> None:
    upload = store.create_multipart_upload("guests", "big").upload_id
    target = target.format(upload=upload)
    headers = {"x-amz-copy-source": source}
    assert s3.ask("PUT", target, headers=headers, by=VISITING).error == DENIED
    assert s3.ask("PUT", target, headers={"x-amz-copy-source": "guests/a"}, by=VISITING).status == 200
    assert s3.ask("PUT", target, headers=headers).status == 200
    assert s3.ask("PUT", target, headers=headers, by=READING).error == DENIED


def test_everybody_reads_what_is_public_and_writes_nothing(s3: Client, store: Store) -> None:
    assert s3.send("GET", "/public/a").body == b"before"
    assert s3.send("GET", "/public").texts("{*}Contents/{*}Key") == ["a"]
    assert s3.send("PUT", "/public/a", body=b"new").error == DENIED
    assert s3.send("POST", "/public?delete", body=DELETE).error == DENIED
    assert s3.send("PUT", "/public/a", {"x-amz-copy-source": "things/a"}).error == DENIED
    assert content(store, "public") == b"before"


def test_a_wrong_signature_is_no_way_to_be_anonymous(s3: Client) -> None:
    wrong = Signing(secret_key="wrong")
    assert s3.ask("GET", "/public/a", by=wrong).error == (403, "SignatureDoesNotMatch")
    assert s3.send("GET", wrong.presigned("GET", "/public/a", s3.host)).error == (403, "SignatureDoesNotMatch")
    assert s3.send("GET", "/public/a?AWSAccessKeyId=x").error == DENIED
    of_version_2 = "AWSAccessKeyId=tester&Expires=99999999999&Signature=wrong"
    assert s3.send("GET", f"/public/a?{of_version_2}").error == (403, "SignatureDoesNotMatch")


def test_headers_of_an_answer_are_for_the_signed_alone(s3: Client) -> None:
    reply = s3.send("GET", "/public/a?response-content-type=text/html")
    assert reply.error == (400, "InvalidRequest")
    assert s3.ask("GET", "/public/a?response-content-type=text/html").headers["content-type"] == "text/html"


def test_without_anonymous_rights_nothing_is_open() -> None:
    with memory_store() as store, serving(store, credentials=(CREDENTIAL,)) as url:
        store.create_bucket("public")
        client = Client(url)
        for method, target in [("GET", "/"), ("GET", "/public"), ("PUT", "/public/a"), ("GET", "/public/a")]:
            assert client.send(method, target).error == DENIED
        assert client.ask("GET", "/").texts("{*}Buckets/{*}Bucket/{*}Name") == ["public"]


@pytest.mark.parametrize(
    "routes", [BUCKET, settings_routes(), OBJECT, COPIES], ids=["buckets", "settings", "objects", "copies"]
)
def test_simple_rights_say_the_same_as_their_policies(routes: Mapping[tuple[str, str], Route]) -> None:
    # The owner of a bucket is judged by the rights themselves, and all others by the policies.
    for route in routes.values():
        for read_only in (True, False):
            for buckets in ((), ("things",), ("others",)):
                rights = S3Rights(read_only=read_only, buckets=buckets)
                principal = Principal(user_id="a", policies=(policy_of_rights(read_only=read_only, buckets=buckets),))
                for action in route.actions:
                    key = "key" if ACTIONS[action] == "object" else ""
                    decision = decide(principal, Request(action, "things", key), BucketAccess(owner=Owner(id="a")))
                    assert decision.allowed == rights.allow("things", write=route.write), (route.name, action)
