"""The contract of `ports.Transport`, over every implementation: a link, its frames and its end."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gatepost.core import pairing
from gatepost.core.frame import FRAME_MAX
from gatepost.errors import CATALOGUE, GatepostError
from gatepost.transports.limits import Limits
from tests.linked import Fleet, Linked, RealFleet, VirtualFleet, acquainted
from tests.seeded import SeededKeys

Body = Callable[[Fleet], Awaitable[None]]
Play = Callable[[Body], None]


@pytest.fixture(params=["link", "loopback"])
def play(request: pytest.FixtureRequest, tmp_path: Path) -> Play:
    def run(body: Body) -> None:
        async def main() -> None:
            fleet = RealFleet(tmp_path) if request.param == "link" else VirtualFleet()
            async with fleet:
                await body(fleet)

        asyncio.run(main())

    return run


async def pair_up(fleet: Fleet) -> tuple[Linked, Linked]:
    """Two linked nodes, the first of smaller id; it dialled."""
    one, other = sorted([await fleet.node("home"), await fleet.node("lab")], key=lambda n: n.id)
    acquainted((one, other))
    one.dial(other)
    await fleet.until(lambda: one.linked(other) and other.linked(one))
    return one, other


def test_a_dial_brings_a_link_up_on_both_sides_with_the_greeting_of_the_other(play: Play) -> None:
    async def body(fleet: Fleet) -> None:
        one, other = await pair_up(fleet)
        assert one.line(other).peer == other.id
        assert other.line(one).peer == one.id
        assert one.owner.ups[0][1] == other.owner.greeting(one.id)
        assert other.owner.ups[0][1] == one.owner.greeting(other.id)
        assert one.line(other).address == f"{other.endpoint} (dialled)"
        assert other.line(one).address.endswith(" (accepted)")

    play(body)


def test_frames_arrive_whole_in_order_and_in_both_directions(play: Play) -> None:
    async def body(fleet: Fleet) -> None:
        one, other = await pair_up(fleet)
        there = [bytes([n]) * (1 + n * n) for n in range(200)]
        back = [bytes([n]) * (1 + n) for n in range(200)]
        for n in range(200):
            assert one.line(other).send(there[n])
            assert other.line(one).send(back[n])
        await fleet.until(lambda: len(one.owner.frames) + len(other.owner.frames) == 400)
        assert other.owner.frames == there
        assert one.owner.frames == back

    play(body)


def test_a_frame_of_the_largest_size_arrives(play: Play) -> None:
    async def body(fleet: Fleet) -> None:
        one, other = await pair_up(fleet)
        frame = fleet.entropy.bytes(FRAME_MAX)
        assert one.line(other).send(frame)
        assert other.line(one).send(frame)
        await fleet.until(lambda: one.owner.frames and other.owner.frames)
        assert one.owner.frames == other.owner.frames == [frame]

    play(body)


def test_a_frame_larger_than_a_frame_ends_the_link_and_is_not_handed_over(play: Play) -> None:
    async def body(fleet: Fleet) -> None:
        one, other = await pair_up(fleet)
        assert one.line(other).send(bytes(FRAME_MAX + 1))
        await fleet.until(lambda: one.owner.downs and other.owner.downs)
        assert other.owner.frames == []

    play(body)


def test_frames_may_be_sent_from_within_link_up(play: Play) -> None:
    async def body(fleet: Fleet) -> None:
        one, other = await fleet.node("home"), await fleet.node("lab")
        acquainted((one, other))
        for node in (one, other):
            node.owner.on_up = lambda line: [line.send(bytes([n])) for n in range(3)]
        one.dial(other)
        await fleet.until(lambda: len(one.owner.frames) == len(other.owner.frames) == 3)
        assert one.owner.frames == other.owner.frames == [b"\0", b"\1", b"\2"]

    play(body)


def test_a_full_line_takes_nothing_and_says_when_there_is_room_again(play: Play) -> None:
    async def body(fleet: Fleet) -> None:
        one, other = await pair_up(fleet)
        taken = 0
        while one.line(other).send(bytes(FRAME_MAX)):
            taken += 1
            assert taken < 1000, "the line takes everything"
        assert taken * FRAME_MAX >= 4 * 1024 * 1024
        assert one.owner.ready == []
        await fleet.until(lambda: one.owner.ready)
        assert one.owner.ready == [one.line(other)]
        assert one.line(other).send(b"again")
        await fleet.until(lambda: len(other.owner.frames) == taken + 1)
        assert other.owner.frames[-1] == b"again"

    play(body)


def test_closing_ends_the_link_once_on_both_sides_and_no_frame_comes_after(play: Play) -> None:
    async def body(fleet: Fleet) -> None:
        one, other = await pair_up(fleet)
        line = one.line(other)
        for n in range(50):
            other.line(one).send(bytes([n]))
        line.close("a test")
        assert one.linked(other), "link_down follows, it does not come within the call"
        assert not line.send(b"late")
        line.close("again")
        await fleet.until(lambda: one.owner.downs and other.owner.downs)
        await fleet.settle()
        assert [reason for _, reason in one.owner.downs] == ["a test"]
        assert [reason for _, reason in other.owner.downs] == ["the peer closed the link"]
        assert one.owner.frames == []

    play(body)


def test_a_line_may_be_closed_from_within_a_frame_and_the_next_frame_is_not_given(
    play: Play,
) -> None:
    async def body(fleet: Fleet) -> None:
        one, other = await pair_up(fleet)
        other.owner.on_frame = lambda line, data: line.close("blocked")
        for n in range(64):
            assert one.line(other).send(bytes([n]))
        await fleet.until(lambda: one.owner.downs and other.owner.downs)
        await fleet.settle()
        assert other.owner.frames == [b"\0"]

    play(body)


def test_nobody_there_is_told_as_unreachable(play: Play) -> None:
    async def body(fleet: Fleet) -> None:
        one, other = await fleet.node("home"), await fleet.node("lab", listen=False)
        acquainted((one, other))
        one.dial(other, "127.0.0.1:1")
        assert one.owner.failures == [], "told later, not within the call"
        await fleet.until(lambda: one.owner.failures)
        ((node, code, why),) = one.owner.failures
        assert (node, code) == (other.id, "peer.unreachable")
        assert why == "127.0.0.1:1: connection refused"

    play(body)


def test_a_peer_without_an_endpoint_is_told_as_unreachable(play: Play) -> None:
    async def body(fleet: Fleet) -> None:
        one, other = await fleet.node("home"), await fleet.node("lab")
        acquainted((one, other))
        one.transport.dial(other.id, (), other.keys.record.tls_bytes)
        await fleet.until(lambda: one.owner.failures)
        assert one.owner.failures[0][1] == "peer.unreachable"

    play(body)


def test_a_node_one_does_not_know_is_not_dialled(play: Play) -> None:
    async def body(fleet: Fleet) -> None:
        one, other = await fleet.node("home"), await fleet.node("lab")
        one.dial(other)
        await fleet.until(lambda: one.owner.failures)
        assert one.owner.failures[0][1] == "peer.unknown"

    play(body)


def test_the_endpoints_are_tried_in_order_until_one_is_the_peer(play: Play) -> None:
    async def body(fleet: Fleet) -> None:
        one, other = await fleet.node("home"), await fleet.node("lab")
        stranger = await fleet.node("stranger")
        acquainted((one, other, stranger))
        one.dial(other, "127.0.0.1:1", stranger.endpoint, other.endpoint)
        await fleet.until(lambda: one.linked(other) and other.linked(one))
        assert one.owner.failures == []
        assert stranger.owner.ups == []

    play(body)


def test_another_node_at_the_address_is_told_as_wrong_node(play: Play) -> None:
    async def body(fleet: Fleet) -> None:
        one, other = await fleet.node("home"), await fleet.node("lab")
        stranger = await fleet.node("stranger")
        acquainted((one, other, stranger))
        one.dial(other, stranger.endpoint, "127.0.0.1:1")
        await fleet.until(lambda: one.owner.failures)
        await fleet.settle()
        assert one.owner.failures[0][1] == "peer.wrong_node"
        assert stranger.owner.ups == []

    play(body)


def test_a_node_that_is_not_known_there_is_refused_and_never_up(play: Play) -> None:
    async def body(fleet: Fleet) -> None:
        one, other = await fleet.node("home"), await fleet.node("lab")
        one.knows(other)
        one.dial(other)
        await fleet.until(lambda: one.owner.failures)
        await fleet.settle()
        assert one.owner.failures[0][1] == "peer.refused"
        assert one.owner.ups == other.owner.ups == []

    play(body)


def test_every_failure_has_a_code_of_the_catalogue(play: Play) -> None:
    async def body(fleet: Fleet) -> None:
        one, other = await fleet.node("home"), await fleet.node("lab")
        one.dial(other)
        await fleet.until(lambda: len(one.owner.failures) == 1)
        one.knows(other)
        for endpoint in ("127.0.0.1:1", one.endpoint, other.endpoint):
            one.dial(other, endpoint)
            count = len(one.owner.failures)
            await fleet.until(lambda count=count: len(one.owner.failures) > count)
        assert len(one.owner.failures) == 4
        assert {code for _, code, _ in one.owner.failures} <= CATALOGUE.keys()

    play(body)


@pytest.mark.parametrize("side", ["dialler", "listener"])
def test_a_peer_blocked_while_it_says_hello_gets_no_link(play: Play, side: str) -> None:
    async def body(fleet: Fleet) -> None:
        one, other = await fleet.node("home"), await fleet.node("lab")
        acquainted((one, other))
        blocks = one if side == "dialler" else other
        greeting = blocks.owner.greeting

        def block_then_greet(node: str) -> bytes:
            blocks.owner.peers.clear()
            return greeting(node)

        blocks.owner.greeting = block_then_greet
        one.dial(other)
        await fleet.until(lambda: one.owner.failures)
        await fleet.settle()
        code = "peer.blocked" if side == "dialler" else "peer.refused"
        assert one.owner.failures[0][1] == code
        assert blocks.owner.ups == []
        assert not one.owner.lines
        assert not other.owner.lines

    play(body)


def test_a_peer_removed_before_it_answers_is_not_greeted(play: Play) -> None:
    async def body(fleet: Fleet) -> None:
        one, other = await fleet.node("home"), await fleet.node("lab")
        acquainted((one, other))
        greeting, greeted = other.owner.greeting, list[str]()

        def remove_then_greet(node: str) -> bytes:
            one.owner.peers.clear()
            return greeting(node)

        other.owner.greeting = remove_then_greet
        one.owner.greeting = lambda node: greeted.append(node) or b""
        one.dial(other)
        await fleet.until(lambda: one.owner.failures)
        await fleet.settle()
        assert one.owner.failures[0][1] == "peer.blocked"
        assert greeted == []

    play(body)


def test_a_second_dial_to_a_linked_peer_changes_nothing(play: Play) -> None:
    async def body(fleet: Fleet) -> None:
        one, other = await pair_up(fleet)
        one.dial(other)
        other.dial(one)
        await fleet.settle()
        assert len(one.owner.ups) == len(other.owner.ups) == 1
        assert one.owner.downs == other.owner.downs == []

    play(body)


def test_a_line_that_was_closed_can_be_dialled_again_at_once(play: Play) -> None:
    async def body(fleet: Fleet) -> None:
        one, other = await pair_up(fleet)
        one.line(other).close("its endpoint changed")
        one.dial(other)
        await fleet.until(lambda: len(one.owner.ups) == 2 and len(other.owner.ups) == 2)
        await fleet.settle()
        assert one.linked(other)
        assert other.linked(one)

    play(body)


def test_both_dial_at_once_and_the_link_of_the_smaller_id_stays(play: Play) -> None:
    async def body(fleet: Fleet) -> None:
        nodes = [await fleet.node(name) for name in ("home", "lab")]
        smaller, larger = sorted(nodes, key=lambda node: node.id)
        acquainted(nodes)
        smaller.dial(larger)
        larger.dial(smaller)
        await fleet.until(lambda: smaller.linked(larger) and larger.linked(smaller))
        await fleet.settle()
        assert smaller.line(larger).address.endswith("(dialled)")
        assert larger.line(smaller).address.endswith("(accepted)")
        assert len(smaller.owner.ups) == len(larger.owner.ups) == 1, "no flapping"
        assert smaller.owner.downs == larger.owner.downs == []
        assert smaller.owner.failures == larger.owner.failures == []
        assert smaller.line(larger).send(b"hello")
        await fleet.until(lambda: larger.owner.frames)

    play(body)


def test_the_larger_id_may_dial_alone(play: Play) -> None:
    async def body(fleet: Fleet) -> None:
        nodes = [await fleet.node(name) for name in ("home", "lab")]
        smaller, larger = sorted(nodes, key=lambda node: node.id)
        acquainted(nodes)
        larger.dial(smaller)
        await fleet.until(lambda: smaller.linked(larger) and larger.linked(smaller))
        assert larger.line(smaller).address.endswith("(dialled)")

    play(body)


def test_a_dial_the_smaller_cannot_finish_does_not_keep_the_larger_out(play: Play) -> None:
    async def body(fleet: Fleet) -> None:
        nodes = [await fleet.node(name) for name in ("home", "lab")]
        smaller, larger = sorted(nodes, key=lambda node: node.id)
        acquainted(nodes)
        smaller.dial(larger, "127.0.0.1:1")
        larger.dial(smaller)
        await fleet.until(lambda: smaller.linked(larger) and larger.linked(smaller))
        await fleet.settle()
        assert smaller.linked(larger)
        assert larger.linked(smaller)

    play(body)


@pytest.mark.parametrize("dialler", ["the smaller", "the larger"])
def test_a_peer_that_lost_its_end_relinks_at_once_in_place_of_the_old_link(
    play: Play, dialler: str
) -> None:
    async def body(fleet: Fleet) -> None:
        nodes = {node.id: node for node in [await fleet.node("home"), await fleet.node("lab")]}
        stays, returns = (nodes[node] for node in sorted(nodes, reverse=dialler == "the larger"))
        acquainted(nodes.values())
        stays.dial(returns)
        await fleet.until(lambda: stays.linked(returns) and returns.linked(stays))
        # The other side comes back as a new process that knows of no link; the old one hangs.
        again = await fleet.node(returns.keys.seed)
        again.knows(stays)
        again.dial(stays)
        await fleet.until(lambda: again.linked(stays) and len(stays.owner.ups) == 2)
        await fleet.until(lambda: returns.owner.downs)
        await fleet.settle()
        assert [reason for _, reason in stays.owner.downs] == [
            "another link between the two nodes took its place"
        ]
        assert stays.line(again).send(b"to the new one")
        await fleet.until(lambda: again.owner.frames == [b"to the new one"])

    play(body)


def test_a_stopped_node_closes_its_links_and_dials_no_more(play: Play) -> None:
    async def body(fleet: Fleet) -> None:
        one, other = await pair_up(fleet)
        closing = other.transport.close()
        if closing is not None:
            await closing
        await fleet.until(lambda: one.owner.downs and other.owner.downs)
        assert [reason for _, reason in one.owner.downs] == ["the peer is stopping"]
        assert [reason for _, reason in other.owner.downs] == ["this node is stopping"]
        other.dial(one)
        await fleet.settle()
        assert other.owner.lines == {}
        one.dial(other)
        await fleet.until(lambda: one.owner.failures)

    play(body)


def test_a_silent_link_is_kept_by_pings(play: Play) -> None:
    async def body(fleet: Fleet) -> None:
        quick = Limits(idle=0.02, answer=15.0)
        one, other = await fleet.node("home", limits=quick), await fleet.node("lab", limits=quick)
        acquainted((one, other))
        one.dial(other)
        await fleet.until(lambda: one.linked(other) and other.linked(one))
        if isinstance(fleet, VirtualFleet):
            fleet.clock.run(3600.0)
        else:
            marks: list[int] = []
            loop = asyncio.get_running_loop()
            loop.call_later(0.3, marks.append, 1)
            loop.call_later(0.31, one.owner._told)  # wakes the wait
            await fleet.until(lambda: marks)
        assert one.linked(other)
        assert other.linked(one)
        assert one.owner.downs == other.owner.downs == []

    play(body)


def test_a_newer_record_of_the_peer_is_handed_on_before_the_link_is_up(play: Play) -> None:
    async def body(fleet: Fleet) -> None:
        one, other = await fleet.node("home"), await fleet.node("lab")
        acquainted((one, other))
        for node, name in ((one, "home"), (other, "lab")):
            newer = SeededKeys(name, seq=2, tls=node.keys.record.tls_bytes, endpoints=("h:1",))
            node.keys.record, node.keys.record_bytes = newer.record, newer.record_bytes
        one.dial(other)
        await fleet.until(lambda: one.linked(other) and other.linked(one))
        assert one.owner.newer == [other.keys.record]
        assert other.owner.newer == [one.keys.record]

    play(body)


def test_a_request_to_pair_gets_the_reply_of_the_inviter(play: Play) -> None:
    async def body(fleet: Fleet) -> None:
        one, other = await fleet.node("home"), await fleet.node("lab")
        request = pair_request(one, other)
        later: list[Callable[[bytes | None], None]] = []
        other.owner.reply = later.append
        got: list[bytes | GatepostError] = []
        pin = other.keys.record.tls_bytes
        one.transport.pair(("127.0.0.1:1", other.endpoint), pin, request, got.append)
        await fleet.until(lambda: later)
        assert other.owner.requests == [(request, pin)]
        assert got == []
        later[0](b"the reply")
        while not got:
            await fleet.settle()
        assert got == [b"the reply"]

    play(body)


def test_a_request_the_inviter_does_not_answer_is_an_invalid_invitation(play: Play) -> None:
    async def body(fleet: Fleet) -> None:
        one, other = await fleet.node("home"), await fleet.node("lab")
        got: list[bytes | GatepostError] = []
        pin = other.keys.record.tls_bytes
        endpoints = (other.endpoint, other.endpoint)
        one.transport.pair(endpoints, pin, pair_request(one, other), got.append)
        while not got:
            await fleet.settle()
        assert isinstance(got[0], GatepostError)
        assert got[0].code == "invitation.invalid"
        assert len(other.owner.requests) == 1, "a spent invitation is not presented again"

    play(body)


def test_an_invitation_is_not_shown_to_another_node(play: Play) -> None:
    async def body(fleet: Fleet) -> None:
        one, other = await fleet.node("home"), await fleet.node("lab")
        stranger = await fleet.node("stranger")
        got: list[bytes | GatepostError] = []
        request = pair_request(one, other)
        pin = other.keys.record.tls_bytes
        one.transport.pair((stranger.endpoint,), pin, request, got.append)
        while not got:
            await fleet.settle()
        assert isinstance(got[0], GatepostError)
        assert got[0].code == "peer.wrong_node"
        assert stranger.owner.requests == []

    play(body)


def pair_request(one: Linked, other: Linked) -> bytes:
    invitation = pairing.Invitation(
        endpoints=(other.endpoint,),
        node=other.id,
        tls=other.keys.record.tls_bytes,
        secret=bytes(16),
        expires=1_800_000_000_000,
    )
    return pairing.request(
        invitation, one.keys.record_bytes, "home", nonce=bytes(16), sign=one.keys.sign
    )
