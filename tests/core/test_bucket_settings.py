"""Settings of buckets: what a store refuses before any driver sees it, and what drivers get."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from bucketry import (
    AclSettings,
    CorsSettings,
    DefaultRetention,
    EncryptionSettings,
    InvalidArgument,
    InvalidBucketSettings,
    LifecycleExpiration,
    LifecycleFilter,
    LifecycleRule,
    LifecycleSettings,
    NotificationSettings,
    ObjectLockSettings,
    OwnershipSettings,
    PolicySettings,
    PublicAccessSettings,
    Tag,
    TagSettings,
    VersioningSettings,
)
from bucketry.acls import Acl, Grant, Grantee
from bucketry.bucket_settings import (
    SETTINGS_KINDS,
    FilterRule,
    FunctionConfiguration,
    QueueConfiguration,
    TopicConfiguration,
)
from bucketry.owners import DEFAULT_OWNER

RULE = LifecycleRule(id="a", prefix="", status="Enabled", expiration=LifecycleExpiration(days=1))
QUEUE = QueueConfiguration(id="a", arn="arn:aws:sqs:us-east-1:1:q", events=("s3:ObjectCreated:*",))


def refusal(settings: Any) -> str | None:
    with pytest.raises(InvalidArgument) as caught:
        settings.checked()
    return caught.value.fault if isinstance(caught.value, InvalidBucketSettings) else caught.value.field


@pytest.mark.parametrize("kind", SETTINGS_KINDS)
def test_nothing_set_cannot_be_put(kind: Any) -> None:
    with pytest.raises(InvalidBucketSettings, match="nothing is set") as caught:
        kind().checked()
    assert ("delete_bucket_settings" in str(caught.value)) == kind.removable


def test_lists_become_tuples_at_every_depth() -> None:
    tags: Any = [Tag(key="k", value="v")]
    rule: Any = LifecycleRule(
        id="a", filter=LifecycleFilter(tags=tags), status="Enabled", expiration=LifecycleExpiration(days=1)
    )
    listed: Any = [rule]
    settings = LifecycleSettings(rules=listed).checked()
    tags.clear()
    listed.clear()
    assert settings.rules[0].conditions.tags == (Tag(key="k", value="v"),)
    assert hash(settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (LifecycleSettings(rules="text"), r"LifecycleSettings.rules must be tuple\[LifecycleRule, ...\], not str"),  # type: ignore[arg-type]
        (LifecycleSettings(rules=(RULE, 7)), r"rules\[1\] must be LifecycleRule, not int"),  # type: ignore[arg-type]
        (
            LifecycleSettings(rules=(RULE, LifecycleRule(id=7, prefix="", status="Enabled"))),  # type: ignore[arg-type]
            "LifecycleRule.id must be str, not int",
        ),
        (TagSettings(tags=(Tag(key="a", value="b"), Tag(key="k", value=1))), "Tag.value must be str, not int"),  # type: ignore[arg-type]
        (VersioningSettings(status=True), "VersioningSettings.status must be"),  # type: ignore[arg-type]
        (ObjectLockSettings(enabled="yes"), "ObjectLockSettings.enabled must be bool, not str"),  # type: ignore[arg-type]
        (EncryptionSettings(algorithm="AES256", key_id=b"k"), "EncryptionSettings.key_id must be"),  # type: ignore[arg-type]
    ],
)
def test_values_of_other_types_are_named(settings: Any, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        settings.checked()


def test_texts_that_are_listed_are_checked_at_every_depth() -> None:
    assert refusal(VersioningSettings(status="enabled")) == "schema"  # type: ignore[arg-type]
    assert refusal(OwnershipSettings(ownership="Mine")) == "schema"  # type: ignore[arg-type]
    lock = ObjectLockSettings(enabled=True, default=DefaultRetention(mode="governance", days=1))  # type: ignore[arg-type]
    assert refusal(lock) == "schema"
    grant = Grant(grantee=Grantee(kind="user", id="x"), permission="EVERYTHING")  # type: ignore[arg-type]
    assert refusal(AclSettings(acl=Acl(owner=DEFAULT_OWNER, grants=(grant,)))) == "schema"


@pytest.mark.parametrize(
    ("days", "years", "fault"),
    [
        (None, None, "schema"),
        (1, 1, "schema"),
        (0, None, "retention_period"),
        (36_501, None, "retention_period"),
        (None, 0, "retention_period"),
        (None, 101, "retention_period"),
    ],
)
def test_default_retentions_that_are_refused(days: int | None, years: int | None, fault: str) -> None:
    retention = DefaultRetention(mode="COMPLIANCE", days=days, years=years)
    assert refusal(ObjectLockSettings(enabled=True, default=retention)) == fault
    assert refusal(ObjectLockSettings(default=retention)) == "schema"


def test_dates_come_in_utc() -> None:
    local = datetime(2030, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    rule = LifecycleRule(id="a", prefix="", status="Enabled", expiration=LifecycleExpiration(date=local))
    expiration = LifecycleSettings(rules=(rule,)).checked().rules[0].expiration
    assert expiration is not None
    assert expiration.date == datetime(2030, 1, 1, tzinfo=UTC)
    assert expiration.date.tzinfo is UTC


@pytest.mark.parametrize(
    "date",
    [datetime(2030, 1, 1), datetime(2030, 1, 1, 0, 0, 1, tzinfo=UTC), datetime.max.replace(tzinfo=timezone.min)],  # noqa: DTZ001 - that is what is refused
)
def test_dates_that_are_refused(date: datetime) -> None:
    rule = LifecycleRule(prefix="", status="Enabled", expiration=LifecycleExpiration(date=date))
    assert refusal(LifecycleSettings(rules=(rule,))) == "value"


def test_the_two_forms_of_a_filter_say_the_same() -> None:
    old = LifecycleRule(prefix="a/", status="Enabled")
    new = LifecycleRule(filter=LifecycleFilter(prefix="a/"), status="Enabled")
    assert old.conditions == new.conditions
    assert not old.conditions.is_about_content
    assert LifecycleFilter(size_less_than=1).is_about_content


@pytest.mark.parametrize("prefix", ["\x00", "\x1f", "\ud800", "\ufffe"])
def test_what_xml_cannot_carry_is_refused(prefix: str) -> None:
    rule = LifecycleRule(prefix=prefix, status="Enabled", expiration=LifecycleExpiration(days=1))
    assert refusal(LifecycleSettings(rules=(rule,))) in {"value", "rules"}


def test_ids_that_are_made_are_unique_and_stay() -> None:
    rule = LifecycleRule(prefix="", status="Enabled", expiration=LifecycleExpiration(days=1))
    settings = LifecycleSettings(rules=(rule, rule)).checked()
    assert len({rule.id for rule in settings.rules}) == 2
    assert settings.checked() == settings
    topic = TopicConfiguration(arn="arn:aws:sns:us-east-1:1:t", events=("s3:ObjectRemoved:*",))
    found = NotificationSettings(topics=(topic,)).checked()
    assert found.topics[0].id
    assert isinstance(found.topics[0], TopicConfiguration)


OVERLAPS = [
    (("s3:ObjectCreated:*",), "", "", True),
    (("s3:ObjectCreated:Put",), "a/b", ".jpg", True),
    (("s3:ObjectCreated:Put",), "a", "", True),
    (("s3:ObjectCreated:Put",), "b", "", False),
    (("s3:ObjectCreated:Put",), "a/", ".png", False),
    (("s3:ObjectRemoved:*",), "", "", False),
    (("s3:ObjectRemoved:*", "s3:ObjectCreated:Copy"), "a/", "x.jpg", True),
]


@pytest.mark.parametrize(("events", "prefix", "suffix", "overlap"), OVERLAPS)
def test_events_are_sent_once(events: tuple[str, ...], prefix: str, suffix: str, overlap: bool) -> None:
    rules = (FilterRule(name="Prefix", value="a/"), FilterRule(name="suffix", value=".jpg"))
    one = QueueConfiguration(id="one", arn=QUEUE.arn, events=("s3:ObjectCreated:*",), filter_rules=rules)
    others = tuple(FilterRule(name=name, value=value) for name, value in (("prefix", prefix), ("suffix", suffix)))
    other = FunctionConfiguration(
        id="other", arn="arn:aws:lambda:us-east-1:1:function:f", events=events, filter_rules=others
    )
    settings = NotificationSettings(queues=(one,), functions=(other,))
    if overlap:
        assert refusal(settings) == "value"
        return
    found = settings.checked()
    assert (found.queues[0].prefix, found.queues[0].suffix) == ("a/", ".jpg")
    assert [one.id for one in found.configurations] == ["one", "other"]


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:sqs:us-east-1:123456789012:queue",
        "arn:aws-cn:sqs:cn-north-1:123456789012:queue.fifo",
        "arn:minio:sqs::PRIMARY:webhook",
        "arn:aws:sqs:default::q",
    ],
)
def test_arns_of_aws_and_other_servers(arn: str) -> None:
    queue = QueueConfiguration(id="a", arn=arn, events=("s3:ObjectCreated:*",))
    assert NotificationSettings(queues=(queue,)).checked().queues == (queue,)


@pytest.mark.parametrize(
    "arn", ["", "q", "arn:aws:sns:us-east-1:1:q", "arn:aws:sqs:us-east-1:1:", "arn:aws:sqs:a b:1:q"]
)
def test_arns_that_are_refused(arn: str) -> None:
    queue = QueueConfiguration(arn=arn, events=("s3:ObjectCreated:*",))
    assert refusal(NotificationSettings(queues=(queue,))) == "value"


def test_the_public_access_block_is_whole() -> None:
    found = PublicAccessSettings(restrict_public_buckets=True).checked()
    assert found == PublicAccessSettings(
        block_public_acls=False, ignore_public_acls=False, block_public_policy=False, restrict_public_buckets=True
    )


@pytest.mark.parametrize("document", ["{", "[]", '"a"', "1", "{}" + " " * 20_480, '{"a": "\ud800"}', "[" * 5000])
def test_policies_that_are_refused(document: str) -> None:
    assert refusal(PolicySettings(document=document)) in {"policy", "document"}


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        (EncryptionSettings(bucket_key=True), "schema"),
        (EncryptionSettings(algorithm="AES256", key_id="k"), "value"),
        (EncryptionSettings(algorithm="aws:kms", key_id=""), "value"),
        (EncryptionSettings(algorithm="aws:kms", key_id="x" * 2049), "value"),
        (EncryptionSettings(algorithm="aws:kms:dsse", bucket_key=True), "value"),
    ],
)
def test_encryptions_that_are_refused(settings: EncryptionSettings, fault: str) -> None:
    assert refusal(settings) == fault


def test_tags_are_counted_and_compared() -> None:
    tags = tuple(Tag(key=str(number), value="") for number in range(51))
    assert TagSettings(tags=tags[:50]).checked().tags == tags[:50]
    with pytest.raises(InvalidArgument) as caught:
        TagSettings(tags=tags).checked()
    assert (caught.value.field, caught.value.limit) == ("tags", 50)
    assert refusal(TagSettings(tags=(tags[0], tags[0]))) == "tags"


def test_a_message_does_not_repeat_all_that_was_put() -> None:
    with pytest.raises(InvalidArgument) as caught:
        VersioningSettings(status="x" * 10_000).checked()  # type: ignore[arg-type]
    assert len(str(caught.value)) < 500
    with pytest.raises(InvalidArgument, match="nothing is set"):
        CorsSettings().checked()
