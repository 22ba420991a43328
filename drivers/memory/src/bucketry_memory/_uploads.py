"""Multipart uploads in progress."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import accumulate, islice
from secrets import token_hex
from typing import TypeAlias, final

import msgspec
from bucketry import (
    Checksum,
    CompletedPart,
    InvalidPart,
    NoSuchUpload,
    ObjectHeaders,
    PageOptions,
    Part,
    PartPage,
    PartTooSmall,
    Upload,
    UploadListOptions,
    UploadOptions,
    UploadPage,
)
from sortedcontainers import SortedList

from bucketry_memory._cursors import Cursor, decode
from bucketry_memory._data import Content
from bucketry_memory._room import Room
from bucketry_memory._upload_checksums import UploadChecksums

_ID_BYTES = 24
"""Of an upload id: nobody guesses 192 random bits, and no two uploads get the same."""


class StoredPart(msgspec.Struct, frozen=True, gc=False):
    """A part: its bytes, their MD5 in hexadecimal, when it was stored, and its checksum if the upload has any."""

    content: Content
    etag: str
    last_modified: datetime
    checksum: Checksum | None = None


@final
class UploadState:
    """An upload in progress. What changes it is called under the store's lock.

    Attributes:
        key: The key that it is to.
        upload_id: Its id.
        number: Uploads of a bucket are numbered in the order in which they began.
        initiated_at: When it began.
        headers: What the finished object will carry.
        tags: The tags that it will have.
        checksums: What its checksums are.
        parts: What was stored, by part number.
    """

    __slots__ = (
        "checksums",
        "headers",
        "initiated_at",
        "key",
        "number",
        "parts",
        "tags",
        "upload_id",
    )

    def __init__(
        self, key: str, number: int, initiated_at: datetime, headers: ObjectHeaders, options: UploadOptions
    ) -> None:
        self.key = key
        self.upload_id = token_hex(_ID_BYTES)
        self.number = number
        self.initiated_at = initiated_at
        self.headers = headers
        self.tags: Mapping[str, str] = options.tags
        self.checksums = UploadChecksums(options.checksum_algorithm, options.checksum_type)
        self.parts: dict[int, StoredPart] = {}

    @property
    def size_bytes(self) -> int:
        """How many bytes its parts hold."""
        return sum(len(part.content) for part in self.parts.values())

    @property
    def entries(self) -> int:
        """As how many entries it counts: itself and its parts."""
        return 1 + len(self.parts)

    def info(self) -> Upload:
        """Returns this upload as the contract describes it."""
        return Upload(
            key=self.key,
            upload_id=self.upload_id,
            initiated_at=self.initiated_at,
            checksum_algorithm=self.checksums.algorithm,
            checksum_type=self.checksums.type,
        )

    def list_parts(self, options: PageOptions) -> PartPage:
        """Lists one page of its parts.

        Raises:
            InvalidArgument: The cursor is none of this listing.
        """
        after = 0 if options.cursor is None else decode(options.cursor, "part").number
        numbers = sorted(number for number in self.parts if number > after)
        page = numbers[: options.limit]
        return PartPage(
            parts=tuple(part_info(number, self.parts[number]) for number in page),
            cursor=Cursor("part", number=page[-1]).encode() if len(page) < len(numbers) else None,
            checksum_algorithm=self.checksums.algorithm,
            checksum_type=self.checksums.type,
        )

    def select(self, listed: Iterable[CompletedPart], min_part_size: int) -> list[StoredPart]:
        """Returns the parts that the object will be made of.

        Raises:
            InvalidPart: One was not stored, or has another etag or checksum.
            InvalidChecksum: One is listed without checksum, of which a composite checksum is to be made.
            BadDigest: One is listed with a checksum of another algorithm.
            PartTooSmall: One other than the last is smaller than ``min_part_size``.
        """
        chosen: list[StoredPart] = []
        for wanted in listed:
            if chosen and len(chosen[-1].content) < min_part_size:
                raise PartTooSmall(
                    f"a part has {len(chosen[-1].content)} bytes; all but the last have at least {min_part_size}"
                )
            part = self.parts.get(wanted.part_number)
            if part is None:
                raise InvalidPart(f"part {wanted.part_number} was not uploaded")
            if part.etag != wanted.etag:
                raise InvalidPart(f"part {wanted.part_number} has another etag")
            self.checksums.check_listed(wanted, part.checksum)
            chosen.append(part)
        return chosen


def part_info(number: int, part: StoredPart) -> Part:
    """Returns a part as the contract describes it."""
    return Part(
        part_number=number,
        etag=part.etag,
        size_bytes=len(part.content),
        last_modified=part.last_modified,
        checksum=part.checksum,
    )


def etag_of(parts: list[StoredPart]) -> str:
    """Returns the etag of an object made of these parts: what S3 computes, and its clients compare with."""
    digests = b"".join(bytes.fromhex(part.etag) for part in parts)
    return f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}"


def ends_of(parts: list[StoredPart]) -> tuple[int, ...]:
    """Returns where each of these parts ends in an object made of them."""
    return tuple(accumulate(len(part.content) for part in parts))


_Place: TypeAlias = tuple[str, int]
"""An upload's key and number: uploads are listed in this order."""


