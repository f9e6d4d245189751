"""Messages handed to agents: lanes, evidence, and the ways they end."""

import pytest

from gatepost.core.message import Text, UpdateIn
from gatepost.core.views import AgentSpec
from gatepost.errors import GatepostError
from gatepost.node.settings import Settings
from tests.unit.node.stage import OPEN, Stage, law, texts

SAFE = AgentSpec(name="bob", safe_to_repeat=True)


@pytest.mark.requirement("P4")
def test_one_conversation_is_worked_on_one_at_a_time_and_in_order() -> None:
    stage = Stage("home", "lab")
    bob = stage.worker("lab", "bob")
    first = stage.submit("home", "main", "bob@lab", "1")
    talk = first.conversation
    rest = [stage.submit("home", "main", "bob@lab", f"{n}", conversation=talk) for n in (2, 3)]
    stage.run(5)
    assert bob.ids == [first.id]
    for n, sent in enumerate((first, *rest)):
        assert bob.ids[-1] == sent.id
        stage.tell("lab", "bob", sent.id)
        stage.run(1)
        assert len(bob.offers) == min(n + 2, 3)
    assert [texts(run.parts) for run in bob.offers] == [["1"], ["2"], ["3"]]


def test_conversations_run_side_by_side_up_to_the_agents_limit() -> None:
    stage = Stage("home", "lab", agents=("main", AgentSpec(name="bob", concurrent=2)))
    bob = stage.worker("lab", "bob")
    for _ in range(4):
        stage.submit("home", "main", "bob@lab")
    stage.run(5)
    assert len(bob.offers) == 2
    stage.tell("lab", "bob", bob.ids[0])
    stage.until(lambda: len(bob.offers) == 3)


def test_a_worker_takes_no_more_than_it_asked_for() -> None:
    stage = Stage("home", "lab")
    bob = stage.worker("lab", "bob", capacity=1)
    for _ in range(3):
        stage.submit("home", "main", "bob@lab")
    stage.run(5)
    assert len(bob.offers) == 1
    assert bob.claim is not None
    bob.claim.capacity(3)
    stage.until(lambda: len(bob.offers) == 3)


def test_messages_wait_in_order_for_an_agent_nobody_works_for() -> None:
    stage = Stage("home", "lab")
    sent = [stage.submit("home", "main", "bob@lab").id for _ in range(4)]
    stage.run(5)
    assert [stage.state("home", id) for id in sent] == ["received"] * 4
    assert stage.worker("lab", "bob") is not None
    stage.until(lambda: all(stage.state("home", id) == "working" for id in sent))


@pytest.mark.requirement("J18")
def test_a_run_is_committed_before_its_agent_is_called() -> None:
    stage = Stage("home", "lab")
    attempts: list[int] = []
    bob = stage.worker("lab", "bob")
    bob.offer = lambda run: attempts.append(stage.node("lab").shown.find(run.id).attempt)
    stage.submit("home", "main", "bob@lab")
    stage.until(lambda: attempts)
    assert attempts == [1]


def crashed_with_an_open_run(spec: AgentSpec | str = "bob", times: int = 1) -> tuple[Stage, str]:
    stage = Stage("home", "lab", agents=("main", spec))
    bob = stage.worker("lab", "bob")
    sent = stage.submit("home", "main", "bob@lab", "look")
    stage.until(lambda: bob.offers)
    for _ in range(times):
        stage.crash("lab")
        stage.boot("lab")
    return stage, sent.id


@pytest.mark.requirement("J18", "C10", "P3")
def test_a_run_that_is_still_there_goes_on_and_is_not_started_again() -> None:
    stage, id = crashed_with_an_open_run()
    bob = stage.worker("lab", "bob")
    assert bob.claim is not None
    (run,) = bob.claim.open_runs
    assert (run.id, run.attempt, run.again) == (id, 1, True)
    bob.claim.evidence(run.run, "running")
    stage.tell("lab", "bob", id, text="found")
    stage.run(5)
    assert bob.offers == []
    assert stage.ends("home", id, "done").text == "found"


