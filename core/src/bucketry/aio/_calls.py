"""How the calls of an `AsyncStore` are made: in the event loop, or in threads."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Any, ClassVar, Final, ParamSpec, TypeVar, cast

from anyio import Event
from anyio.lowlevel import checkpoint, checkpoint_if_cancelled

from bucketry.aio._bodies import AsyncBodySource, Guard, Pulled
from bucketry.aio._native import NativeCalls, NativeObject
from bucketry.aio._opened_object import AsyncOpenedObject
from bucketry.aio._threads import Job, Pool, call_soon_of_loop
from bucketry.body import Body
from bucketry.body_channel import BodyChannel
from bucketry.models import Upload
from bucketry.opened_object import OpenedObject
from bucketry.store import Store

P = ParamSpec("P")
T = TypeVar("T")

CALL_THREADS: Final = 64
TRANSFER_THREADS: Final = 32

BUFFER_BYTES: Final = 4 * 1024 * 1024
"""How much of a larger body waits in memory for its driver, in bytes."""

INLINE_BYTES: Final = 1024 * 1024
"""Largest body that is stored in the event loop, if the driver never blocks: to hash a larger one takes long."""

_RUN_SECONDS: Final = 0.005
"""How long calls that never wait may follow each other before other tasks run."""


class AsyncCalls:
    """Makes the calls of a store from an event loop, which they never block."""

    _handed_on: ClassVar[frozenset[str]] = frozenset()
    """The operations whose result a store hands on as it is."""

    def __init__(
        self, store: Store, *, call_threads: int = CALL_THREADS, transfer_threads: int = TRANSFER_THREADS
    ) -> None:
        """Makes a store for async code of another store; `open_store` makes one from a URL.

        Args:
            store: The other store. This one closes it.
            call_threads: Most calls of a driver that blocks at a time, without the calls of the next line.
            transfer_threads: Most bodies at a time that come from an async source, a file or an iterable, and that are
                not small.

        Raises:
            InvalidSettings: A number of threads is no positive integer.
            InvalidDriver: The driver has a coroutine for an operation that cannot have one.
        """
        self.store = self._store = store
        self.capabilities = store.capabilities
        self.clock = store.clock
        self._inline = store.capabilities.features.non_blocking
        self._closings = Pool(call_threads)
        self._calls = Pool(call_threads, self._closings)
        self._transfers = Pool(transfer_threads, self._closings)
        self._native = NativeCalls(store, self._handed_on) if store.async_calls else None
        self._pause_due = 0.0
        self._closed = False

    async def _read(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Makes a call that changes nothing."""
        if self._is_native(call):
            return cast("T", await self._native_call(call, *args, **kwargs))
        if self._inline:
            await self._let_others_run()
            return call(*args, **kwargs)
        return await (await self._job(self._calls, partial(call, *args, **kwargs))).result()

    async def _write(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Makes a call that changes what the backend holds."""
        if self._is_native(call):
            return cast("T", await self._native_call(call, *args, **kwargs))
        if self._inline:
            await self._let_others_run()
            return call(*args, **kwargs)
        return await (await self._job(self._calls, partial(call, *args, **kwargs))).result(keep=True)

    async def _begin(self, call: Callable[..., Upload], bucket: str, *args: object) -> Upload:
        """Begins an upload. If nobody gets to know of it, it is ended."""
        if self._inline or self._is_native(call):
            return await self._read(call, bucket, *args)

        def end(upload: Upload) -> None:
            self._store.abort_multipart_upload(bucket, upload.key, upload.upload_id)

        return await (await self._job(self._calls, partial(call, bucket, *args))).result(keep=True, undo=end)

    async def _open(self, call: Callable[P, OpenedObject], *args: P.args, **kwargs: P.kwargs) -> AsyncOpenedObject:
        """Opens an object."""
        if self._is_native(call):
            return NativeObject(await self._native_call(call, *args, **kwargs))
        if self._inline:
            await self._let_others_run()
            return AsyncOpenedObject(call(*args, **kwargs), self._run, self._run)
        opened = await (await self._job(self._calls, partial(call, *args, **kwargs))).result(undo=OpenedObject.close)
        return AsyncOpenedObject(opened, self._run, self._run_to_the_end)

    async def _run(self, call: Callable[[], None]) -> None:
        await self._read(call)

    async def _run_to_the_end(self, call: Callable[[], None]) -> None:
        await Job(self._closings, call).to_the_end()

    async def _send(self, call: Callable[..., T], before: tuple[Any, ...], source: AsyncBodySource, *after: Any) -> T:
        """Makes a call that takes a body, between its other arguments."""

        def send(body: Body) -> T:
            return call(*before, body, *after)

        pulled = Pulled(source)
        if not pulled.is_async:
            body = source if isinstance(source, Body) else Body(source)  # type: ignore[arg-type]  # None of async code.
            waits = not body.is_held
        else:
            try:
                if (begun := await pulled.begin()) is None:
                    return await self._stream(send, pulled)
            finally:
                await pulled.close()
            body, waits = begun, False
        if body.is_held and self._is_native(call):
            return cast("T", await self._native_call(call, *before, body, *after))
        return await self._send_body(send, body, waits=waits)

    async def _send_body(self, call: Callable[[Body], T], body: Body, *, waits: bool) -> T:
        if self._inline and not waits and (body.length or 0) <= INLINE_BYTES:
            await self._let_others_run()
            return call(body)
        guard = Guard(body)
        job = await self._job(self._transfers if waits else self._calls, partial(call, body))
        return await job.result(abort=guard.cancel, keep=True)

    async def _stream(self, call: Callable[[Body], T], pulled: Pulled) -> T:
        """Has a thread pull an async body while it comes."""
        channel = BodyChannel(BUFFER_BYTES, Event, call_soon_of_loop())
        body = Body(channel, pulled.length)
        guard = Guard(body)
        job = await self._job(self._transfers, partial(call, body))
        return await job.result(fill=partial(channel.fill, pulled.next), abort=guard.cancel, keep=True)

    def _is_native(self, call: Callable[..., object]) -> bool:
        # The methods of a closed store have another name.
        return self._native is not None and call.__name__ in self._native.names

    async def _native_call(self, call: Callable[..., object], *args: Any, **kwargs: Any) -> Any:
        """Awaits the coroutine that the driver has for a call."""
        assert self._native is not None  # noqa: S101 - for mypy: _is_native was asked
        return await self._native.call(call.__name__, *args, **kwargs)

    async def _job(self, pool: Pool, call: Callable[[], T]) -> Job[T]:
        """Starts a call in a thread, unless the task is cancelled already."""
        await checkpoint_if_cancelled()
        return Job(pool, call)

    async def _let_others_run(self) -> None:
        """Lets the loop run other tasks now and then, and notices a cancellation, where a call never waits."""
        if monotonic() > self._pause_due:
            await checkpoint()
            self._pause_due = monotonic() + _RUN_SECONDS
        else:
            await checkpoint_if_cancelled()
