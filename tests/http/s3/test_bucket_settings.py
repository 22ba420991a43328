"""Settings of buckets through boto3: what is put comes back, and what S3 refuses is refused with S3's code."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from bucketry import Store
from types_boto3_s3 import S3Client

from tests.http.s3.client import Client
from tests.http.s3.test_objects import failing

OWNED = {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
BLOCK = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": False,
}
TAGS = {"TagSet": [{"Key": "Hello", "Value": "World"}, {"Key": "a b", "Value": ""}]}
QUEUE = {
    "Id": "pictures",
    "QueueArn": "arn:aws:sqs:us-east-1:123456789012:queue",
    "Events": ["s3:ObjectCreated:*"],
    "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "a/"}, {"Name": "suffix", "Value": ".jpg"}]}},
}
TOPIC = {"Id": "gone", "TopicArn": "arn:aws:sns:us-east-1:123456789012:topic", "Events": ["s3:ObjectRemoved:Delete"]}
FUNCTION = {
    "Id": "f",
    "LambdaFunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:f",
    "Events": ["s3:ObjectTagging:*"],
}
EVENTS = {
    "QueueConfigurations": [QUEUE],
    "TopicConfigurations": [TOPIC],
    "LambdaFunctionConfigurations": [FUNCTION],
    "EventBridgeConfiguration": {},
}
LOGGED = {
    "LoggingEnabled": {
        "TargetBucket": "guests",
        "TargetPrefix": "logs/",
        "TargetGrants": [
            {
                "Grantee": {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"},
                "Permission": "READ",
            },
            {"Grantee": {"Type": "AmazonCustomerByEmail", "EmailAddress": "a@example.com"}, "Permission": "WRITE"},
        ],
        "TargetObjectKeyFormat": {"PartitionedPrefix": {"PartitionDateSource": "EventTime"}},
    }
}
SITE = {
    "IndexDocument": {"Suffix": "index.html"},
    "ErrorDocument": {"Key": "error.html"},
    "RoutingRules": [
        {
            "Condition": {"KeyPrefixEquals": "old/", "HttpErrorCodeReturnedEquals": "404"},
            "Redirect": {"ReplaceKeyPrefixWith": "new/", "HttpRedirectCode": "302", "Protocol": "https"},
        }
    ],
}
MOVED = {"RedirectAllRequestsTo": {"HostName": "www.example.com", "Protocol": "https"}}

PUT_AND_GOT: dict[str, tuple[str, str, dict[str, Any]]] = {
    "accelerate": ("bucket_accelerate_configuration", "AccelerateConfiguration", {"Status": "Enabled"}),
    "logging": ("bucket_logging", "BucketLoggingStatus", LOGGED),
    "notification": ("bucket_notification_configuration", "NotificationConfiguration", EVENTS),
    "ownership": ("bucket_ownership_controls", "OwnershipControls", OWNED),
    "payment": ("bucket_request_payment", "RequestPaymentConfiguration", {"Payer": "Requester"}),
    "public access": ("public_access_block", "PublicAccessBlockConfiguration", BLOCK),
    "tags": ("bucket_tagging", "Tagging", TAGS),
    "versioning": ("bucket_versioning", "VersioningConfiguration", {"Status": "Enabled"}),
    "website": ("bucket_website", "WebsiteConfiguration", SITE),
    "redirected website": ("bucket_website", "WebsiteConfiguration", MOVED),
}


def content(response: Any) -> dict[str, Any]:
    return {name: value for name, value in response.items() if name != "ResponseMetadata"}


@pytest.mark.parametrize("row", PUT_AND_GOT.values(), ids=PUT_AND_GOT)
def test_what_is_put_comes_back(boto: S3Client, row: tuple[str, str, dict[str, Any]]) -> None:
    name, argument, value = row
    put = getattr(boto, f"put_{name}")(Bucket="things", **{argument: value})
    assert put["ResponseMetadata"]["HTTPStatusCode"] == 200
    found = content(getattr(boto, f"get_{name}")(Bucket="things"))
    assert found.get(argument, found) == value
    missing = failing(getattr(boto, f"put_{name}"), Bucket="none-such", **{argument: value})
    assert missing == (404, "NoSuchBucket")


DELETES = {
    "bucket_ownership_controls": ("OwnershipControls", OWNED, "OwnershipControlsNotFoundError"),
    "public_access_block": ("PublicAccessBlockConfiguration", BLOCK, "NoSuchPublicAccessBlockConfiguration"),
    "bucket_tagging": ("Tagging", TAGS, "NoSuchTagSet"),
    "bucket_website": ("WebsiteConfiguration", SITE, "NoSuchWebsiteConfiguration"),
}


@pytest.mark.parametrize("name", DELETES)
def test_what_is_deleted_is_not_there(boto: S3Client, name: str) -> None:
    argument, value, code = DELETES[name]
    assert failing(getattr(boto, f"get_{name}"), Bucket="things") == (404, code)
    getattr(boto, f"put_{name}")(Bucket="things", **{argument: value})
    for _ in range(2):
        deleted = getattr(boto, f"delete_{name}")(Bucket="things")
        assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 204
        assert failing(getattr(boto, f"get_{name}"), Bucket="things") == (404, code)


def test_what_is_put_empty_is_removed(boto: S3Client, store: Store) -> None:
    boto.put_bucket_notification_configuration(Bucket="things", NotificationConfiguration=EVENTS)  # type: ignore[arg-type]
    boto.put_bucket_notification_configuration(Bucket="things", NotificationConfiguration={})
    assert content(boto.get_bucket_notification_configuration(Bucket="things")) == {}
    boto.put_bucket_logging(Bucket="things", BucketLoggingStatus=LOGGED)  # type: ignore[arg-type]
    boto.put_bucket_logging(Bucket="things", BucketLoggingStatus={})
    assert content(boto.get_bucket_logging(Bucket="things")) == {}
    for payer in ("Requester", "BucketOwner"):
        boto.put_bucket_request_payment(Bucket="things", RequestPaymentConfiguration={"Payer": payer})
    assert boto.get_bucket_request_payment(Bucket="things")["Payer"] == "BucketOwner"
    boto.put_bucket_tagging(Bucket="things", Tagging=TAGS)  # type: ignore[arg-type]
    boto.put_bucket_tagging(Bucket="things", Tagging={"TagSet": []})
    assert failing(boto.get_bucket_tagging, Bucket="things") == (404, "NoSuchTagSet")


def test_ids_are_made_where_none_is_given(boto: S3Client) -> None:
    queue: Any = {name: value for name, value in QUEUE.items() if name != "Id"}
    boto.put_bucket_notification_configuration(
        Bucket="things", NotificationConfiguration={"QueueConfigurations": [queue]}
    )
    (found,) = boto.get_bucket_notification_configuration(Bucket="things")["QueueConfigurations"]
    assert found.pop("Id")
    assert found == queue


def test_what_is_not_set_in_the_block_of_the_public_is_false(boto: S3Client) -> None:
    boto.put_public_access_block(Bucket="things", PublicAccessBlockConfiguration={"BlockPublicAcls": True})
    found = boto.get_public_access_block(Bucket="things")["PublicAccessBlockConfiguration"]
    assert found == dict.fromkeys(BLOCK, False) | {"BlockPublicAcls": True}


def _tags(*keys: str) -> dict[str, Any]:
    return {"TagSet": [{"Key": key, "Value": "v"} for key in keys]}


def _events(**changes: Any) -> dict[str, Any]:
    return {"QueueConfigurations": [QUEUE | changes]}


def _rules(*rules: dict[str, str]) -> dict[str, Any]:
    return {"Key": {"FilterRules": list(rules)}}


MALFORMED = (400, "MalformedXML")
ARGUMENT = (400, "InvalidArgument")
REQUEST = (400, "InvalidRequest")
OTHER = QUEUE | {"Id": "other"}

REFUSED: list[tuple[str, str, Any, tuple[int, str]]] = [
    ("bucket_tagging", "Tagging", _tags("a", "a"), (400, "InvalidTag")),
    ("bucket_tagging", "Tagging", _tags("aws:a"), (400, "InvalidTag")),
    ("bucket_tagging", "Tagging", _tags("x" * 129), (400, "InvalidTag")),
    ("bucket_tagging", "Tagging", _tags("a<b"), (400, "InvalidTag")),
    ("bucket_tagging", "Tagging", {"TagSet": [{"Key": "k", "Value": "v" * 257}]}, (400, "InvalidTag")),
    ("bucket_tagging", "Tagging", _tags(*map(str, range(51))), (400, "BadRequest")),
    ("bucket_versioning", "VersioningConfiguration", {"Status": "enabled"}, MALFORMED),
    ("bucket_versioning", "VersioningConfiguration", {}, (400, "IllegalVersioningConfigurationException")),
    ("bucket_versioning", "VersioningConfiguration", {"Status": "Enabled", "MFADelete": "On"}, MALFORMED),
    (
        "bucket_versioning",
        "VersioningConfiguration",
        {"Status": "Enabled", "MFADelete": "Enabled"},
        (403, "AccessDenied"),
    ),
    ("bucket_ownership_controls", "OwnershipControls", {"Rules": [{"ObjectOwnership": "Everybody"}]}, MALFORMED),
    ("bucket_ownership_controls", "OwnershipControls", {"Rules": OWNED["Rules"] * 2}, MALFORMED),
    ("bucket_request_payment", "RequestPaymentConfiguration", {"Payer": "Nobody"}, MALFORMED),
    ("bucket_accelerate_configuration", "AccelerateConfiguration", {"Status": "On"}, MALFORMED),
    ("bucket_accelerate_configuration", "AccelerateConfiguration", {}, MALFORMED),
    ("public_access_block", "PublicAccessBlockConfiguration", {}, MALFORMED),
    (
        "bucket_logging",
        "BucketLoggingStatus",
        {"LoggingEnabled": {"TargetBucket": "none-such", "TargetPrefix": ""}},
        (400, "InvalidTargetBucketForLogging"),
    ),
    ("bucket_website", "WebsiteConfiguration", {"ErrorDocument": {"Key": "e"}}, ARGUMENT),
    ("bucket_website", "WebsiteConfiguration", {"IndexDocument": {"Suffix": "a/b"}}, ARGUMENT),
    ("bucket_website", "WebsiteConfiguration", SITE | MOVED, MALFORMED),
    (
        "bucket_website",
        "WebsiteConfiguration",
        SITE | {"RoutingRules": [{"Redirect": {"ReplaceKeyWith": "a", "ReplaceKeyPrefixWith": "b"}}]},
        REQUEST,
    ),
    (
        "bucket_website",
        "WebsiteConfiguration",
        SITE | {"RoutingRules": [{"Redirect": {"HttpRedirectCode": "200"}}]},
        ARGUMENT,
    ),
    ("bucket_website", "WebsiteConfiguration", SITE | {"RoutingRules": [{"Redirect": {}}]}, MALFORMED),
    ("bucket_notification_configuration", "NotificationConfiguration", _events(Events=["s3:Object:*"]), ARGUMENT),
    ("bucket_notification_configuration", "NotificationConfiguration", _events(Events=[]), MALFORMED),
    ("bucket_notification_configuration", "NotificationConfiguration", _events(QueueArn="queue"), ARGUMENT),
    (
        "bucket_notification_configuration",
        "NotificationConfiguration",
        _events(QueueArn=TOPIC["TopicArn"]),
        ARGUMENT,
    ),
    (
        "bucket_notification_configuration",
        "NotificationConfiguration",
        _events(Filter=_rules({"Name": "suffix", "Value": "a"}, {"Name": "suffix", "Value": "b"})),
        ARGUMENT,
    ),
    (
        "bucket_notification_configuration",
        "NotificationConfiguration",
        _events(Filter=_rules({"Name": "middle", "Value": "a"})),
        ARGUMENT,
    ),
    (
        "bucket_notification_configuration",
        "NotificationConfiguration",
        {"QueueConfigurations": [QUEUE, OTHER]},
        ARGUMENT,
    ),
    (
        "bucket_notification_configuration",
        "NotificationConfiguration",
        {"QueueConfigurations": [QUEUE], "TopicConfigurations": [TOPIC | {"Id": "pictures"}]},
        ARGUMENT,
    ),
]


@pytest.mark.parametrize("row", REFUSED, ids=[f"{name}-{number}" for number, (name, *_) in enumerate(REFUSED)])
def test_what_s3_refuses(boto: S3Client, store: Store, row: tuple[str, str, Any, tuple[int, str]]) -> None:
    name, argument, value, expected = row
    before = _state(boto, name)
    assert failing(getattr(boto, f"put_{name}"), Bucket="things", **{argument: value}) == expected
    assert _state(boto, name) == before


def _state(boto: S3Client, name: str) -> object:
    try:
        return content(getattr(boto, f"get_{name}")(Bucket="things"))
    except ClientError as error:
        return error.response["Error"]["Code"]


def test_versioning_without_multi_factor_authentication(boto: S3Client) -> None:
    wanted: Any = {"MFADelete": "Disabled", "Status": "Suspended"}
    boto.put_bucket_versioning(Bucket="things", VersioningConfiguration=wanted)
    assert content(boto.get_bucket_versioning(Bucket="things")) == {"Status": "Suspended"}


def test_acceleration_needs_a_name_without_periods(boto: S3Client, store: Store) -> None:
    boto.create_bucket(Bucket="a.b")
    enabled: Any = {"Status": "Enabled"}
    refused = failing(boto.put_bucket_accelerate_configuration, Bucket="a.b", AccelerateConfiguration=enabled)
    assert refused == (400, "InvalidRequest")


def test_a_policy_is_kept_as_it_is(boto: S3Client, s3: Client) -> None:
    assert failing(boto.get_bucket_policy, Bucket="things") == (404, "NoSuchBucketPolicy")
    policy = (
        '{"Version": "2012-10-17",\n "Statement": [{"Effect": "Deny", "Principal": {"AWS": "*"}, '
        '"Action": "s3:DeleteBucket", "Resource": "arn:aws:s3:::things"}]}'
    )
    assert boto.put_bucket_policy(Bucket="things", Policy=policy)["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert boto.get_bucket_policy(Bucket="things")["Policy"] == policy
    assert s3.ask("GET", "/things?policy").headers["content-type"] == "application/json"
    for _ in range(2):
        assert boto.delete_bucket_policy(Bucket="things")["ResponseMetadata"]["HTTPStatusCode"] == 204
        assert failing(boto.get_bucket_policy, Bucket="things") == (404, "NoSuchBucketPolicy")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff{}", b'{"a": "' + b"x" * 20_480 + b'"}'])
def test_what_is_not_a_policy(s3: Client, body: bytes) -> None:
    assert s3.ask("PUT", "/things?policy", body).error == (400, "MalformedPolicy")


def test_whoever_may_only_read_sets_nothing(reader: S3Client, store: Store) -> None:
    assert failing(reader.put_bucket_tagging, Bucket="things", Tagging=TAGS) == (403, "AccessDenied")
    assert failing(reader.delete_bucket_tagging, Bucket="things") == (403, "AccessDenied")


@pytest.mark.parametrize("name", ["cors", "lifecycle", "object-lock", "tagging"])
def test_documents_that_need_a_digest(s3: Client, name: str) -> None:
    assert s3.ask("PUT", f"/things?{name}", b"<Anything/>", digest=False).error == (400, "InvalidRequest")
    wrong = {"content-md5": "AAAAAAAAAAAAAAAAAAAAAA=="}
    assert s3.ask("PUT", f"/things?{name}", b"<Anything/>", wrong).error == (400, "BadDigest")


DOCUMENTS = [
    ("versioning", "<VersioningConfiguration><Status>Enabled</Status><More/></VersioningConfiguration>"),
    (
        "versioning",
        f"<VersioningConfiguration>{'<Status>Enabled</Status>' * 2}</VersioningConfiguration>",
    ),
    ("versioning", "<Versioning><Status>Enabled</Status></Versioning>"),
    ("versioning", "<VersioningConfiguration><Status><Enabled/></Status></VersioningConfiguration>"),
    ("versioning", "<VersioningConfiguration><Status>Enabled</Status>"),
    ("tagging", "<Tagging><TagSet><Tag><Key>k</Key></Tag></TagSet></Tagging>"),
    ("tagging", "<Tagging><TagSet/><TagSet/></Tagging>"),
    (
        "publicAccessBlock",
        "<PublicAccessBlockConfiguration><BlockPublicAcls>yes</BlockPublicAcls></PublicAccessBlockConfiguration>",
    ),
    ("ownershipControls", "<OwnershipControls><Rule/></OwnershipControls>"),
    ("website", "<WebsiteConfiguration><IndexDocument/></WebsiteConfiguration>"),
    ("logging", "<BucketLoggingStatus><LoggingEnabled><TargetPrefix/></LoggingEnabled></BucketLoggingStatus>"),
    ("requestPayment", "<RequestPaymentConfiguration/>" + "<!---->" * 10 + "x"),
]


@pytest.mark.parametrize(("name", "document"), DOCUMENTS)
def test_documents_that_break_the_schema(s3: Client, name: str, document: str) -> None:
    assert s3.ask("PUT", f"/things?{name}", document.encode()).error == (400, "MalformedXML")


@pytest.mark.parametrize("name", ["versioning", "lifecycle", "website", "notification"])
def test_a_body_that_is_missing(s3: Client, name: str) -> None:
    assert s3.ask("PUT", f"/things?{name}").error == (400, "MissingRequestBodyError")


def test_blanks_in_documents_do_not_matter(s3: Client) -> None:
    document = "\n<VersioningConfiguration>\n  <Status>\n Enabled </Status>\n</VersioningConfiguration>\n"
    assert s3.ask("PUT", "/things?versioning", document.encode()).status == 200
    assert s3.ask("GET", "/things?versioning").text("{*}Status") == "Enabled"


def test_enforced_ownership_is_kept(boto: S3Client) -> None:
    boto.put_bucket_ownership_controls(
        Bucket="things", OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    )
    found = boto.get_bucket_ownership_controls(Bucket="things")["OwnershipControls"]
    assert found == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


CONFIGURATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "inventory": (
        "InventoryConfiguration",
        {
            "Destination": {
                "S3BucketDestination": {
                    "AccountId": "123456789012",
                    "Bucket": "arn:aws:s3:::reports",
                    "Format": "CSV",
                    "Prefix": "p",
                    "Encryption": {"SSEKMS": {"KeyId": "key"}},
                }
            },
            "IsEnabled": True,
            "Filter": {"Prefix": "a/"},
            "IncludedObjectVersions": "All",
            "OptionalFields": ["Size", "ObjectLockMode"],
            "Schedule": {"Frequency": "Weekly"},
        },
    ),
    "analytics": (
        "AnalyticsConfiguration",
        {
            "Filter": {"And": {"Prefix": "a/", "Tags": [{"Key": "k", "Value": "v"}]}},
            "StorageClassAnalysis": {
                "DataExport": {
                    "OutputSchemaVersion": "V_1",
                    "Destination": {"S3BucketDestination": {"Format": "CSV", "Bucket": "arn:aws:s3:::reports"}},
                }
            },
        },
    ),
    "metrics": (
        "MetricsConfiguration",
        {"Filter": {"AccessPointArn": "arn:aws:s3:us-east-1:123456789012:accesspoint/a"}},
    ),
    "intelligent_tiering": (
        "IntelligentTieringConfiguration",
        {
            "Filter": {"Prefix": "a/"},
            "Status": "Enabled",
            "Tierings": [{"Days": 100, "AccessTier": "ARCHIVE_ACCESS"}],
        },
    ),
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_configurations_are_put_got_listed_and_deleted_by_their_ids(boto: S3Client, name: str) -> None:
    argument, fields = CONFIGURATIONS[name]
    get, put = (getattr(boto, f"{verb}_bucket_{name}_configuration") for verb in ("get", "put"))
    listed = getattr(boto, f"list_bucket_{name}_configurations")
    assert listed(Bucket="things").get(f"{argument}List", []) == []
    assert failing(get, Bucket="things", Id="a") == (404, "NoSuchConfiguration")
    for number in range(120, 0, -1):
        put(Bucket="things", Id=f"{number:03}", **{argument: fields | {"Id": f"{number:03}"}})
    assert get(Bucket="things", Id="007")[argument] == fields | {"Id": "007"}
    first = listed(Bucket="things")
    assert first["IsTruncated"]
    assert [one["Id"] for one in first[f"{argument}List"]] == [f"{number:03}" for number in range(1, 101)]
    second = listed(Bucket="things", ContinuationToken=first["NextContinuationToken"])
    assert not second["IsTruncated"]
    assert [one["Id"] for one in second[f"{argument}List"]] == [f"{number:03}" for number in range(101, 121)]
    delete = getattr(boto, f"delete_bucket_{name}_configuration")
    assert delete(Bucket="things", Id="007")["ResponseMetadata"]["HTTPStatusCode"] == 204
    for missing in (get, delete):
        assert failing(missing, Bucket="things", Id="007") == (404, "NoSuchConfiguration")
        assert failing(missing, Bucket="none-such", Id="007") == (404, "NoSuchBucket")


def test_configurations_that_are_put_at_the_same_time_all_stay(boto: S3Client) -> None:
    _, fields = CONFIGURATIONS["metrics"]
    names = [f"{number:02}" for number in range(40)]

    def put(name: str) -> None:
        wanted: Any = fields | {"Id": name}
        boto.put_bucket_metrics_configuration(Bucket="things", Id=name, MetricsConfiguration=wanted)
        if name.endswith("5"):
            boto.delete_bucket_metrics_configuration(Bucket="things", Id=name)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, names))
    found = boto.list_bucket_metrics_configurations(Bucket="things")["MetricsConfigurationList"]
    assert [one["Id"] for one in found] == [name for name in names if not name.endswith("5")]


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_configurations_with_another_id(boto: S3Client, s3: Client, name: str) -> None:
    argument, fields = CONFIGURATIONS[name]
    put = getattr(boto, f"put_bucket_{name}_configuration")
    assert failing(put, Bucket="things", Id="a", **{argument: fields | {"Id": "b"}}) == (400, "IdMismatch")
    assert failing(put, Bucket="things", Id="a b", **{argument: fields | {"Id": "a b"}}) == (400, "InvalidArgument")
    subresource = name.replace("_", "-")
    for method in ("PUT", "DELETE"):
        assert s3.ask(method, f"/things?{subresource}", b"<A/>").error == (400, "InvalidArgument")
    assert s3.ask("GET", f"/things?{subresource}&continuation-token=%").error == (400, "InvalidArgument")


def test_days_of_tiers(boto: S3Client) -> None:
    _, fields = CONFIGURATIONS["intelligent_tiering"]
    for days in (89, 731):
        tierings = [{"Days": days, "AccessTier": "ARCHIVE_ACCESS"}]
        wanted: Any = fields | {"Id": "a", "Tierings": tierings}
        refused = failing(
            boto.put_bucket_intelligent_tiering_configuration,
            Bucket="things",
            Id="a",
            IntelligentTieringConfiguration=wanted,
        )
        assert refused == (400, "InvalidArgument")
