"""Request keys: a repeated call is the same message, and a changed one is an error."""

import pytest

from gatepost.core.message import Receipt, Submission, Text
from gatepost.errors import GatepostError
from tests.unit.node.stage import OPEN, Stage, law


def asked(text: str = "x", **more: object) -> Submission:
    told: dict[str, object] = {"verb": "send", "to": "bob@lab", "request_key": "k", **more}
    return Submission(parts=(Text(text),), **told)  # type: ignore[arg-type]


def test_a_call_repeated_after_its_commit_gets_the_same_message() -> None:
    stage = Stage("home", "lab")
    first = stage.submit("home", "main", "bob@lab", verb="send", request_key="k")
    again = stage.submit("home", "main", "bob@lab", verb="send", request_key="k")
    assert (again.id, first.attached, again.attached) == (first.id, False, True)
    assert stage.node("home").store.messages.counts() == {"out.accepted": 1}


@pytest.mark.requirement("P3")
def test_calls_repeated_while_the_commit_runs_wait_for_it_together() -> None:
    stage = Stage("home", "lab")
    stage.machines["home"].latency = lambda: 1.0
    heard: list[Receipt | GatepostError] = []
    for _ in range(3):
        stage.desk("home", "main").submit(asked(), heard.append)
    stage.run(0.5)
    assert heard == []
    stage.until(lambda: len(heard) == 3)
    receipts = [one for one in heard if isinstance(one, Receipt)]
    assert [one.attached for one in receipts] == [False, True, True]
    assert len({one.id for one in receipts}) == 1


@pytest.mark.requirement("C3")
def test_a_key_lives_as_long_as_its_message_over_restarts_and_outcomes() -> None:
    stage = Stage("home", "lab")
    bob = stage.worker("lab", "bob")
    first = stage.submit("home", "main", "bob@lab", request_key="k")
    stage.until(lambda: bob.offers)
    stage.tell("lab", "bob", first.id, text="42")
    stage.ends("home", first.id, "done")
    stage.crash("home")
    stage.boot("home")
    again = stage.submit("home", "main", "bob@lab", request_key="k")
    assert (again.id, again.state, again.attached) == (first.id, "done", True)
    stage.run(5)
    assert len(bob.offers) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"text": "y"},
        {"verb": "ask"},
        {"to": "main@lab"},
        {"to": "bob"},
        {"done_when": "it is green"},
        {"labels": ("urgent",)},
        {"conversation": "018bcfe5-6800-7000-8000-000000000001"},
    ],
)
def test_the_same_key_with_other_arguments_is_a_conflict(other: dict[str, object]) -> None:
    stage = Stage("home", "lab")
    first = asked()
    heard: list[Receipt | GatepostError] = []
    stage.desk("home", "main").submit(first, heard.append)
    stage.desk("home", "main").submit(asked(**other), heard.append)  # type: ignore[arg-type]
    stage.until(lambda: len(heard) == 2)
    stage.desk("home", "main").submit(asked(**other), heard.append)  # type: ignore[arg-type]
    stage.until(lambda: len(heard) == 3)
    codes = [one.code for one in heard if isinstance(one, GatepostError)]
    assert codes == ["request_key.conflict"] * 2


def test_waits_and_times_are_no_arguments() -> None:
    stage = Stage("home", "lab")
    first = stage.submit("home", "main", "bob@lab", request_key="k", expires_in=60_000)
    stage.run(3)
    again = stage.submit("home", "main", "bob@lab", request_key="k", expires_in=90_000)
    assert again.id == first.id


def test_the_keys_of_two_agents_are_two_keys() -> None:
    stage = Stage("home", "lab")
    one = stage.submit("home", "main", "bob@lab", request_key="k")
    two = stage.submit("home", "bob", "bob@lab", request_key="k")
    assert one.id != two.id


def test_a_refused_attempt_leaves_no_key() -> None:
    stage = Stage("home", "lab")
    node = stage.node("home")
    node.law_changed(law("home", ""))
    assert stage.refused("home", "main", "bob@lab", request_key="k").code == "policy.denied"
    node.law_changed(law("home", OPEN))
    sent = stage.submit("home", "main", "bob@lab", request_key="k")
    assert not sent.attached


def test_a_key_whose_commit_never_came_is_new_again() -> None:
    stage = Stage("home", "lab")
    machine = stage.machines["home"]
    machine.latency = lambda: 1.0
    heard: list[Receipt | GatepostError] = []
    stage.desk("home", "main").submit(asked(), heard.append)
    stage.run(0.5)
    stage.crash("home")
    machine.latency = lambda: 0.001
    stage.boot("home")
    assert heard == []
    assert not stage.submit("home", "main", "bob@lab", verb="send", request_key="k").attached
