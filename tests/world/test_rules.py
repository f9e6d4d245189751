"""One test for each rule of delivery that random worlds seldom touch at the moment it matters.

The numbers are those of the protocol's rules. What a mutant breaks that few worlds notice is aimed
at here.
"""

import msgspec
import pytest

from gatepost.core.control import Ack, Control, Have, Life
from gatepost.core.journal.contact import takes_entries
from gatepost.node import exchange
from tests.world.pair import AGENT, Pair, slow
from tests.world.world import DENY, LAW, law

DAY = 86_400_000


def test_accepted_is_said_after_the_commit():
    pair = Pair()
    slow(pair.home, 5.0)
    sent = pair.send()
    pair.run(4.0)
    assert sent.receipt is None
    pair.run(2.0)
    assert sent.receipt is not None


def test_an_ack_waits_for_the_commit_of_what_it_acknowledges():
    pair = Pair()
    slow(pair.lab, 5.0)
    pair.send()
    pair.run(3.0)
    assert (pair.outward.outgoing.sent, pair.outward.outgoing.out) == (1, 0)
    pair.run(10.0)
    assert pair.outward.outgoing.out == 1


def test_an_agent_is_called_after_its_run_is_committed():
    pair = Pair()
    slow(pair.lab, 5.0)
    pair.send()
    pair.run(3.0)
    assert pair.probe.runs == []
    pair.run(10.0)
    assert len(pair.probe.runs) == 1


def test_a_withdrawn_message_ends_by_what_the_peer_says():
    pair = Pair()
    pair.cut(pair.lab, pair.home)
    sent = pair.send(expires=2.0)
    pair.run(5.0)
    assert sent.watch().states[-1:] == ["accepted"], "it may be running there"
    pair.probe.say(pair.probe.runs[0], "done", "it ran")
    pair.run(1.0)
    pair.mend()
    pair.run(60.0)
    assert sent.states[-1] == "done"
    assert "expired" not in sent.states


def test_a_withdrawn_message_that_never_arrived_is_expired_by_the_peer():
    pair = Pair()
    pair.cut(pair.home, pair.lab)
    sent = pair.send(expires=2.0)
    pair.run(5.0)
    assert sent.watch().states == ["accepted"]
    pair.mend()
    pair.run(60.0)
    assert sent.states[-1] == "expired"
    assert pair.probe.runs == []


def test_a_frame_that_quotes_another_life_gives_no_entries():
    mine, before = Life(0, 2, "b" * 32), Life(0, 1, "a" * 32)
    frame = Control(
        life=mine,
        committed=1,
        have=Have(0, "0" * 64),
        ack=Ack(0, 0, "0" * 64),
        limit=0,
        seen=before,
    )
    assert not takes_entries(mine, frame)
    assert takes_entries(before, frame)


def test_a_frame_of_a_life_that_is_over_gives_nothing():
    pair = Pair()
    home, lost = pair.home.keys.node, list[bytes]()

    def lose(source: str, target: str, message: bytes) -> bool:
        if source != home or message[:2] != b"GP":
            return False
        lost.append(message)
        return True

    pair.world.wire.lose = lose
    pair.send()
    pair.run(1.0)
    assert len(lost) == 1 and pair.outward.outgoing.sent == 1
    pair.home.crash()
    pair.run(3.0)
    assert pair.inward.incoming.life is not None and pair.inward.incoming.life.boot == 2
    (end,) = pair.world.wire.lines_into(pair.lab.keys.node)
    end.take(lost[0], 0)
    pair.run(1.0)
    assert pair.inward.incoming.cursor == 0
    pair.world.wire.lose = lambda source, target, message: False
    pair.run(30.0)
    assert len(pair.probe.runs) == 1


def test_no_peer_is_told_a_life_that_is_not_committed():
    pair = Pair()
    pair.lab.away = lambda: 0.0
    slow(pair.lab, 5.0)
    pair.lab.crash()
    pair.run(4.0)
    life = pair.outward.incoming.life
    assert life is not None and life.boot == 1
    pair.run(30.0)
    life = pair.outward.incoming.life
    assert life is not None and life.boot == 2
    assert pair.outward.live and pair.inward.live


def test_a_message_cancelled_in_a_long_queue_is_never_sent():
    pair = Pair(queue=1)
    pair.lab.away = lambda: 3.0
    pair.lab.crash()
    pair.run(1.0)
    sent = [pair.send(f"message {n}") for n in range(5)]
    pair.run(1.0)
    slow(pair.home, 8.0)
    sent[3].cancel()
    pair.run(1.5)
    pair.probe.attach()
    assert pair.outward.live, "contact begins while the cancellation is being committed"
    pair.run(60.0)
    assert [run.parts for run in pair.probe.runs if "message 3" in str(run.parts)] == []
    assert sent[3].watch().states == ["cancelled"]


