"""Asks through the async SDK, as an agent's program would: one connection, many asks."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

from bench.meter import Meter, run_lanes
from bench.orders import Target
from gatepost.sdk import connect

_WAIT_S = 60.0


class GatepostCaller:
    """Speaks for agent `main` of the node in `target.home`."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._open = AsyncExitStack()

    async def open(self) -> None:
        home = Path(self._target.home)
        self._mailbox = await self._open.enter_async_context(connect(home=home, agent="main"))

    async def run(self, in_flight: int, text_bytes: int, meter: Meter) -> None:
        await run_lanes(self._ask, in_flight, text_bytes, meter)

    async def close(self) -> None:
        await self._open.aclose()

    async def _ask(self, lane: int, text: str) -> str:
        view = await self._mailbox.ask(self._target.address, text, wait=_WAIT_S)
        if view.state != "done":
            raise RuntimeError(f"ended {view.state}: {view.reason} {view.why}")
        return view.text


caller = GatepostCaller
