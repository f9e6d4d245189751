"""Length-prefixed frames over an asyncio transport, for the floor.

A frame is four bytes of length (of what follows), four bytes of lane, and the body. Whole frames
are handed on as one piece of bytes: nothing is copied or looked at beyond the lengths.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from struct import Struct
from typing import cast

_HEAD = Struct(">II")
_LENGTH = Struct(">I")


def frame(lane: int, body: bytes) -> bytes:
    """One frame of `lane`."""
    return _HEAD.pack(len(body) + 4, lane) + body


def split(whole: bytes) -> Iterator[tuple[int, bytes]]:
    """The (lane, body) of each frame in `whole`."""
    at = 0
    while at < len(whole):
        length, lane = _HEAD.unpack_from(whole, at)
        end = at + 4 + length
        yield lane, whole[at + 8 : end]
        at = end


class Frames(asyncio.Protocol):
    """One side of a connection. `receive` gets one or more whole frames at a time."""

    def __init__(self, receive: Callable[[bytes], None]) -> None:
        self._receive = receive
        self._rest = b""
        self._transport: asyncio.Transport | None = None
        self.lost = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        end = _last_whole(data)
        self._rest = data[end:]
        if end:
            self._receive(data[:end] if self._rest else data)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.lost.done():
            self.lost.set_result(None)

    def send(self, whole: bytes) -> None:
        if self._transport is not None:
            self._transport.write(whole)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def _last_whole(data: bytes) -> int:
    """Where the last whole frame of `data` ends."""
    at, size = 0, len(data)
    while at + 4 <= size:
        end = at + 4 + _LENGTH.unpack_from(data, at)[0]
        if end > size:
            break
        at = end
    return at
