"""Asks the floor over one TLS connection, by callbacks: no task and no future per request.

All answers that arrive in one turn of the loop are answered by one write with the next requests.
"""

from __future__ import annotations

import asyncio
from time import perf_counter_ns

from bench.meter import Meter, lane_text
from bench.orders import Target
from bench.ports import LOOPBACK
from bench.rivals.floor_tls import client_context
from bench.rivals.frames import Frames, frame, split


class FloorCaller:
    """`_sent[lane]` is when that lane's request left; `_bodies[lane]` is what must come back."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._frames: Frames | None = None
        self._meter = Meter()
        self._sent: list[int] = []
        self._bodies: list[bytes] = []
        self._outstanding = 0
        self._idle = asyncio.Event()

    async def open(self) -> None:
        context = client_context(self._target.certificate)
        loop = asyncio.get_running_loop()
        _, self._frames = await loop.create_connection(
            lambda: Frames(self._answers), LOOPBACK, self._target.port, ssl=context
        )

    async def run(self, in_flight: int, text_bytes: int, meter: Meter) -> None:
        self._meter = meter
        self._bodies = [lane_text(lane, text_bytes).encode() for lane in range(in_flight)]
        self._sent = [perf_counter_ns()] * in_flight
        self._outstanding = in_flight
        self._idle.clear()
        self._send(b"".join(frame(lane, body) for lane, body in enumerate(self._bodies)))
        await self._idle.wait()

    async def close(self) -> None:
        if self._frames is not None:
            self._frames.close()

    def _send(self, frames: bytes) -> None:
        if self._frames is None:
            raise ConnectionError("the floor is not open")
        self._frames.send(frames)

    def _answers(self, whole: bytes) -> None:
        meter, sent, bodies = self._meter, self._sent, self._bodies
        again: list[bytes] = []
        for lane, body in split(whole):
            if body == bodies[lane]:
                meter.record(sent[lane])
            else:
                meter.fail(f"wrong answer in lane {lane}")
            if meter.over:
                self._outstanding -= 1
            else:
                sent[lane] = perf_counter_ns()
                again.append(frame(lane, body))
        if again:
            self._send(b"".join(again))
        if not self._outstanding:
            self._idle.set()


caller = FloorCaller
