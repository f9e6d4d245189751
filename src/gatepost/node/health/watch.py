"""The node's own eye on itself: the checks, made again and again, told as events and in `status`.

Every fifteen seconds it looks at what is in memory; once a minute at the machine around it, which
costs a few system calls; at the law when the law, an agent or a peer has changed, and every ten
minutes, for rules have hours. Peers that are in contact are pinged now and then, a few at a time,
to compare clocks. A fault is shown once it has lasted as long as its check wants, so that a blip is
no news; somebody who asks is told at once.

Events: `health.found` when a fault is shown first, `health.mended` when it is gone, and
`health.failed` when a look itself broke off: that is told, and never ends the node.
"""

from collections.abc import Callable
from functools import partial
from typing import Protocol

import msgspec

from gatepost.core.configured import ConfigView
from gatepost.core.control import Answer
from gatepost.core.health import Checkup, Finding
from gatepost.core.machine import DiskFacts, Fault, HomeFacts, ProcessFacts
from gatepost.errors import GatepostError
from gatepost.node.health.catalogue import BY_CODE, CHECKS
from gatepost.node.health.facts import Facts, LawFacts, known, law_facts
from gatepost.node.health.judge import fold, judge
from gatepost.node.health.live import Skew, desks, holds, links
from gatepost.node.node import Node
from gatepost.node.peers import Peer
from gatepost.policy.directory import Directory
from gatepost.policy.law import Law
from gatepost.ports import Clock, Timer
from gatepost.ports.machine import Machine

EVERY = 15.0
AROUND = 60_000
LAW_AGAIN = 600_000
CLOCKS_AGAIN = 600_000
MOST_RULES = 2_000
"""A longer law is reviewed by `doctor` in its own process: here it would hold up messages."""
PINGS = 16
"""How many peers are asked for their clock at one look."""
TOLD = frozenset(
    {"peer.stopped", "node.paused", "disk.full", "policy.invalid", "config.invalid"}
    | {"config.restart", "policy.expectation", "holds.waiting"}
)
"""What `status` says by itself, at once, and what has an event of its own."""


_LAWFUL = {"law", "remarks", "tried"}
_OF_LAW = [check for check in CHECKS if _LAWFUL.intersection(check.needs)]
_OTHERS = [check for check in CHECKS if not _LAWFUL.intersection(check.needs)]


class Book(Protocol):
    """The law in its files, as far as it matters here."""

    @property
    def fault(self) -> GatepostError | None:
        """What is wrong with the files as they are now."""
        ...

    @property
    def directory(self) -> Callable[[], Directory]:
        """Whom the node knows."""
        ...


class Settings(Protocol):
    """The settings in force, as far as they matter here."""

    def config(self) -> ConfigView:
        """All of them, with their places."""
        ...


class Around(msgspec.Struct, frozen=True):
    """The machine at the last look, when there were these `agents`.

    `missing` are agents whose command is not there, and why.
    """

    at: int
    agents: frozenset[str]
    home: HomeFacts
    process: ProcessFacts
    disk: DiskFacts | None
    missing: dict[str, str]


