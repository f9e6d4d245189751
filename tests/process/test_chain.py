"""An agent that asks others while it works: it speaks for itself only, and no chain goes round."""

import sys
from pathlib import Path

import pytest

from gatepost.core.message import InboxQuery
from gatepost.core.views import GrantIn
from tests.process.nodes import SOURCES, RealNode, add_agent
from tests.process.scene import WAIT, Scene

pytestmark = pytest.mark.process
ASKS_ON = """
import json, sys
sys.path.insert(0, sys.argv[1])
from gatepost.errors import GatepostError
from gatepost.sdk import blocking
message = json.loads(sys.stdin.readline())
to, _, text = message["text"].partition(" ")
with blocking.connect() as me:
    try:
        view = me.ask(to, text, 20.0)
        said = f"{me.agent} heard {view.state} {view.reason} {view.text}"
    except GatepostError as refused:
        said = f"{me.agent} was refused: {refused.code}"
print(json.dumps({"type": "done", "text": said}), flush=True)
"""


def go_between(scene: Scene, at: RealNode) -> str:
    """An agent that asks TO what it is asked as `TO TEXT`, over the socket its run is told of."""
    script = scene.root / "asks_on.py"
    script.write_text(ASKS_ON)
    command = (sys.executable, str(script), str(SOURCES))
    return add_agent(at, scene.name("between"), adapter="process", command=command)


def let(node: RealNode, sender: str, to: str, id: str) -> None:
    with node.operator as operator:
        operator.grant(GrantIn(sender=sender, verbs=("ask",), to=to, id=id))


def test_an_agent_asks_another_in_its_own_name_and_the_message_counts_its_hops(
    shared: Scene,
) -> None:
    between, last = go_between(shared, shared.lab), shared.poller()
    with shared.caller(between) as main, shared.lab.speaker(last) as agent:
        asked = main.delegate(f"{between}@lab", f"{last} what now?")
        (run,) = agent.inbox(InboxQuery(wait=WAIT))
        assert (run.sender, run.hops) == (between, 2)
        agent.reply(run.id, "nothing")
        assert main.check(asked.id, WAIT).text == f"{between} heard done  nothing"


@pytest.mark.requirement("P7")
def test_a_chain_that_would_come_back_to_where_it_began_is_stopped_at_once(
    shared: Scene,
) -> None:
    between = go_between(shared, shared.lab)
    with shared.caller(between) as main:
        let(shared.home, f"{between}@lab", main.agent, shared.name("g"))
        view = main.ask(f"{between}@lab", f"{main.agent}@home are you me?", WAIT)
        assert view.text == f"{between} was refused: policy.cycle"


@pytest.mark.requirement("P7", "T13")
def test_two_agents_of_one_node_that_always_ask_each_other_stop_at_a_bound(
    shared: Scene,
) -> None:
    one, other = go_between(shared, shared.lab), go_between(shared, shared.lab)
    round_trip = " ".join([other, one] * 10)
    with shared.caller(one) as main:
        view = main.ask(f"{one}@lab", round_trip, WAIT)
        assert view.state == "done"
        assert view.text.endswith("was refused: policy.hops")
        assert view.text.count("heard done") == 7


@pytest.mark.requirement("T07")
def test_the_token_of_a_run_opens_nothing_of_the_operators(shared: Scene, tmp_path: Path) -> None:
    script = tmp_path / "tries.py"
    script.write_text(
        """
import json, os, sys
sys.path.insert(0, sys.argv[1])
from gatepost.errors import GatepostError
from gatepost.sdk import blocking
json.loads(sys.stdin.readline())
said = []
with blocking.connect_operator(
    socket=os.environ["GATEPOST_SOCKET"], token=os.environ["GATEPOST_TOKEN"]
) as operator:
    for call in (operator.status, operator.peers, operator.rules, operator.tokens):
        try:
            call()
            said.append("yes")
        except GatepostError as refused:
            said.append(refused.code)
print(json.dumps({"type": "done", "text": " ".join(said)}), flush=True)
"""
    )
    command = (sys.executable, str(script), str(SOURCES))
    name = add_agent(shared.lab, shared.name("tries"), adapter="process", command=command)
    with shared.caller(name) as main:
        said = main.ask(f"{name}@lab", "try", WAIT).text.split()
    assert len(said) == 4 and set(said) <= {"call.unknown", "auth.refused"}
