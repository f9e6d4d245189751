"""The stop button, a block in the middle of a burst, and one invitation for many at once."""

import pytest

from gatepost.errors import GatepostError
from gatepost.node.peers import Peer
from tests.edge.evil import Evil, EvilStage, mine
from tests.unit.node.stage import Stage


@pytest.mark.requirement("T28")
@pytest.mark.parametrize("what", ["", "bob"])
def test_after_a_pause_nothing_is_handed_over_and_nothing_is_lost(what: str) -> None:
    stage = Stage("home", "lab")
    worker = stage.worker("lab", "bob", capacity=4)
    ids = [stage.submit("home", "main", "bob@lab").id for _ in range(8)]
    stage.until(lambda: len(worker.offers) == 4)
    stage.machines["lab"].enter()
    stage.node("lab").pause(what)
    ids += [stage.submit("home", "main", "bob@lab").id for _ in range(8)]
    for id in worker.ids[:4]:
        stage.tell("lab", "bob", id, "answer", "ran before")
    stage.run(30)
    assert len(worker.offers) == 4
    stage.crash("lab")
    stage.boot("lab")
    worker = stage.worker("lab", "bob")
    stage.run(30)
    assert worker.offers == []
    stage.machines["lab"].enter()
    stage.node("lab").resume(what)
    for n in range(12):
        stage.until(lambda n=n: len(worker.offers) > n, 900)
        stage.tell("lab", "bob", worker.ids[n], "answer", "ran after")
    assert worker.ids == ids[4:]
    assert {stage.ends("home", id, "done").state for id in ids} == {"done"}


@pytest.mark.requirement("T28")
def test_a_paused_peer_brings_nothing_in() -> None:
    stage = EvilStage("home")
    evil = Evil(stage)
    evil.link()
    stage.machines["home"].enter()
    stage.node("home").pause("evil")
    evil.say(evil.message(1), keep=True)
    stage.run(5)
    assert evil.closed
    assert stage.node("home").peers.record_of(evil.keys.node) is None


@pytest.mark.requirement("T06")
def test_once_a_block_is_written_nothing_more_is_taken_from_any_frame() -> None:
    stage = EvilStage("home")
    evil = Evil(stage)
    evil.link()
    for n in range(32):
        evil.say(evil.message(n + 1))
    peers = stage.node("home").peers
    stage.machines["home"].enter()
    evil.row.row.blocked = True
    peers.save(evil.row)
    for n in range(32):
        evil.say(evil.message(n + 33))
    stage.run(1)
    peers.drop_link(evil.row, "blocked")
    stage.run(1)
    assert set(stage.node("home").inbox.ids) == {mine(n + 1) for n in range(32)}
    assert peers.record_of(evil.keys.node) is None
    stage.crash("home")
    stage.boot("home")
    assert stage.node("home").peers.record_of(evil.keys.node) is None


@pytest.mark.requirement("T19")
def test_of_many_that_redeem_one_invitation_at_once_exactly_one_becomes_a_peer() -> None:
    names = [f"n{n}" for n in range(12)]
    stage = Stage("lab", *names, paired=False)
    made: list[object] = []
    stage.node("lab").pairing.invite("", 15, made.append)
    stage.until(lambda: made)
    text = made[0].text  # type: ignore[attr-defined]
    heard: list[Peer | GatepostError] = []
    for name in names:
        stage.machines[name].enter()
        stage.node(name).pairing.accept(text, "", heard.append)
    stage.until(lambda: len(heard) == len(names), 900)
    refused = [one.code for one in heard if isinstance(one, GatepostError)]
    assert len(refused) == len(names) - 1
    assert set(refused) <= {"invitation.used", "invitation.invalid"}
    assert len(stage.node("lab").peers.by_node) == 1
    assert sum(len(stage.node(name).peers.by_node) for name in names) == 1
    stage.until(stage.linked, 900)
