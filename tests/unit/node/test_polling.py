"""Agents nobody is attached to: reading claims, naming acknowledges, a reply ends."""

import pytest

from gatepost.core.message import InboxQuery, Receipt, Run, Submission, Text, UpdateIn
from gatepost.errors import GatepostError
from gatepost.node.inside import Inside
from gatepost.node.mailbox import AgentMailbox
from tests.unit.node.driving import drive
from tests.unit.node.stage import Stage, texts


class Poll:
    """An agent `bob` of lab that polls."""

    def __init__(self) -> None:
        self.stage = Stage("home", "lab")
        self.open()

    def open(self) -> None:
        self.mailbox: AgentMailbox = Inside(self.stage.node("lab")).mailbox("bob")

    def read(self, *seen: str, limit: int = 10, wait: float = 0.0, peek: bool = False) -> list[Run]:
        query = InboxQuery(seen=seen, limit=limit, wait=wait, peek=peek)
        return list(drive(self.stage, self.mailbox.inbox(query)))

    def arrive(self, verb: str = "ask", **more: object) -> str:
        sent = self.stage.submit("home", "main", "bob@lab", verb=verb, **more)  # type: ignore[arg-type]
        self.stage.ends("home", sent.id, "received")
        return sent.id

    def reply(self, id: str, text: str) -> None:
        update = UpdateIn(id=id, kind="done", parts=(Text(text),))
        drive(self.stage, self.mailbox.update(update))


def test_reading_claims_what_waits_and_its_sender_sees_it_working() -> None:
    poll = Poll()
    id = poll.arrive()
    (run,) = poll.read()
    assert (run.id, run.attempt) == (id, 1)
    poll.stage.ends("home", id, "working")


def test_a_message_is_shown_again_marked_until_it_is_named() -> None:
    poll = Poll()
    id = poll.arrive()
    (first,) = poll.read(wait=5.0)
    (second,) = poll.read()
    assert (first.again, second.again, second.run) == (False, True, first.run)
    assert poll.read(id) == []
    poll.stage.ends("home", id, "working")


def test_a_send_that_is_named_is_delivered_and_an_ask_only_by_its_reply() -> None:
    poll = Poll()
    sent, asked = poll.arrive("send"), poll.arrive("ask")
    assert len(poll.read(wait=5.0)) == 2
    assert poll.read(sent, asked) == []
    poll.stage.ends("home", sent, "delivered")
    poll.stage.ends("home", asked, "working")
    poll.reply(asked, "42")
    assert poll.stage.ends("home", asked, "done").text == "42"


def test_peeking_claims_nothing() -> None:
    poll = Poll()
    id = poll.arrive()
    assert [run.id for run in poll.read(peek=True)] == [id]
    poll.stage.run(5)
    assert poll.stage.state("home", id) == "received"


def test_no_more_is_claimed_than_was_asked_for() -> None:
    poll = Poll()
    ids = [poll.arrive() for _ in range(3)]
    assert [run.id for run in poll.read(wait=5.0, limit=1)] == ids[:1]
    poll.stage.run(5)
    assert [poll.stage.state("home", id) for id in ids] == ["working", "received", "received"]
    assert [run.id for run in poll.read(ids[0], wait=5.0, limit=1)] == ids[1:2]


def test_a_poll_that_waits_answers_when_something_arrives() -> None:
    poll = Poll()
    poll.read()
    later: list[str] = []

    def send() -> None:
        def heard(receipt: Receipt | GatepostError) -> None:
            assert isinstance(receipt, Receipt)
            later.append(receipt.id)

        asked = Submission(verb="ask", to="bob@lab", parts=(Text("x"),))
        poll.stage.desk("home", "main").submit(asked, heard)

    poll.stage.timeline.after(2.0, send)
    assert [run.id for run in poll.read(wait=15.0)] == later


def test_what_was_read_before_a_restart_is_shown_again_after_it() -> None:
    poll = Poll()
    id = poll.arrive()
    (before,) = poll.read(wait=5.0)
    poll.stage.crash("lab")
    poll.stage.boot("lab")
    poll.open()
    (after,) = poll.read()
    assert (after.id, after.run, after.attempt, after.again) == (id, before.run, 1, True)
    poll.reply(id, "still mine")
    assert poll.stage.ends("home", id, "done").text == "still mine"


def test_a_question_is_answered_into_what_is_read_next() -> None:
    poll = Poll()
    id = poll.arrive("delegate")
    poll.read(wait=5.0)
    asks = UpdateIn(id=id, kind="needs_input", parts=(Text("which?"),))
    drive(poll.stage, poll.mailbox.update(asks))
    poll.stage.ends("home", id, "needs_input")
    assert poll.read(id) == []
    poll.stage.tell("home", "main", id, "answer", "that one")
    (run,) = poll.read(wait=5.0)
    assert texts(run.parts) == ["hello", "that one"]


def test_a_message_that_was_cancelled_before_it_was_read_is_not_shown() -> None:
    poll = Poll()
    id = poll.arrive()
    poll.stage.cancel("home", "main", id)
    poll.stage.ends("home", id, "cancelled")
    assert poll.read() == []


def test_polling_an_agent_that_a_client_works_for_is_refused() -> None:
    poll = Poll()
    poll.stage.worker("lab", "bob")
    with pytest.raises(GatepostError) as raised:
        poll.read()
    assert raised.value.code == "mailbox.taken"


def test_waiting_longer_is_always_possible_and_is_no_error() -> None:
    poll = Poll()
    id = poll.arrive()
    main = Inside(poll.stage.node("home")).mailbox("main")
    assert drive(poll.stage, main.check(id)).state == "received"
    poll.read(wait=5.0)
    poll.stage.ends("home", id, "working")
    assert drive(poll.stage, main.check(id, wait=0.001)).state == "working"
    poll.stage.timeline.after(1.0, lambda: poll.stage.desk("lab", "bob").update(
        UpdateIn(id=id, kind="done", parts=(Text("42"),)), lambda error: None
    ))  # fmt: skip
    assert drive(poll.stage, main.check(id, wait=15.0)).text == "42"
