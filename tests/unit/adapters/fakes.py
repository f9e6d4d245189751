"""Small fakes of the ports, for adapters."""

from collections.abc import Callable

from gatepost.core.message import Run, Text, UpdateIn, Verb
from gatepost.errors import GatepostError


class FakeTimer:
    """A callback of the fake clock."""

    def __init__(self, at: float, fn: Callable[[], None]) -> None:
        self.at = at
        self.fn = fn
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class FakeClock:
    """Time that goes when the test says so."""

    def __init__(self) -> None:
        self.time = 0.0
        self.timers: list[FakeTimer] = []

    def now(self) -> int:
        return round(self.time * 1000)

    def monotonic(self) -> float:
        return self.time

    def call_later(self, seconds: float, fn: Callable[[], None]) -> FakeTimer:
        timer = FakeTimer(self.time + seconds, fn)
        self.timers.append(timer)
        return timer

    def call_soon(self, fn: Callable[[], None]) -> None:
        self.call_later(0.0, fn)

    def advance(self, seconds: float) -> None:
        """Let time pass, with what is due in it."""
        end = self.time + seconds
        while due := [t for t in self.timers if t.at <= end and not t.cancelled]:
            timer = min(due, key=lambda t: t.at)
            self.timers.remove(timer)
            self.time = max(self.time, timer.at)
            timer.fn()
        self.time = end

    @property
    def pending(self) -> list[float]:
        """When something is due, from now."""
        return sorted(t.at - self.time for t in self.timers if not t.cancelled)


class FakeDesk:
    """Takes updates, and answers when the test says so."""

    agent = "worker"

    def __init__(self) -> None:
        self.told: list[UpdateIn] = []
        self.waiting: list[Callable[[GatepostError | None], None]] = []

    def update(self, update: UpdateIn, done: Callable[[GatepostError | None], None]) -> None:
        self.told.append(update)
        self.waiting.append(done)

    def answer(self, code: str = "") -> None:
        """Answer the oldest update: taken, or refused with this code."""
        self.waiting.pop(0)(GatepostError(code) if code else None)


def a_run(n: int = 1, text: str = "hello", verb: Verb = "ask", expires: int = 2**45) -> Run:
    """The first run of the n-th message."""
    return Run(
        run=f"{n}.1",
        id=f"01890000-0000-7000-8000-{n:012x}",
        agent="worker",
        sender="main@home",
        verb=verb,
        parts=(Text(text),),
        conversation="c",
        created=1,
        received=2,
        expires=expires,
    )