@pytest.mark.requirement("J18", "C10", "C14")
def test_a_run_that_provably_did_not_start_is_started_with_a_new_key_and_no_mark() -> None:
    stage, id = crashed_with_an_open_run()
    bob = stage.worker("lab", "bob")
    assert bob.claim is not None
    (before,) = bob.claim.open_runs
    bob.claim.evidence(before.run, "not_run")
    stage.until(lambda: bob.offers)
    run = bob.offers[0]
    assert (run.id, run.attempt, run.redelivered) == (id, 2, False)
    assert run.idempotency_key.removesuffix(".2") == before.idempotency_key.removesuffix(".1")
    assert run.idempotency_key != before.idempotency_key


@pytest.mark.requirement("J18", "C10")
def test_without_evidence_a_safe_agent_gets_it_again_marked() -> None:
    stage, id = crashed_with_an_open_run(SAFE)
    bob = stage.worker("lab", "bob")
    assert bob.claim is not None
    bob.claim.evidence(bob.claim.open_runs[0].run, "none")
    stage.until(lambda: bob.offers)
    assert (bob.offers[0].attempt, bob.offers[0].redelivered) == (2, True)
    stage.tell("lab", "bob", id)
    assert stage.ends("home", id, "done").redelivered


@pytest.mark.requirement("J18", "C10", "P2")
def test_without_evidence_nobody_claims_to_know_what_an_unsafe_agent_did() -> None:
    stage, id = crashed_with_an_open_run()
    bob = stage.worker("lab", "bob")
    assert bob.claim is not None
    bob.claim.evidence(bob.claim.open_runs[0].run, "none")
    assert stage.ends("home", id, "unknown").reason == "run.no_evidence"
    assert bob.offers == []


def test_a_message_that_brings_three_runs_down_is_set_aside() -> None:
    stage, id = crashed_with_an_open_run(SAFE)
    for attempt in (1, 2, 3):
        bob = stage.worker("lab", "bob")
        assert bob.claim is not None
        (run,) = bob.claim.open_runs
        assert run.attempt == attempt
        bob.claim.evidence(run.run, "not_run")
        if attempt < 3:
            stage.until(lambda bob=bob: bob.offers)
            stage.crash("lab")
            stage.boot("lab")
    end = stage.ends("home", id, "failed")
    assert (end.reason, bob.offers) == ("run.poison", [])


def test_evidence_about_a_run_that_is_not_open_is_an_error() -> None:
    stage = Stage("home")
    bob = stage.worker("home", "bob")
    assert bob.claim is not None
    with pytest.raises(GatepostError) as raised:
        bob.claim.evidence("1.1", "running")
    assert raised.value.code == "run.not_yours"


@pytest.mark.requirement("J19")
def test_an_unclaimed_message_is_cancelled_at_once_and_never_handed_over() -> None:
    stage = Stage("home", "lab")
    sent = stage.submit("home", "main", "bob@lab")
    stage.until(lambda: stage.state("home", sent.id) == "received")
    stage.cancel("home", "main", sent.id)
    stage.ends("home", sent.id, "cancelled")
    bob = stage.worker("lab", "bob")
    stage.run(5)
    assert bob.offers == []


@pytest.mark.requirement("J19")
def test_cancelling_what_an_agent_has_asks_it_and_the_run_decides() -> None:
    stage = Stage("home", "lab")
    bob = stage.worker("lab", "bob")
    stopped, finished = (stage.submit("home", "main", "bob@lab") for _ in range(2))
    stage.until(lambda: len(bob.offers) == 2)
    for sent in (stopped, finished):
        stage.cancel("home", "main", sent.id)
    stage.until(lambda: len(bob.cancelled) == 2)
    stage.run(1)
    assert stage.state("home", stopped.id) == "working"
    stage.tell("lab", "bob", stopped.id, "failed")
    stage.tell("lab", "bob", finished.id, "done", "too late")
    stage.ends("home", stopped.id, "cancelled")
    assert stage.ends("home", finished.id, "done").text == "too late"


