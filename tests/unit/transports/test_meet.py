"""A meeting carries one request and one reply, for whatever key the listener shows."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gatepost.errors import GatepostError
from tests.linked import Linked, RealFleet, VirtualFleet

Fleet = RealFleet | VirtualFleet
Play = Callable[[Callable[[Fleet], Awaitable[None]]], None]


@pytest.fixture(params=["link", "loopback"])
def play(request: pytest.FixtureRequest, tmp_path: Path) -> Play:
    def run(body: Callable[[Fleet], Awaitable[None]]) -> None:
        async def whole() -> None:
            fleet = RealFleet(tmp_path) if request.param == "link" else VirtualFleet()
            async with fleet:
                await body(fleet)

        asyncio.run(whole())

    return run


async def met(fleet: Fleet, one: Linked, *endpoints: str) -> tuple[list[bytes], bytes | str]:
    """The keys shown, and the reply or the code of what went wrong."""
    shown: list[bytes] = []
    heard: list[bytes | GatepostError] = []

    def make(spki: bytes) -> bytes:
        shown.append(spki)
        return b"shall we meet?"

    def done(reply: bytes | GatepostError) -> None:
        heard.append(reply)
        one.owner._told()

    one.transport.meet(endpoints, make, done)
    await fleet.until(lambda: heard)
    await fleet.settle()
    (found,) = heard
    return shown, found.code if isinstance(found, GatepostError) else found


def test_the_request_is_made_for_the_key_shown_and_its_reply_comes_back(play: Play) -> None:
    async def body(fleet: Fleet) -> None:
        home, lab = await fleet.node("home"), await fleet.node("lab")
        lab.owner.reply = lambda answer: answer(b"gladly")
        assert await met(fleet, home, lab.endpoint) == ([lab.keys.record.tls_bytes], b"gladly")
        assert lab.owner.requests == [(b"shall we meet?", lab.keys.record.tls_bytes)]
        assert home.owner.ups == lab.owner.ups == []

    play(body)


@pytest.mark.requirement("T25")
def test_who_is_not_declared_there_gets_the_close_that_strangers_get(play: Play) -> None:
    async def body(fleet: Fleet) -> None:
        home, lab = await fleet.node("home"), await fleet.node("lab")
        shown, found = await met(fleet, home, lab.endpoint)
        assert (shown, found) == ([lab.keys.record.tls_bytes], "peer.refused")

    play(body)


def test_nobody_there_and_a_second_endpoint(play: Play) -> None:
    async def body(fleet: Fleet) -> None:
        home, lab = await fleet.node("home"), await fleet.node("lab")
        assert await met(fleet, home, "127.0.0.1:1") == ([], "peer.unreachable")
        lab.owner.reply = lambda answer: answer(b"gladly")
        _, found = await met(fleet, home, "127.0.0.1:1", lab.endpoint)
        assert found == b"gladly"

    play(body)
