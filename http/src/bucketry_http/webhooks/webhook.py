"""Sends events to a URL: in threads of its own, in the order of each key, and again if that fails."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from contextlib import suppress
from typing import Any, Final

import msgspec
from bucketry.events import Event
from urllib3 import BaseHTTPResponse, PoolManager, Retry, Timeout
from urllib3.exceptions import HTTPError, InvalidHeader, MaxRetryError

from bucketry_http.shared.tls_client import client_context
from bucketry_http.webhooks.lanes import Lanes
from bucketry_http.webhooks.settings import WebhookSettings
from bucketry_http.webhooks.signing import signed_headers

DRAIN_SECONDS: Final = 5.0
"""How long `Webhook.close` waits for what is still to be sent."""

_BACKOFF_FACTOR: Final = 0.5
_BACKOFF_MAX: Final = 60.0
_JITTER: Final = 0.5
_SMALL_BODY: Final = 4096
"""Longest body of a response that is read, so that the connection can be used again."""

logger = logging.getLogger("bucketry_http")


class DeliveryCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What a webhook has done.

    Attributes:
        delivered: Events that the receiver took.
        retried: Requests that failed and were sent again.
        dropped: Events that were given up: the queue was full, all attempts failed, or the webhook was closed.
        waiting: Events that are still to be sent.
    """

    delivered: int
    retried: int
    dropped: int
    waiting: int


class _Delivery:
    """An event on its way."""

    __slots__ = ("body", "id", "retry")

    def __init__(self, event: Event, retry: Retry) -> None:
        self.body = event.encoded()
        self.id = f"msg_{uuid.uuid4().hex}"
        self.retry = retry


class Webhook:
    """A sink of events: each is sent to a URL as a POST whose body is S3's message in JSON.

    `accept` only puts an event into a queue, and never waits. Threads send the events. An event is delivered once the
    receiver responds with a status of 2xx. Anything else is a failure, a redirect too, and the event is sent again
    later: at once, then after 1, 2, 4, … up to 60 seconds, or when the response's ``Retry-After`` says. Later events of
    the same key wait until it is delivered or dropped. Events of other keys do not wait.
    """

    def __init__(self, settings: WebhookSettings) -> None:
        """Starts no thread yet.

        Raises:
            InvalidSettings: The file of certificate authorities cannot be used.
        """
        self.settings = settings
        self._pool = PoolManager(
            num_pools=1,
            maxsize=settings.concurrency,
            ssl_context=client_context(settings.ca_file, "a webhook"),
            timeout=Timeout(connect=settings.timeout_seconds, read=settings.timeout_seconds),
        )
        self._retry = Retry(
            settings.attempts - 1,
            allowed_methods=None,
            backoff_factor=_BACKOFF_FACTOR,
            backoff_max=_BACKOFF_MAX,
            backoff_jitter=_JITTER,
        )
        self._lanes: Lanes[_Delivery] = Lanes(settings.queue_size)
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._delivered = self._retried = self._dropped = 0
        self._reported = 0
        self._closed = False

    def wants(self, event: Event) -> bool:
        """Says whether an event is sent to this webhook (`WebhookSettings.name`)."""
        destinations = event.destinations
        if self.settings.name:
            return any(self.settings.name in _names_in(arn) for arn in destinations or ())
        return destinations is None or bool(destinations)

    def accept(self, event: Event) -> None:
        """Puts an event into the queue if this webhook wants it. If the queue is full, the event is dropped."""
        if not self.wants(event):
            return
        if not self._threads:
            self._start()
        if not self._lanes.put((event.bucket, event.key), _Delivery(event, self._retry)):
            self._drop("the queue is full" if not self._closed else "the webhook is closed")

    def counts(self) -> DeliveryCounts:
        """Returns what it has done so far."""
        with self._lock:
            return DeliveryCounts(
                delivered=self._delivered, retried=self._retried, dropped=self._dropped, waiting=len(self._lanes)
            )

    def close(self, drain_seconds: float = DRAIN_SECONDS) -> None:
        """Sends what is in the queue, within a time, and drops the rest. Closing again does nothing.

        Args:
            drain_seconds: How long that may take.
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
        deadline = time.monotonic() + drain_seconds
        self._lanes.close(drain_seconds)
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0))
        with self._lock:
            left = len(self._lanes)
            self._dropped += left
        self._pool.clear()
        if self._dropped:
            logger.warning("the webhook %s has dropped %d events", self.settings.place, self._dropped)

    def _start(self) -> None:
        with self._lock:
            if self._threads or self._closed:
                return
            self._threads = [
                threading.Thread(target=self._run, name=f"bucketry-webhook-{number}", daemon=True)
                for number in range(self.settings.concurrency)
            ]
            for thread in self._threads:
                thread.start()

    def _run(self) -> None:
        while (taken := self._lanes.take()) is not None:
            lane, delivery = taken
            after = self._try(delivery)
            if after is None:
                self._lanes.finish(lane)
            else:
                self._lanes.postpone(lane, after)

    def _try(self, delivery: _Delivery) -> float | None:
        """Sends an event. Returns after how many seconds to send it again; ``None``: it is delivered or dropped."""
        try:
            failure, after = self._send(delivery)
        except (HTTPError, OSError, ValueError) as error:
            failure, after = type(error).__name__, 0.0
        if not failure:
            with self._lock:
                self._delivered += 1
                self._reported = self._dropped
            return None
        try:
            delivery.retry = delivery.retry.increment("POST", error=HTTPError(failure))
        except (MaxRetryError, HTTPError):
            self._drop(failure)
            return None
        with self._lock:
            self._retried += 1
        return max(delivery.retry.get_backoff_time(), after)

    def _send(self, delivery: _Delivery) -> tuple[str, float]:
        """Sends a request. Returns what is wrong with the response, and how many seconds the receiver wants to wait."""
        headers = {
            "content-type": "application/json",
            "user-agent": "bucketry",
            **signed_headers(self.settings.secret, delivery.id, int(time.time()), delivery.body),
        }
        response = self._pool.request(
            "POST",
            self.settings.url,
            body=delivery.body,
            headers=headers,
            retries=False,
            redirect=False,
            preload_content=False,
        )
        try:
            if 200 <= response.status < 300:
                _end(response)
                return "", 0.0
            return f"status {response.status}", _asked_wait(response)
        finally:
            # It closes a connection whose response was not read to its end.
            response.close()

    def _drop(self, why: str) -> None:
        with self._lock:
            self._dropped += 1
            first = self._reported == self._dropped - 1
        if first:
            # Once until an event is delivered again: a receiver that is gone must not fill the log.
            logger.warning("the webhook %s drops events: %s", self.settings.place, why)

    def __repr__(self) -> str:
        return f"<Webhook {self.settings.place}>"


def _names_in(arn: str) -> list[str]:
    """Returns the parts of an ARN that may be a name: AWS has it at the end, and MinIO before (``…::NAME:webhook``)."""
    return arn.split(":")[4:]


def _end(response: BaseHTTPResponse) -> None:
    """Reads a small body to its end, so that the connection goes back to the pool. A large one is left."""
    length = response.length_remaining
    if length is not None and length <= _SMALL_BODY:
        with suppress(HTTPError, OSError):  # The receiver has taken the event.
            response.read()
            response.release_conn()


def _asked_wait(response: Any) -> float:
    try:
        asked = Retry().get_retry_after(response)
    except InvalidHeader:
        return 0.0
    return min(asked or 0.0, _BACKOFF_MAX)
