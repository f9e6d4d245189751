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
