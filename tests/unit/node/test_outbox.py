"""Messages given to peers: waiting, slotted, withdrawn, and ended by the receiver's word alone."""

import pytest

from gatepost.core.message import Submission, Text
from gatepost.errors import GatepostError
from gatepost.node import exchange
from tests.unit.node.stage import OPEN, Stage, law, states

HOUR = 3600.0


def away(queue: int = 2048) -> Stage:
    """Two nodes that have met; now there is no way between them."""
    stage = Stage("home", "lab", queue_in_memory=queue)
    stage.part("home", "lab")
    return stage


@pytest.mark.requirement("P4")
def test_messages_to_an_absent_peer_wait_and_then_go_in_order() -> None:
    stage = away()
    sent = [stage.submit("home", "main", "bob@lab", f"{n}", verb="send").id for n in range(20)]
    stage.run(24 * HOUR)
    assert {stage.state("home", id) for id in sent} == {"accepted"}
    bob = stage.worker("lab", "bob", 100)
    stage.join("home", "lab")
    stage.until(lambda: len(bob.offers) == 4)
    handed: list[str] = []
    while len(handed) < 20:
        stage.until(lambda: len(bob.offers) > len(handed))
        handed.append(bob.offers[len(handed)].id)
        stage.tell("lab", "bob", handed[-1])
    assert handed == sent


@pytest.mark.requirement("J1")
def test_a_message_to_an_absent_peer_takes_no_slot() -> None:
    stage = away()
    stage.submit("home", "main", "bob@lab")
    stage.run(60)
    assert stage.node("home").peers.by_alias["lab"].exchange.outgoing.next == 0


@pytest.mark.requirement("P2")
def test_expiry_without_a_slot_is_certain_at_once_and_it_never_arrives() -> None:
    stage = away()
    sent = stage.submit("home", "main", "bob@lab", expires_in=5_000)
    stage.ends("home", sent.id, "expired")
    bob = stage.worker("lab", "bob")
    stage.join("home", "lab")
    stage.run(60)
    assert bob.offers == []


def test_cancelling_without_a_slot_is_certain_at_once_and_it_never_arrives() -> None:
    stage = away()
    gone = stage.submit("home", "main", "bob@lab")
    kept = stage.submit("home", "main", "bob@lab")
    assert stage.cancel("home", "main", gone.id).state == "cancelled"
    bob = stage.worker("lab", "bob")
    stage.join("home", "lab")
    stage.until(lambda: bob.ids == [kept.id])
    stage.run(5)
    assert bob.ids == [kept.id]


def lost_on_the_way(**more: object) -> tuple[Stage, str]:
    """A message with a slot whose frame never arrived: the way broke as it left."""
    stage = Stage("home", "lab")
    home, lab = (stage.machines[name].keys.node for name in ("home", "lab"))
    stage.wire.cut(home, lab)
    stage.wire.cut(lab, home)
    sent = stage.submit("home", "main", "bob@lab", **more)  # type: ignore[arg-type]
    there = stage.node("home").peers.by_alias["lab"].exchange
    assert there.outgoing.next == 1
    stage.wire.break_links(home, lab)
    stage.until(lambda: not there.live)
    return stage, sent.id


@pytest.mark.requirement("J5", "P2")
def test_a_slotted_message_that_expires_waits_for_the_receivers_word() -> None:
    stage, id = lost_on_the_way(expires_in=10_000)
    stage.run(60)
    assert stage.state("home", id) == "accepted"
    bob = stage.worker("lab", "bob")
    stage.join("home", "lab")
    assert stage.ends("home", id, "expired").by == "node"
    assert bob.offers == []


@pytest.mark.requirement("J5")
def test_a_slotted_message_that_is_withdrawn_is_voided_and_never_runs() -> None:
    stage, id = lost_on_the_way()
    assert stage.cancel("home", "main", id).state == "accepted"
    stage.run(5)
    assert stage.state("home", id) == "accepted"
    bob = stage.worker("lab", "bob")
    stage.join("home", "lab")
    stage.ends("home", id, "cancelled")
    assert bob.offers == []


@pytest.mark.requirement("C5", "J5")
def test_a_withdrawal_survives_the_death_of_its_node() -> None:
    stage, id = lost_on_the_way()
    stage.cancel("home", "main", id)
    stage.run(1)
    stage.crash("home")
    stage.boot("home")
    bob = stage.worker("lab", "bob")
    stage.join("home", "lab")
    stage.ends("home", id, "cancelled")
    assert bob.offers == []


