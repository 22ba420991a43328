"""A client that sends just what a test says, and reads the answer as S3 means it."""

from __future__ import annotations

import http.client
from base64 import b64encode
from collections.abc import Mapping
from hashlib import md5
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from bucketry.documents import DOCUMENTS

from tests.http.s3.serving import WAIT, location
from tests.http.s3.signing import NOTHING, OWNER, Signing, sha256

WITH_DIGEST = ("?delete", *(f"?{one.subresource}" for one in DOCUMENTS.values() if one.needs_digest))
S3 = "{http://s3.amazonaws.com/doc/2006-03-01/}"


class Reply:
    """An answer."""

    def __init__(self, response: http.client.HTTPResponse, body: bytes) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = body

    @property
    def xml(self) -> ET.Element:
        assert self.headers["content-type"] == "application/xml"
        return ET.fromstring(self.body)  # noqa: S314 - our own server wrote it

    @property
    def code(self) -> str:
        """The code of the error that it is; empty where it is none."""
        if self.status < 300:
            return ""
        assert self.xml.tag == "Error"
        return self.text("Code")

    @property
    def error(self) -> tuple[int, str]:
        return self.status, self.code

    def text(self, path: str) -> str:
        """The text of an element; those of S3's documents are named ``{*}Name`` or with `S3`."""
        found = self.xml.findtext(path)
        assert found is not None, self.body
        return found

    def texts(self, path: str) -> list[str]:
        return [element.text or "" for element in self.xml.iterfind(path)]


class Client:
    """Asks one endpoint, with a new connection for each request."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.host = location(url)

    def send(self, method: str, target: str, headers: Mapping[str, str] = NOTHING, body: bytes | None = b"") -> Reply:
        """Sends a request as it stands; only its length is added where there is a body that has none yet."""
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=WAIT)
        try:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in {"host": self.host, **headers}.items():
                connection.putheader(name, value)
            if body is not None and "content-length" not in headers:
                connection.putheader("content-length", str(len(body)))
            connection.endheaders()
            if body:
                connection.send(body)
            response = connection.getresponse()
            return Reply(response, response.read())
        finally:
            connection.close()

    def ask(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: Mapping[str, str] = NOTHING,
        *,
        by: Signing = OWNER,
        **how: Any,
    ) -> Reply:
        """Signs a request, its body too unless told otherwise, and sends it.

        Documents for which S3 requires a digest come with it, unless told otherwise (``digest=False``).
        """
        host = headers.get("host", self.host)
        if how.pop("digest", True) and target.endswith(WITH_DIGEST):
            headers = {"content-md5": b64encode(md5(body, usedforsecurity=False).digest()).decode(), **headers}
        payload = how.pop("payload", sha256(body))
        return self.send(method, target, by.headers(method, target, host, headers, payload=payload, **how), body)
