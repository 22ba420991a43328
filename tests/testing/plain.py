"""A client that knows HTTP and nothing of S3."""

from __future__ import annotations

import re
from http.client import HTTPConnection
from typing import NamedTuple
from urllib.parse import urlsplit

PATIENCE = 60.0
"""How long an answer may take before a test fails, in seconds."""


class Answer(NamedTuple):
    """An answer; ``code`` is that of S3's error document, if it is one."""

    status: int
    code: str
    content: bytes
    headers: dict[str, str]


def ask(method: str, url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Answer:
    """Sends one request. A ``Host`` header takes the place of the URL's."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=PATIENCE)
    try:
        connection.request(method, f"{parts.path}?{parts.query}" if parts.query else parts.path, body, headers or {})
        response = connection.getresponse()
        content = response.read()
        found = re.search(rb"<Code>(\w+)</Code>", content)
        named = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found[1].decode() if found else "", content, named)
    finally:
        connection.close()
