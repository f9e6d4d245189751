"""Failures that operators of agent gateways met in the field, and that do not happen here."""

import pytest

from gatepost.core.views import Question
from gatepost.errors import GatepostError
from gatepost.node.questions import Questions
from tests.unit.node.driving import drive
from tests.unit.node.stage import Stage

OUT = """
[[rule]]
id = "out"
allow = ["ask", "send"]
from = "main"
to = "bob@lab"
"""
IN = """
[[rule]]
id = "in"
allow = ["ask"]
from = "main@home"
to = "bob"
"""
SILENT = '[[rule]]\nid = "ping"\nallow = ["ping"]\nfrom = "*@*"\nto = "*"\n'


class Book:
    """A law that does not change."""

    fault = None

    def reload(self) -> None:
        """Nothing to read."""


def stage(text: str = OUT + IN) -> Stage:
    return Stage("home", "lab", agents=("main", "bob", "eve"), text=text)


@pytest.mark.requirement("F11")
def test_a_list_that_leaves_somebody_out_is_kept_to_on_both_sides() -> None:
    here = stage()
    bob, eve = here.worker("lab", "bob"), here.worker("lab", "eve")
    assert here.refused("home", "main", "eve@lab").code == "policy.denied"
    assert here.refused("home", "eve", "bob@lab").code == "policy.denied"
    said = here.submit("home", "main", "bob@lab", verb="send")  # goes out, is not let in
    assert here.ends("home", said.id, "rejected").reason == "denied"
    assert (bob.offers, eve.offers) == ([], [])


@pytest.mark.requirement("F11")
def test_a_pair_that_both_lists_name_is_let_through() -> None:
    here = stage()
    bob = here.worker("lab", "bob")
    asked = here.submit("home", "main", "bob@lab")
    here.until(lambda: bob.offers)
    here.tell("lab", "bob", asked.id, text="42")
    assert here.ends("home", asked.id, "done").text == "42"


@pytest.mark.requirement("F13")
def test_who_may_ask_sees_neither_the_other_agents_nor_what_was_said_to_them() -> None:
    here = stage()
    asked = here.submit("home", "main", "bob@lab")
    peer = here.node("home").peers.by_alias["lab"]
    heard: list[object] = []
    here.node("home").talk.ask(peer, "agents", {}, heard.append)
    here.until(lambda: heard)
    (answer,) = heard
    assert getattr(answer, "data", None) == {"agents": []}
    here.until(lambda: here.node("lab").store.messages.find(asked.id))
    with pytest.raises(GatepostError) as refused:
        here.desk("lab", "eve").shown(asked.id)
    assert refused.value.code == "message.unknown"


@pytest.mark.requirement("F14")
def test_a_refusal_is_a_denial_at_once_and_never_a_wait_that_runs_out() -> None:
    here = stage(SILENT)
    before = here.timeline.time
    error = here.refused("home", "main", "bob@lab")
    assert here.timeline.time - before < 0.001
    assert (error.code, error.entry.retryable) == ("policy.denied", False)
    assert error.fix == "gatepost explain main bob@lab ask"


@pytest.mark.requirement("F14")
def test_a_refusal_of_the_other_node_ends_the_message_long_before_it_expires() -> None:
    here = stage(OUT)
    asked = here.submit("home", "main", "bob@lab")
    before = here.timeline.time
    view = here.ends("home", asked.id, "rejected")
    assert (view.reason, view.by) == ("denied", "rule")
    assert here.timeline.time - before < 1.0


@pytest.mark.requirement("F16")
def test_an_agent_of_another_node_need_not_be_known_here() -> None:
    open_out = OUT.replace('"bob@lab"', '"*@lab"')
    here = stage(open_out + IN)
    questions = Questions(here.node("home"), Book())
    assert questions.can("main", "ask", "nobody@lab")
    said = here.submit("home", "main", "nobody@lab")
    assert here.ends("home", said.id, "rejected").by == "rule"  # lab's word, not ours
    found = drive(here, questions.explain(Question(message=said.id)))
    assert (found.verdict, found.code) == ("allow", "")
    assert found.there is not None and found.there.word == "denied"
