"""Agents that always answer, and circles of nodes: nothing talks for ever."""

import pytest

from gatepost.core.message import Receipt, Run, Submission, Text
from gatepost.errors import GatepostError
from gatepost.policy.defaults import POLICY
from tests.unit.node.stage import Stage, Worker

LET_IN = """
[[rule]]
id = "let-in"
allow = ["send", "ask", "delegate"]
from = "*@*"
to = "*"
"""
OWN = {"home": "me", "lab": "me", "third": "me"}


class Forwarder(Worker):
    """Sends a new message at once for each it is given, in the run it has in hand."""

    def __init__(self, stage: Stage, name: str, agent: str, to: str) -> None:
        super().__init__()
        self._stage, self._name, self._agent, self._to = stage, name, agent, to
        self.refused: list[GatepostError] = []
        self.sent: list[str] = []
        self.claim = stage.desk(name, agent).claim(self, 4, "test")

    def offer(self, run: Run) -> None:
        super().offer(run)
        said = Submission(verb="ask", to=self._to, parts=(Text("and you?"),), run=run.run)
        self._stage.desk(self._name, self._agent).submit(said, self._heard)

    def _heard(self, answer: Receipt | GatepostError) -> None:
        if isinstance(answer, GatepostError):
            self.refused.append(answer)
        else:
            self.sent.append(answer.id)


def stage_of(*names: str) -> Stage:
    return Stage(*names, text=POLICY + LET_IN, owners=OWN)


@pytest.mark.requirement("T13")
def test_a_circle_of_three_nodes_ends_where_it_began() -> None:
    stage = stage_of("home", "lab", "third")
    circle = [("home", "bob@lab"), ("lab", "bob@third"), ("third", "bob@home")]
    bobs = {name: Forwarder(stage, name, "bob", to) for name, to in circle}
    stage.submit("home", "main", "bob@lab")
    stage.run(60)
    assert [len(bobs[name].offers) for name in ("lab", "third", "home")] == [1, 1, 0]
    assert [error.code for bob in bobs.values() for error in bob.refused] == ["policy.cycle"]


@pytest.mark.requirement("T13")
def test_two_agents_of_two_nodes_that_always_answer_end_at_once() -> None:
    stage = stage_of("home", "lab")
    there = Forwarder(stage, "lab", "bob", "main@home")
    back = Forwarder(stage, "home", "main", "bob@lab")
    stage.submit("home", "bob", "bob@lab")
    stage.run(60)
    assert (len(there.offers), len(back.offers)) == (1, 0)
    assert len(there.refused) == 1


@pytest.mark.requirement("T13")
def test_two_agents_of_one_node_that_always_answer_end_at_the_cap() -> None:
    stage = stage_of("home")
    one, other = Forwarder(stage, "home", "main", "bob"), Forwarder(stage, "home", "bob", "main")
    stage.submit("home", "main", "bob")
    stage.run(60)
    assert 1 < len(one.offers) + len(other.offers) <= 12
    refused = one.refused + other.refused
    assert [error.code for error in refused] == ["policy.hops"]


@pytest.mark.requirement("T13")
def test_what_becomes_of_a_message_wakes_nobody_by_itself() -> None:
    stage = stage_of("home", "lab")
    sent = stage.submit("home", "main", "nobody@lab")
    assert stage.ends("home", sent.id, "rejected").reason == "denied"
    worker = stage.worker("home", "main")
    stage.run(60)
    assert worker.offers == []


@pytest.mark.requirement("T13", "P7")
@pytest.mark.parametrize("nodes", [4, 6])
def test_a_circle_of_many_nodes_ends_where_it_began_with_one_notice(nodes: int) -> None:
    names = tuple(f"n{number}" for number in range(nodes))
    stage = Stage(*names, text=POLICY + LET_IN, owners=dict.fromkeys(names, "me"))
    bobs = [
        Forwarder(stage, name, "bob", f"bob@{names[(number + 1) % nodes]}")
        for number, name in enumerate(names)
    ]
    stage.submit("n0", "main", "bob@n1")
    stage.run(60)
    assert [len(bob.offers) for bob in bobs] == [0, *[1] * (nodes - 1)]
    assert [[error.code for error in bob.refused] for bob in bobs[:-1]] == [[]] * (nodes - 1)
    assert [error.code for error in bobs[-1].refused] == ["policy.cycle"]


@pytest.mark.requirement("T13")
def test_a_long_way_without_a_circle_ends_at_the_limit_of_hops_at_whichever_node_counts() -> None:
    names = tuple(f"n{number}" for number in range(12))
    stage = Stage(*names, text=POLICY + LET_IN, owners=dict.fromkeys(names, "me"))
    there = [Forwarder(stage, names[n], "bob", f"bob@{names[n + 1]}") for n in range(1, 11)]
    stage.submit("n0", "main", "bob@n1")
    stage.run(120)
    assert sum(len(bob.offers) for bob in there) == 8
    assert [e.code for bob in there for e in bob.refused] == ["policy.hops"]


@pytest.mark.requirement("T13")
@pytest.mark.parametrize("run", ["", "no such run", "0.0", "9" * 40, "99.1", "\u0663.1"])
def test_whatever_run_an_agent_names_it_is_not_taken_for_a_person(run: str) -> None:
    stage = stage_of("home", "lab", "third")
    bob = stage.worker("lab", "bob")
    stage.submit("home", "main", "bob@lab")
    stage.until(lambda: bob.offers)
    sent = stage.submit("lab", "bob", "bob@third", run=run)
    third = stage.worker("third", "bob")
    stage.until(lambda: sent.id in third.ids)
    assert third.offers[0].hops == 2
    error = stage.refused("lab", "bob", "bob@home", run=run)
    assert error.code == "policy.cycle"


@pytest.mark.requirement("T13")
def test_a_run_that_has_ended_still_is_the_cause_of_what_is_said_to_come_from_it() -> None:
    stage = stage_of("home", "lab")
    bob = stage.worker("lab", "bob")
    stage.submit("home", "main", "bob@lab")
    stage.until(lambda: bob.offers)
    stage.tell("lab", "bob", bob.ids[0])
    assert stage.refused("lab", "bob", "bob@home", run=bob.offers[0].run).code == "policy.cycle"
    # Another agent of the node has no part in that.
    assert stage.submit("lab", "main", "bob@home", run=bob.offers[0].run).state == "accepted"


@pytest.mark.requirement("T13", "P7")
def test_an_agent_that_asks_on_and_on_in_one_run_ends_at_the_turns_of_its_conversation() -> None:
    stage = stage_of("home", "lab")
    there, bob = stage.worker("lab", "bob"), stage.worker("home", "bob")
    stage.submit("home", "main", "bob")
    stage.until(lambda: bob.offers)
    run = bob.offers[0].run
    first = stage.submit("home", "bob", "bob@lab", run=run)
    for turn in range(2, 13):
        stage.until(lambda: len(there.ids) == turn - 1)  # noqa: B023
        stage.tell("lab", "bob", there.ids[-1], text="and?")
        said = stage.submit("home", "bob", "bob@lab", run=run, conversation=first.conversation)
        assert said.state == "accepted"
    error = stage.refused("home", "bob", "bob@lab", run=run, conversation=first.conversation)
    assert error.code == "policy.turns"
    # Another conversation, and a person in the same one, are no part of that.
    assert stage.submit("home", "bob", "bob@lab", run=run).state == "accepted"
    stage.submit("home", "main", "bob@lab", conversation=first.conversation)
    again = stage.submit("home", "bob", "bob@lab", run=run, conversation=first.conversation)
    assert again.state == "accepted"
