"""S3's events, as a test sees them."""

from __future__ import annotations

import json
from typing import Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError
from bucketry import InvalidArgument, Store
from bucketry.clock import Clock
from bucketry.events import EventLog
from bucketry.layers import Fault
from bucketry.origin import HOST_ID
from bucketry.owners import DEFAULT_OWNER
from bucketry_testing import RestServer, S3Endpoint, rest_server, s3_endpoint


@pytest.fixture
def s3(bucketry_s3: S3Endpoint) -> Any:
    client = boto3.client("s3", **bucketry_s3.boto3_kwargs)
    client.create_bucket(Bucket="assets")
    return client


def names_of(log: EventLog) -> list[tuple[str, str]]:
    return [(event.name.removeprefix("s3:"), event.key) for event in log]


def record_of(message: bytes) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(message)["Records"][0]
    return record


def test_a_put_is_an_event_with_what_the_response_says(s3: Any, bucketry_s3: S3Endpoint) -> None:
    response = s3.put_object(Bucket="assets", Key="a b/ü", Body=b"1234")
    event = bucketry_s3.events.wait_for("s3:ObjectCreated:*", "a b/ü")
    assert event.name == "s3:ObjectCreated:Put"
    record = record_of(event.encoded())
    assert record["s3"]["object"]["eTag"] == response["ETag"].strip('"')
    assert record["s3"]["object"]["size"] == 4
    assert record["s3"]["object"]["key"] == "a+b/%C3%BC"
    assert record["userIdentity"] == record["s3"]["bucket"]["ownerIdentity"] == {"principalId": DEFAULT_OWNER.id}
    assert record["requestParameters"]["sourceIPAddress"] == "127.0.0.1"
    assert record["awsRegion"] == bucketry_s3.region
    headers = response["ResponseMetadata"]["HTTPHeaders"]
    assert record["responseElements"] == {
        "x-amz-request-id": headers["x-amz-request-id"],
        "x-amz-id-2": headers["x-amz-id-2"],
    }


def test_each_way_to_create_an_object_has_its_name(s3: Any, bucketry_s3: S3Endpoint) -> None:
    s3.put_object(Bucket="assets", Key="put", Body=b"1")
    s3.copy_object(Bucket="assets", Key="copy", CopySource="assets/put")
    upload = s3.create_multipart_upload(Bucket="assets", Key="upload")["UploadId"]
    part = s3.upload_part(Bucket="assets", Key="upload", UploadId=upload, PartNumber=1, Body=b"12")
    copied = s3.upload_part_copy(Bucket="assets", Key="upload", UploadId=upload, PartNumber=1, CopySource="assets/put")[
        "CopyPartResult"
    ]
    assert part["ETag"] != copied["ETag"]
    completed = s3.complete_multipart_upload(
        Bucket="assets",
        Key="upload",
        UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": copied["ETag"]}]},
    )
    form = s3.generate_presigned_post("assets", "post")
    httpx.post(form["url"], data=form["fields"], files={"file": b"123"}).raise_for_status()
    assert names_of(bucketry_s3.events) == [
        ("ObjectCreated:Put", "put"),
        ("ObjectCreated:Copy", "copy"),
        ("ObjectCreated:CompleteMultipartUpload", "upload"),
        ("ObjectCreated:Post", "post"),
    ]
    assert [event.size_bytes for event in bucketry_s3.events] == [1, 1, 1, 3]
    assert bucketry_s3.events[2].etag == completed["ETag"].strip('"')
    assert bucketry_s3.events[3].origin.principal == DEFAULT_OWNER.id


def test_an_upload_that_ends_without_an_object_is_no_event(s3: Any, bucketry_s3: S3Endpoint) -> None:
    upload = s3.create_multipart_upload(Bucket="assets", Key="upload")["UploadId"]
    s3.abort_multipart_upload(Bucket="assets", Key="upload", UploadId=upload)
    assert not bucketry_s3.events


