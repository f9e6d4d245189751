"""Virtual time: one heap of events for the whole world, one clock for each life of a node.

Nothing else makes time pass. Every event that is run goes into the log's hash, so two runs of one
seed can be compared by one string.
"""

import hashlib
import heapq
from collections import deque
from collections.abc import Callable
from typing import Protocol

EPOCH = 1_700_000_000_000


class Owner(Protocol):
    """Whose event it is: a dead owner's events are not run."""

    @property
    def alive(self) -> bool: ...

    def begin(self) -> None: ...


class Living(Owner, Protocol):
    """What a clock asks of the life it belongs to."""

    @property
    def name(self) -> str: ...

    @property
    def offset(self) -> int: ...

    def tick(self, what: str) -> None: ...


class Event:
    """One callback that will be made. Implements `ports.Timer`."""

    __slots__ = ("fn", "owner", "what")

    def __init__(self, fn: Callable[[], None], owner: Owner | None, what: str) -> None:
        self.fn: Callable[[], None] | None = fn
        self.owner = owner
        self.what = what

    def cancel(self) -> None:
        self.fn = None


class Log:
    """What happened, as a running hash; the last lines are kept for whoever debugs."""

    def __init__(self, kept: int = 0) -> None:
        self._hash = hashlib.blake2b(digest_size=16)
        self.lines: deque[str] = deque(maxlen=kept)
        self._keeps = kept > 0
        self.count = 0

    def add(self, time: float, what: str) -> None:
        line = f"{time:.6f} {what}"
        self._hash.update(line.encode() + b"\n")
        self.count += 1
        if self._keeps:
            self.lines.append(line)

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


class Timeline:
    """The one clock behind all clocks. Implements `ports.Clock` for the wire."""

    def __init__(self, log: Log) -> None:
        self.time = 0.0
        self.log = log
        self.steps = 0
        self._heap: list[tuple[float, int, Event]] = []
        self._count = 0

    def now(self) -> int:
        return EPOCH + int(self.time * 1000)

    def monotonic(self) -> float:
        return self.time

    def call_later(self, seconds: float, fn: Callable[[], None]) -> Event:
        return self.after(seconds, fn)

    def call_soon(self, fn: Callable[[], None]) -> None:
        self.after(0.0, fn)

    def after(
        self,
        seconds: float,
        fn: Callable[[], None],
        owner: Owner | None = None,
        what: str = "",
    ) -> Event:
        event = Event(fn, owner, what)
        self._count += 1
        heapq.heappush(self._heap, (self.time + seconds, self._count, event))
        return event

    def step(self, until: float) -> bool:
        """Run the next event that is due by `until`. False when there is none."""
        while self._heap and self._heap[0][0] <= until:
            self.time, _, event = heapq.heappop(self._heap)
            fn, owner = event.fn, event.owner
            if fn is None or (owner is not None and not owner.alive):
                continue
            event.fn = None
            self.steps += 1
            if event.what:
                self.log.add(self.time, event.what)
            if owner is not None:
                owner.begin()
            fn()
            return True
        self.time = until
        return False


class NodeClock:
    """The clock of one life of a node: its wall time is off by the machine's `offset` (ms)."""

    def __init__(self, timeline: Timeline, life: Living) -> None:
        self._timeline = timeline
        self._life = life

    def now(self) -> int:
        return self._timeline.now() + self._life.offset

    def monotonic(self) -> float:
        return self._timeline.time

    def call_later(self, seconds: float, fn: Callable[[], None]) -> Event:
        self._life.tick("timer")
        return self._timeline.after(max(0.0, seconds), fn, self._life)

    def call_soon(self, fn: Callable[[], None]) -> None:
        self._life.tick("timer")
        self._timeline.after(0.0, fn, self._life)
