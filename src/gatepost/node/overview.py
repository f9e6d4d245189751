"""The node for its operator: how it, its peers, its agents and its law stand now."""

from collections.abc import Callable

import msgspec

from gatepost.core import stops
from gatepost.core.control import Answer
from gatepost.core.identity import verify_record
from gatepost.core.views import AgentView, NodeStatus, PeerView, RuleView
from gatepost.errors import GatepostError
from gatepost.node.agents import Agent
from gatepost.node.claim import POLLS
from gatepost.node.ground import Ground
from gatepost.node.guard import DISK, PAUSE_FILE, Guard, party
from gatepost.node.marks import life_text
from gatepost.node.peers import Peer, Peers
from gatepost.policy.directory import Directory
from gatepost.policy.evaluate import Party, Request
from gatepost.policy.law import origin
from gatepost.policy.request import Facts

VERBS = ("see", "send", "ask", "delegate")


class ListedAgent(msgspec.Struct, frozen=True):
    """An agent as its own node lists it."""

    name: str
    about: str = ""


class Listed(msgspec.Struct, frozen=True):
    """A peer's answer to the question for its agents."""

    agents: tuple[ListedAgent, ...] = ()


class Overview:
    """Reads what the rooms know; changes nothing."""

    def __init__(
        self,
        ground: Ground,
        guard: Guard,
        peers: Peers,
        agents: dict[str, Agent],
        open_with: Callable[[int], int],
    ) -> None:
        self._ground = ground
        self._guard = guard
        self._peers = peers
        self._agents = agents
        self._open_with = open_with
        self._started = ground.clock.now()

    def directory(self) -> Directory:
        """Whom this node knows."""
        peers = (peer.party("") for peer in self._peers.by_alias.values())
        return Directory.of(self._guard.node, self._ground.settings.name, self._agents, peers)

    def facts_for(self, sender: Party, to: Party) -> Facts:
        """What this node knows about two parties, for an explanation."""
        other = to if sender.local else sender
        local = [one.agent for one in (sender, to) if one.local and one.agent]
        peer = self._peers.by_alias.get(other.alias) or self._peers.by_node.get(other.node)
        agent = self._agents.get(to.agent) if to.local else None
        names = (other.alias, to.agent if to.local else "")
        paused = next((name for name in names if name and name in self._guard.paused), "")
        return self._guard.facts(
            paired=other.local or peer is not None,
            blocked="blocked" if peer is not None and peer.row.blocked else "",
            frozen=peer.row.stopped if peer is not None else "",
            unknown=tuple(name for name in local if name not in self._agents),
            adapter=_not_ready(agent) if agent is not None else "",
            running=len(agent.runs) if agent is not None else 0,
            open=self._open_with(peer.row.number) if peer is not None else 0,
            peers=tuple(self._peers.by_alias),
            paused=paused,
        )

    def rules(self) -> list[RuleView]:
        """The law in force, rule by rule."""
        return [
            RuleView(
                id=rule.id,
                word=word,
                verbs=tuple(verbs),
                sender=", ".join(map(str, rule.from_)),
                to=", ".join(map(str, rule.to)),
                origin=origin(rule),
            )
            for rule in self._guard.law.rules
            for word, verbs in (("allow", rule.allow), ("hold", rule.hold), ("deny", rule.deny))
            if verbs
        ]

    def status(self) -> NodeStatus:
        """One look at the node."""
        peers = list(self._peers.by_alias.values())
        needs = [_stop(p.row.alias, p.row.stopped) for p in peers if p.row.stopped]
        if PAUSE_FILE in self._guard.paused:
            needs.append(
                "the file PAUSE in the home directory pauses this node; remove it to go on"
            )
        if DISK in self._guard.paused:
            needs.append(
                "the disk has less room than `store.keep_free`: nothing is taken in or handed over"
                " until there is more   gatepost messages prune"
            )
        waiting = sum(self._ground.store.messages.count_waiting(p.row.number)[0] for p in peers)
        return NodeStatus(
            name=self._ground.settings.name,
            node=self._ground.node,
            state="paused" if self._guard.whole else "running",
            version=self._ground.settings.version,
            pid=self._ground.settings.pid,
            started=self._started,
            home=self._ground.settings.home,
            listen=self._ground.settings.listen,
            life=life_text(self._ground.life),
            peers=len(peers),
            agents=len(self._agents),
            waiting=waiting,
            open_runs=sum(len(agent.runs) for agent in self._agents.values()),
            needs_you=tuple(needs),
        )

    def agent(self, name: str, asking: str = "") -> AgentView:
        """An agent as it is listed; `asking` decides what it can be used for."""
        agent = self._agents[name]
        attached = agent.worker.kind if agent.worker is not None else "polls"
        return AgentView(
            address=name,
            adapter=agent.spec.adapter,
            attached=attached,
            about=agent.spec.about,
            open_runs=len(agent.runs),
            waiting=agent.waiting,
            can=self._can(party(asking), party(name)) if asking else (),
        )

    def remote(self, peer: Peer, answer: Answer, asking: str) -> list[AgentView]:
        """A peer's answer to the question for its agents, as it is listed."""
        if not answer.ok:
            raise GatepostError("policy.denied", what=f"{peer.row.alias} shows no agents")
        try:
            listed = msgspec.convert(answer.data, Listed)
        except msgspec.ValidationError as error:
            raise GatepostError(
                "peer.unreachable", what=f"{peer.row.alias} answers oddly", why=str(error)
            ) from None
        return [self._listed(peer, one, asking) for one in listed.agents]

    def _listed(self, peer: Peer, one: ListedAgent, asking: str) -> AgentView:
        can = self._can(party(asking), peer.party(one.name)) if asking else ()
        return AgentView(address=f"{one.name}@{peer.row.alias}", about=one.about, can=can)

    def _can(self, sender: Party, to: Party) -> tuple[str, ...]:
        direction = "local" if to.local else "outbound"
        now, facts = self._ground.clock.now(), self.facts_for(sender, to)
        return tuple(
            verb
            for verb in VERBS
            if self._guard.ask(Request(direction, verb, sender, to, now), facts).verdict == "allow"
        )

    def peer(self, peer: Peer) -> PeerView:
        """A peer as it is listed."""
        row, exchange = peer.row, peer.exchange
        queued, oldest, _ = self._ground.store.messages.count_waiting(row.number)
        return PeerView(
            alias=row.alias,
            node=row.node,
            state=_peer_state(peer, self._guard.is_paused(row.alias)),
            endpoint=", ".join(self._peers.endpoints(peer)),
            since=peer.since,
            queued=queued,
            in_flight=exchange.outgoing.next - exchange.outgoing.out,
            oldest=oldest,
            next_attempt=peer.next_dial if exchange.line is None else 0,
            error=_trouble(peer),
            words=row.words,
            may=self._may(peer),
        )

    def naming(self, alias: str) -> tuple[str, ...]:
        """The rules that name a peer by this alias."""
        return tuple(
            rule.id
            for rule in self._guard.law.rules
            if any(pattern.node == alias for pattern in (*rule.from_, *rule.to))
        )

    def _may(self, peer: Peer) -> tuple[str, ...]:
        spoken: list[str] = []
        for rule in self._guard.law.rules:
            if any(pattern.node in (peer.row.alias, peer.row.node, "*") for pattern in rule.from_):
                spoken += [f"{verb} {', '.join(map(str, rule.to))}" for verb in rule.allow]
        return tuple(dict.fromkeys(spoken))


