"""A stage for the rooms of a node: whole nodes in virtual time over the loopback wire.

The store is the real SQL in memory. Nothing fails by itself: a test crashes a machine, breaks a
link or sets a clock when it wants to. `until` steps to a condition, within a bound.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import msgspec

from gatepost.core.message import Content, MessageView, Receipt, Run, Submission, Text, UpdateIn
from gatepost.core.origin import Document
from gatepost.core.records import PeerRow
from gatepost.core.views import AgentSpec
from gatepost.errors import GatepostError
from gatepost.node.desk import Desk
from gatepost.node.node import Node
from gatepost.node.settings import Settings
from gatepost.policy.law import Law
from gatepost.policy.rules import read_law
from gatepost.ports import Claim
from tests.seeded import SeededEntropy
from tests.world.machine import Machine
from tests.world.timeline import EPOCH, Log, Timeline
from tests.world.wire import WorldWire

T = TypeVar("T")
BOUND = 120.0
OPEN = """
[[rule]]
id = "all"
allow = ["ping", "see", "send", "ask", "delegate"]
from = ["*", "*@*"]
to = ["*", "*@*"]

[limits]
rate = "none"
"""


def law(name: str, text: str = OPEN) -> Law:
    return read_law([Document("policy.toml", text)], [name])


def unpacked(what: T | GatepostError) -> T:
    if isinstance(what, GatepostError):
        raise what
    return what


POLICY_ONLY_PING = """
[[rule]]
id = "out"
allow = ["see", "send", "ask", "delegate"]
from = "*"
to = "*@*"

