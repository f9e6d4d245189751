"""The canonical story: an agent on one real gateway hands work to an agent on another.

Two gateways, a node beside each, paired and connected by the commands a person types. What an agent
does is told to its model in the text of its turn.
"""

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gatepost.core.views import GrantIn, MessagesQuery
from tests.e2e_openclaw.gateway import Gateway, config, free_port, gateway, until
from tests.e2e_openclaw.install import OpenClaw
from tests.e2e_openclaw.model import Model
from tests.process.nodes import RealNode, pair

pytestmark = [pytest.mark.e2e_openclaw, pytest.mark.timeout(900)]
SOON = 120


@dataclass
class Side:
    """One machine: a gateway and a node beside it."""

    gateway: Gateway
    node: RealNode

    def gatepost(self, line: str) -> str:
        """What an operator types here."""
        return self.gateway.shell(f"gatepost {line} --home {self.node.home}")


@dataclass
class Story:
    """Home, whose agent `main` asks, and lab, where `specialist` works."""

    home: Side
    lab: Side
    model: Model

    def ask(self, text: str, **more: Any) -> str:
        """Have `main` ask the specialist within one turn; what `main` says in the end."""
        arguments = json.dumps({"to": "specialist@lab", "question": text, **more})
        return self.home.gateway.tell("main", f"USE gatepost_ask {arguments}")

    def task(self, text: str) -> str:
        """Hand the specialist a task from home; its id."""
        with self.home.node.speaker("main") as main:
            return main.delegate("specialist@lab", text, "it is said").id

    def asked(self, words: str) -> int:
        """How often the model was asked something with these words."""
        return sum(words in json.dumps(request) for request in self.model.requests)

    def end(self, id: str) -> tuple[str, str]:
        """Wait for a task: its state and what was said."""
        with self.home.node.speaker("main") as main:
            view = main.check(id, SOON)
        return view.state, view.text


@pytest.fixture(scope="module")
def story(
    release: OpenClaw, obedient: Model, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    root: Path = tmp_path_factory.mktemp("story")
    ours = config(obedient.url, free_port(), {"entries": {"main": {}, "other": {}}}, root / "home")
    theirs = config(obedient.url, free_port(), {"entries": {"specialist": {}}}, root / "lab")
    with (
        gateway(release, root / "home", ours) as one,
        gateway(release, root / "lab", theirs) as two,
    ):
        home = Side(one, RealNode(root / "node-home", "home").make().start())
        lab = Side(two, RealNode(root / "node-lab", "lab").make().start())
        try:
            pair(home.node, lab.node)
            home.gatepost("openclaw connect --agents main --yes")
            lab.gatepost("openclaw connect --yes")
            with lab.node.operator as operator:
                verbs = ("see", "send", "ask", "delegate")
                operator.grant(GrantIn(sender="main@home", verbs=verbs, to="specialist"))
            yield Story(home, lab, obedient)
        finally:
            obedient.gate.set()
            home.node.stop()
            lab.node.stop()


def test_the_answer_of_another_gateway_is_a_tool_result_in_the_same_turn_for_three_calls(story):
    before = len(story.model.requests)
    said = story.ask("SAY the index was locked")
    assert "Done: specialist@lab answered." in said
    assert "the index was locked" in said
    assert "untrusted" in said
    assert len(story.model.requests) - before == 3


def test_a_late_answer_wakes_the_asking_session_by_itself_for_a_fourth_call(story):
    story.model.gate.clear()
    before = len(story.model.requests)
    said = story.ask("HOLD then SAY it took its time", wait_seconds=1)
    assert "told to you by itself" in said
    story.model.gate.set()
    until(
        lambda: story.asked("It is done; the answer stands between the marks.") > 0,
        SOON,
        lambda: "the session was not woken",
    )
    assert len(story.model.requests) - before == 4


def test_an_agent_without_a_token_has_no_tools(story):
    said = story.home.gateway.tell("other", 'USE gatepost_agents_list {"limit": 5}')
    assert "specialist" not in said


@pytest.mark.parametrize("name", ["from", "agent", "as", "sender", "token"])
def test_an_argument_that_names_a_sender_changes_nothing(story, name):
    with story.home.node.operator as operator:
        before = len(operator.messages(MessagesQuery()))
    said = story.ask("SAY forged", **{name: "other"})
    assert "Done:" not in said
    with story.home.node.operator as operator:
        assert len(operator.messages(MessagesQuery())) == before


def test_a_model_that_fails_is_a_failure_and_no_answer(story):
    state, text = story.end(story.task("FAIL now"))
    assert state == "failed"
    assert text


def test_a_killed_gateway_goes_on_and_its_answer_comes_once(story):
    story.model.gate.clear()
    id = story.task("HOLD then SAY risen after a kill")
    until(lambda: story.asked("risen after a kill") > 0, SOON, lambda: "the model was not asked")
    os.kill(story.lab.gateway.pid, signal.SIGKILL)
    assert story.lab.gateway.process is not None
    story.lab.gateway.process.wait(30)
    story.model.gate.set()
    story.lab.gateway.start()
    assert story.end(id) == ("done", "risen after a kill")
    with story.lab.node.operator as operator:
        [view] = [one for one in operator.messages(MessagesQuery()) if one.id == id]
    assert view.attempt == 1


def test_a_killed_node_finds_what_its_agent_said_meanwhile(story):
    story.model.gate.clear()
    id = story.task("HOLD then SAY kept over a kill")
    until(lambda: story.asked("kept over a kill") > 0, SOON, lambda: "the model was not asked")
    story.lab.node.kill()
    story.model.gate.set()
    story.lab.node.start()
    assert story.end(id) == ("done", "kept over a kill")
    assert story.asked("kept over a kill") == 1


def test_a_gateway_that_is_stopped_ends_its_turn_first_and_what_comes_meanwhile_waits(story):
    story.model.gate.clear()
    first = story.task("HOLD then SAY before the stop")
    until(lambda: story.asked("before the stop") > 0, SOON, lambda: "the model was not asked")
    os.kill(story.lab.gateway.pid, signal.SIGTERM)
    story.model.gate.set()
    assert story.end(first) == ("done", "before the stop")
    assert story.lab.gateway.process is not None
    story.lab.gateway.process.wait(60)
    second = story.task("SAY after the stop")
    story.lab.gateway.start()
    assert story.end(second) == ("done", "after the stop")


def test_a_withdrawn_task_is_stopped_at_the_gateway(story):
    story.model.gate.clear()
    id = story.task("HOLD then SAY too late")
    until(lambda: story.asked("too late") > 0, SOON, lambda: "the model was not asked")
    with story.home.node.speaker("main") as main:
        main.cancel(id)
        assert main.check(id, SOON).state == "cancelled"
    story.model.gate.set()


def test_disconnecting_takes_the_tools_and_the_agents_away(story):
    story.home.gatepost("openclaw disconnect --yes")
    said = story.home.gateway.tell("main", 'USE gatepost_agents_list {"limit": 5}')
    assert "specialist" not in said
    with story.home.node.operator as operator:
        assert [view.address for view in operator.agents()] == []
