"""The node: its rooms put together, its life begun, and what is durable taken up again.

A node is made over a store that holds nothing uncommitted. `start` commits a new life before
anything is sent. When a commit fails the node is thrown away and another is made over the same
store: a failed commit is a crash of the core without a crash of the process.
"""

from collections.abc import Callable

from gatepost.core.control import Answer, Life
from gatepost.core.entry import Message, decode_entry
from gatepost.core.frame import item
from gatepost.core.journal.outgoing import Slot
from gatepost.core.message import Content
from gatepost.core.records import EntryRow, MessageRow
from gatepost.core.views import AgentSpec, AgentView, NodeStatus, PeerView, RuleView
from gatepost.errors import GatepostError
from gatepost.node.agents import Agent
from gatepost.node.delivery import Delivery
from gatepost.node.desk import Desk, Rooms
from gatepost.node.exchange import Exchange
from gatepost.node.expiry import Expiry
from gatepost.node.guard import Guard, party
from gatepost.node.hub import Hub
from gatepost.node.inbox import Inbox
from gatepost.node.opened import OpenMessage, view
from gatepost.node.outbox import Outbox
from gatepost.node.pairing import Pairing
from gatepost.node.peers import Peer, Peers
from gatepost.node.sequence import Sequence
from gatepost.node.settings import Settings
from gatepost.node.shown import Shown
from gatepost.node.talk import Talk
from gatepost.node.tokens import Tokens
from gatepost.policy.evaluate import Party, Request
from gatepost.policy.law import Law, origin
from gatepost.policy.request import Facts
from gatepost.ports import Clock, Entropy, Keys, Transport
from gatepost.ports.store import Store

NONCE_BYTES = 16
VERBS = ("see", "send", "ask", "delegate")


