"""A scene: nodes `home` and `lab`, paired and running, and agents that do as a message tells them.

Every test takes agents of its own, so that one scene serves a whole session. The scripted agent is
that of the conformance suite: a message's text is a list of steps (`tests/conformance/steps.py`).
"""

import shlex
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

from gatepost.core.message import MessageView, Text
from gatepost.core.views import GrantIn
from gatepost.sdk.blocking import BlockingClient
from tests.conformance.steps import Gates, Ledger
from tests.process.nodes import RealNode, add_agent, connected, pair

SCRIPT = Path(__file__).parents[1] / "conformance" / "command.py"
WAIT = 30.0


class Scene:
    """Two nodes and what stands between a test and its agents."""

    def __init__(self, root: Path, home: RealNode, lab: RealNode) -> None:
        self.root = root
        self.home = home
        self.lab = lab
        self.gates = Gates(root)
        self.ledger = Ledger(str(root / "ledger"))
        self._names = count(1)

    def name(self, word: str) -> str:
        """A name nobody in this scene has."""
        return f"{word}{next(self._names)}"

    def gate(self) -> tuple[str, str]:
        """A closed gate: its name, and the step that waits at it."""
        name = self.name("gate")
        return name, self.gates.make(name)

    def worker(self, at: RealNode | None = None, mode: str = "stay", **how: object) -> str:
        """A scripted agent, by default at lab; its name."""
        command = (sys.executable, str(SCRIPT), mode, str(self.root), str(self.root / "ledger"))
        spec = {"adapter": "process", "command": command, "mode": mode, **how}
        return add_agent(at or self.lab, self.name("worker"), **spec)

    def poller(self, at: RealNode | None = None) -> str:
        """An agent without an adapter, by default at lab; its name."""
        return add_agent(at or self.lab, self.name("poller"))

    def command_line(self, mode: str = "stay") -> str:
        """The scripted agent as an operator would type it."""
        words = (sys.executable, str(SCRIPT), mode, str(self.root), str(self.root / "ledger"))
        return shlex.join(words)

    def allow(self, sender: str, to: str, *verbs: str) -> None:
        """Let an agent of home in at lab, for all verbs when none is named."""
        with self.lab.operator as operator:
            verbs = verbs or ("send", "ask", "delegate")
            operator.grant(GrantIn(sender=f"{sender}@home", verbs=verbs, to=to, id=self.name("g")))

    @contextmanager
    def caller(self, to: str = "") -> Iterator[BlockingClient]:
        """A new agent of home, let in to `to` at lab."""
        name = add_agent(self.home, self.name("caller"))
        if to:
            self.allow(name, to)
        with self.home.speaker(name) as mailbox:
            yield mailbox

    def starts(self, id: str) -> int:
        """How often a message was begun, says the agent that did it."""
        return self.ledger.starts(id)


@contextmanager
def scene(root: Path, rate: str = "none") -> Iterator[Scene]:
    """Two running nodes, paired. At the end both must stop cleanly and have said nothing bad."""
    nodes = RealNode(root / "home", "home"), RealNode(root / "lab", "lab")
    with ExitStack() as stack:
        for node in nodes:
            node.make()
            set_limit(node, "rate", rate)
            node.launch()
            stack.callback(node.kill)
        for node in nodes:
            node.ready()
        pair(*nodes)
        for node, alias in zip(nodes, ("lab", "home"), strict=True):
            connected(node, alias)
        one = Scene(root, *nodes)
        stack.callback(one.gates.close)
        yield one
        ends = [(node.name, node.stop(), *node.trouble) for node in nodes]
        assert ends == [("home", 0), ("lab", 0)], ends


def set_limit(node: RealNode, name: str, value: str) -> None:
    """Change one of the limits in a node's policy.toml."""
    path = node.places.policy
    lines = path.read_text().splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith(f"{name} = "))
    lines[at] = f'{name} = "{value}"'
    path.write_text("\n".join(lines) + "\n")


def watch_until(mailbox: BlockingClient, id: str, *states: str, said: str = "") -> MessageView:
    """Watch a message until it is in one of these states, or the last word of it is `said`."""
    for seen in mailbox.watch(id):
        view = mailbox.check(id) if said else seen
        if view.state in states or (said and texts(view)[-1:] == [said]):
            return view
    raise AssertionError(f"{id} ended before that")


def texts(view: MessageView, state: str = "working") -> list[str]:
    """The texts in a message's timeline that were said in one state, in order."""
    moments = [moment for moment in view.timeline if moment.state == state]
    return [part.text for moment in moments for part in moment.parts if isinstance(part, Text)]
