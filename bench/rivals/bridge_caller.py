"""Asks the bridge over raw keep-alive HTTP/1.1, one connection a lane.

Hand-made on purpose: httpx here would cost more CPU than node A and B together and make the
bridge look slower than it is.
"""

from __future__ import annotations

import asyncio

import msgspec

from bench.meter import Meter, run_lanes
from bench.orders import Target
from bench.ports import LOOPBACK

_CONTENT_LENGTH = b"content-length:"


class _Envelope(msgspec.Struct):
    id: str
    sender: str
    recipient: str
    text: str


class _Connection:
    """One keep-alive connection that carries one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def post(self, path: str, body: bytes) -> bytes:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {LOOPBACK}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        content = await self._reader.readexactly(_length(answer))
        if not answer.startswith(b"HTTP/1.1 200"):
            raise ConnectionError(answer.split(b"\r\n")[0].decode())
        return content

    def close(self) -> None:
        self._writer.close()


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(_CONTENT_LENGTH):
            return int(line[len(_CONTENT_LENGTH) :])
    raise ConnectionError("no content-length")


class BridgeCaller:
    """Opens its connections for each window: uvicorn closes one that was idle for five seconds."""

    def __init__(self, target: Target) -> None:
        self._port = target.port
        self._lanes: list[_Connection] = []
        self._asked = 0

    async def open(self) -> None:
        (await self._connect()).close()

    async def run(self, in_flight: int, text_bytes: int, meter: Meter) -> None:
        self._lanes = [await self._connect() for _ in range(in_flight)]
        try:
            await run_lanes(self._ask, in_flight, text_bytes, meter)
        finally:
            await self.close()

    async def close(self) -> None:
        for connection in self._lanes:
            connection.close()

    async def _connect(self) -> _Connection:
        return _Connection(*await asyncio.open_connection(LOOPBACK, self._port))

    async def _ask(self, lane: int, text: str) -> str:
        self._asked += 1
        envelope = _Envelope(str(self._asked), "main@home", "echo@lab", text)
        answer = await self._lanes[lane].post("/messages", msgspec.json.encode(envelope))
        return msgspec.json.decode(answer, type=_Envelope).text


caller = BridgeCaller