def test_deletes_and_tags_are_events(s3: Any, bucketry_s3: S3Endpoint) -> None:
    for key in ("a", "b", "c"):
        s3.put_object(Bucket="assets", Key=key)
    bucketry_s3.events.clear()
    s3.put_object_tagging(Bucket="assets", Key="a", Tagging={"TagSet": [{"Key": "x", "Value": "y"}]})
    s3.delete_object_tagging(Bucket="assets", Key="a")
    s3.delete_object(Bucket="assets", Key="a")
    s3.delete_objects(Bucket="assets", Delete={"Objects": [{"Key": "b"}, {"Key": "c"}]})
    assert names_of(bucketry_s3.events) == [
        ("ObjectTagging:Put", "a"),
        ("ObjectTagging:Delete", "a"),
        ("ObjectRemoved:Delete", "a"),
        ("ObjectRemoved:Delete", "b"),
        ("ObjectRemoved:Delete", "c"),
    ]
    sequencers = [event.sequencer for event in bucketry_s3.events]
    assert sequencers == sorted(sequencers)


def test_reads_and_refused_writes_are_no_events(s3: Any, bucketry_s3: S3Endpoint) -> None:
    s3.put_object(Bucket="assets", Key="a", Body=b"1")
    bucketry_s3.events.clear()
    s3.get_object(Bucket="assets", Key="a")["Body"].read()
    s3.head_object(Bucket="assets", Key="a")
    s3.list_objects_v2(Bucket="assets")
    with pytest.raises(ClientError):
        s3.put_object(Bucket="assets", Key="a", Body=b"2", IfNoneMatch="*")
    with pytest.raises(ClientError):
        s3.put_object(Bucket="assets", Key="a", Body=b"2", ContentMD5="1B2M2Y8AsgTpgAmY7PhCfg==")
    with pytest.raises(ClientError):
        s3.put_object(Bucket="nowhere-to-be-found", Key="a", Body=b"2")
    bucketry_s3.faults.add(Fault(operation="put_object", error="throttled"))
    with pytest.raises(ClientError):
        s3.put_object(Bucket="assets", Key="b", Body=b"2")
    assert not bucketry_s3.events


def test_an_upload_that_breaks_off_is_no_event(s3: Any, bucketry_s3: S3Endpoint) -> None:
    url = s3.generate_presigned_url("put_object", Params={"Bucket": "assets", "Key": "a"})

    def broken() -> Any:
        yield b"x" * 1000
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        httpx.put(url, content=broken(), headers={"content-length": "5000000"})
    s3.put_object(Bucket="assets", Key="after")
    assert names_of(bucketry_s3.events) == [("ObjectCreated:Put", "after")]


