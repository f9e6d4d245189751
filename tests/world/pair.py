"""Two nodes without chance: for tests aimed at one rule, at the moment it matters.

`home` and `lab` are machines of a quiet world, paired and linked. Their disks, clocks and the wire
between them obey the test; a `Probe` is an agent that does what the test says and nothing else.
"""

from dataclasses import dataclass, field, replace

from gatepost.core.message import (
    Content,
    MessageView,
    Receipt,
    Run,
    Submission,
    Text,
    UpdateIn,
    UpdateKind,
    text_of,
)
from gatepost.errors import GatepostError
from gatepost.node.exchange import Exchange
from gatepost.ports import Claim
from tests.world.fuse import Crash
from tests.world.machine import Machine
from tests.world.options import Options
from tests.world.world import World

SENDER = "caller-node0"
AGENT = "caller-node1"


@dataclass(slots=True)
class Sent:
    """One message of `home`: what its caller was told."""

    pair: "Pair"
    receipt: Receipt | None = None
    refused: str = ""
    seen: list[MessageView] = field(default_factory=list[MessageView])

    @property
    def id(self) -> str:
        assert self.receipt is not None, "not accepted yet"
        return self.receipt.id

    @property
    def states(self) -> list[str]:
        return [view.state for view in self.seen]

    def answered(self, answer: Receipt | GatepostError) -> None:
        if isinstance(answer, GatepostError):
            self.refused = answer.code
        else:
            self.receipt = answer

    def watch(self) -> "Sent":
        desk = self.pair.home.desk(SENDER)
        assert desk is not None
        desk.watch(self.id, self.seen.append)
        return self

    def cancel(self) -> None:
        desk = self.pair.home.desk(SENDER)
        assert desk is not None
        desk.cancel(self.id, lambda answer: None)

    def reply(self, text: str) -> None:
        desk = self.pair.home.desk(SENDER)
        assert desk is not None
        desk.update(UpdateIn(id=self.id, kind="answer", parts=(Text(text),)), lambda error: None)


class Probe:
    """The agent at `lab`. `runs` were offered to it, `given` are replies, `stops` cancellations."""

    def __init__(self, machine: Machine) -> None:
        self.runs: list[Run] = []
        self.given: list[tuple[str, str]] = []
        self.stops: list[str] = []
        self.open: tuple[Run, ...] = ()
        self._machine = machine
        self._claim: Claim | None = None

    def attach(self, evidence: str = "running") -> None:
        desk = self._machine.desk(AGENT)
        assert desk is not None, "lab is down"
        claim = self._claim = desk.claim(self, 100, "probe")
        self.open = claim.open_runs
        for run in claim.open_runs:
            claim.evidence(run.run, evidence)

    def detach(self) -> None:
        assert self._claim is not None
        self._claim.release()

    def say(self, run: Run, kind: UpdateKind, text: str = "") -> None:
        desk = self._machine.desk(AGENT)
        assert desk is not None, "lab is down"
        desk.update(UpdateIn(id=run.id, kind=kind, parts=(Text(text),)), lambda error: None)

    def offer(self, run: Run) -> None:
        self.runs.append(run)

    def cancel(self, run: str, reason: str) -> None:
        self.stops.append(run)

    def supply(self, run: str, parts: tuple[Content, ...]) -> None:
        self.given.append((run, text_of(parts)))


class Pair:
    """The two of them, up and in contact."""

    def __init__(self, **options: float) -> None:
        plain = Options(nodes=2, lanes=2, calls=0)
        self.world = World(replace(plain, **options), 1)
        self.home, self.lab = self.world.machines
        for machine in self.world.machines:
            machine.away = lambda: 0.2
            machine.boot()
        self.run(1.0)
        assert self.outward.live
        self.probe = Probe(self.lab)
        self.probe.attach()

    def run(self, seconds: float) -> None:
        """Let so much virtual time pass."""
        timeline = self.world.timeline
        until = timeline.time + seconds
        going = True
        while going:
            try:
                going = timeline.step(until)
            except Crash as crash:
                {m.name: m for m in self.world.machines}[crash.machine].crash()

    @property
    def outward(self) -> Exchange:
        """Home's exchange with lab."""
        return _exchange(self.home, self.lab)

    @property
    def inward(self) -> Exchange:
        """Lab's exchange with home."""
        return _exchange(self.lab, self.home)

    def send(self, text: str = "hello", verb: str = "ask", expires: float = 0.0) -> Sent:
        """Home's caller submits a message to lab's agent; nothing has run yet."""
        desk = self.home.desk(SENDER)
        assert desk is not None, "home is down"
        sent = Sent(self)
        submission = Submission(
            verb=verb,  # pyright: ignore[reportArgumentType]
            to=f"{AGENT}@{self.lab.name}",
            parts=(Text(text),),
            expires_in=int(expires * 1000),
        )
        desk.submit(submission, sent.answered)
        return sent

    def cut(self, source: Machine, target: Machine) -> None:
        self.world.wire.cut(source.keys.node, target.keys.node)

    def mend(self) -> None:
        one, other = self.home.keys.node, self.lab.keys.node
        self.world.wire.mend(one, other)
        self.world.wire.mend(other, one)


def slow(machine: Machine, seconds: float) -> None:
    """From now on a commit of this machine takes so long."""
    machine.latency = lambda: seconds


def _exchange(machine: Machine, other: Machine) -> Exchange:
    assert machine.node is not None, f"{machine.name} is down"
    return machine.node.peers.by_alias[other.name].exchange
