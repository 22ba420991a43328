"""Which requests are sent again, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Self

from bucketry.backend_requests import watcher_of_call
from typing_extensions import override
from urllib3 import Retry

RETRIED_STATUSES: Final = (500, 502, 503, 504)
_CONDITIONS: Final = frozenset({"if-match", "if-none-match"})


class _CountedRetry(Retry):
    """Tells the watcher of the call that a request is sent again."""

    @override
    def increment(self, *arguments: Any, **more: Any) -> Self:
        left = super().increment(*arguments, **more)
        if (watcher := watcher_of_call()) is not None:
            watcher.count_retry()
        return left


class Retries:
    """The retry policy of one store: for the driver's own requests, and for those of its SDK.

    Attributes:
        repeatable: For a request that does no harm when the server performs it twice.
        careful: For any other request: it is sent again only while the server has not begun with it.
        once: One try.
    """

    def __init__(self, retries: int) -> None:
        """Makes the policy.

        Args:
            retries: How often a request is sent again.
        """
        self.repeatable = _CountedRetry(
            total=retries,
            redirect=0,
            other=0,
            allowed_methods=None,
            status_forcelist=RETRIED_STATUSES,
            backoff_factor=0.1,
            backoff_max=2.0,
            raise_on_status=False,
            raise_on_redirect=False,
            # A server that starts says two minutes. Callers hear of it sooner.
            respect_retry_after_header=False,
        )
        self.careful = self.repeatable.new(read=0, status=0)
        self.once = Retry(0, redirect=False)

    def of_sdk(self, method: str, path: str, query: str, headers: Mapping[str, str]) -> Retry:
        """Returns the policy for a request that an SDK makes.

        Careful are those whose second try would fail because the first one succeeded: to create or delete a bucket, to
        begin, complete or abort an upload, and a write with a condition.

        Args:
            method: The HTTP method.
            path: The path: ``/BUCKET`` or ``/BUCKET/KEY``.
            query: The query, encoded.
            headers: The headers.
        """
        if method in {"GET", "HEAD"}:
            return self.repeatable
        if any(name.lower() in _CONDITIONS for name in headers):
            return self.careful
        is_bucket = not path.strip("/").partition("/")[2]
        names = {parameter.partition("=")[0] for parameter in query.split("&")} - {""}
        if method == "POST":
            return self.repeatable if "delete" in names else self.careful
        if is_bucket:
            return self.repeatable if names else self.careful
        return self.careful if method == "DELETE" and "uploadId" in names else self.repeatable
