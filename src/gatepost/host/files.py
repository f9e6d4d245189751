"""Files of the machine: when one grows, room on its disk, which start of the machine this is."""

import asyncio
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

FIRST = 0.01
LAST = 0.2


class FileWatch:
    """Tells when files grow by looking.

    Often while one does, rarely while it is quiet, never when none is followed.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._timers: dict[object, asyncio.TimerHandle] = {}

    def follow(self, path: str, grew: Callable[[], None]) -> Callable[[], None]:
        """Call `grew` soon after something was written to the file.

        Returns the function that stops it.
        """
        key = object()
        self._look(key, path, grew, -1, FIRST)

        def stop() -> None:
            timer = self._timers.pop(key, None)
            if timer is not None:
                timer.cancel()

        return stop

    def close(self) -> None:
        """Follow nothing any more."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _look(
        self, key: object, path: str, grew: Callable[[], None], size: int, wait: float
    ) -> None:
        found = _size(path)
        wait = FIRST if found != size else min(2 * wait, LAST)
        look = partial(self._look, key, path, grew, found, wait)
        self._timers[key] = self._loop.call_later(wait, look)
        if found != size:
            grew()


def boot_id() -> str:
    """Names the current start of the machine; "" when that cannot be known."""
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.exists() else ""


def free(directory: Path) -> int:
    """Bytes that may still be written on the disk of a directory."""
    found = os.statvfs(directory)
    return found.f_bavail * found.f_frsize


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0
