"""A hostile peer on a real link to a real node: replayed, altered and misdirected frames, probes.

The node is a process of its own; the peer holds valid keys, was paired and granted like any other.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from gatepost.core.entry import Message, Update, encode_entry
from gatepost.core.frame import FRAME_MAX, Sender, build
from gatepost.core.views import GrantIn, MessagesQuery
from gatepost.host import keys
from tests.edge.mallory import NOW, Mallory
from tests.linked import RealFleet
from tests.process.nodes import RealNode, add_agent
from tests.process.scene import Scene

pytestmark = pytest.mark.process
VERBS = ("send", "ask", "delegate")


@asynccontextmanager
async def mallory(tmp_path: Path, node: RealNode, alias: str) -> AsyncIterator[Mallory]:
    """A peer of the node, linked; forgotten at the end, with the rules for it."""
    async with RealFleet(tmp_path) as fleet:
        own = await fleet.node(alias, listen=False)
        peer = await Mallory(fleet, own, node).pair(alias)
        try:
            yield await peer.link()
        finally:
            with node.operator as operator:
                for rule in operator.rules():
                    if rule.id.startswith(f"{alias}-"):
                        operator.revoke(rule.id)
                operator.remove_peer(alias)


def message(n: int, to: str) -> Message:
    """The n-th message to an agent; it has no parts and expires in a later century."""
    return Message(
        id=f"018bcfe5-6800-7000-8000-{random.Random(f'{n} {to}').getrandbits(48):012x}",
        from_agent="main",
        to_agent=to,
        conversation="018bcfe5-6800-7000-8000-00000000c0de",
        want="answer",
        created=NOW,
        expires=NOW * 3,
    )


def let_in(node: RealNode, alias: str, agent: str) -> None:
    with node.operator as operator:
        operator.grant(GrantIn(sender=f"*@{alias}", verbs=VERBS, to=agent, id=f"{alias}-{agent}"))


def admitted(node: RealNode, alias: str) -> list[tuple[str, str]]:
    with node.operator as operator:
        views = operator.messages(MessagesQuery(peer=alias, limit=200))
        return sorted((view.id, view.state) for view in views)


def refusals(node: RealNode, alias: str) -> list[str]:
    """The rungs from which frames of this peer fell."""
    with node.operator as operator:
        events = [e for e in operator.events(1000) if e.kind == "frame.refused" and e.peer == alias]
        return [event.text.split(":")[0] for event in events]


@pytest.mark.requirement("T03")
def test_a_replayed_frame_is_acknowledged_and_admitted_once(shared: Scene, tmp_path: Path) -> None:
    lab, alias = shared.lab, shared.name("mallory")
    poller = shared.poller()

    async def attack() -> None:
        async with mallory(tmp_path, lab, alias) as peer:
            let_in(lab, alias, poller)
            first, second = message(1, poller), message(2, poller)
            frames = [await peer.say(first), await peer.say(second)]
            before = admitted(lab, alias)
            assert [id for id, _ in before] == sorted([first.id, second.id])
            for frame in frames * 3:
                told = len(peer.frames)
                peer.send(frame)
                await peer.fleet.until(lambda told=told: len(peer.frames) > told)
            assert peer.cursor == peer.slot
            assert admitted(lab, alias) == before
            peer.line.close("again")
            await peer.fleet.until(lambda: peer.node not in peer.own.owner.lines)
            await peer.link()
            for frame in frames:
                peer.send(frame)
            third = message(3, poller)
            await peer.say(third)
            assert [id for id, _ in admitted(lab, alias)] == sorted([first.id, second.id, third.id])

    asyncio.run(attack())


@pytest.mark.requirement("T03")
def test_a_replay_after_a_restart_of_the_node_is_admitted_nowhere(tmp_path: Path) -> None:
    lab = RealNode(tmp_path / "lab", "lab").make().start()
    add_agent(lab, "bob")

    async def attack() -> None:
        async with mallory(tmp_path, lab, "mallory") as peer:
            let_in(lab, "mallory", "bob")
            frame = await peer.say(message(1, "bob"))
            before = admitted(lab, "mallory")
            lab.restart()
            await peer.fleet.until(lambda: peer.node not in peer.own.owner.lines)
            await peer.link()
            peer.send(frame)
            await peer.say(message(2, "bob"))
            assert [one for one in admitted(lab, "mallory") if one in before] == before
            assert len(admitted(lab, "mallory")) == 2

    try:
        asyncio.run(attack())
        assert (lab.stop(), lab.said) == (0, "")
    finally:
        lab.kill()


@pytest.mark.requirement("T23")
def test_no_flipped_bit_is_taken_and_the_true_frame_still_is(
    shared: Scene, tmp_path: Path, seed: int
) -> None:
    lab, alias = shared.lab, shared.name("mallory")
    poller = shared.poller()
    chance = random.Random(seed)

    async def attack() -> None:
        async with mallory(tmp_path, lab, alias) as peer:
            let_in(lab, alias, poller)
            first = message(1, poller)
            frame = peer.frame(first)
            # Every section in turn: prelude and header, digests, signature, key, sealed entries.
            places = [*range(0, 12), *(chance.randrange(12, len(frame)) for _ in range(300))]
            for place in places:
                altered = bytearray(frame)
                altered[place] ^= 1 << chance.randrange(8)
                assert peer.send(bytes(altered))
            for cut in (0, 1, 11, 12, len(frame) // 2, len(frame) - 1):
                assert peer.send(frame[:cut])
            assert peer.send(frame + b"\0")
            assert peer.cursor == 0
            assert admitted(lab, alias) == []
            peer.send(frame)
            await peer.acked()
            assert [id for id, _ in admitted(lab, alias)] == [first.id]
            fell = refusals(lab, alias)
            assert len(fell) == len(places) + 7
            assert {"lengths", "signature", "open"} <= set(fell)

    asyncio.run(attack())


@pytest.mark.requirement("T05")
def test_frames_for_others_or_by_others_are_taken_from_nobody(
    shared: Scene, tmp_path: Path
) -> None:
    lab, alias, other = shared.lab, shared.name("mallory"), shared.name("mallory")
    poller = shared.poller()

    async def attack() -> None:
        async with mallory(tmp_path, lab, alias) as peer, mallory(tmp_path, lab, other) as second:
            let_in(lab, alias, poller)
            let_in(lab, other, poller)
            peer.send(second.frame(message(1, poller)))  # another peer's frame, word for word
            home = mallory_to(peer, shared.home)
            peer.send(home)  # by its own keys, but for another node
            await peer.say(message(2, poller))
            assert len(admitted(lab, alias)) == 1
            assert admitted(lab, other) == []
            assert "recipient" in refusals(lab, alias)

    asyncio.run(attack())


def mallory_to(peer: Mallory, node: RealNode) -> bytes:
    """A frame by this peer that is addressed to another node than the one it goes to."""
    record = keys.load(node.places.keys).record
    sender = Sender(
        peer.own.keys.record,
        record,
        sign=peer.own.keys.sign,
        wrap=peer.own.keys.wrap,
        random=peer.fleet.entropy.bytes,
    )
    return build(sender, peer.control(), [], now=NOW)


def test_an_oversized_frame_ends_the_link_and_nothing_else(shared: Scene, tmp_path: Path) -> None:
    lab, alias = shared.lab, shared.name("mallory")
    poller = shared.poller()

    async def attack() -> None:
        async with mallory(tmp_path, lab, alias) as peer:
            let_in(lab, alias, poller)
            peer.send(bytes(FRAME_MAX + 1))
            await peer.fleet.until(lambda: peer.node not in peer.own.owner.lines)
            await peer.link()
            await peer.say(message(1, poller))
            assert len(admitted(lab, alias)) == 1

    asyncio.run(attack())


@pytest.mark.requirement("T25")
def test_unknown_and_forbidden_agents_are_refused_with_the_same_bytes(
    shared: Scene, tmp_path: Path
) -> None:
    lab, alias = shared.lab, shared.name("mallory")
    forbidden = shared.poller()

    async def attack() -> None:
        async with mallory(tmp_path, lab, alias) as peer:
            said: list[bytes] = []
            for to in (forbidden, "nobody"):
                one = message(1, to)
                await peer.say(one)
                outcome = await peer.outcome(one.id)
                assert (outcome.state, outcome.reason) == ("rejected", "denied")
                said.append(said_of(outcome))
            assert said[0] == said[1]

    asyncio.run(attack())


def said_of(update: Update) -> bytes:
    """The bytes of an update but for which message it is about, and when."""
    same = msgspec.structs.replace(update, id="018bcfe5-6800-7000-8000-000000000000", at=0)
    return encode_entry(same)


@pytest.mark.requirement("T05")
def test_a_peer_says_nothing_about_messages_it_was_not_given(shared: Scene, tmp_path: Path) -> None:
    lab, alias = shared.lab, shared.name("mallory")
    poller = shared.poller()

    async def attack() -> None:
        async with mallory(tmp_path, lab, alias) as peer:
            main = add_agent(lab, shared.name("main"))
            with lab.operator as operator:
                operator.grant(GrantIn(sender=main, verbs=VERBS, to=poller, id=shared.name("g")))
            with lab.speaker(main) as speaker:
                task = speaker.delegate(poller, "look")
                lie = Update(id=task.id, what="outcome", state="done", at=NOW, run=1, by="agent")
                await peer.say(lie)
                assert speaker.check(task.id).state in ("received", "working", "accepted")
                speaker.cancel(task.id)

    asyncio.run(attack())
