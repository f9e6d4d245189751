"""Timelines: what happened, when, why, derived from what is kept."""

import pytest

from gatepost.core.message import UpdateIn
from gatepost.errors import GatepostError
from tests.unit.node.stage import Stage, states, texts


def test_the_whole_way_of_a_task_is_in_order_on_both_sides() -> None:
    stage = Stage("home", "lab")
    bob = stage.worker("lab", "bob")
    sent = stage.submit("home", "main", "bob@lab", verb="delegate")
    stage.until(lambda: bob.offers)
    stage.ends("home", sent.id, "working")
    stage.tell("lab", "bob", sent.id, "progress", "half way")
    stage.tell("lab", "bob", sent.id, "needs_input", "which?")
    stage.ends("home", sent.id, "needs_input")
    stage.tell("home", "main", sent.id, "answer", "left")
    stage.until(lambda: bob.supplied)
    stage.tell("lab", "bob", sent.id, "artifact", "a draft")
    stage.tell("lab", "bob", sent.id, "done", "built")
    stage.ends("home", sent.id, "done")
    view = stage.view("home", sent.id)
    assert states(view) == [
        "accepted", "received", "working", "working", "needs_input", "working", "working", "done",
    ]  # fmt: skip
    whys = [moment.why for moment in view.timeline]
    assert whys == [
        "", "lab has it", "run 1", "progress", "agent", "input", "artifact", "agent",
    ]  # fmt: skip
    assert [texts(m.parts) for m in view.timeline if m.parts] == [
        ["half way"], ["which?"], ["a draft"], ["built"],
    ]  # fmt: skip
    assert [moment.at for moment in view.timeline] == sorted(m.at for m in view.timeline)
    there = stage.view("lab", sent.id)
    assert (there.direction, there.sender, there.to) == ("in", "main@home", "bob")
    assert states(there)[-1] == "done"


@pytest.mark.requirement("J6")
def test_a_timeline_is_the_same_after_a_restart() -> None:
    stage = Stage("home", "lab")
    bob = stage.worker("lab", "bob")
    sent = stage.submit("home", "main", "bob@lab")
    stage.until(lambda: bob.offers)
    stage.tell("lab", "bob", sent.id, text="42")
    before = stage.ends("home", sent.id, "done")
    for name in ("home", "lab"):
        stage.crash(name)
        stage.boot(name)
    after = stage.view("home", sent.id)
    assert (after.timeline, after.text) == (before.timeline, "42")


def test_a_quick_answer_still_says_when_its_run_began() -> None:
    stage = Stage("home", "lab")
    bob = stage.worker("lab", "bob")
    bob.offer = lambda run: stage.timeline.after(  # type: ignore[assignment]
        0.0,
        lambda: stage.desk("lab", "bob").update(
            UpdateIn(id=run.id, kind="done"), lambda error: None
        ),
    )
    sent = stage.submit("home", "main", "bob@lab")
    view = stage.ends("home", sent.id, "done")
    assert states(view) == ["accepted", "received", "working", "done"]


@pytest.mark.requirement("P2")
def test_nothing_is_called_received_that_nobody_proved_to_have() -> None:
    stage = Stage("home", "lab")
    stage.part("home", "lab")
    sent = stage.submit("home", "main", "bob@lab")
    stage.run(600)
    view = stage.view("home", sent.id)
    assert (view.state, states(view)) == ("accepted", ["accepted"])
    assert "goes when the peer can be reached" in view.next


def test_a_message_is_found_by_a_beginning_that_is_its_own() -> None:
    stage = Stage("home")
    one = stage.submit("home", "main", "bob")
    stage.run(400)
    two = stage.submit("home", "main", "bob")
    n = next(i for i in range(36) if one.id[:i] != two.id[:i])
    assert stage.view("home", one.id[:n]).id == one.id
    for wrong in (one.id[: n - 1], "ffffffff"):
        with pytest.raises(GatepostError) as raised:
            stage.view("home", wrong)
        assert raised.value.code == "message.unknown"


def test_a_local_message_is_one_message_with_two_readers() -> None:
    stage = Stage("home")
    bob = stage.worker("home", "bob")
    sent = stage.submit("home", "main", "bob", "what?")
    stage.until(lambda: bob.offers)
    stage.tell("home", "bob", sent.id, text="that")
    for agent in ("main", "bob"):
        view = stage.view("home", sent.id, agent)
        assert (view.direction, view.state, view.text) == ("local", "done", "that")
    assert texts(stage.node("home").shown.message(sent.id, question=True).question) == ["what?"]


def test_a_peers_prefix_or_an_operators_list_shows_states_as_they_are() -> None:
    stage = Stage("home", "lab")
    sent = stage.submit("home", "main", "bob@lab")
    stage.ends("home", sent.id, "received")
    node = stage.node("home")
    row = node.shown.find(sent.id)
    assert node.shown.brief(row).state == "received"
