"""Time: the one place that reads it.

Wall time for people and the wire, monotonic time for delays.
"""

import asyncio
import time
from collections.abc import Callable


def wall() -> int:
    """Wall time in milliseconds since the epoch, UTC. It may jump."""
    return time.time_ns() // 1_000_000


def ticks() -> float:
    """Seconds that only grow, where no loop runs."""
    return time.monotonic()


class LoopClock:
    """The port Clock over an event loop. Callbacks are made by that loop, in its thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    now = staticmethod(wall)

    def monotonic(self) -> float:
        """Seconds that only grow; the loop's own time."""
        return self._loop.time()

    def call_later(self, seconds: float, fn: Callable[[], None]) -> asyncio.TimerHandle:
        """Call `fn` once after `seconds`, unless cancelled."""
        return self._loop.call_later(seconds, fn)

    def call_soon(self, fn: Callable[[], None]) -> None:
        """Call `fn` after the current callback has returned."""
        self._loop.call_soon(fn)
