"""A peer with valid keys that keeps to no rule: what it can do to this node, and to others by it.

First the lies one by one, then all of them together in a random order, with a friend beside it.
"""

import pytest

from gatepost.core.control import Ack, Answer, Life, Query
from gatepost.core.entry import Cancel, Input, Part, Settled, Skip, Start, Update
from gatepost.core.journal.incoming import CREDIT, TAIL
from gatepost.core.journal.outgoing import WINDOW
from gatepost.core.views import AgentSpec
from gatepost.node.backlog import KEPT
from tests.edge.chaos import Chaos
from tests.edge.evil import Evil, EvilStage, mine, outcome, void
from tests.unit.node.stage import states
from tests.world.timeline import EPOCH

pytestmark = pytest.mark.requirement("T05")

LATE = 2**53 - 1


def linked(*names: str) -> tuple[EvilStage, Evil]:
    stage = EvilStage(*names)
    evil = Evil(stage)
    evil.link()
    assert evil.live
    return stage, evil


def restarted(stage: EvilStage) -> None:
    """A node that cannot take up what it kept does not come back."""
    stage.crash("home")
    stage.boot("home")


def given(stage: EvilStage, evil: Evil) -> str:
    """A message the peer has, and has not acknowledged."""
    receipt = stage.submit("home", "main", "x@evil")
    stage.until(lambda: receipt.id in evil.ids)
    return receipt.id


def nothing_acked(evil: Evil) -> Ack:
    return Ack(0, 0, evil.taken[0].hex())


# what it says of messages


def test_an_outcome_before_the_ack_changes_nothing_and_the_node_starts_again() -> None:
    stage, evil = linked()
    id = given(stage, evil)
    evil.say(outcome(id), ack=nothing_acked(evil))
    stage.run(1)
    assert stage.state("home", id) == "accepted"
    restarted(stage)
    assert stage.state("home", id) == "accepted"


def test_an_outcome_after_the_ack_is_the_outcome_and_no_other_follows() -> None:
    stage, evil = linked()
    id = given(stage, evil)
    evil.say(outcome(id, at=LATE, started=LATE, run=LATE, seq=LATE), outcome(id, "failed"))
    assert stage.ends("home", id, "done").state == "done"
    restarted(stage)
    assert stage.state("home", id) == "done"


def test_words_where_a_code_belongs_are_not_shown_beside_the_state() -> None:
    stage, evil = linked()
    id = given(stage, evil)
    evil.say(outcome(id, "failed", reason="obey me \x1b[2J"))
    view = stage.ends("home", id, "failed")
    assert (view.reason, [moment.why for moment in view.timeline][-1]) == ("", "")


@pytest.mark.parametrize("verb", ["update", "cancel", "input", "void"])
def test_what_it_says_of_a_message_between_others_is_not_heard(verb: str) -> None:
    stage, evil = linked("home", "friend")
    worker = stage.worker("friend", "bob")
    asked = stage.submit("home", "main", "bob@friend")
    stage.until(lambda: worker.offers)
    said = {
        "update": outcome(asked.id),
        "cancel": Cancel(id=asked.id),
        "input": Input(id=asked.id),
        "void": void(asked.id),
    }
    evil.say(said[verb])
    stage.run(1)
    assert stage.state("home", asked.id) == "working"
    stage.tell("friend", "bob", asked.id, "answer", "true")
    view = stage.ends("home", asked.id, "done")
    assert states(view)[-1] == "done"


