"""What a row keeps beside the columns that queries need: one Struct as MessagePack."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import msgspec
from bucketry import Checksum, ObjectHeaders, ObjectInfo, Owner, Part
from bucketry.checksums import ChecksumType
from bucketry.completing import UploadChecksums
from bucketry.decoding import msgpack_decoder
from bucketry.headers import HEADER_OF, header_values
from bucketry.models import NO_METADATA
from bucketry.s3 import NULL_VERSION
from bucketry.version_facts import NO_FACTS, VersionFacts, shown_facts

encode: Final = msgspec.msgpack.Encoder(enc_hook=dict).encode
"""Encodes a record; an immutable mapping is written as a map."""


class BucketRecord(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What is known of a bucket beside its settings; ``region`` is its own if it is not the store's.

    Attributes:
        created_at: When it was created.
        owner: Who owns it.
        region: Where it is, if not in the store's region.
        foreign_objects: Whether it may hold an object with another owner or an ACL of its own.
    """

    created_at: datetime
    owner: Owner
    region: str | None = None
    foreign_objects: bool = False


class StoredHeaders(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The headers of an object, those that it has."""

    content_type: str
    others: dict[str, str] = {}
    metadata: dict[str, str] = {}

    @classmethod
    def of(cls, source: ObjectHeaders) -> StoredHeaders:
        """Takes them from options or from an object."""
        values = zip(HEADER_OF, header_values(source), strict=True)
        others = {name: value for name, value in values if value is not None and name != "content_type"}
        return cls(source.content_type, others, dict(source.metadata))

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of `ObjectHeaders` that they give."""
        metadata = MappingProxyType(self.metadata) if self.metadata else NO_METADATA
        return {**self.others, "content_type": self.content_type, "metadata": metadata}


class StoredObject(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, tag="object"):
    """An object, without its key and its content.

    Attributes:
        etag: The MD5 of the content in hexadecimal, unless `VersionFacts.hides_md5`. For a multipart upload it is the
            MD5 of the parts' MD5s, ``-``, and the number of parts, as in S3.
        last_modified: When it was written.
        headers: Its headers.
        stored_tags: Its tags.
        checksum: Its checksum.
        in_parts: Whether it was uploaded in parts.
        upload_id: The upload that made it.
        facts: Facts of the version. Its number stands in the row.
    """

    etag: str
    last_modified: datetime
    headers: StoredHeaders
    stored_tags: dict[str, str] = {}
    checksum: Checksum | None = None
    in_parts: bool = False
    upload_id: str = ""
    facts: VersionFacts = NO_FACTS

    @property
    def tags(self) -> MappingProxyType[str, str]:
        """Its tags."""
        return MappingProxyType(self.stored_tags)

    @property
    def version_id(self) -> str:
        """Its id as a version."""
        return self.facts.version_id or NULL_VERSION

    def info(self, key: str, size_bytes: int) -> ObjectInfo:
        """Returns the object as the contract describes it."""
        facts = {} if self.facts is NO_FACTS else shown_facts(self.facts)
        return ObjectInfo(
            key=key,
            size_bytes=size_bytes,
            etag=self.etag,
            last_modified=self.last_modified,
            tag_count=len(self.stored_tags),
            checksum=self.checksum,
            **self.headers.fields,
            **facts,
        )

    def listed(self, key: str, size_bytes: int) -> ObjectInfo:
        """Returns what a listing says of the object: what the contract promises, and no more."""
        return ObjectInfo(
            key=key,
            size_bytes=size_bytes,
            etag=self.etag,
            last_modified=self.last_modified,
            content_type=self.headers.content_type,
            checksum=self.checksum,
            version_id=self.facts.version_id,
            owner=self.facts.owner,
            storage_class=self.facts.storage_class,
        )


class StoredMarker(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, tag="marker"):
    """A delete marker.

    Attributes:
        last_modified: When it was made.
        version_id: Its id as a version.
    """

    last_modified: datetime
    version_id: str

    @property
    def etag(self) -> None:
        """A marker has no content, and so no etag."""


Stored = StoredObject | StoredMarker


class PartsRecord(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The parts that an object was uploaded in: the offset after each, and the digest of each one's checksum."""

    ends: tuple[int, ...] = ()
    digests: tuple[bytes, ...] = ()


NO_PARTS: Final = PartsRecord()


class UploadRecord(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A multipart upload in progress: when it began, and what its object gets."""

    initiated_at: datetime
    headers: StoredHeaders
    stored_tags: dict[str, str] = {}
    checksum_algorithm: str | None = None
    checksum_type: ChecksumType | None = None
    facts: VersionFacts = NO_FACTS

    @property
    def checksums(self) -> UploadChecksums:
        """The kind of its checksums."""
        return UploadChecksums(self.checksum_algorithm, self.checksum_type)


class PartRecord(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A part of an upload; ``etag`` is its MD5 in hexadecimal, unless the upload hides that."""

    etag: str
    size_bytes: int
    last_modified: datetime
    checksum: Checksum | None = None

    def part(self, number: int, facts: VersionFacts) -> Part:
        """Returns the part as the contract describes it."""
        return Part(
            part_number=number,
            etag=self.etag,
            size_bytes=self.size_bytes,
            last_modified=self.last_modified,
            checksum=self.checksum,
            encryption=facts.encryption,
        )


decode_bucket: Final = msgpack_decoder(BucketRecord).decode
decode_stored: Final = msgpack_decoder(Stored).decode
decode_parts: Final = msgpack_decoder(PartsRecord).decode
decode_upload: Final = msgpack_decoder(UploadRecord).decode
decode_part: Final = msgpack_decoder(PartRecord).decode
