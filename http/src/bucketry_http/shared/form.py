"""Reads multipart forms (RFC 7578) piece by piece: files pass through, nothing is spooled."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

from bucketry import TooLarge
from multipart import (  # type: ignore[import-untyped]
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
    content_disposition_unquote,
    parse_options_header,
)

from bucketry_http.shared.receiving import Pieces
from bucketry_http.shared.request_errors import MalformedForm, UnsupportedMediaType

_MAX_HEADER_BYTES: Final = 8 * 1024
_MAX_HEADERS: Final = 16
_EXTENDED_NAME: Final = re.compile(r""";\s*filename\*\s*=\s*"?utf-8'[^']*'([^;"\s]+)""", re.IGNORECASE)


class Part:
    """One part of a form.

    Attributes:
        name: The field's name.
        file_name: The file's name as the client sent it, path and all; ``None``: the part is no file.
        content_type: Its ``Content-Type``; empty where it has none.
    """

    __slots__ = ("content_type", "file_name", "name")

    def __init__(self, segment: MultipartSegment) -> None:
        """Reads the part's headers."""
        self.name: str = segment.name or ""
        self.file_name = _file_name(segment["Content-Disposition"])
        self.content_type: str = segment.header("Content-Type", "").strip()


def _file_name(disposition: str) -> str | None:
    # RFC 7578, 4.2 forbids `filename*`, yet some clients send nothing else for names outside US-ASCII.
    if extended := _EXTENDED_NAME.search(disposition):
        return unquote(extended[1])
    _, options = parse_options_header(disposition, unquote=lambda text, _: content_disposition_unquote(text))
    name = options.get("filename")
    return None if name is None else str(name)


class Form:
    """A form's parts, one after the other; each is itself read piece by piece."""

    def __init__(self, pieces: Pieces, content_type: str, max_parts: int) -> None:
        """Begins at the form's first byte.

        Args:
            pieces: The request's content.
            content_type: The request's ``Content-Type``.
            max_parts: Most parts that the form may have.

        Raises:
            UnsupportedMediaType: The request is no multipart form.
            MalformedForm: The boundary is missing or unusable.
        """
        kind, options = parse_options_header(content_type)
        if kind != "multipart/form-data":
            raise UnsupportedMediaType("files are uploaded as multipart/form-data")
        self._pieces = pieces
        self._events: Iterator[MultipartSegment | bytes | None] = iter(())
        try:
            self._parser = PushMultipartParser(
                options.get("boundary", ""),
                max_header_size=_MAX_HEADER_BYTES,
                max_header_count=_MAX_HEADERS,
                max_segment_count=max_parts,
            )
        except (MultipartError, UnicodeError) as error:
            raise MalformedForm(str(error)) from None

    async def next_part(self) -> Part | None:
        """Returns the next part, or ``None`` after the last. The part before must have been read to its end.

        Raises:
            MalformedForm: The form is malformed or ends early.
            TooLarge: It has too many parts, or a part too large headers.
            IncompleteBody: The client went away.
        """
        event = await self._event()
        return None if event is None else Part(event)

    async def next(self) -> bytes:
        """Returns the next piece of the current part; an empty one at its end, once.

        Raises:
            MalformedForm: The form is malformed or ends early.
            IncompleteBody: The client went away.
        """
        return await self._event() or b""

    async def _event(self) -> MultipartSegment | bytes | None:
        while True:
            try:
                return next(self._events)
            except StopIteration:
                pass
            except ParserLimitReached as error:
                raise TooLarge(str(error)) from None
            except MultipartError as error:
                raise MalformedForm(str(error)) from None
            if not await self._feed():
                return None

    async def _feed(self) -> bool:
        """Hands the parser the next piece; returns whether there was one."""
        piece = await self._pieces.next()
        if not piece and self._parser.closed:
            return False
        try:
            if not piece:
                self._parser.close()
        except MultipartError:
            raise MalformedForm("the form ends before its last boundary") from None
        self._events = self._parser.parse(piece) if piece else iter(())
        return bool(piece)
