"""Queues messages through the SDK: `python -m bench.product.fill HOME MESSAGES PEER…`.

Sends 64 at a time, in turn over the peers, and says at what rate the first and the last twentieth
were accepted. Any refusal ends it.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from time import perf_counter

import msgspec

from bench.meter import lane_text
from bench.product.filled import Filled
from bench.settings import TEXT_BYTES
from gatepost.sdk import connect

_AT_ONCE = 64
_SHARE = 20


async def fill(home: Path, messages: int, peers: list[str]) -> Filled:
    """Queue `messages`; returns when all are accepted."""
    numbers = iter(range(messages))
    accepted: list[float] = []
    async with connect(home=home, agent="main") as mailbox, asyncio.TaskGroup() as lanes:

        async def lane() -> None:
            for number in numbers:
                text = lane_text(number, TEXT_BYTES)
                await mailbox.send(f"someone@{peers[number % len(peers)]}", text)
                accepted.append(perf_counter())

        for _ in range(_AT_ONCE):
            lanes.create_task(lane())
    share = messages // _SHARE
    return Filled(_rate(accepted[:share]), _rate(accepted[-share:]))


def _rate(accepted: list[float]) -> float:
    return (len(accepted) - 1) / (accepted[-1] - accepted[0])


def main(arguments: list[str]) -> None:
    home, messages, *peers = arguments
    filled = asyncio.run(fill(Path(home), int(messages), peers))
    print(msgspec.json.encode(filled).decode(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