def _trouble(peer: Peer) -> str:
    """Why it is stopped, or how the last dial failed; of keys, what two operators can compare."""
    if not peer.row.stopped:
        return ": ".join(part for part in peer.error if part)
    why = stops.why(peer.row.stopped)
    if not peer.row.shown:
        return why
    known, shown = (
        f"key {record.key[:16]}… record {record.seq}"
        for record in (peer.record, verify_record(peer.row.shown))
    )
    return f"{why}; known: {known}; shown: {shown} (`gatepost keys show` there)"


def _stop(alias: str, reason: str) -> str:
    return f"peer {alias} stopped: {stops.why(reason)}; {stops.fix(reason, alias)}"


def _not_ready(agent: Agent) -> str:
    """Why no run of an agent can start now, whatever the rules say; "" when one can."""
    worker = agent.worker
    if worker is None or worker.kind == POLLS:
        return "its adapter does not run" if agent.spec.adapter else ""
    if worker.doubtful:
        return "what became of a run that was open when its client came is not known yet"
    return "" if worker.capacity > 0 else "its client takes nothing now"


def _peer_state(peer: Peer, paused: bool) -> str:
    if peer.row.blocked:
        return "blocked"
    if peer.row.stopped:
        return "stopped" if peer.row.stopped in stops.CONTRADICTED else "frozen"
    if peer.undeclared:
        return "undeclared"
    if paused:
        return "paused"
    if peer.exchange.live:
        return "connected"
    return "connecting" if peer.exchange.line is not None else "waiting"