[[rule]]
id = "ping"
allow = ["ping"]
from = ["*", "*@*"]
to = ["*", "*@*"]
"""


class Worker:
    """A client that remembers what it is told and does nothing by itself."""

    def __init__(self) -> None:
        self.offers: list[Run] = []
        self.cancelled: list[str] = []
        self.supplied: list[tuple[str, tuple[Content, ...]]] = []
        self.claim: Claim | None = None

    @property
    def ids(self) -> list[str]:
        return [run.id for run in self.offers]

    def offer(self, run: Run) -> None:
        self.offers.append(run)

    def cancel(self, run: str, reason: str) -> None:
        self.cancelled.append(run)

    def supply(self, run: str, parts: tuple[Content, ...]) -> None:
        self.supplied.append((run, parts))


class Stage:
    """`agents` are had by every machine; machines know one another when `paired`."""

    def __init__(
        self,
        *names: str,
        agents: Sequence[str | AgentSpec] = ("main", "bob"),
        text: str = OPEN,
        paired: bool = True,
        owners: dict[str, str] | None = None,
        **settings: float,
    ) -> None:
        self.timeline = Timeline(Log())
        self.wire = WorldWire(self.timeline, SeededEntropy("stage"), lambda node, what: None)
        self.machines: dict[str, Machine] = {}
        for n, name in enumerate(names):
            told = Settings(name=name, listen=f"10.0.0.{n + 1}:7443", **settings)  # type: ignore[arg-type]
            machine = Machine(name, "stage", self.timeline, self.wire, law(name, text), told)
            self.machines[name] = machine
            for agent in agents:
                spec = AgentSpec(name=agent) if isinstance(agent, str) else agent
                machine.disk.add_agent(spec)
        if paired:
            self._acquaint(owners or {})
        for machine in self.machines.values():
            machine.boot()
        self.until(lambda: all(machine.node for machine in self.machines.values()))
        if paired:
            self.until(self.linked)

    def _acquaint(self, owners: dict[str, str]) -> None:
        for one in self.machines.values():
            others = [other for other in self.machines.values() if other is not one]
            for number, other in enumerate(others, 1):
                one.disk.add_peer(
                    PeerRow(
                        number=number,
                        node=other.keys.node,
                        alias=other.name,
                        record=other.keys.record_bytes,
                        endpoint="",
                        words="",
                        paired=EPOCH,
                        owner=owners.get(other.name, ""),
                    )
                )

    # time

    def until(self, condition: Callable[[], object], bound: float = BOUND) -> None:
        end = self.timeline.time + bound
        while not condition():
            assert self.timeline.step(end), f"not within {bound:g} s"

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end = self.timeline.time + seconds
        while self.timeline.step(end):
            pass

    def linked(self) -> bool:
        return all(
            peer.exchange.live
            for name in self.machines
            for peer in self.node(name).peers.by_node.values()
        )

    # nodes

    def node(self, name: str) -> Node:
        node = self.machines[name].node
        assert node is not None, f"{name} is down"
        return node

    def crash(self, name: str) -> None:
        """The node dies at this instant and stays down."""
        machine = self.machines[name]
        machine.away = lambda: 10_000_000.0
        machine.crash()

    def boot(self, name: str) -> None:
        self.machines[name].boot()
        self.until(lambda: self.machines[name].node)

    def part(self, one: str, other: str) -> None:
        """No way between two machines, until `join`."""
        self.wire.cut(self.machines[one].keys.node, self.machines[other].keys.node)
        self.wire.cut(self.machines[other].keys.node, self.machines[one].keys.node)
        self.wire.break_links(self.machines[one].keys.node, self.machines[other].keys.node)
        self.until(lambda: not self.node(one).peers.by_alias[other].exchange.live)

    def join(self, one: str, other: str) -> None:
        self.wire.mend(self.machines[one].keys.node, self.machines[other].keys.node)
        self.wire.mend(self.machines[other].keys.node, self.machines[one].keys.node)
        self.until(self.linked, 900.0)

    def rename(self, name: str, new: str) -> None:
        """From its next life on, the node of this machine calls itself by another name."""
        machine = self.machines[name]
        settings = machine._settings
        machine._settings = msgspec.structs.replace(settings, name=new)

    # agents

    def desk(self, name: str, agent: str) -> Desk:
        return self.node(name).desk(agent)

    def worker(self, name: str, agent: str, capacity: int = 16) -> Worker:
        worker = Worker()
        worker.claim = self.desk(name, agent).claim(worker, capacity, "test")
        return worker

    def submit(
        self, name: str, agent: str, to: str, text: str = "hello", verb: str = "ask", **more: object
    ) -> Receipt:
        heard: list[Receipt | GatepostError] = []
        asked = Submission(verb=verb, to=to, parts=(Text(text),), **more)  # type: ignore[arg-type]
        self.desk(name, agent).submit(asked, heard.append)
        self.until(lambda: heard)
        return unpacked(heard[0])

    def refused(self, name: str, agent: str, to: str, **more: object) -> GatepostError:
        try:
            self.submit(name, agent, to, **more)  # type: ignore[arg-type]
        except GatepostError as error:
            return error
        raise AssertionError("it was accepted")

    def tell(
        self, name: str, agent: str, id: str, kind: str = "done", text: str = "", reason: str = ""
    ) -> None:
        heard: list[GatepostError | None] = []
        parts = (Text(text),) if text else ()
        news = UpdateIn(id=id, kind=kind, parts=parts, reason=reason)  # type: ignore[arg-type]
        self.desk(name, agent).update(news, heard.append)
        self.until(lambda: heard)
        if heard[0] is not None:
            raise heard[0]

    def cancel(self, name: str, agent: str, id: str) -> MessageView:
        heard: list[MessageView | GatepostError] = []
        self.desk(name, agent).cancel(id, heard.append)
        self.until(lambda: heard)
        return unpacked(heard[0])

    def view(self, name: str, id: str, agent: str = "") -> MessageView:
        return self.node(name).shown.message(id, agent)

    def state(self, name: str, id: str) -> str:
        return self.view(name, id).state

    def ends(self, name: str, id: str, state: str) -> MessageView:
        self.until(lambda: self.state(name, id) == state)
        return self.view(name, id)


def states(view: MessageView) -> list[str]:
    return [moment.state for moment in view.timeline]


def texts(parts: Iterable[Content]) -> list[str]:
    return [part.text for part in parts if isinstance(part, Text)]
