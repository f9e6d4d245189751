"""Waiting by the clock that an adapter was given."""

import asyncio

from gatepost.ports import Clock


async def pause(clock: Clock, seconds: float) -> None:
    """Wait; whoever is cancelled leaves no timer behind."""
    over = asyncio.Event()
    timer = clock.call_later(seconds, over.set)
    try:
        await over.wait()
    finally:
        timer.cancel()
