"""Settings of buckets over the client: to our own S3 endpoint and back, and what servers may say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from bucketry import (
    AclSettings,
    BucketSettings,
    InvalidBucketState,
    InventorySettings,
    LifecycleExpiration,
    LifecycleRule,
    LifecycleSettings,
    MetricsSettings,
    NoSuchBucket,
    ObjectLockSettings,
    PolicySettings,
    Secret,
    Store,
    TagSettings,
    Unavailable,
    VersioningSettings,
)
from bucketry.acls import Grant, Grantee, canned_acl
from bucketry.bucket_settings import SETTINGS_KINDS
from bucketry.documents import Element, write_configuration
from bucketry.owners import DEFAULT_OWNER
from bucketry_contract._settings import examples, plain
from bucketry_s3client import S3Client, S3ResponseError, delete_settings, get_acl, get_settings, put_settings
from msgspec.structs import replace

from tests.http.s3.serving import ACCESS_KEY, SECRET_KEY, location, memory_store, serving
from tests.s3client.fake import AcmeSettings, Answer, classify, wired

NAMESPACE = b'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Store, S3Client]]:
    """A store in memory, and a client of the S3 endpoint in front of it."""
    with memory_store() as store, serving(store) as url:
        settings = AcmeSettings(location=location(url), access_key=ACCESS_KEY, secret_key=Secret(SECRET_KEY))
        with closing(S3Client(settings, user_agent="acme-driver")) as client:
            yield store, client


@pytest.fixture
def bucket(served: tuple[Store, S3Client], request: pytest.FixtureRequest) -> str:
    name = f"bucket-{abs(hash(request.node.nodeid))}"
    served[0].create_bucket(name)
    return name


KINDS = [kind for kind in SETTINGS_KINDS if getattr(memory_store().capabilities.features, kind.feature)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_goes_there_and_back(
    served: tuple[Store, S3Client], bucket: str, kind: type[BucketSettings]
) -> None:
    store, client = served
    assert get_settings(client, bucket, kind) == kind()
    delete_settings(client, bucket, kind)
    if kind is ObjectLockSettings:
        put_settings(client, bucket, VersioningSettings(status="Enabled"))
    for settings in examples(store, bucket, kind):
        put_settings(client, bucket, settings)
        assert plain(store.get_bucket_settings(bucket, kind)) == plain(settings)
        assert plain(get_settings(client, bucket, kind)) == plain(settings)
    if kind.removable:
        delete_settings(client, bucket, kind)
        assert get_settings(client, bucket, kind) == kind()
    else:
        with pytest.raises(InvalidBucketState):
            delete_settings(client, bucket, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_a_bucket_that_is_not_there(served: tuple[Store, S3Client], kind: type[BucketSettings]) -> None:
    _, client = served
    for call in (get_settings, delete_settings):
        with pytest.raises(S3ResponseError) as caught:
            call(client, "none-such", kind)
        assert classify(caught.value).kind is NoSuchBucket


def test_configurations_are_read_page_by_page(served: tuple[Store, S3Client], bucket: str) -> None:
    store, client = served
    one = examples(store, bucket, InventorySettings)[0]
    assert isinstance(one, InventorySettings)
    first = one.configurations[0]
    many = InventorySettings(configurations=tuple(replace(first, id=f"{number:03}") for number in range(205)))
    store.put_bucket_settings(bucket, many)
    assert get_settings(client, bucket, InventorySettings) == many


def test_only_configurations_that_change_are_sent(served: tuple[Store, S3Client], bucket: str) -> None:
    store, _ = served
    before, after = examples(store, bucket, MetricsSettings)
    assert isinstance(before, MetricsSettings)
    assert isinstance(after, MetricsSettings)
    listed = "".join(_text(write_configuration(one)) for one in before.configurations)
    page = (
        f"<ListMetricsConfigurationsResult>{listed}<IsTruncated>false</IsTruncated></ListMetricsConfigurationsResult>"
    )
    with wired(lambda _: Answer(200, page.encode())) as (fake, client):
        both = MetricsSettings(configurations=(*before.configurations, *after.configurations))
        put_settings(client, "bucket", both)
        put_settings(client, "bucket", after)
    listing = "GET /bucket?metrics="
    new = "PUT /bucket?metrics=&id=all"
    assert fake.lines == [listing, new, listing, new, "DELETE /bucket?metrics=&id=some"]


def _text(one: Element) -> str:
    return f"<{one.name}>{one.text}{''.join(map(_text, one.children))}</{one.name}>"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<Tagging/",
        b"<Other/>",
        b"<Tagging><TagSet><Tag><Value>v</Value></Tag></TagSet></Tagging>",
        b"<Tagging><More/></Tagging>",
    ],
)
def test_a_response_that_cannot_be_read(body: bytes) -> None:
    with wired(lambda _: Answer(200, body)) as (_, client), pytest.raises(Unavailable):
        get_settings(client, "bucket", TagSettings)


def test_other_codes_can_say_that_nothing_is_set() -> None:
    error = b"<Error><Code>NoSuchTagSetError</Code></Error>"
    with wired(lambda _: Answer(404, error)) as (fake, client):
        with pytest.raises(S3ResponseError):
            get_settings(client, "bucket", TagSettings)
        assert get_settings(client, "bucket", TagSettings, also_missing={"NoSuchTagSetError"}) == TagSettings()
        delete_settings(client, "bucket", TagSettings, also_missing={"NoSuchTagSetError"})
    assert fake.lines == ["GET /bucket?tagging="] * 2 + ["DELETE /bucket?tagging="]


def test_an_acl_for_the_owner_alone_counts_as_not_set(served: tuple[Store, S3Client], bucket: str) -> None:
    store, client = served
    store.put_bucket_settings(bucket, AclSettings(acl=canned_acl("private", DEFAULT_OWNER)))
    assert get_settings(client, bucket, AclSettings) == AclSettings()


def test_requests_have_what_servers_ask_for() -> None:
    with wired(lambda _: Answer(200)) as (fake, client):
        put_settings(client, "bucket", VersioningSettings(status="Enabled"))
        put_settings(client, "bucket", PolicySettings(document="{}"))
    assert fake.lines == ["PUT /bucket?versioning=", "PUT /bucket?policy="]
    assert all("content-md5" in request.headers for request in fake.requests)
    document = b"<VersioningConfiguration %s><Status>Enabled</Status></VersioningConfiguration>"
    assert [request.body for request in fake.requests] == [document % NAMESPACE, b"{}"]


def test_what_a_parser_would_change_is_escaped() -> None:
    rule = LifecycleRule(id="a", prefix="a\r<&>/", status="Enabled", expiration=LifecycleExpiration(days=1))
    with wired(lambda _: Answer(200)) as (fake, client):
        put_settings(client, "bucket", LifecycleSettings(rules=(rule,)))
    assert b"<Prefix>a&#13;&lt;&amp;&gt;/</Prefix>" in fake.requests[0].body


def test_multi_factor_authentication_that_is_off_is_not_there() -> None:
    status = b"<Status>Suspended</Status><MfaDelete>Disabled</MfaDelete>"
    document = b"<VersioningConfiguration>%s</VersioningConfiguration>" % status
    with wired(lambda _: Answer(200, document)) as (_, client):
        assert get_settings(client, "bucket", VersioningSettings) == VersioningSettings(status="Suspended")


GRANTS = """<AccessControlPolicy><Owner><ID>me</ID></Owner><AccessControlList><Grant>
<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser">
<Type>{}</Type><ID>me</ID></Grantee>
<Permission>FULL_CONTROL</Permission></Grant></AccessControlList></AccessControlPolicy>"""


def test_the_type_of_a_grantee_may_be_there_twice() -> None:
    """SeaweedFS writes it as an attribute, as S3 does, and as an element."""
    with wired(lambda _: Answer(200, GRANTS.format("CanonicalUser").encode())) as (_fake, client):
        assert get_acl(client, "photos").grants == (
            Grant(grantee=Grantee(kind="user", id="me"), permission="FULL_CONTROL"),
        )


def test_two_types_of_a_grantee_are_not_read() -> None:
    with (
        wired(lambda _: Answer(200, GRANTS.format("Group").encode())) as (_fake, client),
        pytest.raises(Unavailable, match="AclSettings"),
    ):
        get_acl(client, "photos")
