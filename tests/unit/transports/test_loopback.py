"""The loopback wire: its faults strike and are counted, it replays, and links survive it."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from gatepost.ports import Line
from gatepost.transports.limits import Limits
from gatepost.transports.loopback import Faults
from tests.linked import Linked, VirtualFleet, acquainted
from tests.seeded import SeededEntropy

Body = Callable[[VirtualFleet], Awaitable[None]]


def play(body: Body, seed: str = "loopback", faults: Faults | None = None) -> VirtualFleet:
    fleet = VirtualFleet(seed, faults)

    async def main() -> None:
        async with fleet:
            await body(fleet)

    asyncio.run(main())
    return fleet


async def linked(fleet: VirtualFleet) -> tuple[Linked, Linked]:
    home, lab = await fleet.node("home"), await fleet.node("lab")
    acquainted((home, lab))
    home.dial(lab)
    await fleet.until(lambda: home.linked(lab) and lab.linked(home))
    return home, lab


def keep_linked(fleet: VirtualFleet, node: Linked, other: Linked, until: float) -> None:
    """What a node does: dial again a while after a failure or a loss, else have traffic."""

    def again() -> None:
        if node.linked(other):
            node.line(other).send(b"ball")
        elif fleet.clock.time < until:
            node.dial(other)
        if fleet.clock.time < until:
            pause = 0.5 + fleet.entropy.uniform()
            node.transport.clock.call_later(pause, again)

    again()


@pytest.mark.parametrize(
    ("fault", "faults"),
    [
        ("drop", Faults(drop=0.5)),
        ("duplicate", Faults(duplicate=0.5)),
        ("reorder", Faults(reorder=0.5, delay_max=0.1)),
        ("delay", Faults(delay=0.5)),
        ("flip", Faults(flip=0.5)),
    ],
)
def test_each_fault_strikes_frames_as_it_says_and_is_counted(fault: str, faults: Faults) -> None:
    sent = [n.to_bytes(2, "big") * 20 for n in range(400)]
    got: list[bytes] = []

    async def body(fleet: VirtualFleet) -> None:
        home, lab = await linked(fleet)
        fleet.wire.faults = faults
        for frame in sent:
            assert home.line(lab).send(frame)
        fleet.clock.run(500.0)
        got.extend(lab.owner.frames)

    count = play(body, faults=Faults()).wire.counts[fault]
    assert 100 < count < 300
    whole = [frame for frame in got if frame in sent]
    if fault == "drop":
        assert len(got) == 400 - count
        assert got == sorted(got)
    elif fault == "duplicate":
        assert len(got) == 400 + count
        assert set(got) == set(sent)
        assert got == sorted(got)
    elif fault == "reorder":
        assert got != sent
        assert sorted(got) == sent
    elif fault == "delay":
        assert got == sent
    else:
        assert len(got) == 400
        assert len(whole) == 400 - count


def test_without_faults_nothing_is_counted_but_traffic() -> None:
    async def body(fleet: VirtualFleet) -> None:
        home, lab = await linked(fleet)
        for n in range(100):
            home.line(lab).send(bytes([n]))
        fleet.clock.run(100.0)

    counts = play(body).wire.counts
    assert set(counts) == {"sent", "delivered"}
    assert counts["sent"] == counts["delivered"] == 104, "four messages of a hello, and a hundred"


def test_a_way_that_is_cut_lets_nothing_through_and_ends_the_link_after_a_while() -> None:
    async def body(fleet: VirtualFleet) -> None:
        home, lab = await linked(fleet)
        fleet.wire.cut(home.id, lab.id)
        for n in range(10):
            home.line(lab).send(bytes([n]))
            lab.line(home).send(bytes([n]))
        fleet.clock.run(30.0)
        assert lab.owner.frames == []
        assert len(home.owner.frames) == 10
        assert "no sign of life" in lab.owner.downs[0][1]
        assert home.owner.downs, "the way back is open: it is told"
        home.dial(lab)
        fleet.clock.run(6.0)
        assert home.owner.failures[0][1] == "peer.unreachable"
        fleet.wire.mend(home.id, lab.id)
        home.dial(lab)
        await fleet.until(lambda: home.linked(lab) and lab.linked(home))
        assert fleet.wire.counts["cut"] == 11

    play(body)


def test_a_broken_connection_is_seen_by_both_and_can_be_dialled_again() -> None:
    async def body(fleet: VirtualFleet) -> None:
        home, lab = await linked(fleet)
        fleet.wire.break_links(home.id, lab.id)
        await fleet.until(lambda: home.owner.downs and lab.owner.downs)
        assert home.owner.downs[0][1] == "the connection was lost"
        lab.dial(home)
        await fleet.until(lambda: home.linked(lab) and lab.linked(home))
        assert fleet.wire.counts["loss"] == 1

    play(body)


@pytest.mark.parametrize("silent", [False, True])
def test_a_crashed_node_is_told_nothing_and_its_next_life_links(silent: bool) -> None:
    async def body(fleet: VirtualFleet) -> None:
        home, lab = await linked(fleet)
        lab.line(home).send(b"last words")
        home.line(lab).send(b"too late")
        fleet.crash(lab, silent=silent)
        fleet.clock.run(0.1)
        assert home.owner.frames == [b"last words"]
        assert home.linked(lab) == silent
        again = await fleet.node("lab", port=7001)
        again.knows(home)
        again.dial(home)
        await fleet.until(lambda: again.linked(home) and home.linked(again))
        fleet.clock.run(600.0)
        assert len(home.owner.ups) == 2
        assert home.linked(again)
        assert lab.owner.downs == []
        assert lab.owner.frames == []

    play(body)


def test_a_crash_during_a_dial_calls_nobody() -> None:
    async def body(fleet: VirtualFleet) -> None:
        for steps in range(40):
            home, lab = await fleet.node(f"home{steps}"), await fleet.node(f"lab{steps}")
            acquainted((home, lab))
            home.dial(lab)
            for _ in range(steps):
                fleet.clock.step()
            before = (list(home.owner.ups), list(home.owner.failures))
            fleet.crash(home)
            fleet.clock.run(60.0)
            assert (home.owner.ups, home.owner.failures) == before
            assert lab.owner.lines == {}

    play(body)


def test_no_hello_with_a_flipped_bit_brings_a_link_up() -> None:
    async def body(fleet: VirtualFleet) -> None:
        home = await fleet.node("home")
        lab = await fleet.node("lab", limits=Limits(burst=10_000))
        acquainted((home, lab))
        fleet.wire.faults = Faults(flip=1.0)
        for n in range(500):
            home.dial(lab)
            await fleet.until(lambda n=n: len(home.owner.failures) == n + 1)
        assert home.owner.ups == []
        assert lab.owner.ups == []
        assert fleet.wire.counts["flip"] >= 500

    play(body)


def test_the_same_seed_gives_the_same_world_and_another_seed_another() -> None:
    def world(seed: str) -> list[tuple[float, str]]:
        faults = Faults(jitter=0.01, drop=0.1, reorder=0.1, duplicate=0.1, flip=0.05, loss=0.01)

        async def body(fleet: VirtualFleet) -> None:
            home, lab = await fleet.node("home"), await fleet.node("lab")
            acquainted((home, lab))
            for one, other in ((home, lab), (lab, home)):
                keep_linked(fleet, one, other, 60.0)
                one.owner.on_frame = lambda line, data: data == b"ball" and line.send(b"back")
            fleet.clock.run(60.0)

        return play(body, seed, faults).log

    assert world("a") == world("a")
    assert len(world("a")) > 100
    assert world("a") != world("b")


def both_dial(seed: str, offset: float, jitter: float) -> None:
    async def body(fleet: VirtualFleet) -> None:
        nodes = [await fleet.node(name) for name in ("home", "lab")]
        acquainted(nodes)
        smaller, larger = sorted(nodes, key=lambda node: node.id)
        fleet.clock.call_later(max(0.0, offset), partial(smaller.dial, larger))
        fleet.clock.call_later(max(0.0, -offset), partial(larger.dial, smaller))
        fleet.clock.run(3.0)
        for node in nodes:
            assert len(node.owner.ups) == 1, "one link, without flapping"
            assert node.owner.downs == node.owner.failures == []
        assert smaller.line(larger).send(b"to larger")
        assert larger.line(smaller).send(b"to smaller")
        fleet.clock.run(1.0)
        assert (larger.owner.frames, smaller.owner.frames) == ([b"to larger"], [b"to smaller"])

    play(body, seed, Faults(latency=0.01, jitter=jitter))


@pytest.mark.parametrize("jitter", [0.0, 0.005, 0.1])
def test_dials_of_both_at_any_offset_end_in_one_link_that_both_keep(
    seed: int, jitter: float
) -> None:
    for n in range(-40, 41):
        both_dial(f"{seed}/{n}", n * 0.0025, jitter)


def test_links_heal_after_chaos_and_stay(seed: int) -> None:
    for n in range(30):
        chaos(SeededEntropy(f"{seed}/chaos {n}"), f"{seed}/{n}")


def chaos(draw: SeededEntropy, seed: str) -> None:
    faults = Faults(
        jitter=0.05 * draw.uniform(),
        drop=0.2 * draw.uniform(),
        duplicate=0.2 * draw.uniform(),
        reorder=0.2 * draw.uniform(),
        delay=0.2 * draw.uniform(),
        flip=0.1 * draw.uniform(),
        loss=0.05 * draw.uniform(),
    )

    async def body(fleet: VirtualFleet) -> None:
        nodes = [await fleet.node(name) for name in ("home", "lab")]
        home, lab = nodes
        acquainted(nodes)

        def answer(line: Line) -> None:
            line.send(b"back")

        def echo(line: Line, data: bytes) -> None:
            if data == b"ball":
                fleet.clock.call_later(0.1, partial(answer, line))

        for one, other in ((home, lab), (lab, home)):
            keep_linked(fleet, one, other, 400.0)
            one.owner.on_frame = echo
            one.owner.on_up = lambda line: line.send(b"ball")
        fleet.clock.run(60.0)
        fleet.wire.cut(home.id, lab.id)
        fleet.clock.run(20.0)
        fleet.wire.mend(home.id, lab.id)
        fleet.wire.faults = Faults()
        fleet.clock.run(60.0)
        ups = [len(node.owner.ups) for node in nodes]
        assert home.linked(lab)
        assert lab.linked(home)
        fleet.clock.run(200.0)
        assert [len(node.owner.ups) for node in nodes] == ups, "healed links stay"
        home.line(lab).send(b"at last")
        fleet.clock.run(0.05)
        assert b"at last" in lab.owner.frames

    counts = play(body, seed, faults).wire.counts
    assert counts["delivered"] > 20, "not a test"
