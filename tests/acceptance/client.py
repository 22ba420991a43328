"""A client that knows HTTP and the document, and nothing of this project."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit


@dataclass
class Answer:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        """The content, decoded."""
        return json.loads(self.content)


class Client:
    """Sends requests to the documented API over one connection that is kept alive."""

    def __init__(self, url: str, s3_url: str) -> None:
        """Connects to the API at ``http://host:port/api/v1/storage``, beside an S3 endpoint."""
        self.s3_url = s3_url
        parts = urlsplit(url)
        self.path = parts.path
        self._connection = HTTPConnection(parts.netloc, timeout=60)

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()

    def ask(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> Answer:
        """Sends a request; a body that is no bytes goes as JSON."""
        headers = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        self._connection.request(method, self.path + path, body, headers)
        response = self._connection.getresponse()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())

    def upload(self, bucket: str, files: dict[str, bytes], **fields: str) -> Answer:
        """Uploads files in one form, as a browser or curl -F does."""
        boundary = secrets.token_hex(16)
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in fields.items()
        ]
        for name, content in files.items():
            disposition = f'Content-Disposition: form-data; name="file"; filename="{name}"'
            parts.append(f"--{boundary}\r\n{disposition}\r\n\r\n".encode() + content + b"\r\n")
        parts.append(f"--{boundary}--\r\n".encode())
        content_type = f"multipart/form-data; boundary={boundary}"
        return self.ask("POST", f"/buckets/{bucket}/objects", b"".join(parts), {"Content-Type": content_type})
