"""The S3 port in front of MinIO and Ceph RGW: its users are ours, and the servers never hear of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import uuid4

import boto3
import pytest
from botocore import UNSIGNED
from botocore.client import Config
from bucketry import ObjectToDelete, Store
from bucketry.access_store import AccessStore
from types_boto3_s3 import S3Client

import tests.minio.backend as minio_backend
import tests.rgw.backend as rgw_backend
from tests.http.s3.serving import serving
from tests.http.s3.users import ALICE, BOB, EVERYBODY, USERS, allow, client, denied, policy, raw
from tests.servers.handles import Server
from tests.servers.looking import raw_client

MIB = 1024**2


class Front(NamedTuple):
    """A server behind our port.

    Attributes:
        url: Our port.
        store: What it serves.
        server: The server behind it.
        backend: The server itself, asked as its administrator.
        hidden: The bucket of the access store.
        alice: A user of ours; so are the next two.
        bob: See above.
        carol: See above.
        nobody: Does not sign.
    """

    url: str
    store: Store
    server: Server
    backend: S3Client
    hidden: str
    alice: Any
    bob: Any
    carol: Any
    nobody: Any


def empty(store: Store, name: str) -> None:
    found = [ObjectToDelete(each.key, each.version_id) for each in store.iter_object_versions(name)]
    assert not found or store.delete_objects(name, found).failed == ()
    store.delete_bucket(name)


@pytest.fixture(scope="module", params=["minio", "rgw"])
def front(request: pytest.FixtureRequest) -> Iterator[Front]:
    server = request.getfixturevalue(f"{request.param}_server")
    opened: Any = (minio_backend if request.param == "minio" else rgw_backend).store_on
    hidden = f"bucketry-access-{uuid4()}"
    access = AccessStore(opened(server), hidden)
    with opened(server, access_store=access) as store, serving(store, credentials=USERS) as url:
        people = [client(url, one) for one in (*USERS, None)]
        yield Front(url, store, server, raw_client(server), hidden, *people)
    with opened(server) as store:
        empty(store, hidden)


@pytest.fixture
def bucket(front: Front) -> Iterator[str]:
    """A bucket of Alice's."""
    name = f"bucketry-front-{uuid4()}"
    front.alice.create_bucket(Bucket=name)
    yield name
    empty(front.store, name)


def read(who: Any, bucket: str, key: str) -> bytes:
    content: bytes = who.get_object(Bucket=bucket, Key=key)["Body"].read()
    return content


def test_each_does_what_the_policy_says(front: Front, bucket: str) -> None:
    front.alice.put_object(Bucket=bucket, Key="shared/a", Body=b"shared")
    front.alice.put_object(Bucket=bucket, Key="own", Body=b"own")
    for who in (front.bob, front.carol, front.nobody):
        for key in ("shared/a", "own", "missing"):
            denied(who.get_object, Bucket=bucket, Key=key)
        denied(who.put_object, Bucket=bucket, Key="shared/b", Body=b"")
        denied(who.list_objects_v2, Bucket=bucket)
    bobs: Any = {"Principal": {"AWS": "arn:aws:iam::bob:root"}}
    statements = (
        allow("s3:GetObject", f"{bucket}/shared/*", **bobs),
        allow("s3:PutObject", f"{bucket}/shared/in/*", **bobs),
        allow("s3:ListBucket", bucket, Principal={"AWS": "arn:aws:iam::carol:root"}),
    )
    front.alice.put_bucket_policy(Bucket=bucket, Policy=policy(*statements))
    assert read(front.bob, bucket, "shared/a") == b"shared"
    front.bob.put_object(Bucket=bucket, Key="shared/in/b", Body=b"from Bob")
    assert read(front.bob, bucket, "shared/in/b") == b"from Bob"
    denied(front.bob.get_object, Bucket=bucket, Key="own")
    denied(front.bob.put_object, Bucket=bucket, Key="shared/b", Body=b"")
    denied(front.bob.delete_object, Bucket=bucket, Key="shared/a")
    denied(front.bob.list_objects_v2, Bucket=bucket)
    listed = [each["Key"] for each in front.carol.list_objects_v2(Bucket=bucket)["Contents"]]
    assert listed == ["own", "shared/a", "shared/in/b"]
    denied(front.carol.get_object, Bucket=bucket, Key="own")
    denied(front.nobody.get_object, Bucket=bucket, Key="shared/a")
    # Whoever may not list learns of no missing object.
    denied(front.bob.get_object, Bucket=bucket, Key="shared/missing")
    denied(front.alice.get_object, Bucket=bucket, Key="missing", code="NoSuchKey", status=404)
    front.alice.delete_bucket_policy(Bucket=bucket)
    denied(front.bob.get_object, Bucket=bucket, Key="shared/a")