class Node:
    """One node.

    `events`, `tokens`, `peers`, `pairing`, `talk` and `shown` are its rooms for the operator.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        keys: Keys,
        settings: Settings,
        law: Law,
        events: Hub | None = None,
    ) -> None:
        self.store = store
        self.clock = clock
        self.settings = settings
        self.keys = keys
        self.agents: dict[str, Agent] = {}
        self.life = _next_life(store, entropy)
        self.events = events or Hub(clock)
        self.started = clock.now()
        self.tokens = Tokens(store, clock, entropy)
        self.guard = Guard(keys.node, settings.name, law, clock, lambda: tuple(self.agents))
        sequence = Sequence(*store.messages.last_seq())
        self.peers = Peers(
            store, clock, entropy, keys, self.events, self.guard, settings, self.life
        )
        peers = self.peers
        self.outbox = Outbox(store, clock, entropy, self.events, settings, sequence, peers.alias_of)
        self.inbox = Inbox(
            store,
            clock,
            entropy,
            self.events,
            settings,
            sequence,
            self.guard,
            self.agents,
            peers.exchange_of,
            peers.party_of,
            peers.node_of,
            self._local_changed,
        )
        self.expiry = Expiry(store, clock, self._expire, self._expire_slotted)
        self.shown = Shown(store, clock, peers, self.outbox, self.inbox)
        self.talk = Talk(clock, self.guard, peers, self.agents, settings.answer_wait)
        self.pairing = Pairing(settings.name, store, clock, entropy, keys, self.events, peers)
        self._delivery = Delivery(
            clock,
            sequence,
            self.guard,
            self.outbox,
            self.inbox,
            self.expiry,
            self.agents,
            peers.party_of,
            self._stopped,
            self._contact,
            self.talk.asked,
            self.talk.answered,
        )
        peers.handler, peers.pairing = self._delivery, self.pairing.request
        self._rooms = Rooms(
            keys.node,
            store,
            clock,
            entropy,
            self.events,
            settings,
            sequence,
            self.guard,
            peers,
            self.outbox,
            self.inbox,
            self.expiry,
            self.shown,
        )
        self._desks: dict[str, Desk] = {}
        self._contacts: list[tuple[Peer, Callable[[], None]]] = []
        self._closed = False

    # life

    def start(self, transport: Transport, started: Callable[[], None]) -> None:
        """Commit the new life, take up what is durable, then link; `started` when ready."""
        self.store.registry.set_mark("life", _show_life(self.life))
        for spec in self.store.registry.agents():
            self.agents[spec.name] = Agent(spec)
        for row in self.store.peers.all():
            peer = self.peers.add(row)
            if not row.removed:
                self._take_up(peer)
        for row in self.store.messages.open(0, "local"):
            self.inbox.restore(OpenMessage(row), ready=row.state != "held")
        for row in self.store.messages.held():
            self.outbox.open[row.id] = OpenMessage(row)

        def go() -> None:
            self.peers.transport = transport
            self.expiry.start()
            self.peers.start()
            self.events.emit("node.started", text=_show_life(self.life))
            started()

        self.store.then(go)

    def close(self) -> None:
        """Stop handing over and close the links.

        What is written is still committed by the store's owner.
        """
        if not self._closed:
            self._closed = True
            self.inbox.close()
            self.expiry.stop()
            self.peers.close()

    def _take_up(self, peer: Peer) -> None:
        exchange, number = peer.exchange, peer.row.number
        messages, entries = self.store.messages.unacked(number, exchange.low, exchange.outgoing.out)
        exchange.outgoing.restore(self._slots(exchange, messages, entries))
        exchange.waiting = self.store.messages.waiting_entries(number)
        for row in self.store.messages.open(number, "out"):
            self.outbox.open[row.id] = OpenMessage(row)
        queue = self.outbox.queue(number)
        _, _, queue.last = self.store.messages.count_waiting(number)
        firm = exchange.incoming.committed
        for row in self.store.messages.open(number, "in"):
            message = OpenMessage(row)
            self.inbox.restore(message, ready=row.state != "held" and row.slot <= firm)
            if row.slot > firm:
                self._delivery.wait_for(number, row.slot, _release(self.inbox, message))

    def _slots(
        self, exchange: Exchange, messages: list[MessageRow], entries: list[EntryRow]
    ) -> list[Slot]:
        slots: dict[int, Slot] = {}
        for row in messages:
            body = self.store.messages.body(row.seq)
            assert body is not None
            content = item(*body)
            slots[row.slot] = Slot(row.slot, "message", row.id, content, content.digest, b"")
        for row in entries:
            content = item(row.salt, row.data)
            exchange.seqs[row.slot] = row.seq
            withdrawn = slots.get(row.slot)
            if withdrawn is not None:
                withdrawn.item, withdrawn.kind = content, "void"
                withdrawn.voided = _void_reason(row)
            else:
                slots[row.slot] = Slot(row.slot, row.kind, row.id, content, content.digest, b"")
        return [slots[n] for n in sorted(slots)]

    # what rooms tell each other

    def _expire(self, row: MessageRow) -> bool:
        return self.outbox.expire(row) if row.direction == "out" else self.inbox.expire(row)

    def _expire_slotted(self) -> None:
        now = self.clock.now()
        for peer in self.peers.by_number.values():
            self.outbox.expire_slotted(peer.exchange, now)

    def _local_changed(self, message: OpenMessage, parts: tuple[Content, ...]) -> None:
        row = message.row
        if row.direction == "local":
            self.outbox.notify(row, view(row, sender=row.sender, to=row.recipient, parts=parts))

    def _stopped(self, exchange: Exchange, reason: str) -> None:
        peer = self.peers.by_number[exchange.number]
        exchange.stopped = peer.row.stopped = reason
        self.peers.save(peer)
        self.events.emit("peer.stopped", peer=peer.row.alias, text=reason)
        self.store.then(lambda: self.peers.drop_link(peer, "the pair stopped"))

    def _contact(self, exchange: Exchange, live: bool) -> None:
        peer = self.peers.by_number[exchange.number]
        peer.since = self.clock.now()
        self.events.emit("contact.begun" if live else "contact.lost", peer=peer.row.alias)
        if live:
            ready = [done for waiting, done in self._contacts if waiting is peer]
            self._contacts = [one for one in self._contacts if one[0] is not peer]
            for done in ready:
                done()

    def when_in_contact(self, peer: Peer, done: Callable[[], None]) -> None:
        """Call `done` once there is contact with a peer: now, or when it begins."""
        if peer.exchange.live:
            done()
        else:
            self._contacts.append((peer, done))

    # agents

    def agent(self, name: str) -> Agent:
        """An agent by name. Raises `agent.unknown`."""
        found = self.agents.get(name)
        if found is None:
            raise GatepostError(
                "agent.unknown",
                what=f"no agent is called `{name}`",
                agent=name,
                known=" ".join(sorted(self.agents)),
            )
        return found

    def desk(self, agent: str) -> Desk:
        """The mailbox of an agent, by callbacks."""
        desk = self._desks.get(agent)
        if desk is None:
            desk = self._desks[agent] = Desk(self.agent(agent), self._rooms)
        return desk

    def add_agent(self, spec: AgentSpec) -> None:
        """Take an agent in; messages that wait for one of its name become its."""
        self.agents[spec.name] = agent = Agent(spec)
        self.store.registry.save_agent(spec, self.clock.now())
        for message in list(self.inbox.open.values()):
            if message.row.recipient == spec.name and message.row.state != "held":
                agent.enqueue(message)

    def remove_agent(self, name: str) -> None:
        """Forget an agent and its tokens."""
        del self.agents[name]
        self._desks.pop(name, None)
        self.store.registry.drop_agent(name)
        self.tokens.revoke_agent(name)

    # policy

    def law_changed(self, law: Law | None = None) -> None:
        """The law in force changed."""
        if law is not None:
            self.guard.law = law
        self.events.emit("policy.changed")
        for agent in self.agents.values():
            self.inbox.dispatch(agent)

    def pause(self, what: str) -> None:
        """Pause the node (""), a peer or an agent."""
        self.guard.paused.add(what)
        for peer in self.peers.by_alias.values():
            if self.guard.is_paused(peer.row.alias):
                self.peers.drop_link(peer, "paused")
                self.peers.dial_later(peer)
        self.events.emit("node.paused", text=what)

    def resume(self, what: str) -> None:
        """Go on after a pause."""
        self.guard.paused.discard(what)
        for agent in self.agents.values():
            self.inbox.dispatch(agent)
        for peer in self.peers.by_alias.values():
            self.peers.dial_later(peer, 0.0)
        self.events.emit("node.resumed", text=what)

    def facts_for(self, sender: Party, to: Party) -> Facts:
        """What this node knows about two parties, for an explanation."""
        other = to if sender.local else sender
        local = [one.agent for one in (sender, to) if one.local and one.agent]
        peer = self.peers.by_alias.get(other.alias) or self.peers.by_node.get(other.node)
        agent = self.agents.get(to.agent) if to.local else None
        return self.guard.facts(
            paired=other.local or peer is not None,
            blocked="blocked" if peer is not None and peer.row.blocked else "",
            frozen=peer.row.stopped if peer is not None else "",
            unknown=tuple(name for name in local if name not in self.agents),
            running=len(agent.runs) if agent is not None else 0,
            peers=tuple(self.peers.by_alias),
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
            for rule in self.guard.law.rules
            for word, verbs in (("allow", rule.allow), ("hold", rule.hold), ("deny", rule.deny))
            if verbs
        ]

    # views

    def status(self) -> NodeStatus:
        """One look at the node."""
        peers = list(self.peers.by_alias.values())
        stopped = [f"peer {p.row.alias} stopped: {p.row.stopped}" for p in peers if p.row.stopped]
        waiting = sum(self.store.messages.count_waiting(p.row.number)[0] for p in peers)
        return NodeStatus(
            name=self.settings.name,
            node=self.keys.node,
            state="paused" if "" in self.guard.paused else "running",
            version=self.settings.version,
            pid=self.settings.pid,
            started=self.started,
            home=self.settings.home,
            listen=self.settings.listen,
            life=_show_life(self.life),
            peers=len(peers),
            agents=len(self.agents),
            waiting=waiting,
            open_runs=sum(len(agent.runs) for agent in self.agents.values()),
            needs_you=tuple(stopped),
        )

    def agent_view(self, name: str, asking: str = "") -> AgentView:
        """An agent as it is listed; `asking` decides what it can be used for."""
        agent = self.agent(name)
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

    def remote_views(self, peer: Peer, answer: Answer, asking: str) -> list[AgentView]:
        """A peer's answer to the question for its agents, as it is listed."""
        if not answer.ok:
            raise GatepostError("policy.denied", what=f"{peer.row.alias} shows no agents")
        found: list[AgentView] = []
        listed = answer.data.get("agents")
        for one in listed if isinstance(listed, list) else []:  # pyright: ignore[reportUnknownVariableType]
            name = str(one.get("name", "")) if isinstance(one, dict) else ""  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
            about = str(one.get("about", "")) if isinstance(one, dict) else ""  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
            to = party(name, peer.row.node, peer.row.alias, peer.row.owner)
            can = self._can(party(asking), to) if asking else ()
            found.append(AgentView(address=f"{name}@{peer.row.alias}", about=about, can=can))
        return found

    def _can(self, sender: Party, to: Party) -> tuple[str, ...]:
        direction = "local" if to.local else "outbound"
        now, facts = self.clock.now(), self.facts_for(sender, to)
        return tuple(
            verb
            for verb in VERBS
            if self.guard.ask(Request(direction, verb, sender, to, now), facts).verdict == "allow"
        )

    def peer_view(self, peer: Peer) -> PeerView:
        """A peer as it is listed."""
        row, exchange = peer.row, peer.exchange
        queued, oldest, _ = self.store.messages.count_waiting(row.number)
        return PeerView(
            alias=row.alias,
            node=row.node,
            state=_peer_state(peer, self.guard.is_paused(row.alias)),
            endpoint=", ".join(self.peers.endpoints(peer)),
            since=peer.since,
            queued=queued,
            in_flight=exchange.outgoing.next - exchange.outgoing.out,
            oldest=oldest,
            next_attempt=peer.next_dial if exchange.line is None else 0,
            error=": ".join(part for part in peer.error if part),
            words=row.words,
            may=self._may(peer),
        )

    def _may(self, peer: Peer) -> tuple[str, ...]:
        spoken: list[str] = []
        for rule in self.guard.law.rules:
            if any(pattern.node in (peer.row.alias, peer.row.node, "*") for pattern in rule.from_):
                spoken += [f"{verb} {', '.join(map(str, rule.to))}" for verb in rule.allow]
        return tuple(dict.fromkeys(spoken))


def _peer_state(peer: Peer, paused: bool) -> str:
    if peer.row.blocked:
        return "blocked"
    if peer.row.stopped:
        return "stopped"
    if paused:
        return "paused"
    if peer.exchange.live:
        return "connected"
    return "connecting" if peer.exchange.line is not None else "waiting"


def _release(inbox: Inbox, message: OpenMessage) -> Callable[[], None]:
    return lambda: inbox.release(message)


def _void_reason(row: EntryRow) -> str:
    entry, _ = decode_entry(row.data)
    return "" if isinstance(entry, Message) else getattr(entry, "why", "")


def _next_life(store: Store, entropy: Entropy) -> Life:
    before = store.registry.mark("life")
    era, boot = (int(part) for part in before.split(".")[:2]) if before else (0, 0)
    return Life(era, boot + 1, entropy.bytes(NONCE_BYTES).hex())


def _show_life(life: Life) -> str:
    return f"{life.era}.{life.boot}.{life.nonce}"
