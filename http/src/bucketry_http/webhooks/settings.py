"""Settings of a webhook."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

import msgspec
from bucketry import InvalidSettings, Secret

from bucketry_http.webhooks.signing import key_of

_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,80}")
_SCHEMES: Final = ("http", "https")


class WebhookSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where events are sent, and how.

    Attributes:
        url: An ``http`` or ``https`` URL. Redirects are not followed, and no proxy is used.
        name: Name of the webhook. It gets the events that a bucket's notification configuration sends to an ARN with
            this name at its end, or at its place in MinIO's ARNs (``arn:minio:sqs::NAME:webhook``). Empty: it gets the
            events of all buckets; of a bucket with a notification configuration, those that the configuration selects.
        secret: The key that signs requests: 24 to 64 bytes in base64, with or without ``whsec_`` before it (Standard
            Webhooks, "Signature scheme"). ``None``: requests are not signed.
        ca_file: PEM file of the certificate authorities that are trusted; ``None``: those that certifi lists.
        timeout_seconds: How long connecting may take, and how long a wait for the response may take.
        attempts: How often an event is sent before it is dropped.
        queue_size: Most events that wait. Further ones are dropped.
        concurrency: Most requests at a time. Requests about the same key never overlap.

    Raises:
        InvalidSettings: A setting is malformed. The message repeats neither the secret nor the URL's path.
    """

    url: str
    name: str = ""
    secret: Secret | None = None
    ca_file: str | None = None
    timeout_seconds: float = 10.0
    attempts: int = 10
    queue_size: int = 10_000
    concurrency: int = 4

    def __post_init__(self) -> None:
        _check_url(self.url)
        if self.name and not _NAME.fullmatch(self.name):
            raise InvalidSettings("the name of a webhook has 1 to 80 letters, digits, '.', '_' and '-'")
        if self.secret is not None:
            try:
                key_of(self.secret)
            except ValueError as error:
                raise InvalidSettings(f"the secret of a webhook cannot be used: {error}") from None
        if self.timeout_seconds <= 0 or min(self.attempts, self.queue_size, self.concurrency) < 1:
            raise InvalidSettings("times, attempts, queue size and concurrency of a webhook are more than 0")

    @property
    def place(self) -> str:
        """The webhook's name, or the scheme and host of its URL. The rest of a URL may be a secret."""
        parts = urlsplit(self.url)
        return self.name or f"{parts.scheme}://{parts.hostname}"

    def __repr__(self) -> str:
        return f"<WebhookSettings of {self.place}>"


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InvalidSettings(
            "the URL of a webhook cannot be read: give one such as https://example.com/hook"
        ) from None
    if parts.scheme not in _SCHEMES or not parts.hostname or port == 0:
        raise InvalidSettings("a webhook needs an http or https URL with a host, such as https://example.com/hook")
    if not url.isascii() or not url.isprintable() or " " in url or parts.fragment:
        raise InvalidSettings("the URL of a webhook is printable ASCII without blanks and without a fragment")
    if parts.username is not None or parts.password is not None:
        raise InvalidSettings("credentials do not belong in a webhook's URL: requests are signed with its secret")
