"""Counts what a load process gets back, and drives a caller for one window.

The caller keeps its lanes busy from start to end (closed loop). `measure` opens the window after
the warm-up, reads the nodes' CPU at both edges, and closes it; requests that finish while it is
open count. The warm-up lasts until every lane can have had an answer. Never hides a failure.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from time import perf_counter, perf_counter_ns
from typing import Protocol

from bench import usage
from bench.orders import Order, Reading

_DRAIN_S = 60.0
_LONGEST_WARM_S = 5.0
_WARM_STEP_S = 0.1
_AFTER_FAILURE_S = 0.05


class Meter:
    """The tally of one window. `over` tells the lanes to stop; times are perf_counter_ns."""

    __slots__ = ("answered", "failed", "first_failure", "latencies", "open", "over")

    def __init__(self) -> None:
        self.answered = 0
        self.open = False
        self.over = False
        self.failed = 0
        self.first_failure = ""
        self.latencies: list[int] = []

    def record(self, started_ns: int) -> None:
        """Count one right answer to a request begun at `started_ns`."""
        self.answered += 1
        if self.open:
            self.latencies.append(perf_counter_ns() - started_ns)

    def fail(self, why: str) -> None:
        """Count one failed or wrong answer, in or out of the window."""
        self.failed += 1
        self.first_failure = self.first_failure or why


class Caller(Protocol):
    """One scenario seen from the load process."""

    async def open(self) -> None: ...

    async def run(self, in_flight: int, text_bytes: int, meter: Meter) -> None:
        """Keep `in_flight` requests going until `meter.over`; return when all have ended."""
        ...

    async def close(self) -> None: ...


def lane_text(lane: int, size: int) -> str:
    """`size` bytes of ASCII, different for each lane, so that a crossed answer shows."""
    return f"{lane:08d}".ljust(size, "x")


async def run_lanes(
    ask: Callable[[int, str], Awaitable[str]], in_flight: int, text_bytes: int, meter: Meter
) -> None:
    """`in_flight` tasks that each ask, wait, check the echo and ask again."""

    async def lane(number: int) -> None:
        text = lane_text(number, text_bytes)
        while not meter.over:
            started = perf_counter_ns()
            try:
                answer = await ask(number, text)
            except Exception as error:
                meter.fail(f"{type(error).__name__}: {error}")
                await asyncio.sleep(_AFTER_FAILURE_S)
                continue
            if answer == text:
                meter.record(started)
            else:
                meter.fail(f"wrong answer: {answer[:80]!r}")

    async with asyncio.TaskGroup() as lanes:
        for number in range(in_flight):
            lanes.create_task(lane(number))


async def measure(caller: Caller, order: Order) -> Reading:
    """Run one order. Raises TimeoutError when the lanes do not end after the window."""
    meter = Meter()
    load = asyncio.create_task(caller.run(order.in_flight, order.text_bytes, meter))
    await _warm_up(load, meter, order)
    before = _cpu(order)
    began = perf_counter()
    meter.open = True
    await _pause(load, order.seconds)
    meter.open = False
    elapsed = perf_counter() - began
    after = _cpu(order)
    rss_a, rss_b = usage.rss_mb(order.nodes_a), usage.rss_mb(order.nodes_b)
    meter.over = True
    await asyncio.wait_for(load, _DRAIN_S)
    finished = len(meter.latencies)
    cpu_a, cpu_b, cpu_load = (
        1e6 * (late - early) / max(finished, 1) for early, late in zip(before, after, strict=True)
    )
    return Reading(
        finished=finished,
        failed=meter.failed,
        first_failure=meter.first_failure,
        seconds=elapsed,
        p50_ms=_percentile_ms(meter.latencies, 0.50),
        p99_ms=_percentile_ms(meter.latencies, 0.99),
        cpu_us_a=cpu_a,
        cpu_us_b=cpu_b,
        cpu_us_load=cpu_load,
        rss_mb_a=rss_a,
        rss_mb_b=rss_b,
    )


async def _warm_up(load: asyncio.Task[None], meter: Meter, order: Order) -> None:
    """At least `warm_s`, and until there were as many answers as lanes: the first burst is over."""
    began = perf_counter()
    await _pause(load, order.warm_s)
    while meter.answered < order.in_flight and perf_counter() - began < _LONGEST_WARM_S:
        await _pause(load, _WARM_STEP_S)


async def _pause(load: asyncio.Task[None], seconds: float) -> None:
    """Wait, unless the load ends by itself: then its error is the one to show."""
    done, _ = await asyncio.wait([load], timeout=seconds)
    if done:
        load.result()
        raise RuntimeError("the load ended before its window")


def _cpu(order: Order) -> tuple[float, float, float]:
    own = os.times()
    return (
        usage.cpu_seconds(order.nodes_a),
        usage.cpu_seconds(order.nodes_b),
        own.user + own.system,
    )


def _percentile_ms(latencies: list[int], share: float) -> float:
    if not latencies:
        return 0.0
    ordered = sorted(latencies)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] / 1e6