def test_the_server_hears_of_nothing(front: Front, bucket: str) -> None:
    front.alice.put_object(Bucket=bucket, Key="a", Body=b"public", ACL="public-read")
    front.alice.put_bucket_policy(Bucket=bucket, Policy=policy(allow("s3:GetObject", f"{bucket}/by-policy/*")))
    front.alice.put_bucket_acl(Bucket=bucket, ACL="public-read")
    front.alice.put_bucket_ownership_controls(
        Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    )
    front.alice.put_object(Bucket=bucket, Key="by-policy/b", Body=b"b")
    assert read(front.nobody, bucket, "a") == b"public"
    assert read(front.nobody, bucket, "by-policy/b") == b"b"
    assert len(front.nobody.list_objects_v2(Bucket=bucket)["Contents"]) == 2
    # The server itself has no policy and no ACL, and lets nobody in.
    denied(front.backend.get_bucket_policy, code="NoSuchBucketPolicy", status=404, Bucket=bucket)
    acls: list[Any] = [
        front.backend.get_bucket_acl(Bucket=bucket),
        front.backend.get_object_acl(Bucket=bucket, Key="a"),
    ]
    for acl in acls:
        assert [grant["Permission"] for grant in acl["Grants"]] == ["FULL_CONTROL"]
        assert acl["Grants"][0]["Grantee"].get("URI") is None
        assert "alice" not in str(acl["Owner"])
    passer_by = boto3.client(
        "s3",
        endpoint_url=front.server.url,
        verify=front.server.ca_file,
        region_name="us-east-1",
        config=Config(signature_version=UNSIGNED, s3={"addressing_style": "path"}),
    )
    denied(passer_by.get_object, Bucket=bucket, Key="a")
    denied(passer_by.list_objects_v2, Bucket=bucket)
    metadata = front.backend.head_object(Bucket=bucket, Key="a")["Metadata"]
    assert metadata == {}
    # What is blocked counts no more.
    blocked: Any = dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
    )
    front.alice.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=blocked)
    for key in ("a", "by-policy/b"):
        denied(front.nobody.get_object, Bucket=bucket, Key=key)
    denied(front.alice.put_object_acl, Bucket=bucket, Key="a", ACL="public-read")


def test_each_sees_their_own_buckets(front: Front, bucket: str) -> None:
    def seen(who: Any) -> list[str]:
        return [each["Name"] for each in who.list_buckets()["Buckets"]]

    assert (bucket in seen(front.alice), bucket in seen(front.bob)) == (True, False)
    denied(front.bob.create_bucket, code="BucketAlreadyExists", status=409, Bucket=bucket)
    denied(front.bob.delete_bucket, Bucket=bucket)


def test_the_access_stores_bucket_is_hidden(front: Front, bucket: str) -> None:
    front.alice.put_object(Bucket=bucket, Key="a", Body=b"a")
    hidden = front.hidden
    assert hidden in [each["Name"] for each in front.backend.list_buckets()["Buckets"]]
    assert hidden not in [each.name for each in front.store.list_buckets()]
    assert front.store.bucket_usages([hidden, bucket]).keys() == {bucket}
    key = front.backend.list_objects_v2(Bucket=hidden)["Contents"][0]["Key"]
    missing: Any = {"code": "NoSuchBucket", "status": 404}
    denied(front.alice.get_object, Bucket=hidden, Key=key, **missing)
    denied(front.alice.put_object, Bucket=hidden, Key=key, Body=b"{}", **missing)
    denied(front.alice.list_objects_v2, Bucket=hidden, **missing)
    denied(front.alice.delete_bucket, Bucket=hidden, **missing)
    denied(front.alice.copy_object, Bucket=bucket, Key="b", CopySource=f"{hidden}/{key}", **missing)
    denied(front.alice.create_bucket, Bucket=hidden, code="InvalidBucketName", status=400)
    upload = front.alice.create_multipart_upload(Bucket=bucket, Key="b")["UploadId"]
    part: Any = {"Bucket": bucket, "Key": "b", "UploadId": upload, "PartNumber": 1}
    denied(front.alice.upload_part_copy, **part, CopySource=f"{hidden}/{key}", **missing)
    front.alice.abort_multipart_upload(Bucket=bucket, Key="b", UploadId=upload)