def test_a_request_without_a_signature_is_anonymous(s3: Any, bucketry_s3: S3Endpoint) -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::assets/*"}
    s3.put_bucket_policy(Bucket="assets", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    httpx.put(f"{bucketry_s3.endpoint_url}/assets/a", content=b"1").raise_for_status()
    event = bucketry_s3.events.wait_for("s3:ObjectCreated:Put", "a")
    assert (event.origin.principal, event.owner) == ("Anonymous", DEFAULT_OWNER.id)


def test_access_control_lists_are_events(s3: Any, bucketry_s3: S3Endpoint) -> None:
    s3.put_object(Bucket="assets", Key="a")
    s3.put_object_acl(Bucket="assets", Key="a", ACL="public-read")
    assert names_of(bucketry_s3.events) == [("ObjectCreated:Put", "a"), ("ObjectAcl:Put", "a")]


def test_faults_do_not_hide_events(s3: Any, bucketry_s3: S3Endpoint) -> None:
    bucketry_s3.faults.add(Fault(operation="get_object", error="throttled"))
    s3.put_object(Bucket="assets", Key="a", Body=b"1")
    assert names_of(bucketry_s3.events) == [("ObjectCreated:Put", "a")]


def test_large_uploads_are_events_of_their_request(s3: Any, bucketry_s3: S3Endpoint) -> None:
    content = bytes(6 * 1024 * 1024)
    response = s3.put_object(Bucket="assets", Key="large", Body=content)
    event = bucketry_s3.events.wait_for(key="large")
    assert event.size_bytes == len(content)
    assert event.origin.request_id == response["ResponseMetadata"]["HTTPHeaders"]["x-amz-request-id"]


def test_the_rest_api_and_the_store_have_events_too(
    bucketry_rest: RestServer, bucketry_store: Store, bucketry_events: EventLog
) -> None:
    bucketry_store.create_bucket("assets")
    bucketry_store.put_object("assets", "mine", b"1")
    httpx.put(f"{bucketry_rest.url}/buckets/assets/objects/theirs", content=b"22").raise_for_status()
    assert names_of(bucketry_events) == [("ObjectCreated:Put", "mine"), ("ObjectCreated:Put", "theirs")]
    assert bucketry_events[1].origin.principal == "Anonymous"
    assert bucketry_events[1].origin.address == "127.0.0.1"
    assert bucketry_rest.events is bucketry_events


def test_a_store_of_ones_own_has_no_list() -> None:
    with (
        s3_endpoint(buckets=["assets"]) as other,
        s3_endpoint(other.store) as s3,
        rest_server(other.store) as rest,
    ):
        for server in (s3, rest):
            with pytest.raises(InvalidArgument, match="Events layer of your own"):
                _ = server.events
        other.store.put_object("assets", "a", b"1")
        assert names_of(other.events) == [("ObjectCreated:Put", "a")]


def test_an_error_names_the_process_too(bucketry_s3: S3Endpoint) -> None:
    response = httpx.get(f"{bucketry_s3.endpoint_url}/assets/a")
    assert response.headers["x-amz-id-2"] == HOST_ID
    assert f"<HostId>{HOST_ID}</HostId>" in response.text


def test_writers_on_one_key_have_the_order_of_the_store(s3: Any, bucketry_s3: S3Endpoint) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        etags = set(pool.map(lambda n: s3.put_object(Bucket="assets", Key="same", Body=b"%d" % n)["ETag"], range(100)))
    assert len(etags) == 100
    events = bucketry_s3.events.select(key="same")
    assert len({event.sequencer for event in events}) == 100
    last = max(events, key=lambda event: event.sequencer)
    assert f'"{last.etag}"' == s3.head_object(Bucket="assets", Key="same")["ETag"]


class TestVersions:
    @pytest.fixture
    def s3(self, s3: Any) -> Any:
        s3.put_bucket_versioning(Bucket="assets", VersioningConfiguration={"Status": "Enabled"})
        return s3

    def test_events_name_the_version(self, s3: Any, bucketry_s3: S3Endpoint) -> None:
        first = s3.put_object(Bucket="assets", Key="a", Body=b"1")["VersionId"]
        second = s3.copy_object(Bucket="assets", Key="a", CopySource="assets/a", MetadataDirective="REPLACE")
        marker = s3.delete_object(Bucket="assets", Key="a")["VersionId"]
        s3.delete_object(Bucket="assets", Key="a", VersionId=marker)
        s3.delete_object(Bucket="assets", Key="a", VersionId=first)
        assert [(event.name, event.version_id) for event in bucketry_s3.events] == [
            ("s3:ObjectCreated:Put", first),
            ("s3:ObjectCreated:Copy", second["VersionId"]),
            ("s3:ObjectRemoved:DeleteMarkerCreated", marker),
            ("s3:ObjectRemoved:Delete", marker),
            ("s3:ObjectRemoved:Delete", first),
        ]
        record = record_of(bucketry_s3.events[0].encoded())
        assert record["s3"]["object"]["versionId"] == first

    def test_a_batch_has_an_event_for_each_version(self, s3: Any, bucketry_s3: S3Endpoint) -> None:
        versions = [s3.put_object(Bucket="assets", Key="a")["VersionId"] for _ in range(2)]
        bucketry_s3.events.clear()
        wanted = [{"Key": "a", "VersionId": versions[0]}, {"Key": "a"}]
        deleted = s3.delete_objects(Bucket="assets", Delete={"Objects": wanted})["Deleted"]
        marker = next(each["DeleteMarkerVersionId"] for each in deleted if each.get("DeleteMarker"))
        assert {(event.name, event.version_id) for event in bucketry_s3.events} == {
            ("s3:ObjectRemoved:Delete", versions[0]),
            ("s3:ObjectRemoved:DeleteMarkerCreated", marker),
        }

    def test_tags_of_a_version_name_it(self, s3: Any, bucketry_s3: S3Endpoint) -> None:
        version = s3.put_object(Bucket="assets", Key="a")["VersionId"]
        tags = {"TagSet": [{"Key": "x", "Value": "y"}]}
        s3.put_object_tagging(Bucket="assets", Key="a", VersionId=version, Tagging=tags)
        s3.delete_object_tagging(Bucket="assets", Key="a")
        assert [(event.name, event.version_id) for event in bucketry_s3.events][1:] == [
            ("s3:ObjectTagging:Put", version),
            ("s3:ObjectTagging:Delete", version),
        ]

    def test_a_suspended_bucket_has_the_version_null(self, s3: Any, bucketry_s3: S3Endpoint) -> None:
        s3.put_bucket_versioning(Bucket="assets", VersioningConfiguration={"Status": "Suspended"})
        s3.put_object(Bucket="assets", Key="a")
        s3.delete_object(Bucket="assets", Key="a")
        assert [(event.name, event.version_id) for event in bucketry_s3.events] == [
            ("s3:ObjectCreated:Put", "null"),
            ("s3:ObjectRemoved:DeleteMarkerCreated", "null"),
        ]

    def test_a_version_that_is_locked_is_no_event(self, bucketry_s3: S3Endpoint) -> None:
        s3 = boto3.client("s3", **bucketry_s3.boto3_kwargs)
        s3.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
        version = s3.put_object(Bucket="locked", Key="a", ObjectLockLegalHoldStatus="ON")["VersionId"]
        s3.put_object(Bucket="locked", Key="b")
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.delete_object(Bucket="locked", Key="a", VersionId=version)
        refused = s3.delete_objects(
            Bucket="locked", Delete={"Objects": [{"Key": "a", "VersionId": version}, {"Key": "b"}]}
        )
        assert [error["Key"] for error in refused["Errors"]] == ["a"]
        assert [(event.name, event.key) for event in bucketry_s3.events] == [
            ("s3:ObjectCreated:Put", "a"),
            ("s3:ObjectCreated:Put", "b"),
            ("s3:ObjectRemoved:DeleteMarkerCreated", "b"),
        ]


def expire(s3: Any, **expiration: Any) -> None:
    rule = {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": ""}, **expiration}
    s3.put_bucket_lifecycle_configuration(Bucket="assets", LifecycleConfiguration={"Rules": [rule]})


def test_what_lifecycle_deletes_is_an_event(s3: Any, bucketry_s3: S3Endpoint, bucketry_clock: Clock) -> None:
    expire(s3, Expiration={"Days": 30})
    s3.put_object(Bucket="assets", Key="a", Body=b"1")
    before = bucketry_s3.events[0]
    bucketry_clock.advance(days=32)
    expired = bucketry_s3.events.wait_for("s3:LifecycleExpiration:Delete", "a")
    assert 30 <= (expired.time - before.time).days <= 32
    assert expired.sequencer > before.sequencer
    record = record_of(expired.encoded())
    assert record["userIdentity"] == {"principalId": "s3.amazonaws.com"}
    assert record["requestParameters"] == {"sourceIPAddress": "s3.amazonaws.com"}
    assert len(bucketry_s3.events) == 2


def test_in_a_bucket_with_versions_lifecycle_makes_markers(
    s3: Any, bucketry_s3: S3Endpoint, bucketry_clock: Clock
) -> None:
    s3.put_bucket_versioning(Bucket="assets", VersioningConfiguration={"Status": "Enabled"})
    expire(s3, Expiration={"Days": 30}, NoncurrentVersionExpiration={"NoncurrentDays": 10})
    version = s3.put_object(Bucket="assets", Key="a", Body=b"1")["VersionId"]
    bucketry_clock.advance(days=32)
    marker = bucketry_s3.events.wait_for("s3:LifecycleExpiration:DeleteMarkerCreated", "a")
    listed = s3.list_object_versions(Bucket="assets")
    assert [each["VersionId"] for each in listed["DeleteMarkers"]] == [marker.version_id]
    bucketry_clock.advance(days=12)
    gone = bucketry_s3.events.wait_for("s3:LifecycleExpiration:Delete", "a")
    assert gone.version_id == version


class TestNotifications:
    QUEUE = "arn:aws:sqs:us-east-1:000000000000:images"
    TOPIC = "arn:aws:sns:us-east-1:000000000000:all"

    @pytest.fixture
    def s3(self, s3: Any) -> Any:
        rules = [{"Name": "prefix", "Value": "images/"}, {"Name": "suffix", "Value": ".jpg"}]
        s3.put_bucket_notification_configuration(
            Bucket="assets",
            NotificationConfiguration={
                "QueueConfigurations": [
                    {
                        "Id": "new-images",
                        "QueueArn": self.QUEUE,
                        "Events": ["s3:ObjectCreated:*"],
                        "Filter": {"Key": {"FilterRules": rules}},
                    }
                ],
                "TopicConfigurations": [
                    {"Id": "gone", "TopicArn": self.TOPIC, "Events": ["s3:ObjectRemoved:Delete", "s3:ObjectTagging:*"]}
                ],
            },
        )
        return s3

    def test_queues_and_topics_get_a_test_event(self, s3: Any, bucketry_s3: S3Endpoint) -> None:
        assert {(event.name, event.destinations) for event in bucketry_s3.events} == {
            ("s3:TestEvent", (self.QUEUE,)),
            ("s3:TestEvent", (self.TOPIC,)),
        }
        message = json.loads(bucketry_s3.events[0].encoded())
        assert message["Event"] == "s3:TestEvent"
        assert message["Bucket"] == "assets"

    def test_a_configuration_selects_by_name_prefix_and_suffix(self, s3: Any, bucketry_s3: S3Endpoint) -> None:
        bucketry_s3.events.clear()
        s3.put_object(Bucket="assets", Key="images/a.jpg")
        s3.put_object(Bucket="assets", Key="images/a.png")
        s3.put_object(Bucket="assets", Key="a.jpg")
        s3.delete_object(Bucket="assets", Key="a.jpg")
        assert [(event.configuration_id, event.destinations) for event in bucketry_s3.events] == [
            ("new-images", (self.QUEUE,)),
            ("", ()),
            ("", ()),
            ("gone", (self.TOPIC,)),
        ]
        assert record_of(bucketry_s3.events[0].encoded())["s3"]["configurationId"] == "new-images"

    def test_a_changed_configuration_holds_at_once(self, s3: Any, bucketry_s3: S3Endpoint) -> None:
        s3.put_object(Bucket="assets", Key="images/a.jpg")
        s3.put_bucket_notification_configuration(Bucket="assets", NotificationConfiguration={})
        s3.put_object(Bucket="assets", Key="images/b.jpg")
        s3.put_bucket_notification_configuration(
            Bucket="assets", NotificationConfiguration={"EventBridgeConfiguration": {}}
        )
        s3.put_object(Bucket="assets", Key="images/c.jpg")
        found = [event.destinations for event in bucketry_s3.events.select("s3:ObjectCreated:*")]
        assert found == [(self.QUEUE,), None, ("EventBridge",)]

    def test_a_bucket_that_is_made_again_has_no_configuration(self, s3: Any, bucketry_s3: S3Endpoint) -> None:
        s3.delete_bucket(Bucket="assets")
        s3.create_bucket(Bucket="assets")
        s3.put_object(Bucket="assets", Key="images/a.jpg")
        assert bucketry_s3.events.wait_for("s3:ObjectCreated:Put").destinations is None
