"""Sends a body to RGW: in one piece, or in parts side by side."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import chain, repeat
from typing import IO, Final

from bucketry import Body, CompletedPart, PutOptions, TooLarge
from bucketry.features import GIB, MIB

from bucketry_rgw._completing import complete, upload_id_in
from bucketry_rgw._headers import of_object, of_write
from bucketry_rgw._leftovers import Leftovers
from bucketry_rgw._settings import RgwSettings
from bucketry_rgw._wire import Feed, Wire

MAX_PARTS: Final = 10_000
"""Most parts of an upload (``rgw_multipart_part_upload_limit``)."""

MAX_PIECE_BYTES: Final = 5 * GIB
"""Largest object that is sent in one piece (``rgw_max_put_size``)."""

_TAKEN_AT_ONCE: Final = MIB
# Of unknown length, an upload's parts grow: after each 1,000 parts by what they began with.
_GROW_AFTER: Final = 1000

Pieces = list[bytes]


def take(body: Body, size_bytes: int) -> Pieces:
    """Pulls so many bytes, or what is left, in pieces: joined, they would take twice the memory."""
    pieces = []
    while size_bytes > 0 and (piece := body.read(min(size_bytes, _TAKEN_AT_ONCE))):
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
        yield part_size * (1 + number // _GROW_AFTER)


class Uploader:
    """Stores bodies of any length. Threads may share it."""

    def __init__(self, settings: RgwSettings, wire: Wire, leftovers: Leftovers) -> None:
        self._settings = settings
        self._wire = wire
        self._leftovers = leftovers

    def put(self, bucket: str, key: str, body: Body, options: PutOptions) -> Mapping[str, str] | None:
        """Stores an object.

        Returns:
            The headers of the answer; ``None`` if it was sent in parts.

        Raises:
            TooLarge: A conditional body is larger than RGW takes in one piece, or one of unknown length than 10,000
                parts hold.
        """
        part_size = self._settings.part_size
        if body.length is not None and body.length > part_size:
            if not _is_conditional(options):
                self._put_parts(bucket, key, body, options, [])
                return None
            _check_piece(body.length)
            return self._put_piece(bucket, key, Feed(body, body.length), options)
        first = take(body, part_size)
        if length_of(first) < part_size or body.length is not None:
            return self._put_piece(bucket, key, first, options)
        if _is_conditional(options):
            return self._put_spooled(bucket, key, first, body, options)
        taken = [first, take(body, part_size)]
        if not taken[1]:
            return self._put_piece(bucket, key, first, options)
        del first  # Parts that are sent free their memory.
        self._put_parts(bucket, key, body, options, taken)
        return None

    def _put_piece(self, bucket: str, key: str, content: Pieces | Feed, options: PutOptions) -> Mapping[str, str]:
        headers = {**of_object(options), **of_write(options.if_match, options.if_none_match)}
        # Done twice, a conditional put would find its own object and say that it was another's.
        repeatable = not _is_conditional(options)
        whole = content[0] if isinstance(content, list) and len(content) == 1 else content or b""
        answered, _ = self._wire.send("PUT", bucket, key, headers=headers, content=whole, repeatable=repeatable)
        return answered

    def _put_spooled(self, bucket: str, key: str, first: Pieces, body: Body, options: PutOptions) -> Mapping[str, str]:
        """Stores a long body of unknown length under a condition.

        RGW ignores conditions where an upload in parts is completed, and takes one piece only with its length. So the
        body goes through a file without a name, which is gone with its process.
        """
        with tempfile.TemporaryFile(prefix="bucketry-rgw-") as file:
            length = 0
            for piece in chain(first, body):
                length += len(piece)
                _check_piece(length)
                file.write(piece)
            first.clear()
            file.seek(0)
            return self._put_piece(bucket, key, Feed(pieces_of(file), length), options)

    def _put_parts(self, bucket: str, key: str, body: Body, options: PutOptions, taken: list[Pieces]) -> None:
        headers = of_object(options)
        _, answer = self._wire.send("POST", bucket, key, query={"uploads": ""}, headers=headers)
        upload_id = upload_id_in(answer)
        try:
            parts = self._send_parts(bucket, key, upload_id, body, taken)
            complete(self._wire, bucket, key, upload_id, parts)
        except BaseException:
            self._leftovers.abort(bucket, key, upload_id)
            raise

    def _send_parts(
        self, bucket: str, key: str, upload_id: str, body: Body, taken: list[Pieces]
    ) -> list[CompletedPart]:
        threads = self._settings.upload_threads
        sent: list[Future[CompletedPart]] = []
        # Leaving it waits for the parts in flight: aborted before they end, they would stay.
        with ThreadPoolExecutor(threads, thread_name_prefix="bucketry-rgw-upload") as executor:
            try:
                running: set[Future[CompletedPart]] = set()
                for number, pieces in enumerate(self._cut(body, taken), start=1):
                    running.add(executor.submit(self._send_part, bucket, key, upload_id, number, pieces))
                    sent.extend(running - set(sent))
                    if len(running) >= threads:
                        done, running = wait(running, return_when=FIRST_COMPLETED)
                        for future in done:
                            future.result()
                return sorted((future.result() for future in sent), key=lambda part: part.part_number)
            except BaseException:
                executor.shutdown(wait=True, cancel_futures=True)
                raise

    def _cut(self, body: Body, taken: list[Pieces]) -> Iterator[Pieces]:
        sizes = part_sizes(body.length, self._settings.part_size)
        while taken:
            next(sizes)
            yield taken.pop(0)
        for size in sizes:
            pieces = take(body, size)
            if not pieces:
                return
            yield pieces
        if body.read(1):
            raise TooLarge("it has more than 10,000 parts hold: send it with its length, or set part_size")

    def _send_part(self, bucket: str, key: str, upload_id: str, number: int, pieces: Pieces) -> CompletedPart:
        query = {"partNumber": str(number), "uploadId": upload_id}
        answered, _ = self._wire.send("PUT", bucket, key, query=query, content=pieces)
        return CompletedPart(number, answered["etag"].strip('"'))


def _is_conditional(options: PutOptions) -> bool:
    return options.if_match is not None or options.if_none_match is not None


def _check_piece(length: int) -> None:
    if length > MAX_PIECE_BYTES:
        raise TooLarge(
            f"RGW checks conditions only of what is sent in one piece, which has at most {MAX_PIECE_BYTES} bytes"
        )


def pieces_of(file: IO[bytes]) -> Iterable[bytes]:
    """Yields a file's content from where it is."""
    return iter(lambda: file.read(_TAKEN_AT_ONCE), b"")
