"""An append-only file with group commit: the least a durable hop must do.

Records handed in while a commit runs wait for the next one; an idle log commits at once. The
write and the fdatasync happen in one helper thread, the answer comes back in one callback.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from threading import Thread


class CommitLog:
    """`durable` is called on the loop with the joined records of each finished commit."""

    def __init__(self, path: Path, durable: Callable[[bytes], None]) -> None:
        self._durable = durable
        self._loop = asyncio.get_running_loop()
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._waiting: list[bytes] = []
        self._busy = False
        self._batches: SimpleQueue[list[bytes]] = SimpleQueue()
        Thread(target=self._commit_all, name="commit", daemon=True).start()

    def append(self, records: bytes) -> None:
        self._waiting.append(records)
        if not self._busy:
            self._begin()

    def _begin(self) -> None:
        self._busy = True
        batch, self._waiting = self._waiting, []
        self._batches.put(batch)

    def _commit_all(self) -> None:
        while True:
            joined = b"".join(self._batches.get())
            left = memoryview(joined)
            while left:
                left = left[os.write(self._file, left) :]
            os.fdatasync(self._file)
            self._loop.call_soon_threadsafe(self._finish, joined)

    def _finish(self, joined: bytes) -> None:
        self._busy = False
        if self._waiting:
            self._begin()
        self._durable(joined)
