"""Notification of a bucket: which events are sent where.

Source: S3 API reference, ``NotificationConfiguration``; S3 user guide, "Supported event types".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Annotated, ClassVar, Final, Self

import msgspec
from typing_extensions import override

from bucketry._xml_names import Xml
from bucketry.bucket_settings._base import BucketSettings, check_count, check_text, check_unique, invalid, new_id
from bucketry.s3 import EVENT_NAMES, MAX_KEY_BYTES, MAX_NOTIFICATION_ID, MAX_NOTIFICATIONS

_PREFIX: Final = "prefix"
_SUFFIX: Final = "suffix"
_ARN: Final = re.compile(r"arn:[a-z0-9-]+:([a-z]+):[A-Za-z0-9-]*:[A-Za-z0-9_-]*:[A-Za-z0-9._:/$-]{1,512}")


class FilterRule(msgspec.Struct, frozen=True, kw_only=True):
    """What a key begins or ends with: ``name`` is ``prefix`` or ``suffix``."""

    name: str
    value: str


class NotificationConfiguration(msgspec.Struct, frozen=True, kw_only=True):
    """Events of some objects, and where they are sent.

    Attributes:
        id: Its id, unique in the bucket; a configuration without one gets it when it is put.
        arn: Where the events are sent.
        events: Names of events, as ``s3:ObjectCreated:*``; at least one.
        filter_rules: At most one prefix and one suffix.
    """

    id: str = ""
    arn: str
    events: Annotated[tuple[str, ...], Xml("Event")]
    filter_rules: Annotated[tuple[FilterRule, ...], Xml("Filter/S3Key/FilterRule")] = ()

    @property
    def prefix(self) -> str:
        """What the key begins with; empty: any key."""
        return self._value(_PREFIX)

    @property
    def suffix(self) -> str:
        """What the key ends with; empty: any key."""
        return self._value(_SUFFIX)

    def _value(self, name: str) -> str:
        return next((rule.value for rule in self.filter_rules if rule.name == name), "")


class TopicConfiguration(NotificationConfiguration, frozen=True, kw_only=True):
    """Events that are sent to a topic (SNS)."""

    arn: Annotated[str, Xml("Topic")]


class QueueConfiguration(NotificationConfiguration, frozen=True, kw_only=True):
    """Events that are sent to a queue (SQS)."""

    arn: Annotated[str, Xml("Queue")]


class FunctionConfiguration(NotificationConfiguration, frozen=True, kw_only=True):
    """Events that are sent to a function (Lambda)."""

    arn: Annotated[str, Xml("CloudFunction")]


class NotificationSettings(BucketSettings, frozen=True, kw_only=True, tag="notification"):
    """Which events of a bucket are sent where. The `Events` layer or the backend sends them.

    Attributes:
        topics: Events for topics.
        queues: Events for queues.
        functions: Events for functions.
        event_bridge: Whether all events are sent to EventBridge.
    """

    feature: ClassVar[str] = "bucket_notification"

    topics: Annotated[tuple[TopicConfiguration, ...], Xml("TopicConfiguration")] = ()
    queues: Annotated[tuple[QueueConfiguration, ...], Xml("QueueConfiguration")] = ()
    functions: Annotated[tuple[FunctionConfiguration, ...], Xml("CloudFunctionConfiguration")] = ()
    event_bridge: Annotated[bool, Xml("EventBridgeConfiguration", flag="")] = False

    @property
    def configurations(self) -> tuple[NotificationConfiguration, ...]:
        """All configurations, whatever their events are sent to."""
        return (*self.topics, *self.queues, *self.functions)

    @override
    def validated(self) -> Self:
        """Checks the configurations, and gives an id to those that have none.

        Raises:
            InvalidBucketSettings: A configuration is malformed, two have the same id, or one event would be sent twice.
        """
        check_count(len(self.configurations), "notification configurations", MAX_NOTIFICATIONS, least=0)
        settings = msgspec.structs.replace(
            self,
            topics=tuple(_normalised(one, "sns") for one in self.topics),
            queues=tuple(_normalised(one, "sqs") for one in self.queues),
            functions=tuple(_normalised(one, "lambda") for one in self.functions),
        )
        check_unique(
            (one.id for one in settings.configurations),
            "same ID used for multiple configurations; IDs must be unique",
            "value",
        )
        _check_overlaps(settings.configurations)
        return settings


def _normalised(configuration: NotificationConfiguration, service: str) -> NotificationConfiguration:
    """Returns a configuration with an id, and with the names of its filter rules in lower case."""
    check_text(configuration.id, "the Id of a notification configuration", MAX_NOTIFICATION_ID)
    found = _ARN.fullmatch(configuration.arn)
    if found is None or found[1] != service:
        raise invalid(f"the ARN of a {service} notification is not well formed", "value")
    if not configuration.events:
        raise invalid("a notification configuration names at least one Event", "schema")
    for event in configuration.events:
        if event not in EVENT_NAMES:
            raise invalid(f"a specified event is not supported for notifications: {event[:64]!r}", "value")
    rules = tuple(FilterRule(name=rule.name.lower(), value=rule.value) for rule in configuration.filter_rules)
    _check_rules(rules)
    return msgspec.structs.replace(configuration, id=configuration.id or new_id(), filter_rules=rules)


def _check_rules(rules: Iterable[FilterRule]) -> None:
    names = [rule.name for rule in rules]
    if unknown := [name for name in names if name not in {_PREFIX, _SUFFIX}]:
        raise invalid(f"filter rule name must be either prefix or suffix, not {unknown[0][:64]!r}", "value")
    check_unique(names, "cannot specify more than one prefix or suffix rule in a filter", "value")
    for rule in rules:
        check_text(rule.value, "the value of a filter rule", MAX_KEY_BYTES)


def _check_overlaps(configurations: Sequence[NotificationConfiguration]) -> None:
    """Refuses two configurations that both want the event of one object.

    Source: S3 user guide, "Configuring event notifications using object key name filtering".
    """
    wanted = [(one, _single_events(one.events)) for one in configurations]
    for (one, events), (other, others) in combinations(wanted, 2):
        if not events.isdisjoint(others) and _share_keys(one, other):
            raise invalid(
                "configurations overlap; configurations on the same bucket cannot share a common event type", "value"
            )


def _single_events(events: Iterable[str]) -> frozenset[str]:
    """Returns the events that names and patterns of events stand for."""
    return frozenset(single for event in set(events) for single in EVENT_NAMES if _covers(event, single))


def _covers(event: str, single: str) -> bool:
    return event == single or (event.endswith(":*") and single.startswith(event[:-1]))


def _share_keys(one: NotificationConfiguration, other: NotificationConfiguration) -> bool:
    prefixes = one.prefix.startswith(other.prefix) or other.prefix.startswith(one.prefix)
    return prefixes and (one.suffix.endswith(other.suffix) or other.suffix.endswith(one.suffix))
