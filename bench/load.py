"""A load process: `python -m bench.load SCENARIO TARGET`, orders on stdin, readings on stdout.

One process per scenario lives as long as the run, so that connections are warm and its own CPU is
never mixed up with a node's. Ends when stdin closes.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import sys
from collections.abc import Callable

import msgspec

from bench.meter import Caller, measure
from bench.orders import Order, Target

_CALLERS = {
    "bridge": "bench.rivals.bridge_caller",
    "floor": "bench.rivals.floor_caller",
    "a2a-sdk": "bench.rivals.a2a_caller",
    "a2a-sdk-sqlite": "bench.rivals.a2a_caller",
    "gatepost": "bench.product.caller",
    "gatepost-process": "bench.product.caller",
}


async def serve(caller: Caller) -> None:
    """Open the caller, say so, then obey orders one at a time."""
    await caller.open()
    gc.collect()
    gc.freeze()
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        reading = await measure(caller, msgspec.json.decode(line, type=Order))
        print(msgspec.json.encode(reading).decode(), flush=True)
    await caller.close()


def main(arguments: list[str]) -> None:
    name, target = arguments
    build: Callable[[Target], Caller] = importlib.import_module(_CALLERS[name]).caller
    asyncio.run(serve(build(msgspec.json.decode(target, type=Target))))


if __name__ == "__main__":
    main(sys.argv[1:])
