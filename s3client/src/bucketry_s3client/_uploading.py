"""Uploads in parts: the requests, and a body that is sent in parts side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from hashlib import md5
from itertools import repeat
from typing import Final

from bucketry import Body, CompletedPart, TooLarge
from bucketry.features import MIB
from bucketry.s3 import MAX_PART_BYTES, MAX_PARTS

from bucketry_s3client._broken import reading, unreadable
from bucketry_s3client._content import Content, Pieces, length_of, take
from bucketry_s3client._headers import etag_in
from bucketry_s3client._leftovers import Leftovers
from bucketry_s3client._settings import S3Settings
from bucketry_s3client._wire import Wire
from bucketry_s3client._xml import complete_request

_GROW_AFTER: Final = 1000

_FREELY: Final = nullcontext()

Headers = Mapping[str, str]


def begin_upload(wire: Wire, bucket: str, key: str, headers: Headers) -> tuple[Headers, str]:
    """Begins an upload; returns the headers of the answer, and the upload's id.

    It is not repeated: nobody would know of the first one.

    Raises:
        Unavailable: The answer holds no id.
    """
    root, query = "InitiateMultipartUploadResult", {"uploads": ""}
    answered, document = wire.ask("POST", bucket, key, root=root, query=query, headers=headers, repeatable=False)
    upload_id = document.text("UploadId")
    if not upload_id:
        raise unreadable("the response to a new upload holds no upload id")
    return answered, upload_id


def send_part(wire: Wire, bucket: str, key: str, upload_id: str, number: int, content: Content) -> Headers:
    """Stores a part; returns the headers of the answer."""
    query = {"partNumber": str(number), "uploadId": upload_id}
    return wire.send("PUT", bucket, key, query=query, content=content)[0]


def complete_upload(
    wire: Wire, bucket: str, key: str, upload_id: str, parts: Sequence[CompletedPart], conditions: Headers
) -> Headers:
    """Makes these parts the object.

    It is not repeated: the second time, a server would say that there is no such upload.

    Returns:
        The headers of the answer, and as ``etag``, as after a put, what its body says.

    Raises:
        Unavailable: The answer holds no etag. The object may have been made.
    """
    answered, document = wire.ask(
        "POST",
        bucket,
        key,
        root="CompleteMultipartUploadResult",
        query={"uploadId": upload_id},
        headers=conditions,
        content=complete_request(parts),
        repeatable=False,
    )
    with reading("the response to a completed upload"):
        # RGW 16 leaves it empty.
        etag = document.texts()["ETag"] or _etag_of(parts)
    return {**{name.lower(): value for name, value in answered.items()}, "etag": etag}


def _etag_of(parts: Sequence[CompletedPart]) -> str:
    """Returns the etag that S3 gives an object of these parts: the MD5 of their MD5s, and how many they are.

    Raises:
        ValueError: The parts' etags are no MD5s.
    """
    digests = b"".join([bytes.fromhex(part.etag) for part in parts])
    return f"{md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}"


def part_sizes(length: int | None, part_size: int, *, growth: int) -> Iterator[int]:
    """Yields the sizes of an upload's parts, in bytes, such that 10,000 suffice.

    Args:
        length: Length of the whole; ``None`` where nobody knows it.
        part_size: Least size of a part.
        growth: By how many times ``part_size`` the parts of an unknown length grow after each 1,000 of them.
    """
    if length is not None:
        least = -(-length // MAX_PARTS)
        yield from repeat(max(part_size, -(-least // MIB) * MIB), MAX_PARTS)
        return
    for number in range(MAX_PARTS):
        yield min(MAX_PART_BYTES, part_size * (1 + growth * (number // _GROW_AFTER)))


class PartsUpload:
    """One upload in parts: as many in flight as memory is set aside for, and none left behind when it fails."""

    def __init__(self, wire: Wire, leftovers: Leftovers, bucket: str, key: str, settings: S3Settings) -> None:
        """Sends nothing yet.

        Args:
            wire: The way to the server.
            leftovers: Who aborts the upload if it fails.
            bucket: The object's bucket.
            key: The object's key.
            settings: Their ``part_size`` and ``upload_threads`` say how much is in flight.
        """
        self._wire = wire
        self._leftovers = leftovers
        self._bucket = bucket
        self._key = key
        self._threads = settings.upload_threads
        # In flight, while one more part is taken from the body.
        self._room = settings.part_size * (settings.upload_threads - 1)

    def run(
        self,
        taken: list[Pieces],
        body: Body,
        sizes: Iterator[int],
        headers: Headers,
        conditions: Headers,
        completing: AbstractContextManager[object] = _FREELY,
    ) -> Headers:
        """Sends what was taken already and the rest of the body, and makes it the object.

        Args:
            taken: The first parts; none is left here, so that nobody holds them when they are sent.
            body: What is left.
            sizes: The sizes of the parts that are left, of `part_sizes`.
            headers: The object's headers and metadata, of `of_object`.
            conditions: Headers of the conditions, for when the object is made.
            completing: What is entered while the object is made of its parts.

        Returns:
            The headers of the answer, as `complete_upload` does.

        Raises:
            TooLarge: The body is longer than its parts hold.
            Exception: What the body, a part or the end fails with. The upload is aborted.
        """
        _, upload_id = begin_upload(self._wire, self._bucket, self._key, headers)
        try:
            # Leaving the pool waits for the parts in flight: aborted before they end, they would stay.
            with ThreadPoolExecutor(self._threads, "bucketry-part") as pool:
                parts = self._send_all(pool, upload_id, _parts_of(taken, body, sizes))
            with completing:
                return complete_upload(self._wire, self._bucket, self._key, upload_id, parts, conditions)
        except BaseException:  # Also an interrupt: nobody else knows of these parts.
            self._leftovers.abort(self._bucket, self._key, upload_id)
            raise

    def _send_all(self, pool: ThreadPoolExecutor, upload_id: str, contents: Iterable[Pieces]) -> list[CompletedPart]:
        parts: list[CompletedPart] = []
        flying: dict[Future[CompletedPart], int] = {}
        try:
            for number, pieces in enumerate(contents, 1):
                length = length_of(pieces)
                flying[pool.submit(self._send, upload_id, number, pieces)] = length
                _land(flying, parts, self._room)
            _land(flying, parts, 0)
        except BaseException:
            for future in flying:
                future.cancel()
            raise
        return sorted(parts, key=lambda part: part.part_number)

    def _send(self, upload_id: str, number: int, pieces: Pieces) -> CompletedPart:
        try:
            answered = send_part(self._wire, self._bucket, self._key, upload_id, number, pieces)
        finally:
            pieces.clear()  # Whoever still holds the list does not hold the memory.
        return CompletedPart(number, etag_in(answered))


def _land(flying: dict[Future[CompletedPart], int], parts: list[CompletedPart], most: int) -> None:
    """Waits until no more than so many bytes are in flight; raises what a part failed with."""
    while flying and sum(flying.values()) > most:
        done, _ = wait(flying, return_when=FIRST_COMPLETED)
        for future in done:
            del flying[future]
            parts.append(future.result())


def _parts_of(taken: list[Pieces], body: Body, sizes: Iterator[int]) -> Iterator[Pieces]:
    while taken:
        yield taken.pop(0)
    for size in sizes:
        pieces = take(body, size)
        if not pieces:
            return
        yield pieces
    if body.read(1):
        raise TooLarge(f"it has more than {MAX_PARTS:,} parts hold: send it with its length, or set part_size")
