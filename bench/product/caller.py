"""Asks through the async SDK, as an agent's program would: one connection, many asks."""

from __future__ import annotations

from pathlib import Path

from bench.meter import Meter, run_lanes
from bench.orders import Target
from gatepost.sdk import connect

_WAIT_S = 60.0
_SHOWN = 600


class GatepostCaller:
    """Speaks for agent `main` of the node in `target.home`."""

    def __init__(self, target: Target) -> None:
        self._address = target.address
        self._mailbox = connect(home=Path(target.home), agent="main")

    async def open(self) -> None:
        await self._mailbox.__aenter__()

    async def run(self, in_flight: int, text_bytes: int, meter: Meter) -> None:
        await run_lanes(self._ask, in_flight, text_bytes, meter)

    async def close(self) -> None:
        await self._mailbox.__aexit__(None, None, None)

    async def _ask(self, lane: int, text: str) -> str:
        view = await self._mailbox.ask(self._address, text, wait=_WAIT_S)
        if view.state != "done" or not view.parts:
            raise RuntimeError(f"{view.state}, {len(view.parts)} parts: {view}"[:_SHOWN])
        return view.text


caller = GatepostCaller