@final
class UploadTable:
    """The uploads of one bucket. Everything is called under the store's lock, and takes or gives the room for it."""

    __slots__ = ("_begun", "_by_id", "_by_place", "_places", "_room")

    def __init__(self, room: Room) -> None:
        self._room = room
        self._by_id: dict[str, UploadState] = {}
        self._by_place: dict[_Place, UploadState] = {}
        self._places: SortedList[_Place] = SortedList()
        self._begun = 0

    def begin(self, key: str, initiated_at: datetime, headers: ObjectHeaders, options: UploadOptions) -> UploadState:
        """Begins an upload.

        Raises:
            QuotaExceeded: There is no room for it.
        """
        self._room.take(0, entries=1)
        self._begun += 1
        upload = UploadState(key, self._begun, initiated_at, headers, options)
        place = (upload.key, upload.number)
        self._by_id[upload.upload_id] = upload
        self._by_place[place] = upload
        self._places.add(place)
        return upload

    def get(self, key: str, upload_id: str) -> UploadState:
        """Returns an upload.

        Raises:
            NoSuchUpload: There is none of that id, or it is to another key.
        """
        upload = self._by_id.get(upload_id)
        if upload is None or upload.key != key:
            raise NoSuchUpload
        return upload

    def put_part(self, upload: UploadState, number: int, part: StoredPart, reserved: int) -> None:
        """Stores a part in the place of the one before, if any.

        Args:
            upload: One of these uploads.
            number: The part's number.
            part: The part.
            reserved: Bytes of room that were reserved for it; it uses or gives back all of them.

        Raises:
            QuotaExceeded: There is no room for it; nothing was changed.
        """
        previous = upload.parts.get(number)
        freed = 0 if previous is None else len(previous.content)
        self._room.take(len(part.content) - reserved - freed, entries=1 if previous is None else 0)
        upload.parts[number] = part

    def forget(self, upload: UploadState) -> None:
        """Takes an upload out whose room an object has taken over."""
        place = (upload.key, upload.number)
        del self._by_id[upload.upload_id], self._by_place[place]
        self._places.remove(place)

    def abort(self, upload: UploadState) -> None:
        """Takes an upload out, with its parts."""
        self.forget(upload)
        self._room.give(upload.size_bytes, upload.entries)

    def abort_all(self) -> None:
        """Takes all uploads out."""
        # Not one by one: there may be hundreds of thousands, and everybody waits for the lock.
        uploads = self._by_id.values()
        self._room.give(sum(upload.size_bytes for upload in uploads), sum(upload.entries for upload in uploads))
        self._by_id, self._by_place, self._places = {}, {}, SortedList()

    def list_page(self, options: UploadListOptions) -> UploadPage:
        """Lists one page of uploads, by key and then in the order in which they began.

        Raises:
            InvalidArgument: The cursor is none of this listing.
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
