import asyncio
import time

from gatepost import ports
from gatepost.host.clock import LoopClock


def test_wall_time_is_in_milliseconds() -> None:
    async def main() -> None:
        clock: ports.Clock = LoopClock(asyncio.get_running_loop())
        before = time.time_ns() // 1_000_000
        now = clock.now()
        assert before <= now <= time.time_ns() // 1_000_000

    asyncio.run(main())


def test_callbacks_come_in_order_and_cancelled_ones_never() -> None:
    async def main() -> list[str]:
        clock: ports.Clock = LoopClock(asyncio.get_running_loop())
        seen: list[str] = []
        done = asyncio.Event()
        clock.call_later(0.02, done.set)
        clock.call_later(0.01, lambda: seen.append("later"))
        clock.call_later(0, lambda: seen.append("never")).cancel()
        clock.call_soon(lambda: seen.append("soon"))
        seen.append("now")
        await asyncio.wait_for(done.wait(), 10)
        return seen

    assert asyncio.run(main()) == ["now", "soon", "later"]


def test_cancelling_what_was_called_is_harmless() -> None:
    async def main() -> bool:
        clock: ports.Clock = LoopClock(asyncio.get_running_loop())
        called = asyncio.Event()
        timer = clock.call_later(0, called.set)
        await asyncio.wait_for(called.wait(), 10)
        timer.cancel()
        return called.is_set()

    assert asyncio.run(main())


def test_monotonic_time_is_that_of_the_timers() -> None:
    async def main() -> float:
        clock: ports.Clock = LoopClock(asyncio.get_running_loop())
        rang = asyncio.get_running_loop().create_future()
        start = clock.monotonic()
        clock.call_later(0.01, lambda: rang.set_result(clock.monotonic() - start))
        return await asyncio.wait_for(rang, 10)

    # The loop may be early by its clock's resolution, never by more.
    assert asyncio.run(main()) >= 0.01 - time.get_clock_info("monotonic").resolution - 1e-6
