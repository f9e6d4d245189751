"""A probe says how far it came, and touches nothing. On sockets, and on the wire in memory."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gatepost.core.views import Step
from gatepost.errors import GatepostError
from tests.linked import Linked, RealFleet, VirtualFleet, acquainted

Fleet = RealFleet | VirtualFleet
Play = Callable[[Callable[[Fleet], Awaitable[None]]], None]
Found = tuple[tuple[Step, ...], GatepostError | None]


@pytest.fixture(params=["link", "loopback"])
def play(request: pytest.FixtureRequest, tmp_path: Path) -> Play:
    def run(body: Callable[[Fleet], Awaitable[None]]) -> None:
        async def whole() -> None:
            fleet = RealFleet(tmp_path) if request.param == "link" else VirtualFleet()
            async with fleet:
                await body(fleet)

        asyncio.run(whole())

    return run


async def probed(
    fleet: Fleet, one: Linked, other: Linked, *endpoints: str, pin: bytes | None = None
) -> Found:
    found: list[Found] = []

    def done(steps: tuple[Step, ...], error: GatepostError | None) -> None:
        found.append((steps, error))
        one.owner._told()

    pin = pin or other.keys.record.tls_bytes
    one.transport.probe(other.id, endpoints or (other.endpoint,), pin, done)
    await fleet.until(lambda: found)
    return found[0]


def states(steps: tuple[Step, ...]) -> list[tuple[str, str]]:
    return [(step.name, step.state) for step in steps]


async def two(fleet: Fleet) -> tuple[Linked, Linked]:
    nodes = await fleet.node("home"), await fleet.node("lab")
    acquainted(nodes)
    return nodes


def test_an_open_way_passes_every_step_and_makes_no_link(play: Play) -> None:
    async def body(fleet: Fleet) -> None:
        home, lab = await two(fleet)
        steps, error = await probed(fleet, home, lab)
        await fleet.settle()
        assert states(steps) == [("tcp", "ok"), ("tls", "ok"), ("pin", "ok"), ("hello", "ok")]
        assert error is None
        assert home.owner.ups == lab.owner.ups == home.owner.failures == []

    play(body)


def test_a_live_link_stays_as_it_is_under_probes_from_both_sides(play: Play) -> None:
    async def body(fleet: Fleet) -> None:
        home, lab = await two(fleet)
        home.dial(lab)
        await fleet.until(lambda: home.linked(lab) and lab.linked(home))
        for _ in range(3):
            for one, other in ((home, lab), (lab, home)):
                _, error = await probed(fleet, one, other)
                assert error is None
        await fleet.settle()
        assert len(home.owner.ups) == len(lab.owner.ups) == 1
        assert home.owner.downs == lab.owner.downs == []

    play(body)


def test_nobody_there_is_told_from_another_node_there(play: Play) -> None:
    async def body(fleet: Fleet) -> None:
        home, lab = await two(fleet)
        other = await fleet.node("other")
        steps, error = await probed(fleet, home, lab, "127.0.0.1:1")
        assert states(steps)[0] == ("tcp", "failed")
        assert {state for _, state in states(steps)[1:]} == {"skipped"}
        assert "refused" in steps[0].text
        assert error is not None and error.code == "peer.unreachable"
        steps, error = await probed(fleet, home, lab, other.endpoint)
        assert [state for _, state in states(steps)] == ["ok", "ok", "failed", "skipped"]
        assert error is not None and error.code == "peer.wrong_node"

    play(body)


@pytest.mark.parametrize("reason", ["it blocked this node", "it never met this node"])
def test_a_peer_that_takes_no_links_fails_the_hello_and_not_the_network(
    play: Play, reason: str
) -> None:
    async def body(fleet: Fleet) -> None:
        home, lab = await two(fleet)
        lab.owner.peers.clear()
        steps, error = await probed(fleet, home, lab)
        assert [state for _, state in states(steps)] == ["ok", "ok", "ok", "failed"]
        assert "blocked" in steps[-1].text
        assert error is not None and error.code == "peer.refused"

    play(body)


def test_every_endpoint_is_tried_until_one_leads_there(play: Play) -> None:
    async def body(fleet: Fleet) -> None:
        home, lab = await two(fleet)
        steps, error = await probed(fleet, home, lab, "127.0.0.1:1", lab.endpoint)
        assert error is None
        assert [state for _, state in states(steps)] == (
            ["failed", "skipped", "skipped", "skipped"] + ["ok"] * 4
        )

    play(body)


def test_a_peer_this_node_takes_no_links_from_is_not_probed(play: Play) -> None:
    async def body(fleet: Fleet) -> None:
        home, lab = await two(fleet)
        home.owner.peers.clear()
        steps, error = await probed(fleet, home, lab)
        assert steps == ()
        assert error is not None

    play(body)
