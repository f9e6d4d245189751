"""The echo answers with what it was given."""

import asyncio
from typing import cast

from gatepost.adapters.echo import RETRY, EchoAdapter
from gatepost.core.message import Run
from gatepost.ports import Claim, Client, Desk

from .fakes import FakeClock, FakeDesk, a_run


class EchoDesk(FakeDesk):
    """A desk whose claim finds some runs open."""

    def __init__(self, *open_runs: Run) -> None:
        super().__init__()
        self.open_runs = open_runs
        self.found: list[tuple[str, str]] = []
        self.capacities: list[int] = []
        self.released = False

    def claim(self, client: Client, capacity: int, kind: str) -> Claim:
        self.capacities.append(capacity)
        return cast(Claim, self)

    def evidence(self, run: str, found: str) -> None:
        self.found.append((run, found))

    def capacity(self, n: int) -> None:
        self.capacities.append(n)

    def release(self) -> None:
        self.released = True


def started(desk: EchoDesk) -> tuple[EchoAdapter, FakeClock]:
    clock = FakeClock()
    echo = EchoAdapter(cast(Desk, desk), clock, 7)
    asyncio.run(echo.start())
    return echo, clock


def test_an_ask_is_answered_with_its_own_parts_and_a_send_is_only_taken() -> None:
    desk = EchoDesk()
    echo, _ = started(desk)
    echo.offer(a_run(1, "hello"))
    echo.offer(a_run(2, "note", verb="send"))
    assert [(update.kind, update.parts) for update in desk.told] == [
        ("answer", a_run(1, "hello").parts),
        ("done", ()),
    ]
    assert desk.capacities == [0, 7]


def test_a_run_that_was_open_is_answered_after_the_evidence() -> None:
    desk = EchoDesk(a_run(3))
    started(desk)
    assert desk.found == [("3.1", "running")]
    assert desk.told[0].id == a_run(3).id


def test_an_answer_the_node_cannot_take_now_is_said_again() -> None:
    desk = EchoDesk()
    echo, clock = started(desk)
    echo.offer(a_run())
    desk.answer("store.full")
    assert clock.pending == [RETRY]
    clock.advance(RETRY)
    assert len(desk.told) == 2


def test_an_answer_the_node_will_never_take_becomes_a_failure() -> None:
    desk = EchoDesk()
    echo, _ = started(desk)
    echo.offer(a_run())
    desk.answer("message.too_large")
    assert (desk.told[1].kind, desk.told[1].reason) == ("failed", "message.too_large")


def test_a_run_that_ended_meanwhile_is_let_go() -> None:
    desk = EchoDesk()
    echo, clock = started(desk)
    echo.offer(a_run())
    desk.answer("run.not_yours")
    assert (len(desk.told), clock.pending) == (1, [])


def test_after_the_stop_nothing_is_said_again() -> None:
    desk = EchoDesk()
    echo, clock = started(desk)
    echo.offer(a_run())
    desk.answer("store.full")
    asyncio.run(echo.stop(0.0))
    clock.advance(60)
    assert (len(desk.told), desk.capacities[-1], desk.released) == (1, 0, True)
