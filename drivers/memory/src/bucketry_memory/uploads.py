"""Multipart uploads: those in progress, and their checksums."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import accumulate, islice
from secrets import token_hex
from typing import Final, TypeAlias, final

import msgspec
from bucketry import (
    Checksum,
    CompletedPart,
    NoSuchUpload,
    ObjectHeaders,
    PageOptions,
    Part,
    PartPage,
    Upload,
    UploadListOptions,
    UploadOptions,
    UploadPage,
)
from bucketry.completing import UploadChecksums, select_parts
from bucketry.version_facts import VersionFacts
from sortedcontainers import SortedList

from bucketry_memory.content import Content
from bucketry_memory.listing import Cursor, decode
from bucketry_memory.quota import Quota

_ID_BYTES: Final = 24
"""Random bytes of an upload id: enough that nobody guesses one, and that no two uploads get the same."""


class StoredPart(msgspec.Struct, frozen=True, gc=False):
    """A part: its bytes, their MD5 in hexadecimal, when it was stored, and its checksum if the upload has checksums."""

    content: Content
    etag: str
    last_modified: datetime
    checksum: Checksum | None = None

    @property
    def size_bytes(self) -> int:
        """Its size."""
        return len(self.content)


@final
class UploadState:
    """An upload in progress. Call whatever changes it under the store's lock.

    Attributes:
        key: The key of the future object.
        upload_id: Its id.
        number: Its place in the order in which the bucket's uploads began.
        initiated_at: When it began.
        headers: The headers of the future object.
        tags: The tags of the future object.
        facts: The facts that it gives its version.
        checksums: The kind of its checksums.
        parts: The stored parts, by part number.
    """

    __slots__ = (
        "checksums",
        "facts",
        "headers",
        "initiated_at",
        "key",
        "number",
        "parts",
        "tags",
        "upload_id",
    )

    def __init__(
        self,
        key: str,
        number: int,
        initiated_at: datetime,
        headers: ObjectHeaders,
        facts: VersionFacts,
        options: UploadOptions,
    ) -> None:
        self.key = key
        self.upload_id = token_hex(_ID_BYTES)
        self.number = number
        self.initiated_at = initiated_at
        self.headers = headers
        self.tags: Mapping[str, str] = options.tags
        self.facts = facts
        self.checksums = UploadChecksums(options.checksum_algorithm, options.checksum_type)
        self.parts: dict[int, StoredPart] = {}

    @property
    def size_bytes(self) -> int:
        """The sum of the sizes of its parts."""
        return sum(len(part.content) for part in self.parts.values())

    @property
    def entries(self) -> int:
        """How many entries it counts as: itself and its parts."""
        return 1 + len(self.parts)

    def info(self) -> Upload:
        """Returns this upload as the contract describes it."""
        return Upload(
            key=self.key,
            upload_id=self.upload_id,
            initiated_at=self.initiated_at,
            checksum_algorithm=self.checksums.algorithm,
            checksum_type=self.checksums.type,
            owner=self.facts.owner,
            storage_class=self.facts.storage_class,
            encryption=self.facts.encryption,
        )

    def list_parts(self, options: PageOptions) -> PartPage:
        """Lists one page of its parts.

        Raises:
            InvalidArgument: The cursor belongs to another listing.
        """
        after = 0 if options.cursor is None else decode(options.cursor, "part").number
        numbers = sorted(number for number in self.parts if number > after)
        page = numbers[: options.limit]
        return PartPage(
            parts=tuple(self.part_info(number) for number in page),
            cursor=Cursor("part", number=page[-1]).encode() if len(page) < len(numbers) else None,
            checksum_algorithm=self.checksums.algorithm,
            checksum_type=self.checksums.type,
            owner=self.facts.owner,
            storage_class=self.facts.storage_class,
        )

    def part_info(self, number: int) -> Part:
        """Returns a part as the contract describes it."""
        part = self.parts[number]
        return Part(
            part_number=number,
            etag=part.etag,
            size_bytes=len(part.content),
            last_modified=part.last_modified,
            checksum=part.checksum,
            encryption=self.facts.encryption,
        )

    def select(self, listed: Iterable[CompletedPart], min_part_size: int) -> list[StoredPart]:
        """Returns the stored parts that the object consists of.

        Raises:
            BucketryError: As `select_parts`.
        """
        return select_parts(listed, self.parts, self.checksums, min_part_size)

    @staticmethod
    def new_part(content: Content, etag: str, last_modified: datetime, checksum: Checksum | None) -> StoredPart:
        """Returns a part to store; ``etag`` is its MD5 in hexadecimal."""
        return StoredPart(content, etag, last_modified, checksum)

    @staticmethod
    def ends_of(parts: list[StoredPart]) -> tuple[int, ...]:
        """Returns where each of these parts ends in an object made of them."""
        return tuple(accumulate(len(part.content) for part in parts))


_Place: TypeAlias = tuple[str, int]
"""The key and number of an upload. Listings have this order."""


@final
class UploadTable:
    """The uploads of one bucket. Call it under the store's lock. It takes and gives back its share of the quota."""

    __slots__ = ("_begun", "_by_id", "_by_place", "_places", "_quota")

    def __init__(self, quota: Quota) -> None:
        self._quota = quota
        self._by_id: dict[str, UploadState] = {}
        self._by_place: dict[_Place, UploadState] = {}
        self._places: SortedList[_Place] = SortedList()
        self._begun = 0

    def begin(
        self, key: str, initiated_at: datetime, headers: ObjectHeaders, facts: VersionFacts, options: UploadOptions
    ) -> UploadState:
        """Begins an upload.

        Raises:
            QuotaExceeded: A limit would be exceeded.
        """
        self._quota.take(0, entries=1)
        self._begun += 1
        upload = UploadState(key, self._begun, initiated_at, headers, facts, options)
        place = (upload.key, upload.number)
        self._by_id[upload.upload_id] = upload
        self._by_place[place] = upload
        self._places.add(place)
        return upload

    def get(self, key: str, upload_id: str) -> UploadState:
        """Returns an upload.

        Raises:
            NoSuchUpload: There is no upload of that id to this key.
        """
        upload = self._by_id.get(upload_id)
        if upload is None or upload.key != key:
            raise NoSuchUpload
        return upload

    def put_part(self, upload: UploadState, number: int, part: StoredPart, reserved: int) -> None:
        """Stores a part, in place of the part that had this number.

        Args:
            upload: An upload of this bucket.
            number: The part's number.
            part: The part.
            reserved: Bytes that were reserved for it. It uses all of them or gives them back.

        Raises:
            QuotaExceeded: A limit would be exceeded. Nothing was changed.
        """
        previous = upload.parts.get(number)
        freed = 0 if previous is None else len(previous.content)
        self._quota.take(len(part.content) - reserved - freed, entries=1 if previous is None else 0)
        upload.parts[number] = part

    def forget(self, upload: UploadState) -> None:
        """Removes an upload whose share of the quota an object took over."""
        place = (upload.key, upload.number)
        del self._by_id[upload.upload_id], self._by_place[place]
        self._places.remove(place)

    def abort(self, upload: UploadState) -> None:
        """Removes an upload and its parts."""
        self.forget(upload)
        self._quota.give(upload.size_bytes, upload.entries)

    def abort_all(self) -> None:
        """Removes all uploads and their parts."""
        # All at once: there may be hundreds of thousands, and everybody waits for the lock.
        uploads = self._by_id.values()
        self._quota.give(sum(upload.size_bytes for upload in uploads), sum(upload.entries for upload in uploads))
        self._by_id, self._by_place, self._places = {}, {}, SortedList()

    def list_page(self, options: UploadListOptions) -> UploadPage:
        """Lists one page of uploads, in the order of their keys, and then in the order in which they began.

        Raises:
            InvalidArgument: The cursor belongs to another listing.
        """
        begin: _Place = (options.prefix, 0)
        if options.cursor is not None:
            cursor = decode(options.cursor, "upload")
            begin = max(begin, (cursor.text, cursor.number + 1))
        found: list[UploadState] = []
        for place in islice(self._places.irange(begin), options.limit + 1):
            if not place[0].startswith(options.prefix):
                break
            found.append(self._by_place[place])
        page = found[: options.limit]
        return UploadPage(
            uploads=tuple(upload.info() for upload in page),
            cursor=Cursor("upload", page[-1].key, page[-1].number).encode() if len(page) < len(found) else None,
        )