@pytest.mark.requirement("J5", "J19")
def test_a_withdrawal_that_comes_too_late_becomes_a_wish() -> None:
    stage = Stage("home", "lab")
    bob = stage.worker("lab", "bob")
    sent = stage.submit("home", "main", "bob@lab")
    stage.cancel("home", "main", sent.id)
    stage.until(lambda: bob.cancelled or stage.state("home", sent.id) == "cancelled")
    if bob.offers:
        stage.tell("lab", "bob", sent.id, "done", "finished all the same")
        stage.ends("home", sent.id, "done")


def test_cancelling_twice_is_cancelling_once_and_an_ended_one_says_so() -> None:
    stage = Stage("home", "lab")
    bob = stage.worker("lab", "bob")
    sent = stage.submit("home", "main", "bob@lab")
    stage.until(lambda: bob.offers)
    for _ in range(2):
        stage.cancel("home", "main", sent.id)
    stage.run(5)
    assert len(bob.cancelled) == 1
    stage.tell("lab", "bob", sent.id, "failed")
    stage.ends("home", sent.id, "cancelled")
    with pytest.raises(GatepostError) as raised:
        stage.cancel("home", "main", sent.id)
    assert raised.value.code == "message.ended"


def test_a_queue_longer_than_memory_keeps_its_order_and_loses_nothing() -> None:
    stage = away(queue=4)
    bob = stage.worker("lab", "bob", 100)
    talk = stage.submit("home", "main", "bob@lab", "0", verb="send").conversation
    for n in range(1, 30):
        stage.submit("home", "main", "bob@lab", f"{n}", verb="send", conversation=talk)
    assert len(stage.node("home").outbox.open) == 4
    stage.join("home", "lab")
    for n in range(30):
        stage.until(lambda n=n: len(bob.offers) == n + 1)
        stage.tell("lab", "bob", bob.ids[n])
    assert [run.parts[0] for run in bob.offers] == [
        run.parts[0] for run in sorted(bob.offers, key=lambda run: run.created)
    ]
    assert len(set(bob.ids)) == 30


def test_what_lies_beyond_memory_can_be_cancelled_and_expires() -> None:
    stage = away(queue=2)
    sent = [
        stage.submit("home", "main", "bob@lab", verb="send", expires_in=60_000).id for _ in range(6)
    ]
    assert stage.cancel("home", "main", sent[4]).state == "cancelled"
    stage.run(90)
    assert [stage.state("home", id) for id in sent] == ["expired"] * 4 + ["cancelled", "expired"]
    bob = stage.worker("lab", "bob")
    stage.join("home", "lab")
    stage.run(30)
    assert bob.offers == []


@pytest.mark.requirement("P1", "C3")
def test_a_restart_of_the_sender_forgets_nothing_it_accepted() -> None:
    stage = away(queue=2)
    sent = [stage.submit("home", "main", "bob@lab", verb="send").id for _ in range(5)]
    stage.crash("home")
    stage.boot("home")
    bob = stage.worker("lab", "bob", 100)
    stage.join("home", "lab")
    seen: list[str] = []
    while len(seen) < 5:
        stage.until(lambda: len(bob.offers) > len(seen))
        seen.append(bob.ids[len(seen)])
        stage.tell("lab", "bob", seen[-1])
    assert seen == sent
    for id in sent:
        stage.ends("home", id, "delivered")


@pytest.mark.requirement("C1")
def test_what_was_not_committed_when_the_node_died_never_was() -> None:
    stage = Stage("home", "lab")
    machine = stage.machines["home"]
    machine.latency = lambda: 1.0
    heard: list[object] = []
    asked = Submission(verb="send", to="bob@lab", parts=(Text("x"),))
    stage.desk("home", "main").submit(asked, heard.append)
    stage.run(0.5)
    stage.crash("home")
    machine.latency = lambda: 0.001
    stage.boot("home")
    bob = stage.worker("lab", "bob")
    stage.run(30)
    assert (heard, bob.offers) == ([], [])
    assert stage.node("home").store.messages.counts() == {}


