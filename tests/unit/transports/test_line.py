"""When a line calls the other side dead, in virtual time."""

from collections.abc import Callable

import pytest

from gatepost.transports.channel import BROKEN, Handler
from gatepost.transports.limits import Limits
from gatepost.transports.line import LinkLine
from tests.linked import Recorder, VirtualClock

LIMITS = Limits(idle=20.0, answer=4.0, pace=2.0)
ROOM = 10_000_000


class Wire:
    """A channel whose other side answers pings while it is `alive`, after what was sent before.

    `rate` is bytes per second that leave; `delay` what the other side takes to answer.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self.handler: Handler
        self.heard = False
        self.over = False
        self.address = "127.0.0.1:7443"
        self.alive = True
        self.rate = float("inf")
        self.delay = 0.1
        self.pings = 0
        self.ended: list[tuple[float, int, str]] = []
        self._clock = clock
        self._left = 0.0
        self._at = 0.0

    @property
    def unsent(self) -> int:
        now = self._clock.monotonic()
        self._left = max(0.0, self._left - (now - self._at) * self.rate) if self._left else 0.0
        self._at = now
        return int(self._left)

    def send(self, message: bytes) -> bool:
        self._left = self.unsent + len(message)
        return True

    def ping(self) -> None:
        self.pings += 1
        wait = self.unsent / self.rate + self.delay
        self._clock.call_later(wait, self._answered)

    def _answered(self) -> None:
        self.heard = self.heard or self.alive

    def trust(self) -> None:
        pass

    def close(self, code: int, reason: str) -> None:
        self.over = True
        self.ended.append((self._clock.monotonic(), code, reason))

    def cut(self, reason: str) -> None:
        raise AssertionError("a line says good-bye")


class Clock(VirtualClock):
    """`stood` is how long this process stood still: time went on and nothing rang."""

    stood = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.stood


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def wire(clock: VirtualClock) -> Wire:
    return Wire(clock)


@pytest.fixture
def line(clock: VirtualClock, wire: Wire) -> LinkLine:
    made = LinkLine(
        "a" * 52, wire, Recorder("b" * 52, lambda: None), lambda _: None, dialled=True, order=1
    )
    made.watch(clock, LIMITS)
    return made


def every(clock: VirtualClock, seconds: float, fn: Callable[[], object]) -> None:
    def again() -> None:
        fn()
        clock.call_later(seconds, again)

    again()


@pytest.mark.parametrize("frozen_at", [0.0, 0.5, 1.9, 7.0, 21.0])
def test_a_peer_that_froze_is_noticed_soon_after_something_was_sent_to_it(
    clock: VirtualClock, wire: Wire, line: LinkLine, frozen_at: float
) -> None:
    every(clock, 1.0, lambda: setattr(wire, "heard", wire.alive or wire.heard))
    clock.run(frozen_at)
    wire.alive = False
    clock.run(0.1)
    line.send(b"a question")
    asked = clock.monotonic()
    clock.run(12.0)
    assert [code for _, code, _ in wire.ended] == [BROKEN]
    assert wire.ended[0][0] - asked <= 2 * LIMITS.pace + LIMITS.answer


def test_a_silent_pair_is_asked_once_in_the_idle_time_and_lives(
    clock: VirtualClock, wire: Wire, line: LinkLine
) -> None:
    clock.run(200.0)
    assert line.open
    assert 8 <= wire.pings <= 10


def test_a_silent_peer_that_froze_is_noticed_without_anything_sent(
    clock: VirtualClock, wire: Wire, line: LinkLine
) -> None:
    clock.run(30.0)
    wire.alive = False
    clock.run(LIMITS.idle + 2 * LIMITS.pace + LIMITS.answer)
    assert not line.open


def test_talk_that_is_never_silent_costs_no_ping(
    clock: VirtualClock, wire: Wire, line: LinkLine
) -> None:
    def talk() -> None:
        line.send(b"frame")
        wire.heard = True

    every(clock, 0.5, talk)
    clock.run(100.0)
    assert wire.pings == 0
    assert line.open


def test_a_slow_line_full_of_what_was_sent_is_not_called_dead(
    clock: VirtualClock, wire: Wire, line: LinkLine
) -> None:
    wire.rate = 100_000.0
    line.send(bytes(4_000_000))
    clock.run(60.0)
    assert line.open
    assert wire.ended == []


def test_a_line_that_is_full_and_does_not_move_is_called_dead(
    clock: VirtualClock, wire: Wire, line: LinkLine
) -> None:
    wire.rate = 1e-9
    wire.alive = False
    line.send(bytes(4_000_000))
    clock.run(12.0)
    assert not line.open


def test_a_process_that_was_stopped_itself_asks_again_before_it_judges(
    clock: Clock, wire: Wire, line: LinkLine
) -> None:
    wire.alive = False
    line.send(b"a question")
    clock.run(2.0)
    assert wire.pings == 1
    clock.stood = 60.0
    clock.run(4.0)
    assert line.open, "what came meanwhile is not read yet"
    assert wire.pings == 2
    clock.run(4.0)
    assert not line.open


@pytest.mark.parametrize("busy", [0.5, 1.5, 3.5])
def test_a_peer_that_is_slow_to_answer_under_load_is_not_called_dead(
    clock: VirtualClock, wire: Wire, line: LinkLine, busy: float
) -> None:
    wire.delay = busy
    every(clock, 0.3, lambda: line.send(b"more work"))
    clock.run(300.0)
    assert line.open