class Health:
    """One node's health."""

    def __init__(
        self, node: Node, book: Book, settings: Settings, machine: Machine, clock: Clock
    ) -> None:
        self._node = node
        self._book = book
        self._settings = settings
        self._machine = machine
        self._clock = clock
        self._around: Around | None = None
        self._law: tuple[tuple[Law | None, Directory, str], Checkup] | None = None
        self._skews: dict[str, tuple[int, Skew]] = {}
        self._since: dict[str, int] = {}
        self._shown: dict[str, Finding] = {}
        self._timer: Timer | None = None

    def start(self) -> None:
        """Look, and from now on again and again."""
        self._timer = self._clock.call_later(EVERY, self.start)
        try:
            self._ask_clocks()
            self._tell(self.checkup(AROUND))
        except Exception as crash:  # it only looks: what it stumbles over harms nothing else
            self._node.events.emit("health.failed", text=f"{type(crash).__name__}: {crash}")

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()

    def checkup(self, fresh: int = 0) -> Checkup:
        """Everything the node sees of itself; the machine as of at most `fresh` ms ago."""
        now = self._clock.now()
        facts = self._facts(now, fresh)
        seen, law = judge(facts, _OTHERS), self._of_law(facts)
        found = fold([*seen.findings, *law.findings], CHECKS)
        keys = {one.key for one in found}
        self._since = {key: self._since.get(key, now) for key in keys}
        dated = (msgspec.structs.replace(one, since=self._since[one.key]) for one in found)
        return Checkup(at=now, findings=tuple(dated), looked=(*seen.looked, *law.looked))

    def needs_you(self) -> tuple[str, ...]:
        """What was shown and needs somebody, in a line each; the causes, not what follows."""
        return tuple(
            f"{one.title}: {one.what}   {one.fix}" for one in self._shown.values() if _news(one)
        )

    # facts

    def _facts(self, now: int, fresh: int) -> Facts:
        node, config = self._node, self._settings.config()
        around = self._look_around(now, fresh)
        skews = {name: skew for name, (_, skew) in self._skews.items()}
        fault = self._book.fault
        return Facts(
            now=now,
            inside=True,
            home=around.home,
            process=around.process,
            disk=around.disk,
            config=config,
            law=LawFacts(
                node.guard.law,
                Fault(fault.code, fault.what, fault.why, fault.where) if fault else None,
                self._book.directory(),
            ),
            paused=node.guard.whole,
            links=links(node, skews),
            desks=desks(node, around.missing),
            holds=holds(node),
        )

    def _look_around(self, now: int, fresh: int) -> Around:
        around, agents = self._around, frozenset(self._node.agents)
        if around is not None and 0 <= now - around.at < fresh and around.agents == agents:
            return around  # what it has seen of an agent that came since would be wrong
        specs = [agent.spec for agent in self._node.agents.values()]
        missing = {spec.name: why for spec in specs if (why := self._machine.command(spec))}
        self._around = Around(
            at=now,
            agents=agents,
            home=self._machine.home(),
            process=self._machine.process(),
            disk=self._machine.disk(deep=False),
            missing=missing,
        )
        return self._around

    def _of_law(self, facts: Facts) -> Checkup:
        """What is found in the law; looked at again when something it speaks of has changed."""
        law = known(facts.law)
        key = (law.law, law.directory, law.fault.what if law.fault else "")
        kept = self._law
        if kept is not None and kept[0] == key and 0 <= facts.now - kept[1].at < LAW_AGAIN:
            return kept[1]
        small = len(law.rules) <= MOST_RULES
        read = law_facts(self._node.guard.law, law.directory, facts.now, law.fault, small)
        found = judge(msgspec.structs.replace(facts, law=read), _OF_LAW)
        self._law = (key, found)
        return found

    # telling

    def _tell(self, checkup: Checkup) -> None:
        shown = {
            one.key: one
            for one in checkup.findings
            if checkup.at - one.since >= BY_CODE[one.code].after * 1000
        }
        for key, one in shown.items():
            if key not in self._shown and _news(one):
                self._emit("health.found", one)
        for key, one in self._shown.items():
            if key not in shown and _news(one):
                self._emit("health.mended", one)
        self._shown = shown

    def _emit(self, kind: str, one: Finding) -> None:
        per = BY_CODE[one.code].per
        self._node.events.emit(
            kind,
            peer=one.subject if per == "peer" else "",
            agent=one.subject if per == "agent" else "",
            text=f"{one.code}: {one.what}",
        )

    # clocks

    def _ask_clocks(self) -> None:
        now = self._clock.now()
        peers = self._node.peers.by_alias.values()
        self._skews = {
            peer.row.node: self._skews[peer.row.node]
            for peer in peers
            if peer.row.node in self._skews
        }
        due = [peer for peer in peers if peer.exchange.live and self._due(peer, now)]
        for peer in due[:PINGS]:
            asked = now, self._clock.monotonic()
            self._node.talk.ask(peer, "ping", {"wire": "yes"}, partial(self._heard, peer, asked))

    def _due(self, peer: Peer, now: int) -> bool:
        known = self._skews.get(peer.row.node)
        return known is None or not 0 <= now - known[0] < CLOCKS_AGAIN

    def _heard(self, peer: Peer, asked: tuple[int, float], answer: Answer | GatepostError) -> None:
        """A peer told its time: somewhere between the question and now."""
        at = answer.data.get("at") if isinstance(answer, Answer) else None
        if not isinstance(at, int):
            return
        way = round((self._clock.monotonic() - asked[1]) * 1000)
        here = asked[0] + way // 2
        self._skews[peer.row.node] = (self._clock.now(), (at - here, way // 2 + 1))


def _news(one: Finding) -> bool:
    """Whether a finding is told: no advice, nothing that only follows, nothing told already."""
    return one.severity != "hint" and not one.cause and one.code not in TOLD
