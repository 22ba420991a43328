"""Sends a body to MinIO: in one piece, or in parts side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from itertools import repeat
from typing import IO, Final

from bucketry import Body, CompletedPart, ObjectHeaders, TooLarge
from bucketry.features import GIB, MIB

from bucketry_minio._connection import Connection, Content, Feed
from bucketry_minio._headers import etag_of, of_object
from bucketry_minio._leftovers import Leftovers
from bucketry_minio._settings import MinioSettings
from bucketry_minio._xml import complete_request

MAX_PARTS: Final = 10_000
"""Most parts of an upload (MinIO's ``globalMaxPartID``)."""

MAX_OBJECT_BYTES: Final = 5 * 1024**4
"""Largest object (MinIO's ``globalMaxObjectSize``)."""

_PIECE_BYTES: Final = MIB
# Of unknown length, an upload begins with parts of part_size, and after each 1,000 parts they grow by 24 times that:
# so 10,000 parts that begin with 5 MiB hold 5 TiB.
_GROW_AFTER: Final = 1000
_GROW_BY: Final = 24
MAX_PART_BYTES: Final = 5 * GIB
"""Largest part (S3 user guide, "Amazon S3 multipart upload limits")."""

_NOTHING: Final[Mapping[str, str]] = {}

Pieces = list[bytes]
Headers = Mapping[str, str]


def take(body: Body, size_bytes: int) -> Pieces:
    """Pulls so many bytes, or what is left, in pieces: joined, they would take twice the memory."""
    pieces = []
    while size_bytes > 0 and (piece := body.read(min(size_bytes, _PIECE_BYTES))):
        pieces.append(piece)
        size_bytes -= len(piece)
    return pieces


def length_of(pieces: Pieces) -> int:
    """Returns how many bytes these are."""
    return sum(map(len, pieces))


def part_sizes(length: int | None, part_size: int) -> Iterator[int]:
    """Yields the sizes of an upload's parts, such that 10,000 suffice."""
    if length is not None:
        least = -(-length // MAX_PARTS)
        yield from repeat(max(part_size, -(-least // MIB) * MIB), MAX_PARTS)
        return
    for number in range(MAX_PARTS):
        yield min(MAX_PART_BYTES, part_size * (1 + _GROW_BY * (number // _GROW_AFTER)))


class PartsUpload:
    """One upload in parts: as many in flight as memory is set aside for, and none left behind when it fails."""

    def __init__(
        self, connection: Connection, leftovers: Leftovers, bucket: str, key: str, settings: MinioSettings
    ) -> None:
        self._connection = connection
        self._leftovers = leftovers
        self._bucket = bucket
        self._key = key
        self._threads = settings.upload_threads
        # In flight, while one more part is taken from the body.
        self._room = settings.part_size * (settings.upload_threads - 1)

    def run(
        self, taken: list[Pieces], body: Body, sizes: Iterator[int], options: ObjectHeaders, conditions: Headers
    ) -> None:
        """Sends what was taken already and the rest of the body, and makes it the object.

        Args:
            taken: The first parts; none is left here, so that nobody holds them when they are sent.
            body: What is left.
            sizes: The sizes of the parts that are left, of `part_sizes`.
            options: The object's headers and metadata.
            conditions: Headers of the conditions, for when the object is made.

        Raises:
            TooLarge: The body is longer than the largest object.
            S3Error: A refusal; a condition does not hold.
        """
        upload_id = begin(self._connection, self._bucket, self._key, options)
        try:
            with ThreadPoolExecutor(self._threads, "bucketry-minio-part") as pool:
                parts = self._send_all(pool, upload_id, _parts_of(taken, body, sizes))
            if body.read(1):
                raise TooLarge(f"an object has at most {MAX_OBJECT_BYTES} bytes")
            complete(self._connection, self._bucket, self._key, upload_id, parts, conditions)
        except BaseException:  # Also an interrupt: nobody else knows of these parts.
            self._leftovers.abort(self._bucket, self._key, upload_id)
            raise

    def _send_all(self, pool: ThreadPoolExecutor, upload_id: str, contents: Iterable[Pieces]) -> list[CompletedPart]:
        parts: list[CompletedPart] = []
        flying: dict[Future[CompletedPart], int] = {}
        try:
            for number, pieces in enumerate(contents, 1):
                flying[pool.submit(self._send, upload_id, number, pieces)] = length_of(pieces)
                self._land(flying, parts, self._room)
            self._land(flying, parts, 0)
        except BaseException:
            for future in flying:
                future.cancel()
            raise
        return sorted(parts, key=lambda part: part.part_number)

    def _land(self, flying: dict[Future[CompletedPart], int], parts: list[CompletedPart], most: int) -> None:
        """Waits until no more than so many bytes are in flight; raises what a part failed with."""
        while flying and sum(flying.values()) > most:
            done, _ = wait(flying, return_when=FIRST_COMPLETED)
            for future in done:
                del flying[future]
                parts.append(future.result())

    def _send(self, upload_id: str, number: int, pieces: Pieces) -> CompletedPart:
        query = {"partNumber": str(number), "uploadId": upload_id}
        headers = send_content(self._connection, self._bucket, self._key, pieces, query=query)
        return CompletedPart(number, etag_of(headers["etag"]))


def _parts_of(taken: list[Pieces], body: Body, sizes: Iterator[int]) -> Iterator[Pieces]:
    while taken:
        yield taken.pop(0)
    while pieces := take(body, next(sizes, 0)):
        yield pieces


def begin(connection: Connection, bucket: str, key: str, options: ObjectHeaders) -> str:
    """Begins an upload in parts and returns its id."""
    headers = of_object(options)
    _, document = connection.ask("POST", bucket, key, query={"uploads": ""}, headers=headers, repeatable=False)
    return document.text("UploadId")


def one_piece(body: Body, spool: IO[bytes], most_in_memory: int) -> Content:
    """Returns what to send of a body that has to go in one request; what nobody knows the length of is spooled first.

    Raises:
        TooLarge: It is longer than one request takes.
    """
    if body.length is not None:
        return body.read() if body.length <= most_in_memory else Feed(body, body.length)
    for piece in body:
        spool.write(piece)
        if body.bytes_read > MAX_PART_BYTES:
            raise TooLarge(f"this has at most {MAX_PART_BYTES} bytes")
    spool.seek(0)
    return Feed(iter(partial(spool.read, _PIECE_BYTES), b""), body.bytes_read)


def send_content(
    connection: Connection,
    bucket: str,
    key: str,
    content: Content,
    *,
    query: Headers = _NOTHING,
    headers: Headers = _NOTHING,
    repeatable: bool = True,
) -> Headers:
    """Sends an object or a part; returns the headers of the answer.

    Raises:
        Exception: Whatever the source of a feed fails with, as it is.
    """
    once = isinstance(content, Feed)
    try:
        answered, _ = connection.send(
            "PUT", bucket, key, query=query, headers=headers, content=content, repeatable=repeatable and not once
        )
    except Exception as error:
        if isinstance(content, Feed) and content.error is not None and content.error is not error:
            raise content.error from None
        raise
    return answered


def complete(
    connection: Connection,
    bucket: str,
    key: str,
    upload_id: str,
    parts: Iterable[CompletedPart],
    conditions: Headers,
) -> None:
    """Makes these parts the object."""
    connection.ask(
        "POST",
        bucket,
        key,
        query={"uploadId": upload_id},
        headers=conditions,
        content=complete_request(parts),
        repeatable=False,
    )
