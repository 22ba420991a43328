"""S3's event messages (S3 user guide, "Event message structure").

`Event` is what a layer emits and a test looks at. `Event.message` is the message that S3 would send about it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote_plus

import msgspec

from bucketry.origin import HOST_ID, Origin

TEST_EVENT: Final = "s3:TestEvent"
"""Name of the event that S3 sends to the destinations of a new notification configuration."""

_PREFIX: Final = "s3:"

_VERSION: Final = "2.4"
"""The first version of the structure that is the same for all events."""


class UserIdentity(msgspec.Struct, frozen=True, rename="camel"):
    """A user."""

    principal_id: str


class RequestParameters(msgspec.Struct, frozen=True):
    """What is known of the request."""

    source_address: str = msgspec.field(name="sourceIPAddress")


class ResponseElements(msgspec.Struct, frozen=True):
    """The ids in the request's response."""

    request_id: str = msgspec.field(name="x-amz-request-id")
    host_id: str = msgspec.field(name="x-amz-id-2")


class BucketEntity(msgspec.Struct, frozen=True, rename="camel"):
    """The bucket, and its owner."""

    name: str
    owner_identity: UserIdentity
    arn: str


class ObjectEntity(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The object. Its key is percent-encoded, with ``+`` for a blank. What an event does not have is left out."""

    key: str
    size: int | None = None
    etag: str | None = msgspec.field(default=None, name="eTag")
    version_id: str | None = None
    sequencer: str | None = None


class Entity(msgspec.Struct, frozen=True):
    """What an event is about."""

    configuration_id: str = msgspec.field(name="configurationId")
    bucket: BucketEntity
    object: ObjectEntity
    schema_version: str = msgspec.field(default="1.0", name="s3SchemaVersion")


class EventRecord(msgspec.Struct, frozen=True, rename="camel"):
    """One event, as S3 describes it. Encoded as JSON, it has S3's names."""

    aws_region: str
    event_time: str
    event_name: str
    user_identity: UserIdentity
    request_parameters: RequestParameters
    response_elements: ResponseElements
    s3: Entity
    event_version: str = _VERSION
    event_source: str = "aws:s3"


class EventMessage(msgspec.Struct, frozen=True):
    """What S3 sends to a queue, a topic or a function. It has one record."""

    records: tuple[EventRecord, ...] = msgspec.field(name="Records")


class TestMessage(msgspec.Struct, frozen=True, rename="pascal"):
    """What S3 sends to the destinations of a new notification configuration."""

    __test__ = False  # Not a test, whatever pytest takes its name for.

    service: str
    event: str
    time: str
    bucket: str
    request_id: str
    host_id: str


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened in a bucket.

    Attributes:
        name: S3's name of it, such as ``s3:ObjectCreated:Put``.
        bucket: The bucket.
        key: The byte-exact key; empty for ``s3:TestEvent``.
        time: When it happened.
        origin: Who sent the request.
        region: The bucket's region.
        owner: Id of the bucket's owner.
        size_bytes: Size of the object that was created; ``None`` for other events.
        etag: Its etag, without quotes; likewise.
        version_id: The version that was written or deleted; ``None`` if the bucket has no versions.
        sequencer: Hexadecimal digits. Of two events of a key, the later one has the larger text.
        configuration_id: Id of the bucket's configuration that selects it; empty: there is none.
        destinations: ARNs of the destinations that the bucket's notification configuration sends it to. ``None``: the
            bucket has no such configuration.
    """

    name: str
    bucket: str
    key: str
    time: datetime
    origin: Origin
    region: str
    owner: str
    size_bytes: int | None = None
    etag: str | None = None
    version_id: str | None = None
    sequencer: str = ""
    configuration_id: str = ""
    destinations: tuple[str, ...] | None = None

    @property
    def message(self) -> EventMessage | TestMessage:
        """The message that S3 sends about it."""
        return self._test_message() if self.name == TEST_EVENT else EventMessage((self._record(),))

    def encoded(self) -> bytes:
        """Returns its message as JSON."""
        return _ENCODER.encode(self.message)

    def _record(self) -> EventRecord:
        return EventRecord(
            aws_region=self.region,
            event_time=_shown(self.time),
            event_name=self.name.removeprefix(_PREFIX),
            user_identity=UserIdentity(self.origin.principal),
            request_parameters=RequestParameters(self.origin.address),
            response_elements=ResponseElements(self.origin.request_id, HOST_ID),
            s3=Entity(
                self.configuration_id,
                BucketEntity(self.bucket, UserIdentity(self.owner), f"arn:aws:s3:::{self.bucket}"),
                ObjectEntity(
                    quote_plus(self.key, safe="/"), self.size_bytes, self.etag, self.version_id, self.sequencer or None
                ),
            ),
        )

    def _test_message(self) -> TestMessage:
        return TestMessage("Amazon S3", TEST_EVENT, _shown(self.time), self.bucket, self.origin.request_id, HOST_ID)


_ENCODER: Final = msgspec.json.Encoder()


def _shown(time: datetime) -> str:
    """Returns a time in ISO 8601 and milliseconds, as S3 shows it."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03d}Z"
