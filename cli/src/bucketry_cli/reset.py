"""``POST /_bucketry/reset``: brings a store back to its state at the start, between two tests."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from http import HTTPStatus
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from bucketry import BackendError, BucketAlreadyExists, BucketNotEmpty, BucketryError, NoSuchBucket, Store
from bucketry.layers import Faults
from bucketry.s3 import MAX_PAGE

from bucketry_cli.errors import Failure
from bucketry_cli.rm import delete_keys

if TYPE_CHECKING:
    from bucketry_http.rest.cors import BrowserRules

PATH: Final = "/_bucketry/reset"

_ATTEMPTS: Final = 5
"""How often a bucket is emptied while somebody goes on writing to it."""

_UPLOADS: Final = ("list_multipart_uploads", "abort_multipart_upload")
"""The operations that find unfinished uploads and abort them."""

logger = logging.getLogger("bucketry_cli")


class Stage:
    """A store with its first buckets, and the way back to that state."""

    def __init__(self, store: Store, buckets: Sequence[str], faults: Faults) -> None:
        """Changes nothing yet.

        Args:
            store: The store.
            buckets: The buckets to begin with.
            faults: The faults around the store; they are off while this class works.
        """
        self._store = store
        self._buckets = tuple(dict.fromkeys(buckets))
        self._faults = faults
        self._lock = threading.Lock()

    def prepare(self, *, resettable: bool) -> None:
        """Creates the buckets.

        Args:
            resettable: Whether the store may be reset later.

        Raises:
            Failure: It is to be reset, and holds buckets already: it is not a store of tests.
            BucketryError: A bucket cannot be created.
        """
        if resettable:
            self._without_faults(self._refuse_if_in_use)
        self._without_faults(self._create_buckets)

    def reset(self) -> None:
        """Deletes all buckets and objects, creates the first buckets again, and resets the counts of faults.

        Raises:
            BucketryError: The store fails, or somebody goes on writing to it.
        """
        with self._lock:
            self._without_faults(self._start_over)

    def _start_over(self) -> None:
        for bucket in self._store.list_buckets():
            # Another process may reset the store at the same time.
            with suppress(NoSuchBucket):
                _delete(self._store, bucket.name)
        self._create_buckets()
        self._faults.reset()

    def _refuse_if_in_use(self) -> None:
        if self._store.list_buckets():
            raise Failure(
                "--reset-endpoint is for stores of tests alone, and this one holds buckets already",
                "a reset would delete them: name another store, or empty this one first",
            )

    def _create_buckets(self) -> None:
        for name in self._buckets:
            try:
                self._store.create_bucket(name)
            except BucketAlreadyExists:
                # From an earlier run, in a store that keeps its objects.
                continue

    def _without_faults(self, act: Callable[[], None]) -> None:
        self._faults.enabled = False
        try:
            act()
        finally:
            self._faults.enabled = True


def _delete(store: Store, bucket: str) -> None:
    for attempt in range(_ATTEMPTS):
        keys = (info.key for info in store.iter_objects(bucket))
        while page := list(islice(keys, MAX_PAGE)):
            delete_keys(store, bucket, page)
        if store.capabilities.operations.issuperset(_UPLOADS):
            for upload in list(store.iter_multipart_uploads(bucket)):
                store.abort_multipart_upload(bucket, upload.key, upload.upload_id)
        try:
            store.delete_bucket(bucket)
        except BucketNotEmpty:
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            return


class ResetApp:
    """The reset endpoint; all other requests go to another application."""

    def __init__(self, app: Any, reset: Callable[[], None], gate: BrowserRules) -> None:
        """Keeps both.

        Args:
            app: The other application.
            reset: Called for a reset, in a thread.
            gate: Checks each request for a reset first: a web page that is open must not delete a test's data.
        """
        self._app = app
        self.clock = getattr(app, "clock", None)  # The server shows it.
        self._reset = reset
        self._gate = gate

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Takes a request."""
        if scope["type"] != "http" or scope["path"] != PATH:
            await self._app(scope, receive, send)
            return
        send = await self._gate.admit(scope, send)
        if send is None:
            return
        status, detail = await self._answer(scope)
        content = json.dumps({"status": status, "detail": detail}).encode() if detail else b""
        headers = [(b"content-length", str(len(content)).encode()), (b"allow", b"POST")]
        if content:
            headers.append((b"content-type", b"application/problem+json"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _answer(self, scope: Any) -> tuple[int, str]:
        if scope["method"] != "POST":
            return HTTPStatus.METHOD_NOT_ALLOWED, "a reset is a POST"
        import anyio.to_thread

        try:
            await anyio.to_thread.run_sync(self._reset)
        except BucketryError as error:
            logger.warning("a reset failed: %s", error, exc_info=error.__cause__)
            # The text of an unknown error may come from a library: it is for the log only.
            detail = f"{error.sentence}; the log says why" if isinstance(error, BackendError) else str(error)
            return HTTPStatus.INTERNAL_SERVER_ERROR, detail
        return HTTPStatus.NO_CONTENT, ""