def test_objects_of_others(front: Front, bucket: str) -> None:
    front.alice.put_bucket_policy(
        Bucket=bucket, Policy=policy(allow(["s3:PutObject", "s3:PutObjectAcl", "s3:GetObject"], f"{bucket}/*"))
    )
    named: Any = {"Bucket": bucket, "Key": "a"}
    front.alice.put_object(**named, Body=b"same")
    front.bob.put_object(**named, Body=b"same")
    assert front.bob.get_object_acl(**named)["Owner"]["ID"] == "bob"
    # The policy of the bucket's owner is not about Bob's object.
    for who in (front.alice, front.carol):
        denied(who.get_object, **named)
    front.bob.put_object_acl(**named, ACL="bucket-owner-read")
    assert read(front.alice, bucket, "a") == b"same"
    front.bob.put_object_tagging(**named, Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
    assert read(front.alice, bucket, "a") == b"same"
    denied(front.carol.get_object, **named)
    # The same content, perhaps within the same second: it is another object, and Alice's.
    front.alice.put_object(**named, Body=b"same")
    assert front.alice.get_object_acl(**named)["Owner"]["ID"] == "alice"
    assert read(front.carol, bucket, "a") == b"same"
    front.bob.copy_object(**{**named, "Key": "copy"}, CopySource=f"{bucket}/a", ACL="bucket-owner-full-control")
    assert front.bob.get_object_acl(Bucket=bucket, Key="copy")["Owner"]["ID"] == "bob"
    assert read(front.alice, bucket, "copy") == b"same"
    front.alice.delete_object(Bucket=bucket, Key="copy")
    front.alice.put_object(Bucket=bucket, Key="copy", Body=b"same")
    assert front.alice.get_object_acl(Bucket=bucket, Key="copy")["Owner"]["ID"] == "alice"


def test_uploads_of_others(front: Front, bucket: str) -> None:
    own: Any = {"Bucket": bucket, "Key": "large"}
    front.alice.put_bucket_policy(
        Bucket=bucket,
        Policy=policy(allow("s3:PutObject", f"{bucket}/*"), allow("s3:ListBucketMultipartUploads", bucket)),
    )
    begun = {**own, "UploadId": front.bob.create_multipart_upload(**own, ACL="public-read")["UploadId"]}
    listed = front.alice.list_multipart_uploads(Bucket=bucket, Prefix="large")["Uploads"]
    assert [each["Owner"]["ID"] for each in listed] == ["bob"]
    parts = [
        {"PartNumber": number, "ETag": front.bob.upload_part(**begun, PartNumber=number, Body=body)["ETag"]}
        for number, body in ((1, bytes(5 * MIB)), (2, b"end"))
    ]
    front.bob.complete_multipart_upload(**begun, MultipartUpload={"Parts": parts})
    assert front.nobody.head_object(**own)["ContentLength"] == 5 * MIB + 3
    assert front.bob.get_object_acl(**own)["Owner"]["ID"] == "bob"
    front.alice.put_object(**own, Body=b"small")
    denied(front.nobody.get_object, **own)


def test_presigned_urls_are_the_users_own(front: Front, bucket: str) -> None:
    front.alice.put_object(Bucket=bucket, Key="a", Body=b"content")
    front.alice.put_bucket_policy(
        Bucket=bucket,
        Policy=policy(allow("s3:GetObject", f"{bucket}/a", Principal={"AWS": "arn:aws:iam::bob:root"})),
    )

    def url(credential: Any, operation: str) -> str:
        signer = client(front.url, credential, signature_version="s3v4")
        made = signer.generate_presigned_url(operation, Params={"Bucket": bucket, "Key": "a"})
        assert made.startswith(front.url)
        return made

    assert raw("GET", url(BOB, "get_object")) == (200, b"content")
    assert raw("PUT", url(BOB, "put_object"), b"other")[0] == 403
    assert raw("PUT", url(ALICE, "put_object"), b"other")[0] == 200
    assert raw("GET", url(BOB, "get_object")) == (200, b"other")
    front.alice.delete_bucket_policy(Bucket=bucket)
    assert raw("GET", url(BOB, "get_object"))[0] == 403


def test_conditions_pass_on(front: Front, bucket: str) -> None:
    named: Any = {"Bucket": bucket, "Key": "a"}
    etag = front.alice.put_object(**named, Body=b"one", IfNoneMatch="*")["ETag"]
    failed: Any = {"code": "PreconditionFailed", "status": 412}
    denied(front.alice.put_object, **named, Body=b"two", IfNoneMatch="*", **failed)
    denied(front.alice.put_object, **named, Body=b"two", IfMatch='"0123456789abcdef0123456789abcdef"', **failed)
    front.alice.put_object(**named, Body=b"two", IfMatch=etag)
    denied(front.alice.get_object, **named, IfMatch=etag, **failed)
    assert front.alice.get_object(**named, Range="bytes=1-")["Body"].read() == b"wo"


def test_versions_keep_their_owners(front: Front, bucket: str) -> None:
    named: Any = {"Bucket": bucket, "Key": "a"}
    front.alice.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    front.alice.put_bucket_policy(Bucket=bucket, Policy=policy(allow("s3:PutObject", f"{bucket}/*")))
    first = front.alice.put_object(**named, Body=b"one")["VersionId"]
    second = front.bob.put_object(**named, Body=b"two", ACL="public-read")["VersionId"]
    third = front.alice.put_object(**named, Body=b"three")["VersionId"]
    owners = [
        front.alice.get_object_acl(**named, VersionId=first)["Owner"]["ID"],
        front.bob.get_object_acl(**named, VersionId=second)["Owner"]["ID"],
        front.alice.get_object_acl(**named, VersionId=third)["Owner"]["ID"],
    ]
    assert owners == ["alice", "bob", "alice"]
    assert [grant["Grantee"].get("URI") for grant in front.bob.get_object_acl(**named, VersionId=second)["Grants"]] == [
        EVERYBODY,
        None,
    ]
    front.alice.delete_object(**named)
    assert front.bob.get_object_acl(**named, VersionId=second)["Owner"]["ID"] == "bob"
    front.alice.delete_object(**named, VersionId=second)
