"""The start and the end of an application (ASGI's lifespan)."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

_ASGI: Final = {"version": "3.0", "spec_version": "2.0"}
_FAILED: Final = "failed"
_RETURNED: Final = "returned"

logger = logging.getLogger("bucketry_http")


class StartFailed(Exception):
    """An application did not start."""


class Lifespan:
    """Starts and ends one application.

    Attributes:
        state: What the application keeps for its requests (``scope["state"]``).
    """

    def __init__(self, app: Any) -> None:
        """Starts nothing yet."""
        self.state: dict[str, Any] = {}
        self._app = app
        self._events: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self._replies: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns once the application has started.

        Raises:
            StartFailed: It says that it cannot, or raised an error.
        """
        self._task = asyncio.get_running_loop().create_task(self._run())
        reply = await self._tell("lifespan.startup")
        if reply["type"] in ("lifespan.startup.failed", _FAILED):
            raise StartFailed(f"the application did not start: {reply.get('message', '')}")

    async def end(self) -> None:
        """Returns once the application has ended; an error is logged."""
        if self._task is None or self._task.done():
            return
        reply = await self._tell("lifespan.shutdown")
        if reply["type"] == "lifespan.shutdown.failed":
            logger.error("the application did not end as it should: %s", reply.get("message", ""))

    async def _tell(self, event: str) -> dict[str, str]:
        self._events.put_nowait({"type": event})
        return await self._replies.get()

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": _ASGI, "state": self.state}
        try:
            await self._app(scope, self._events.get, self._replies.put)
        except BaseException as error:
            # `start` and `end` wait for a reply, even if the task was cancelled.
            logger.exception("the application failed at its start or end")
            self._replies.put_nowait({"type": _FAILED, "message": str(error)})
        else:
            # One that returns without a word needs neither start nor end.
            self._replies.put_nowait({"type": _RETURNED})
