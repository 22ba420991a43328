"""Several regions behind one endpoint: where buckets are made, and how they are reached."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.client import Config
from bucketry import CreateBucketOptions, InvalidSettings, PresignOptions, Store
from bucketry_http import S3Settings, create_s3_app
from types_boto3_s3 import S3Client

from tests.http.s3.client import Client
from tests.http.s3.serving import ACCESS_KEY, CREDENTIAL, SECRET_KEY, memory_store, serving
from tests.http.s3.signing import OWNER, Signing
from tests.http.s3.signing_v2 import client_of
from tests.http.s3.test_forms import post
from tests.http.s3.test_objects import failing
from tests.testing.plain import ask

REGION = "x-amz-bucket-region"
ELSEWHERE = Signing(region="eu-west-1")
LOCATION = "<CreateBucketConfiguration><LocationConstraint>{}</LocationConstraint></CreateBucketConfiguration>"


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[Store, str]]:
    with memory_store() as store, serving(store, regions=("eu-west-1", "default")) as url:
        store.create_bucket("home")
        store.create_bucket("abroad", CreateBucketOptions(region="eu-west-1"))
        store.put_object("abroad", "a", b"content")
        yield store, url


@pytest.fixture
def s3(world: tuple[Store, str]) -> Client:
    return Client(world[1])


def boto(world: tuple[Store, str], region: str) -> S3Client:
    return boto3.client(
        "s3",
        endpoint_url=world[1],
        region_name=region,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=Config(signature_version="s3v4"),
    )


@pytest.mark.parametrize("region", ["eu-west-1", "default"])
def test_a_bucket_is_where_it_was_to_be(world: tuple[Store, str], region: Any) -> None:
    name = f"in-{region}"
    client = boto(world, "us-east-1")
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
    assert client.get_bucket_location(Bucket=name)["LocationConstraint"] == region
    assert world[0].head_bucket(name).region == region
    own = boto(world, region)
    assert own.head_bucket(Bucket=name)["BucketRegion"] == region
    listed: Any = own.list_buckets(BucketRegion=region, Prefix="in-")["Buckets"]
    assert [(bucket["Name"], bucket["BucketRegion"]) for bucket in listed] == [(name, region)]
    own.delete_bucket(Bucket=name)


def test_boto3_follows_to_the_right_region(world: tuple[Store, str]) -> None:
    for region in ("us-east-1", "default"):
        client = boto(world, region)
        assert client.get_object(Bucket="abroad", Key="a")["Body"].read() == b"content"
        client.put_object(Bucket="abroad", Key="b", Body=b"x")
        client.delete_object(Bucket="abroad", Key="b")
        assert client.head_object(Bucket="abroad", Key="a")["ContentLength"] == 7
        assert client.head_bucket(Bucket="abroad")["BucketRegion"] == "eu-west-1"


def test_a_request_for_the_wrong_region_is_told_the_right_one(s3: Client) -> None:
    at_home = s3.ask("GET", "/abroad/a")
    assert (at_home.error, at_home.text("Region")) == ((400, "AuthorizationHeaderMalformed"), "eu-west-1")
    away = s3.ask("GET", "/home", by=ELSEWHERE)
    assert (away.error, away.text("Endpoint")) == ((301, "PermanentRedirect"), s3.host)
    for reply, region in ((at_home, "eu-west-1"), (away, "us-east-1")):
        assert reply.headers.get_all(REGION) == [region]
    for target, by, region in (("/abroad", OWNER, "eu-west-1"), ("/home", ELSEWHERE, "us-east-1")):
        reply = s3.ask("HEAD", target, by=by)
        assert (reply.status, reply.headers.get_all(REGION)) == (301, [region])
    assert s3.ask("PUT", "/abroad/b", b"x").error == (400, "AuthorizationHeaderMalformed")
    assert s3.ask("GET", "/abroad/b", by=ELSEWHERE).error == (404, "NoSuchKey")


def test_its_own_region_reaches_a_bucket(s3: Client) -> None:
    assert s3.ask("GET", "/abroad/a", by=ELSEWHERE).body == b"content"
    assert s3.ask("GET", "/home").status == 200
    assert s3.ask("GET", "/abroad?location").text(".") == "eu-west-1"
    refused = s3.ask("HEAD", "/abroad/none", by=ELSEWHERE)
    assert (refused.status, refused.headers.get_all(REGION)) == (404, ["eu-west-1"])
    assert s3.ask("GET", "/none-such", by=ELSEWHERE).error == (404, "NoSuchBucket")


def test_a_region_that_is_not_there_is_refused(s3: Client) -> None:
    for target in ("/home", "/", "/new-one"):
        reply = s3.ask("GET", target, by=Signing(region="mars-1"))
        assert (reply.error, reply.text("Region")) == ((400, "AuthorizationHeaderMalformed"), "us-east-1")
    assert s3.ask("PUT", "/new-one", LOCATION.format("mars-1").encode()).error == (400, "InvalidLocationConstraint")


@pytest.mark.parametrize("location", ["", "us-east-1", "default"])
def test_a_new_bucket_is_in_the_region_of_the_request(world: tuple[Store, str], s3: Client, location: str) -> None:
    body = LOCATION.format(location).encode() if location else b""
    reply = s3.ask("PUT", "/new-one", body, by=ELSEWHERE)
    assert reply.error == (400, "IllegalLocationConstraintException")
    assert "new-one" not in [bucket.name for bucket in world[0].list_buckets()]
    assert s3.ask("PUT", "/new-one", LOCATION.format("eu-west-1").encode(), by=ELSEWHERE).status == 200
    world[0].delete_bucket("new-one")


def test_a_bucket_is_made_again_in_the_first_region_alone(s3: Client) -> None:
    assert s3.ask("PUT", "/home").status == 200
    for body, by in ((b"", OWNER), (LOCATION.format("eu-west-1").encode(), ELSEWHERE)):
        assert s3.ask("PUT", "/abroad", body, by=by).error == (409, "BucketAlreadyOwnedByYou")


def test_presigned_urls_are_for_the_bucket_s_region(world: tuple[Store, str], s3: Client) -> None:
    store, _ = world
    url = store.presign("abroad", "a", PresignOptions()).url
    assert "%2Feu-west-1%2Fs3" in url
    assert "%2Fus-east-1%2Fs3" in store.presign("home", "a", PresignOptions()).url
    wrong = boto(world, "us-east-1").generate_presigned_url("get_object", Params={"Bucket": "abroad", "Key": "a"})
    answer = ask("GET", wrong)
    assert (answer.status, answer.code) == (400, "AuthorizationQueryParametersError")
    right = boto(world, "eu-west-1").generate_presigned_url("get_object", Params={"Bucket": "abroad", "Key": "a"})
    assert ask("GET", right).content == b"content"


def test_forms_are_for_the_bucket_s_region_too(world: tuple[Store, str], s3: Client) -> None:
    for region, status in (("us-east-1", 400), ("eu-west-1", 204)):
        fields = boto(world, region).generate_presigned_post("abroad", "form")["fields"]
        assert post(s3, fields, target="/abroad").status == status


def test_signatures_without_a_region_reach_every_bucket(world: tuple[Store, str]) -> None:
    old = client_of(world[1], CREDENTIAL, config=Config(signature_version="s3"))
    assert old.get_object(Bucket="abroad", Key="a")["Body"].read() == b"content"


def test_a_copy_may_come_from_another_region(world: tuple[Store, str]) -> None:
    boto(world, "us-east-1").copy_object(Bucket="home", Key="copy", CopySource="abroad/a")
    assert world[0].get_object("home", "copy").read() == b"content"


def test_settings_name_regions_that_can_be_kept() -> None:
    with pytest.raises(InvalidSettings, match="a region is"):
        S3Settings(regions=("eu west",))
    with memory_store() as store:
        features = store.capabilities.features
        assert features.bucket_region
        create_s3_app(store, S3Settings(regions=("us-east-1",)))


def test_one_region_is_as_it_was(s3: Client) -> None:
    with memory_store() as store, serving(store, region="eu-west-1") as url:
        client: Any = boto3.client(
            "s3",
            endpoint_url=url,
            region_name="eu-west-1",
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
        )
        client.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        assert client.get_bucket_location(Bucket="bucket")["LocationConstraint"] == "eu-west-1"
        assert failing(client.create_bucket, Bucket="bucket") == (409, "BucketAlreadyOwnedByYou")
        assert store.head_bucket("bucket").region is None
