"""A portal: one thread with an event loop, through which code without `await` calls.

It holds one asynchronous context (a client) open from `open` to `close`. Ctrl-C during a call
cancels the call in the loop before it goes on to the caller.
"""

import asyncio
import concurrent.futures
import threading
from collections.abc import AsyncGenerator, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar, cast

_T = TypeVar("_T")
_END = object()


class Portal:
    """One thread and its loop."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="gatepost", daemon=True)
        self._closing: asyncio.Event | None = None
        self._held: concurrent.futures.Future[None] | None = None

    def open(self, context: AbstractAsyncContextManager[object]) -> None:
        """Start the thread and enter `context` there. Raises what entering raises."""
        self._thread.start()
        entered: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._held = asyncio.run_coroutine_threadsafe(self._hold(context, entered), self._loop)
        try:
            entered.result()
        except BaseException:
            self._end()
            raise

    def close(self) -> None:
        """Leave the context and end the thread."""
        if self._held is not None and self._closing is not None:
            self._loop.call_soon_threadsafe(self._closing.set)
            self._held.result()
        self._end()

    def call(self, doing: Coroutine[Any, Any, _T]) -> _T:
        """Run `doing` in the loop and wait for it."""
        future = asyncio.run_coroutine_threadsafe(doing, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def each(self, items: AsyncGenerator[_T, None]) -> Iterator[_T]:
        """The items of an asynchronous generator, which is closed when the caller stops."""
        try:
            while (item := self.call(_next(items))) is not _END:
                yield cast(_T, item)
        finally:
            self.call(items.aclose())

    async def _hold(
        self,
        context: AbstractAsyncContextManager[object],
        entered: concurrent.futures.Future[None],
    ) -> None:
        closing = asyncio.Event()
        try:
            async with context:
                self._closing = closing
                entered.set_result(None)
                await closing.wait()
        except BaseException as fault:
            if entered.done():
                raise
            entered.set_exception(fault)

    def _end(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._loop.close()


async def _next(items: AsyncGenerator[_T, None]) -> _T | object:
    return await anext(items, _END)
