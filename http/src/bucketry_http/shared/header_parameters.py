"""Reads headers that are a word with parameters, as ``Content-Type`` (RFC 9110, 8.3.1) and ``Content-Disposition`` are.

What stands within a quoted value is never taken for a parameter.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote_to_bytes

from bucketry_http.shared.request_errors import MalformedForm

_END: Final = r"(?=[ \t]*(?:;|$))"
_PARAMETER: Final = re.compile(
    rf"""[ \t]*;[ \t]*
    (?:(?P<name>[!\#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*=[ \t]*
       (?P<value>"(?:\\.|[^"\\])*"{_END}|"[^"]*"{_END}|[^;"]*))?{_END}[ \t]*""",
    re.VERBOSE | re.DOTALL,
)
"""One parameter. A quoted value is tried with backslashes that escape, as in RFC 9110, before one without: browsers
escape nothing, and so end the name of a folder with a backslash and the quote."""


def split_header(header: str) -> tuple[str, dict[str, str]]:
    """Returns a header's word in lower case, and the values of its parameters by lower-case name, quotes and all.

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
