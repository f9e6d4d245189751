"""A node that does not run, as its files describe it: enough to answer what its law says.

Counters, open runs and whose text an agent has in hand are of a running node: the answers do
without, and the notes say so.
"""

from collections.abc import Mapping, Sequence

import msgspec

from gatepost.config.paths import Layout
from gatepost.config.sources import load_home, policy_documents
from gatepost.core.machine import PeerFacts
from gatepost.core.origin import Document
from gatepost.node.explaining import Explaining, examined
from gatepost.node.guard import party
from gatepost.policy.answers import Examined
from gatepost.policy.directory import Directory
from gatepost.policy.expectations import broken_by, refusal
from gatepost.policy.law import Law
from gatepost.policy.patterns import Party
from gatepost.policy.request import Facts, Request
from gatepost.policy.rules import read_law
from gatepost.policy.usage import Usage
from gatepost.ports.machine import Machine

NOTE = "the node is not running: this is read from its files, without counters and open runs"


class Resting:
    """A node at rest, to be asked. `law` is the one in its files."""

    def __init__(self, known: "AtRest") -> None:
        self._known = known
        self.law = known.law
        self.explaining = Explaining(known)

    def judge(self, documents: Sequence[Document]) -> Law:
        """Read texts as the law. Raises `policy.invalid`, `policy.expectation`.

        An expectation that fails already stands in nobody's way.
        """
        directory = self._known.directory
        law = read_law(documents, directory.own)
        broken = broken_by(self.law, law, directory, self._known.now())
        if broken:
            raise refusal(broken)
        return law

    def tested(self) -> Examined:
        """The expectations beside the rules, tried."""
        return examined(self.law, self._known.directory, self._known.now())


class AtRest:
    """Implements `explaining.Known` over rows.

    `paused` are the names of what is paused, "" the node. `why` is "" or why peers and agents could
    not be read: then everybody counts as there, and the notes say so.
    """

    def __init__(
        self,
        law: Law,
        node: str,
        name: str,
        now: int,
        peers: tuple[PeerFacts, ...] = (),
        agents: tuple[str, ...] = (),
        paused: frozenset[str] = frozenset(),
        why: str = "",
    ) -> None:
        self._law = law
        self._now = now
        self._complete = not why
        self._peers: Mapping[str, PeerFacts] = {row.node: row for row in peers}
        self._agents = agents
        self._paused = paused
        parties = (
            msgspec.structs.replace(party("", row.node, row.alias, row.owner), former=row.former)
            for row in self._peers.values()
        )
        self._directory = Directory.of(node, name, agents, parties)
        unread = (f"who its peers and agents are cannot be read: {why}",) if why else ()
        self._notes = (NOTE, *unread)

    @property
    def law(self) -> Law:
        """The law in the files."""
        return self._law

    @property
    def directory(self) -> Directory:
        """Its agents and peers."""
        return self._directory

    @property
    def notes(self) -> tuple[str, ...]:
        """What the answers rest on."""
        return self._notes

    def now(self) -> int:
        """The time, ms."""
        return self._now

    def facts(self, sender: Party, to: Party) -> Facts:
        """How the node would stand towards two parties."""
        other = to if sender.local else sender
        local = [one.agent for one in (sender, to) if one.local and one.agent]
        peer = self._peers.get(other.node)
        names = ("", other.alias, to.agent if to.local else "")
        paused = " ".join(dict.fromkeys(n or "node" for n in names if n in self._paused))
        return Facts(
            node=self._directory.node,
            usage=Usage(),
            paused=paused,
            paired=other.local or peer is not None or not self._complete,
            frozen=peer.stopped if peer is not None else "",
            blocked="blocked" if peer is not None and peer.blocked else "",
            unknown=tuple(n for n in local if self._complete and n not in self._agents),
            agents=self._agents,
            peers=self._directory.aliases,
            name=self._directory.name,
        )

    def taint(self, agent: str) -> tuple[str, ...]:
        """Nobody's: what an agent has read is known while it runs."""
        return ()

    def approved(self, request: Request) -> tuple[str, ...]:
        """None: what a person has let stand is known while the node runs."""
        return ()


def read(
    places: Layout,
    environ: Mapping[str, str],
    machine: Machine,
    now: int,
    policy: Sequence[Document] | None = None,
) -> AtRest:
    """The node of a home; `policy` are other texts of its law. Raises `policy.invalid`."""
    name = load_home(places, environ).settings.name
    found, keys = machine.database(deep=False), machine.keys()
    fault, node = keys.fault or found.fault, keys.node
    why = fault.why or fault.what if fault else ""
    texts = policy_documents(places) if policy is None else policy
    law = read_law(texts, [one for one in (name, node) if one])
    paused = {*found.paused, ""} if places.pause.exists() else {*found.paused}
    agents = tuple(agent.spec.name for agent in found.agents)
    return AtRest(law, node, name, now, found.peers, agents, frozenset(paused), why)
