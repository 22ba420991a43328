"""Settings of a store whose driver declares no kind of them: everybody gets what holds for every bucket.

Puts that say what holds anyway are accepted, as infrastructure tools make them; no others are.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError
from bucketry import Store
from bucketry.bucket_settings import SETTINGS_KINDS
from bucketry_http.s3.xml import OWNER_ID
from bucketry_memory import MemoryDriver, MemorySettings
from msgspec.structs import replace
from types_boto3_s3 import S3Client

from tests.http.s3.client import Client
from tests.http.s3.conftest import boto_client
from tests.http.s3.serving import EVERYBODY as EVERYBODY_READS
from tests.http.s3.serving import READER, serving
from tests.http.s3.signing import signing_as

NOT_IMPLEMENTED = (501, "NotImplemented")
NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"'


def acl(grantee: str = f"<ID>{OWNER_ID}</ID>", permission: str = "FULL_CONTROL", more: str = "") -> str:
    grant = f"<Grant><Grantee {XSI}>{grantee}</Grantee><Permission>{permission}</Permission></Grant>"
    owner = f"<Owner><ID>{OWNER_ID}</ID></Owner>"
    listed = f"<AccessControlList>{grant}{more}</AccessControlList>"
    return f"<AccessControlPolicy {NAMESPACE}>{owner}{listed}</AccessControlPolicy>"


def block(**values: str) -> str:
    names = ("RestrictPublicBuckets", "BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy")
    elements = "".join(f"<{name}>{values.get(name, 'true')}</{name}>" for name in names)
    return f"<PublicAccessBlockConfiguration {NAMESPACE}>{elements}</PublicAccessBlockConfiguration>"


OWNED = "<OwnershipControls><Rule><ObjectOwnership>{}</ObjectOwnership></Rule></OwnershipControls>"
PAYER = "<RequestPaymentConfiguration><Payer>{}</Payer></RequestPaymentConfiguration>"
LOGGED = "<LoggingEnabled><TargetBucket>guests</TargetBucket><TargetPrefix/></LoggingEnabled>"
QUEUE = "<QueueConfiguration><Queue>arn:aws:sqs:::q</Queue><Event>s3:ObjectCreated:*</Event></QueueConfiguration>"
ENCRYPTED = (
    "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm>"
    "</ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>"
)
EVERYBODY = "<URI>http://acs.amazonaws.com/groups/global/AllUsers</URI>"
PUBLIC = f"<Grant><Grantee>{EVERYBODY}</Grantee><Permission>READ</Permission></Grant>"

HOLDS = [
    ("acl", acl()),
    ("ownershipControls", OWNED.format("BucketOwnerEnforced")),
    ("ownershipControls", OWNED.format(" BucketOwnerEnforced\n").replace("<Rule>", "\n <Rule>")),
    ("requestPayment", PAYER.format("BucketOwner")),
    ("requestPayment", f'<?xml version="1.0" encoding="UTF-8"?>{PAYER.format("BucketOwner")}'),
    ("notification", f"<NotificationConfiguration {NAMESPACE}/>"),
    ("notification", "<NotificationConfiguration></NotificationConfiguration>"),
    ("logging", f"<BucketLoggingStatus {NAMESPACE}/>"),
    ("tagging", "<Tagging><TagSet/></Tagging>"),
]
DOES_NOT_HOLD = [
    ("logging", "<NotificationConfiguration/>"),
    ("versioning", "<VersioningConfiguration/>"),
    ("ownershipControls", "<OwnershipControls/>"),
    ("acl", acl(permission="READ")),
    ("acl", acl(more=PUBLIC)),
    ("acl", f"<AccessControlPolicy><Owner><ID>{OWNER_ID}</ID></Owner><AccessControlList/></AccessControlPolicy>"),
    ("ownershipControls", OWNED.format("ObjectWriter")),
    ("ownershipControls", OWNED.format("BucketOwnerPreferred")),
    ("requestPayment", PAYER.format("Requester")),
    ("notification", f"<NotificationConfiguration>{QUEUE}</NotificationConfiguration>"),
    ("notification", "<NotificationConfiguration><EventBridgeConfiguration/></NotificationConfiguration>"),
    ("logging", f"<BucketLoggingStatus>{LOGGED}</BucketLoggingStatus>"),
    ("tagging", "<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>"),
    # This endpoint serves a bucket to everybody.
    ("publicAccessBlock", block()),
    ("versioning", "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>"),
    ("encryption", ENCRYPTED),
    ("inventory&id=i", "<InventoryConfiguration><Id>i</Id></InventoryConfiguration>"),
]
MALFORMED = [
    ("versioning", "<VersioningConfiguration>"),
]


def plain_store() -> Store:
    """A store in memory whose driver declares no kind of settings."""
    driver = MemoryDriver(MemorySettings())
    undeclared = dict.fromkeys((kind.feature for kind in SETTINGS_KINDS), False)
    driver.features = replace(driver.features, **undeclared)
    opened = Store(driver)
    opened.create_bucket("things")
    return opened


@pytest.fixture(scope="module")
def plain() -> Iterator[tuple[Store, str]]:
    with plain_store() as opened, serving(opened, anonymous=EVERYBODY_READS) as url:
        yield opened, url


@pytest.fixture
def store(plain: tuple[Store, str]) -> Store:
    return plain[0]


@pytest.fixture
def s3(plain: tuple[Store, str]) -> Client:
    return Client(plain[1])


@pytest.mark.parametrize(("name", "document"), HOLDS)
def test_what_holds_may_be_stated(s3: Client, store: Store, name: str, document: str) -> None:
    before = s3.ask("GET", f"/things?{name}").body
    assert s3.ask("PUT", f"/things?{name}", document.encode()).status == 200
    after = s3.ask("GET", f"/things?{name}")
    assert after.status == (404 if name == "tagging" else 200)
    assert name == "tagging" or after.body == before
    assert s3.ask("PUT", f"/none-such?{name}", document.encode()).error == (404, "NoSuchBucket")
    assert s3.ask("PUT", f"/things?{name}", document.encode() + b"<").error == (400, "MalformedXML")


@pytest.mark.parametrize(("name", "document"), DOES_NOT_HOLD)
def test_what_does_not_hold_may_not(s3: Client, name: str, document: str) -> None:
    assert s3.ask("PUT", f"/things?{name}", document.encode()).error == NOT_IMPLEMENTED


@pytest.mark.parametrize(("name", "document"), MALFORMED)
def test_what_is_malformed(s3: Client, name: str, document: str) -> None:
    assert s3.ask("PUT", f"/things?{name}", document.encode()).error == (400, "MalformedXML")


@pytest.mark.parametrize("name", ["inventory", "analytics", "metrics", "intelligent-tiering"])
def test_configurations_are_not_implemented(s3: Client, name: str) -> None:
    for method, more in (("GET", ""), ("GET", "&id=i"), ("DELETE", "&id=i")):
        assert s3.ask(method, f"/things?{name}{more}").error == NOT_IMPLEMENTED


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("cors", "NoSuchCORSConfiguration"),
        ("policy", "NoSuchBucketPolicy"),
        ("policyStatus", "NoSuchBucketPolicy"),
        ("lifecycle", "NoSuchLifecycleConfiguration"),
        ("tagging", "NoSuchTagSet"),
        ("website", "NoSuchWebsiteConfiguration"),
        ("replication", "ReplicationConfigurationNotFoundError"),
        ("encryption", "ServerSideEncryptionConfigurationNotFoundError"),
        ("object-lock", "ObjectLockConfigurationNotFoundError"),
    ],
)
def test_what_no_bucket_has(s3: Client, name: str, code: str) -> None:
    assert s3.ask("GET", f"/things?{name}").error == (404, code)
    assert s3.ask("GET", f"/none-such?{name}").error == (404, "NoSuchBucket")
    if name not in {"policyStatus", "object-lock"}:
        assert s3.ask("DELETE", f"/things?{name}").status == 204
        assert s3.ask("DELETE", f"/none-such?{name}").error == (404, "NoSuchBucket")


@pytest.mark.parametrize("target", ["/things", "/things/a"])
def test_an_acl_in_headers(s3: Client, store: Store, target: str) -> None:
    store.put_object("things", "a", b"")
    for header, value in {"x-amz-acl": "private", "x-amz-grant-full-control": f"id={OWNER_ID}"}.items():
        assert s3.ask("PUT", f"{target}?acl", headers={header: value}).status == 200
        assert s3.ask("PUT", f"{target}?acl", acl().encode(), {header: value}).error == (400, "InvalidRequest")
    assert s3.ask("PUT", f"{target}?acl", headers={"x-amz-acl": "public-read"}).error == NOT_IMPLEMENTED
    assert s3.ask("PUT", f"{target}?acl").error == (400, "InvalidRequest")
    assert s3.ask("PUT", f"{target}?acl", acl().encode()).status == 200
    assert s3.ask("PUT", f"{target}?acl", acl(more=PUBLIC).encode()).error == NOT_IMPLEMENTED


@pytest.mark.parametrize(
    ("document", "error"),
    [
        (acl("<ID>another</ID>"), (400, "InvalidArgument")),
        ("<AccessControlPolicy/>", (400, "MalformedXML")),
        (acl().replace(OWNER_ID, "another", 1), (403, "AccessDenied")),
    ],
    ids=["to nobody", "of nobody", "of somebody else"],
)
def test_an_acl_that_is_not_valid(s3: Client, document: str, error: tuple[int, str]) -> None:
    assert s3.ask("PUT", "/things?acl", document.encode()).error == error


def test_an_acl_of_nothing(s3: Client, store: Store) -> None:
    private = {"x-amz-acl": "private"}
    assert s3.ask("PUT", "/things/none?acl", headers=private).error == (404, "NoSuchKey")
    assert s3.ask("PUT", "/none-such?acl", headers=private).error == (404, "NoSuchBucket")


def test_who_may_not_write_may_not_state_it_either(s3: Client, store: Store) -> None:
    for name, document in HOLDS:
        assert s3.ask("PUT", f"/things?{name}", document.encode(), by=signing_as(READER)).error == (403, "AccessDenied")


@pytest.fixture(scope="module")
def private() -> Iterator[S3Client]:
    """A client of an endpoint that serves nobody who does not sign."""
    with plain_store() as opened, serving(opened) as url:
        yield boto_client(url)


def test_as_boto3_puts_them(private: S3Client) -> None:
    private.put_bucket_acl(Bucket="things", ACL="private")
    private.put_bucket_request_payment(Bucket="things", RequestPaymentConfiguration={"Payer": "BucketOwner"})
    private.put_bucket_notification_configuration(Bucket="things", NotificationConfiguration={})
    private.put_bucket_logging(Bucket="things", BucketLoggingStatus={})
    rules = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    private.put_bucket_ownership_controls(Bucket="things", OwnershipControls=rules)  # type: ignore[arg-type]
    assert private.get_bucket_ownership_controls(Bucket="things")["OwnershipControls"] == rules
    assert "LoggingEnabled" not in private.get_bucket_logging(Bucket="things")
    found = private.get_bucket_acl(Bucket="things")
    private.put_bucket_acl(
        Bucket="things",
        AccessControlPolicy={"Owner": found["Owner"], "Grants": found["Grants"]},
    )


def test_access_of_the_public_is_blocked_where_nothing_is_public(private: S3Client) -> None:
    blocked = dict.fromkeys(["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"], True)
    private.put_public_access_block(Bucket="things", PublicAccessBlockConfiguration=blocked)  # type: ignore[arg-type]
    found = private.get_public_access_block(Bucket="things")
    assert found["PublicAccessBlockConfiguration"] == blocked
    opened = blocked | {"BlockPublicAcls": False}
    with pytest.raises(ClientError, match="NotImplemented"):
        private.put_public_access_block(Bucket="things", PublicAccessBlockConfiguration=opened)