@pytest.mark.requirement("C12", "J8")
def test_an_outcome_is_repeated_until_its_receiver_has_it_and_counts_once() -> None:
    stage = Stage("home", "lab")
    bob = stage.worker("lab", "bob")
    sent = stage.submit("home", "main", "bob@lab")
    stage.until(lambda: bob.offers)
    stage.ends("home", sent.id, "working")
    stage.part("home", "lab")
    stage.tell("lab", "bob", sent.id, text="42")
    stage.crash("lab")
    stage.boot("lab")
    stage.crash("home")
    stage.boot("home")
    assert stage.state("home", sent.id) == "working"
    stage.join("home", "lab")
    assert stage.ends("home", sent.id, "done").text == "42"
    assert states(stage.view("home", sent.id)).count("done") == 1


@pytest.mark.requirement("J8", "P2")
def test_a_peer_silent_beyond_the_horizon_leaves_an_expired_message_unknown() -> None:
    stage, id = lost_on_the_way(expires_in=10_000)
    stage.run(6 * 24 * HOUR)
    assert stage.state("home", id) == "accepted"
    stage.run(2 * 24 * HOUR)
    end = stage.view("home", id)
    assert (end.state, end.reason) == ("unknown", "peer.silent")


@pytest.mark.requirement("T25")
def test_a_refusal_there_is_told_here_by_a_word_and_nothing_more() -> None:
    stage = Stage("home", "lab")
    stage.node("lab").law_changed(law("lab", ""))
    sent = stage.submit("home", "main", "bob@lab")
    end = stage.ends("home", sent.id, "rejected")
    assert (end.reason, end.by, end.text) == ("denied", "rule", "")


def test_a_held_message_there_is_shown_held_here() -> None:
    hold = OPEN + '\n[[rule]]\nid = "look"\nhold = ["ask"]\nfrom = "*@home"\nto = "*"\n'
    stage = Stage("home", "lab")
    stage.node("lab").law_changed(law("lab", hold))
    bob = stage.worker("lab", "bob")
    sent = stage.submit("home", "main", "bob@lab")
    stage.ends("home", sent.id, "held")
    assert bob.offers == []
    stage.cancel("home", "main", sent.id)
    stage.ends("home", sent.id, "cancelled")


@pytest.mark.requirement("J17", "J2")
def test_a_peers_credit_bounds_what_is_sent_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "CREDIT", 8)
    stage = Stage("home", "lab")
    for _ in range(20):
        stage.submit("home", "main", "bob@lab", verb="send")
    stage.run(30)
    assert len(stage.node("lab").inbox.open) == 8
    bob = stage.worker("lab", "bob", 1)
    for n in range(20):
        stage.until(lambda n=n: len(bob.offers) == n + 1)
        assert len(stage.node("lab").inbox.open) <= 8
        stage.tell("lab", "bob", bob.ids[n])


def test_a_watcher_sees_every_change_and_a_follower_only_what_matters() -> None:
    stage = Stage("home", "lab")
    bob = stage.worker("lab", "bob")
    sent = stage.submit("home", "main", "bob@lab")
    seen: list[str] = []
    ends: list[str] = []
    desk = stage.desk("home", "main")
    stop = desk.watch(sent.id, lambda view: seen.append(view.state))
    desk.follow(sent.id, lambda view: ends.append(view.state))
    stage.until(lambda: bob.offers)
    stage.run(1)
    stage.tell("lab", "bob", sent.id, "progress", "half")
    stage.tell("lab", "bob", sent.id, text="x")
    stage.until(lambda: ends)
    assert (seen[0], seen[-1], ends) == ("accepted", "done", ["done"])
    assert seen.count("working") == 2
    stop()


@pytest.mark.requirement("P2", "J20")
def test_a_message_whose_slot_is_being_committed_is_not_called_expired() -> None:
    stage = away()
    stage.machines["lab"].offset = -3_600_000
    sent = stage.submit("home", "main", "bob@lab", expires_in=60_000)
    stage.machines["home"].latency = lambda: 90.0
    home, lab = (stage.machines[name].keys.node for name in ("home", "lab"))
    stage.wire.mend(home, lab)
    stage.wire.mend(lab, home)
    exchange = stage.node("home").peers.by_alias["lab"].exchange
    stage.until(lambda: exchange.outgoing.next == 1, 50)
    bob = stage.worker("lab", "bob")
    stage.until(lambda: bob.offers, 400)
    assert stage.node("home").clock.now() > bob.offers[0].expires
    stage.machines["home"].latency = lambda: 0.001
    stage.tell("lab", "bob", sent.id, text="42")
    assert stage.ends("home", sent.id, "done").text == "42"
