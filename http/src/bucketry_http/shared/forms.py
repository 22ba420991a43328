"""Multipart forms (RFC 7578), read piece by piece. Files pass through, and nothing is spooled."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import unquote_to_bytes

from bucketry import TooLarge
from multipart import (  # type: ignore[import-untyped]
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
    content_disposition_unquote,
)

from bucketry_http.shared.errors import MalformedForm, UnsupportedMediaType
from bucketry_http.shared.request_body import Pauses, Pieces

MAX_FIELD_BYTES: Final = 4096
"""Longest field, unless its reader says otherwise. It has no setting: the fields of the REST API are a key and a
prefix, which have at most 1,024 bytes."""

MAX_HEADER_BYTES: Final = 8 * 1024
"""Longest header of a part. It has no setting: a file's name of 1,024 bytes has 3 KiB if all of them are
percent-encoded."""

MAX_HEADERS: Final = 16
"""Most headers of a part. It has no setting: clients send three at most (RFC 7578, 4.8)."""

_AS_IT_IS: Final = frozenset({"", "7bit", "8bit", "binary"})
"""Values of ``Content-Transfer-Encoding`` that change nothing (RFC 2045, 6.2). Clients should not send the header (RFC
7578, 4.7), and other values are refused: otherwise base64 would be stored in place of the file."""

_END: Final = r"(?=[ \t]*(?:;|$))"
_PARAMETER: Final = re.compile(
    rf"""[ \t]*;[ \t]*
    (?:(?P<name>[!\#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*=[ \t]*
       (?P<value>"(?:\\.|[^"\\])*"{_END}|"[^"]*"{_END}|[^;"]*))?{_END}[ \t]*""",
    re.VERBOSE | re.DOTALL,
)
"""One parameter. In a quoted value, backslashes escape (RFC 9110). If the value cannot be read so, they do not:
browsers escape nothing, and a folder's name may end with a backslash before the quote."""


class Part:
    """One part of a form.

    Attributes:
        name: The field's name.
        file_name: The file's name as the client sent it, path and all; ``None``: the part is not a file.
        content_type: Its ``Content-Type``; empty where it has none.
    """

    __slots__ = ("content_type", "file_name", "name")

    def __init__(self, segment: MultipartSegment) -> None:
        """Reads the part's headers.

        Raises:
            MalformedForm: They cannot be read, one of them stands twice, or the part's content is encoded.
        """
        names = [name.lower() for name, _ in segment.headerlist]
        if len(set(names)) < len(names):
            raise MalformedForm("a header of a part stands twice")
        if segment.header("Content-Transfer-Encoding", "").strip().lower() not in _AS_IT_IS:
            raise MalformedForm("a part has a Content-Transfer-Encoding: send its bytes as they are, without one")
        _, parameters = split_header(segment["Content-Disposition"])
        if "name" not in parameters:
            raise MalformedForm('a part has no name: write Content-Disposition: form-data; name="…"')
        self.name: str = content_disposition_unquote(parameters["name"])
        self.file_name = _file_name(parameters)
        self.content_type: str = segment.header("Content-Type", "").strip()


def _file_name(parameters: Mapping[str, str]) -> str | None:
    # RFC 7578, 4.2 forbids `filename*`, but some clients send nothing else for names outside US-ASCII.
    if "filename*" in parameters:
        return extended_value(parameters["filename*"])
    plain = parameters.get("filename")
    return None if plain is None else str(content_disposition_unquote(plain))


class Form:
    """The parts of a form, one after the other. Each part is read piece by piece."""

    def __init__(self, pieces: Pieces, content_type: str, max_parts: int) -> None:
        """Begins at the form's first byte.

        Args:
            pieces: The request's content.
            content_type: The request's ``Content-Type``.
            max_parts: Most parts that the form may have.

        Raises:
            UnsupportedMediaType: The request is not a multipart form.
            MalformedForm: The boundary is missing or unusable.
        """
        kind, parameters = split_header(content_type)
        if kind != "multipart/form-data":
            raise UnsupportedMediaType("files are uploaded as multipart/form-data")
        self._pieces = pieces
        self._max_parts = max_parts
        # A form may have thousands of small parts in one piece.
        self._pauses = Pauses()
        self._events: Iterator[MultipartSegment | bytes | None] = iter(())
        try:
            self._parser = PushMultipartParser(
                content_disposition_unquote(parameters.get("boundary", "")),
                max_header_size=MAX_HEADER_BYTES,
                max_header_count=MAX_HEADERS,
                max_segment_count=max_parts,
            )
        except (MultipartError, UnicodeError):
            raise MalformedForm("its Content-Type has no boundary that can be used") from None

    async def next_part(self) -> Part | None:
        """Returns the next part, or ``None`` after the last part. Read the part before to its end first.

        Raises:
            MalformedForm: The form is malformed or ends early.
            TooLarge: It has too many parts, or a part too large headers.
            IncompleteBody: The client went away.
        """
        event = await self._event()
        return None if event is None else Part(event)

    async def next(self) -> bytes:
        """Returns the next piece of the current part, and an empty piece once at its end.

        Raises:
            MalformedForm: The form is malformed or ends early.
            IncompleteBody: The client went away.
        """
        return await self._event() or b""

    async def read_field(self, max_bytes: int = MAX_FIELD_BYTES) -> str:
        """Returns the value of the current part, which is a field and not a file.

        Args:
            max_bytes: How many bytes it may have.

        Raises:
            TooLarge: It has more.
            MalformedForm: It is not UTF-8, or the form is malformed or ends early.
            IncompleteBody: The client went away.
        """
        value = bytearray()
        while piece := await self.next():
            value += piece
            if len(value) > max_bytes:
                raise TooLarge(f"a field of the form has more than {max_bytes} bytes", max_size_bytes=max_bytes)
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise MalformedForm("a field is not UTF-8") from None

    async def _event(self) -> MultipartSegment | bytes | None:
        while True:
            if self._pauses.is_due:
                await self._pauses.take()
            try:
                return next(self._events)
            except StopIteration:
                pass
            except ParserLimitReached:
                raise TooLarge(
                    f"the form has more than {self._max_parts} parts, or a part more than {MAX_HEADERS} headers or one "
                    f"of more than {MAX_HEADER_BYTES} bytes"
                ) from None
            except (MultipartError, UnicodeError):
                raise MalformedForm(
                    "a boundary or a header of a part cannot be read: each part begins with the boundary, and with "
                    "Content-Disposition: form-data in UTF-8"
                ) from None
            if not await self._feed():
                return None

    async def _feed(self) -> bool:
        """Hands the next piece to the parser. Returns whether there was one."""
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


def split_header(header: str) -> tuple[str, dict[str, str]]:
    """Splits a header such as ``Content-Type`` or ``Content-Disposition`` (RFC 9110, 8.3.1).

    Returns:
        The header's first word in lower case, and its parameters: values by lower-case name, with their quotes.

    Raises:
        MalformedForm: A parameter is malformed, or stands there twice.
    """
    word, semicolon, _ = header.partition(";")
    parameters: dict[str, str] = {}
    position = len(word)
    while semicolon and position < len(header):
        match = _PARAMETER.match(header, position)
        if match is None:
            raise MalformedForm('the parameters of a header cannot be read: write name=value or name="value"')
        position = match.end()
        if match["name"] is None:
            continue
        name = match["name"].lower()
        if name in parameters:
            raise MalformedForm(f"the parameter {name[:100]!r} stands twice in a header")
        parameters[name] = match["value"].strip(" \t")
    return word.strip().lower(), parameters


def extended_value(value: str) -> str:
    """Returns the text of a parameter whose name ends in ``*`` (RFC 8187).

    Raises:
        MalformedForm: It is not UTF-8, the one encoding that senders may use.
    """
    bare = value[1:-1] if len(value) >= 2 and value[0] == value[-1] == '"' else value
    charset, first, rest = bare.partition("'")
    _, second, encoded = rest.partition("'")
    try:
        if first and second and charset.lower() == "utf-8" and encoded.isascii():
            return unquote_to_bytes(encoded).decode()
    except UnicodeDecodeError:
        pass
    raise MalformedForm("an extended parameter is not UTF-8: write name*=UTF-8''text, percent-encoded")