def test_news_of_one_message_without_end_are_not_kept_without_end() -> None:
    stage, evil = linked()
    id = given(stage, evil)
    news = Update(id=id, what="progress", state="working", at=EPOCH)
    most = 4 * stage.node("home").settings.updates_per_message
    for _ in range(most // 64 + 4):
        evil.say(*[news] * 64)
        stage.run(0.01)
    assert len(stage.view("home", id).timeline) <= most + 4
    evil.say(outcome(id))
    stage.ends("home", id, "done")


def test_an_id_in_use_is_refused_whoever_uses_it() -> None:
    stage, evil = linked("home", "friend")
    worker = stage.worker("home", "bob")
    asked = stage.submit("friend", "main", "bob@home")
    stage.until(lambda: worker.offers)
    evil.say(evil.message(to_agent="bob", conversation=mine(7), id=asked.id))
    stage.run(1)
    assert [(u.state, u.reason) for u in evil.told(asked.id)] == [("rejected", "bad_request")]
    stage.tell("home", "bob", asked.id, "answer", "for my friend")
    assert stage.ends("friend", asked.id, "done").text == "for my friend"
    assert not [o for o in evil.frames for e, body, _ in o.entries if b"friend" in body]


def test_naming_the_conversation_of_another_peer_holds_up_nothing_of_it() -> None:
    stage, evil = linked("home", "friend")
    worker = stage.worker("home", "bob")
    first = stage.submit("friend", "main", "bob@home")
    stage.until(lambda: worker.offers)
    stage.tell("home", "bob", first.id, "answer", "and then?")
    evil.say(*[evil.message(n, conversation=first.conversation) for n in (1, 2, 3)])
    stage.until(lambda: mine(1) in worker.ids)
    second = stage.submit("friend", "main", "bob@home", conversation=first.conversation)
    stage.until(lambda: second.id in worker.ids)
    assert mine(2) not in worker.ids


def test_a_cancel_in_the_frame_of_its_message_reaches_the_worker_after_the_message() -> None:
    stage, evil = linked()
    order: list[str] = []
    worker = stage.worker("home", "bob")
    worker.offer = lambda run: order.append("offer")
    worker.cancel = lambda run, reason: order.append("cancel")
    message = evil.message()
    evil.say(message, Cancel(id=message.id))
    stage.run(1)
    assert order == ["offer", "cancel"]


def test_a_message_that_expired_before_it_was_firm_is_not_handed_over_after() -> None:
    stage, evil = linked()
    worker = stage.worker("home", "bob")
    message = evil.message(expires=stage.timeline.now() + 1000)
    evil.say(message, committed=0)
    stage.run(5)
    assert (worker.offers, evil.told(message.id)) == ([], [])
    evil.say()
    stage.until(lambda: evil.told(message.id))
    assert [update.state for update in evil.told(message.id)] == ["expired"]
    stage.run(5)
    assert worker.offers == []


def test_what_it_took_back_after_it_expired_leaves_a_node_that_starts_again() -> None:
    stage, evil = linked()
    evil.say(evil.message(expires=stage.timeline.now() + 1000), committed=0, keep=True)
    stage.run(5)
    evil.life = Life(0, 2, "ee" * 16)
    evil.say(ack=nothing_acked(evil))
    stage.run(1)
    restarted(stage)
    evil.link()
    worker = stage.worker("home", "bob")
    message = evil.message(9)
    evil.say(message)
    stage.until(lambda: worker.offers)
    assert worker.ids == [message.id]


@pytest.mark.parametrize(
    "entry", [Skip(to=3, h="ab" * 32), Start(open=(), era=0, out=0), Settled(outcomes=())]
)
def test_entries_of_another_era_stop_the_pair_before_anything_is_taken(entry: Skip) -> None:
    stage, evil = linked()
    evil.say(evil.message(1), entry, evil.message(2))
    sent = len(evil.frames)
    stage.run(1)
    assert evil.row.row.stopped == "era"
    assert evil.row.exchange.incoming.cursor == 0
    assert stage.node("home").inbox.open == {}
    assert len(evil.frames) == sent
    assert evil.closed
    restarted(stage)


# what it makes the node keep


def test_messages_beyond_its_credit_are_refused() -> None:
    stage, evil = linked()
    for n in range(0, 2 * CREDIT, 64):
        evil.say(*[evil.message(n + k + 1) for k in range(64)])
        stage.run(0.1)
    assert stage.node("home").inbox.counts[evil.row.row.number] == CREDIT
    last = evil.told(mine(2 * CREDIT))
    assert [(u.state, u.reason) for u in last] == [("rejected", "bad_request")]


def test_answers_it_does_not_acknowledge_wait_on_disk_and_come_in_order() -> None:
    stage, evil = linked()
    for n in range(0, 2 * KEPT, 64):
        evil.say(*[void(mine(n + k + 1)) for k in range(64)], ack=nothing_acked(evil))
        stage.run(0.01)
    exchange = evil.row.exchange
    assert len(exchange.outgoing.slots) == WINDOW
    assert len(exchange.waiting) <= KEPT
    restarted(stage)
    evil.link()
    stage.until(lambda: evil.say() or evil.have == 2 * KEPT)
    told = [e.id for o in evil.frames for e, _, _ in o.entries if isinstance(e, Update)]
    assert list(dict.fromkeys(told)) == [mine(n + 1) for n in range(2 * KEPT)]


def test_a_tail_it_never_commits_is_bounded_and_leaves_a_node_that_starts_again() -> None:
    stage, evil = linked()
    for n in range(0, 3 * TAIL, 64):
        messages = [evil.message(n + k + 1, to_agent="nobody") for k in range(64)]
        evil.say(*messages, committed=0)
    assert len(evil.row.exchange.incoming.tail) == TAIL
    restarted(stage)


def test_what_it_sends_beyond_a_hole_is_bounded() -> None:
    _, evil = linked()
    body = b"x" * 200_000
    for n in range(120):
        message = evil.message(n + 1, parts=(Part(type="text", size=len(body)),))
        evil.say((message, body), first=n + 2, prev="00" * 32, committed=200, keep=True)
    incoming = evil.row.exchange.incoming
    kept = sum(len(one.item.data) for _, many in incoming.buffer.values() for one in many)
    assert 0 < kept <= 8 * 1024 * 1024
    assert evil.live


def test_a_frame_beyond_a_hole_that_does_not_follow_takes_nothing_with_it() -> None:
    stage, evil = linked()
    worker = stage.worker("home", "bob")
    evil.say(evil.message(9), first=3, prev="00" * 32, committed=3, keep=True)
    evil.say(evil.message(1), evil.message(2))
    stage.until(lambda: len(worker.offers) == 2)
    assert worker.ids == [mine(1), mine(2)]
    assert evil.row.exchange.incoming.fork is None


def test_a_gap_it_tells_again_and_again_is_filled_once_a_second() -> None:
    stage, evil = linked()
    for _ in range(20):
        stage.submit("home", "main", "x@evil")
    stage.run(1)
    before = len(evil.frames)
    for _ in range(50):
        evil.say(gap=LATE, ack=nothing_acked(evil))
    assert len(evil.frames) - before <= 2


def test_questions_and_answers_nobody_asked_for_leave_nothing() -> None:
    stage, evil = linked()
    node = stage.node("home")
    for n in range(200):
        node.add_agent(AgentSpec(name=f"agent{n}", about="\u00e9\x01" * 100))
    for n in range(50):
        evil.say(answer=Answer(n=n, ok=True, data={"agents": n}))
        evil.say(query=Query(n=n, op="agents"))
        evil.say(query=Query(n=n, op="explain", args={"to": "private"}))
    heard = [o.control.answer for o in evil.frames if o.control.answer is not None]
    assert [answer.ok for answer in heard] == [True, False] * 50
    assert node.talk._asked == {}


def test_names_without_end_are_not_remembered_without_end() -> None:
    stage, evil = linked()
    for n in range(0, 6400, 64):
        one = [
            evil.message(n + k + 1, from_agent=f"m{n + k}", to_agent="nobody") for k in range(64)
        ]
        evil.say(*one)
        stage.run(0.01)
    assert len(evil.row.parties) <= 4096
    assert len(stage.node("home").guard.usage) <= 20_000


# all together


@pytest.mark.parametrize("world", range(6))
def test_a_peer_that_does_all_of_it_harms_nobody_else(seed: int, world: int) -> None:
    chaos = Chaos(f"{seed} {world}")
    chaos.run(250)
    taken = sum(evil.row.exchange.incoming.cursor for evil in chaos.evils)
    assert taken > 20, "it was hardly heard: not a test"
    chaos.end()
