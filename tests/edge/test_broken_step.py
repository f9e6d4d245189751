"""A mistake of ours in the middle of a step: never half a step on disk, and the node goes on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gatepost.core.message import Submission, Text
from gatepost.core.views import GrantIn, MessagesQuery
from gatepost.errors import GatepostError
from tests.process.nodes import RealNode, add_agent, connected, pair, peer

STUMBLING = str(Path(__file__).with_name("stumbling.py"))


class Pair:
    def __init__(self, root: Path) -> None:
        self.trap = root / "trap"
        self.home, self.lab = RealNode(root / "home", "home"), RealNode(root / "lab", "lab")
        self.lab._program = [STUMBLING, str(self.trap)]

    def mistakes(self, times: int) -> str:
        """Wait until lab has told of so many mistakes; what it said."""
        assert self.lab.process is not None
        assert self.lab.process.stderr is not None
        said = ""
        while said.count("ValueError: half a step") < times:
            line = self.lab.process.stderr.readline()
            assert line, f"it ended: {said}"
            said += line
        return said

    def ids(self) -> list[str]:
        with self.lab.operator as operator:
            return [view.id for view in operator.messages(MessagesQuery(limit=100))]


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Pair]:
    two = Pair(tmp_path)
    try:
        for node in (two.home, two.lab):
            node.make().launch()
        for node in (two.home, two.lab):
            node.ready()
        pair(two.home, two.lab)
        connected(two.home, "lab")
        add_agent(two.home, "main")
        add_agent(two.lab, "echo", adapter="echo")
        add_agent(two.lab, "other")
        with two.lab.operator as operator:
            operator.grant(
                GrantIn(sender="main@home", verbs=("ask", "delegate"), to="echo", id="g")
            )
            operator.grant(GrantIn(sender="other", verbs=("ask",), to="echo", id="h"))
        yield two
    finally:
        two.home.kill()
        two.lab.kill()


def test_a_peer_that_breaks_steps_is_stopped_and_nothing_of_them_is_kept(two: Pair) -> None:
    with two.home.speaker("main") as main, two.lab.speaker("other") as other:
        first = main.ask("echo@lab", "one", wait=30)
        assert first.state == "done"
        two.trap.touch()
        asked = Submission(
            verb="delegate", to="echo@lab", parts=(Text("two"),), done_when="stumble"
        )
        bad = main.submit(asked)
        trace = two.mistakes(3)
        good = other.ask("echo", "three", wait=30)
        assert good.state == "done"
        with two.lab.operator as operator:
            assert peer(operator, "home").state == "frozen"
        assert two.ids() == [good.id, first.id]
        two.trap.unlink()
        with two.lab.operator as operator:
            operator.trust("home")
        assert main.check(bad.id, 60).state == "done"
    two.home.stop()
    assert two.lab.stop() == 0
    assert "Traceback" not in two.lab.said, "three times was all"
    last = [line.split()[1:] for line in two.lab.said.splitlines() if line[:1].isdigit()]
    assert last == [["peer.stopped", "home", "bug"], ["node.recovered", "node.recovering"]]
    assert "stumbling_decide" in trace
    assert "\x1b" not in trace


def test_a_call_that_breaks_a_step_is_answered_as_a_mistake_and_leaves_nothing(two: Pair) -> None:
    before = two.ids()
    two.trap.touch()
    with two.lab.speaker("other") as other:
        with pytest.raises(GatepostError) as answer:
            other.submit(Submission(verb="ask", to="echo", parts=(Text("x"),), labels=("stumble",)))
        assert answer.value.code == "bug.internal"
        two.mistakes(1)
        good = other.ask("echo", "y", wait=30)
    assert good.state == "done"
    assert two.ids() == [good.id, *before]


def test_a_task_that_breaks_is_a_broken_step_too_and_the_process_goes_on(two: Pair) -> None:
    how = {"adapter": "webhook", "url": "http://127.0.0.1:9/", "secret": "s" * 16}
    add_agent(two.lab, "called", **how)
    with two.lab.operator as operator:
        operator.grant(GrantIn(sender="other", verbs=("ask",), to="called", id="c"))
    two.trap.touch()
    with two.lab.speaker("other") as other:
        other.send("called", "x")
        assert "stumbling_work" in two.mistakes(1)
        two.trap.unlink()
        assert other.ask("echo", "y", wait=30).state == "done"
    assert two.lab.stop() == 0