def test_no_message_takes_a_slot_beyond_the_credit_granted(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(exchange, "CREDIT", 2)
    pair = Pair()
    for _ in range(5):
        pair.send()
    pair.run(30.0)
    assert pair.outward.outgoing.next == 2
    for run in pair.probe.runs[:2]:
        pair.probe.say(run, "done")
    pair.run(5.0)
    assert pair.outward.outgoing.next == 4


def test_a_reply_is_kept_for_an_agent_that_is_away():
    pair = Pair()
    sent = pair.send()
    pair.run(1.0)
    pair.probe.say(pair.probe.runs[0], "needs_input", "which?")
    pair.run(1.0)
    assert sent.watch().states[-1] == "needs_input"
    pair.probe.detach()
    sent.reply("that one")
    pair.run(1.0)
    assert pair.probe.given == []
    pair.lab.crash()
    pair.run(2.0)
    pair.probe.attach()
    assert pair.probe.given == [(pair.probe.open[0].run, "that one")]


def test_a_reply_that_came_while_its_commit_was_running_reaches_the_next_worker():
    pair = Pair()
    sent = pair.send()
    pair.run(1.0)
    pair.probe.say(pair.probe.runs[0], "needs_input", "which?")
    pair.run(1.0)
    slow(pair.lab, 4.0)
    pair.probe.detach()
    sent.reply("that one")
    pair.run(1.0)
    pair.probe.attach()
    pair.run(20.0)
    assert pair.probe.given == [(pair.probe.open[0].run, "that one")]


def test_a_run_under_commit_is_offered_to_the_worker_of_that_moment():
    pair = Pair()
    slow(pair.lab, 4.0)
    pair.send()
    pair.run(1.0)
    pair.probe.detach()
    pair.probe.attach()
    assert pair.probe.open == ()
    pair.run(10.0)
    assert [run.attempt for run in pair.probe.runs] == [1]


def test_contact_begins_although_the_frame_that_quotes_the_life_is_lost():
    pair = Pair()
    home = pair.home.keys.node
    pair.world.wire.lose = lambda source, _, message: source == home and message[:2] == b"GP"
    pair.lab.crash()
    pair.run(5.0)
    assert pair.inward.line is not None and not pair.inward.live
    pair.world.wire.lose = lambda source, target, message: False
    pair.run(15.0)
    assert pair.inward.live


def test_a_wall_clock_that_jumps_a_year_gives_no_peer_up():
    pair = Pair()
    pair.cut(pair.lab, pair.home)
    sent = pair.send(expires=2.0)
    pair.run(1.0)
    pair.home.offset += 400 * DAY
    pair.world.wire.break_links(pair.home.keys.node, pair.lab.keys.node)
    pair.run(300.0)
    assert sent.watch().states == ["accepted"]
    pair.mend()
    pair.probe.say(pair.probe.runs[0], "done")
    pair.run(600.0)
    assert sent.states[-1] == "done"


def test_what_was_given_up_on_keeps_its_place_in_the_journal():
    pair = Pair()
    pair.cut(pair.lab, pair.home)
    sent = pair.send(expires=2.0)
    pair.run(1.0)
    pair.cut(pair.home, pair.lab)
    pair.home.offset += 400 * DAY
    pair.run(3 * 3600.0)
    assert sent.watch().states == ["unknown"]
    pair.home.crash()
    pair.run(1.0)
    assert pair.outward.outgoing.unacked == 0 and pair.outward.outgoing.next == 1
    pair.mend()
    pair.run(900.0)
    assert pair.outward.outgoing.out == 1
    assert sent.watch().states[-1] == "unknown"


def test_a_void_is_sent_after_its_commit():
    pair = Pair()
    pair.cut(pair.home, pair.lab)
    pair.lab.offset = -60_000  # by its clock there is still time
    sent = pair.send(expires=3.0)
    pair.run(1.0)
    slow(pair.home, 30.0)
    pair.run(3.0)
    pair.mend()
    pair.run(20.0)
    assert len(pair.probe.runs) == 1, "the void is not committed: the slot still holds the message"
    pair.probe.say(pair.probe.runs[0], "done", "it ran")
    pair.run(120.0)
    assert sent.watch().states[-1] == "done"


def test_a_cancel_whose_void_came_too_late_is_asked_for():
    pair = Pair()
    pair.cut(pair.home, pair.lab)
    sent = pair.send()
    pair.run(1.0)
    slow(pair.home, 30.0)
    sent.cancel()
    pair.run(1.0)
    pair.mend()
    pair.run(20.0)
    assert len(pair.probe.runs) == 1 and pair.probe.stops == []
    pair.run(120.0)
    assert pair.probe.stops == [pair.probe.runs[0].run]


def test_what_may_have_run_is_not_called_rejected_when_a_rule_forbids_it_later():
    pair = Pair()
    node = pair.lab.node
    assert node is not None
    agent = node.agents[AGENT]
    agent.spec = msgspec.structs.replace(agent.spec, safe_to_repeat=True)
    sent = pair.send()
    pair.run(1.0)
    pair.probe.detach()
    node.law_changed(law(pair.lab.name, LAW + DENY.format("*@node0", "*")))
    pair.probe.attach("none")
    pair.run(5.0)
    assert sent.watch().states == ["unknown"]
    assert len(pair.probe.runs) == 1
