"""What waits to be written to one socket: bounded, one frame for each turn of the loop.

A reply is encoded at once (so what it says is what was true then) and appended to the frame being
filled. One task, woken once a turn, writes the frame. While the client does not read, the frame
grows: above `FULL` nobody should ask for more, above `LIMIT` the client is too slow and is let
go.
"""

import asyncio
from collections.abc import Callable

import msgspec
from starlette.types import Send

FULL = 1024 * 1024
LIMIT = 32 * 1024 * 1024

_ENCODER = msgspec.json.Encoder()


class Outgoing:
    """The replies on their way to one client."""

    def __init__(self, overrun: Callable[[], None]) -> None:
        self._overrun = overrun
        self._frame = bytearray(b"[")
        self._waiting: asyncio.Future[None] | None = None
        self._drained = asyncio.Event()
        self._closed = False

    @property
    def full(self) -> bool:
        """True while so much waits that no further calls should be read."""
        return len(self._frame) > FULL

    def put(self, n: int, kind: str, body: object) -> None:
        """Append one reply. Does nothing when the socket is closed."""
        if self._closed:
            return
        frame = self._frame
        _ENCODER.encode_into((n, kind, body), frame, -1)
        frame += b","
        waiting = self._waiting
        if waiting is not None:
            self._waiting = None
            waiting.set_result(None)
        elif len(frame) > LIMIT:
            self._closed = True
            self._overrun()

    async def drained(self) -> None:
        """Wait until less than a full frame waits."""
        while self.full and not self._closed:
            self._drained.clear()
            await self._drained.wait()

    async def run(self, send: Send) -> None:
        """Write frames until cancelled, or the client is gone (the reader is told too)."""
        loop = asyncio.get_running_loop()
        while True:
            if len(self._frame) == 1:
                self._waiting = loop.create_future()
                await self._waiting
            frame = self._frame
            frame[-1] = 0x5D  # the last comma becomes the closing bracket
            text = frame.decode()
            del frame[1:]
            self._drained.set()
            try:
                await send({"type": "websocket.send", "text": text})
            except OSError:
                self.close()
                return

    def close(self) -> None:
        """Take nothing more."""
        self._closed = True
        self._drained.set()