@pytest.mark.requirement("J18")
def test_an_unclaimed_message_expires_and_a_claimed_one_never() -> None:
    stage = Stage("home", "lab", agents=("main", AgentSpec(name="bob", concurrent=1)))
    bob = stage.worker("lab", "bob")
    had, waits = (stage.submit("home", "main", "bob@lab", expires_in=10_000) for _ in range(2))
    stage.ends("home", waits.id, "expired")
    stage.run(60)
    assert stage.state("home", had.id) == "working"
    stage.tell("lab", "bob", had.id)
    stage.ends("home", had.id, "done")
    stage.run(5)
    assert bob.ids == [had.id]


def test_an_agent_that_declines_or_fails_says_why_by_a_code() -> None:
    stage = Stage("home", "lab")
    bob = stage.worker("lab", "bob")
    one, two = (stage.submit("home", "main", "bob@lab") for _ in range(2))
    stage.until(lambda: len(bob.offers) == 2)
    stage.tell("lab", "bob", one.id, "declined", "not mine", reason="wrong.agent")
    stage.tell("lab", "bob", two.id, "failed", reason="Not a code!")
    declined, failed = stage.ends("home", one.id, "rejected"), stage.ends("home", two.id, "failed")
    assert (declined.reason, declined.by, declined.text) == ("wrong.agent", "agent", "not mine")
    assert (failed.reason, failed.by) == ("", "agent")


def test_a_send_is_delivered_and_not_done() -> None:
    stage = Stage("home", "lab")
    bob = stage.worker("lab", "bob")
    sent = stage.submit("home", "main", "bob@lab", verb="send")
    stage.until(lambda: bob.offers)
    stage.tell("lab", "bob", sent.id)
    stage.ends("home", sent.id, "delivered")


def test_a_question_of_the_agent_is_answered_into_its_open_run() -> None:
    stage = Stage("home", "lab")
    bob = stage.worker("lab", "bob")
    sent = stage.submit("home", "main", "bob@lab", verb="delegate")
    stage.until(lambda: bob.offers)
    stage.tell("lab", "bob", sent.id, "needs_input", "which one?")
    assert stage.ends("home", sent.id, "needs_input").text == "which one?"
    stage.tell("home", "main", sent.id, "answer", "the left one")
    stage.until(lambda: bob.supplied)
    run, parts = bob.supplied[0]
    assert (run, texts(parts)) == (bob.offers[0].run, ["the left one"])
    stage.tell("lab", "bob", sent.id, text="built")
    assert stage.ends("home", sent.id, "done").text == "built"
    with pytest.raises(GatepostError) as raised:
        stage.tell("home", "main", sent.id, "answer", "or the right one")
    assert raised.value.code == "message.ended"


def test_a_reply_nobody_asked_for_is_an_error() -> None:
    stage = Stage("home", "lab")
    sent = stage.submit("home", "main", "bob@lab")
    with pytest.raises(GatepostError) as raised:
        stage.tell("home", "main", sent.id, "answer", "by the way")
    assert raised.value.code == "run.not_yours"


def test_an_agent_cannot_flood_its_caller_with_news() -> None:
    stage = Stage("home", "lab", updates_per_message=3)
    bob = stage.worker("lab", "bob")
    sent = stage.submit("home", "main", "bob@lab")
    stage.until(lambda: bob.offers)
    for n in range(3):
        stage.tell("lab", "bob", sent.id, "progress", f"{n}")
    with pytest.raises(GatepostError) as raised:
        stage.tell("lab", "bob", sent.id, "progress", "3")
    assert raised.value.code == "message.too_large"
    stage.tell("lab", "bob", sent.id, text="done all the same")
    assert stage.ends("home", sent.id, "done").text == "done all the same"
    assert Settings(name="x").updates_per_message > 3


@pytest.mark.requirement("J8", "P2")
def test_only_the_first_outcome_counts() -> None:
    stage = Stage("home", "lab")
    bob = stage.worker("lab", "bob")
    sent = stage.submit("home", "main", "bob@lab")
    stage.until(lambda: bob.offers)
    stage.tell("lab", "bob", sent.id, text="one")
    with pytest.raises(GatepostError) as raised:
        stage.tell("lab", "bob", sent.id, text="two")
    assert raised.value.code == "message.ended"
    assert stage.ends("home", sent.id, "done").text == "one"


def test_a_law_that_says_no_when_the_run_would_start_rejects_the_waiting_message() -> None:
    stage = Stage("home", "lab")
    sent = stage.submit("home", "main", "bob@lab")
    stage.until(lambda: stage.state("home", sent.id) == "received")
    stage.node("lab").law_changed(law("lab", ""))
    bob = stage.worker("lab", "bob")
    end = stage.ends("home", sent.id, "rejected")
    assert (end.by, end.reason, bob.offers) == ("rule", "denied", [])


@pytest.mark.requirement("T25", "T05")
def test_a_peer_learns_the_same_of_an_unknown_and_of_a_forbidden_agent() -> None:
    grant = '[[rule]]\nid = "g"\nallow = ["ask"]\nfrom = "*@home"\nto = ["bob", "ghost"]\n'
    stage = Stage("home", "lab")
    stage.node("lab").law_changed(law("lab", grant))
    ends = []
    for to in ("main@lab", "ghost@lab"):
        sent = stage.submit("home", "main", to)
        end = stage.ends("home", sent.id, "rejected")
        ends.append((end.reason, end.by, end.text))
    assert ends[0] == ends[1] == ("denied", "rule", "")


def test_a_message_waits_for_an_agent_that_is_added_again() -> None:
    stage = Stage("home", "lab")
    sent = stage.submit("home", "main", "bob@lab")
    stage.until(lambda: stage.state("home", sent.id) == "received")
    stage.node("lab").remove_agent("bob")
    stage.node("lab").add_agent(AgentSpec(name="bob"))
    bob = stage.worker("lab", "bob")
    stage.until(lambda: bob.ids == [sent.id])


@pytest.mark.requirement("T28")
def test_nothing_is_handed_over_while_paused_and_everything_after() -> None:
    for what in ("", "bob"):
        stage = Stage("home", "lab")
        node = stage.node("lab")
        bob = stage.worker("lab", "bob")
        node.pause(what)
        sent = stage.submit("home", "main", "bob@lab")
        stage.run(20)
        assert bob.offers == []
        node.resume(what)
        stage.until(lambda bob=bob, sent=sent: bob.ids == [sent.id])


def test_a_pause_lasts_over_a_restart() -> None:
    stage = Stage("home", "lab")
    stage.node("lab").pause("bob")
    stage.run(1)
    stage.crash("lab")
    stage.boot("lab")
    bob = stage.worker("lab", "bob")
    sent = stage.submit("home", "main", "bob@lab")
    stage.run(20)
    assert bob.offers == []
    stage.node("lab").resume("bob")
    stage.until(lambda: bob.ids == [sent.id])


def test_the_limit_of_open_conversations_counts_conversations_and_not_messages() -> None:
    stage = Stage("home", "lab")
    stage.node("lab").law_changed(law("lab", OPEN + "open = 1\n"))
    first = stage.submit("home", "main", "bob@lab")
    same = stage.submit("home", "main", "bob@lab", conversation=first.conversation)
    other = stage.submit("home", "main", "bob@lab")
    stage.ends("home", other.id, "rejected")
    assert [stage.state("home", id) for id in (first.id, same.id)] == ["received"] * 2


def test_parts_come_back_as_they_were_said() -> None:
    stage = Stage("home")
    bob = stage.worker("home", "bob")
    sent = stage.submit("home", "main", "bob")
    stage.until(lambda: bob.offers)
    heard: list[object] = []
    parts = (Text("a"), Text("é"))
    stage.desk("home", "bob").update(UpdateIn(id=sent.id, kind="done", parts=parts), heard.append)
    stage.until(lambda: heard)
    assert stage.view("home", sent.id).parts == parts
