"""The node: its rooms put together, its life begun, and what is durable taken up again.

A node is made over a store that holds nothing uncommitted. `start` commits a new life before
anything is sent. When a commit fails the node is thrown away and another is made over the same
store: a failed commit is a crash of the core without a crash of the process.
"""

from collections.abc import Callable
from itertools import chain

import msgspec

from gatepost.core.control import Life
from gatepost.core.message import Content
from gatepost.core.records import MessageRow
from gatepost.core.views import AgentSpec
from gatepost.errors import GatepostError
from gatepost.node.agents import Agent
from gatepost.node.aliases import Aliases
from gatepost.node.decisions import Decisions
from gatepost.node.declaring import Declaring
from gatepost.node.delivery import Delivery
from gatepost.node.desk import TOKENS_USED, Desk
from gatepost.node.exchange import Exchange
from gatepost.node.expiry import Expiry
from gatepost.node.ground import Ground
from gatepost.node.guard import DISK, PAUSE_FILE, Guard
from gatepost.node.holds import Holds
from gatepost.node.hub import Hub
from gatepost.node.inbox import Inbox
from gatepost.node.leaving import Leaving
from gatepost.node.marks import life_text, read_life
from gatepost.node.opened import conversations, view
from gatepost.node.outbox import Outbox
from gatepost.node.overview import Overview
from gatepost.node.pairing import Pairing
from gatepost.node.peers import Peer, Peers
from gatepost.node.pruning import Pruning
from gatepost.node.releasing import Releasing
from gatepost.node.requests import Requests
from gatepost.node.resume import Resume
from gatepost.node.rooms import Rooms
from gatepost.node.sequence import Sequence
from gatepost.node.settings import Settings
from gatepost.node.shown import Shown
from gatepost.node.taint import Taint
from gatepost.node.talk import Talk
from gatepost.node.telling import Telling
from gatepost.node.tokens import Tokens
from gatepost.policy.law import Law
from gatepost.policy.patterns import Party
from gatepost.ports import Clock, Entropy, Keys, Transport
from gatepost.ports.store import Store

NONCE_BYTES = 16


class Node:
    """One node. Its public attributes are its rooms, for the operator and for `compose`."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        keys: Keys,
        settings: Settings,
        law: Law,
    ) -> None:
        self.store = store
        self.clock = clock
        self.settings = settings
        self.agents: dict[str, Agent] = {}
        self.life = _next_life(store, entropy)
        self.events = Hub(clock)
        sequence = Sequence(*store.messages.last_seq())
        ground = Ground(store, clock, entropy, keys, self.events, settings, sequence, self.life)
        self.tokens = Tokens(store, clock, entropy)
        self.guard = Guard(keys.node, settings.name, law, clock, lambda: tuple(self.agents))
        self.guard.paused = _paused(store)
        self.guard.usage.restore(_tokens_used(store))
        self.decisions = Decisions(store, clock, (settings.name, keys.node))
        self.guard.noted = self.decisions.note
        self.peers = Peers(ground, self.guard)
        self.outbox = Outbox(ground, self.peers.alias_of)
        telling = Telling(ground, self.peers.exchange_of, self._local_changed)
        self.inbox = Inbox(
            ground, self.guard, self.agents, telling, self.peers.party_of, self.peers.node_of
        )
        self.taint = Taint(self.peers, keys.node, self.agents, store)
        self.outbox.heard, telling.heard = self.taint.heard, self.taint.answered
        releasing = Releasing(ground, self.peers, self.outbox, self.inbox, telling)
        self.holds = Holds(ground, self.guard, self.peers, self.outbox, self.inbox, releasing)
        leaving = Leaving(ground, self.guard, self.decisions, self.holds, releasing)
        self.outbox.may_leave = leaving.may
        self.guard.answers, self.inbox.hold_back = self.holds, self.holds.hold_back
        self.expiry = Expiry(store, clock, self._expire, self._expire_slotted)
        self.pruning = Pruning(
            store, clock, self.events, settings, lambda: list(self.peers.by_number)
        )
        named = Party("", keys.node, settings.name)
        self.shown = Shown(store, clock, self.peers, self.outbox, self.inbox, named)
        self.talk = Talk(clock, self.guard, self.peers, self.agents, settings.answer_wait)
        self.aliases = Aliases(ground, self.peers)
        self.peers.former = self.aliases.former
        self.pairing = Pairing(ground, self.peers, self.aliases)
        self.declaring = Declaring(ground, self.peers, self.aliases, self.pairing)
        self.overview = Overview(ground, self.guard, self.peers, self.agents, self._open_with)
        self._join(ground)

    def _join(self, ground: Ground) -> None:
        """Tie the rooms together."""
        delivery = Delivery(
            ground,
            self.guard,
            self.outbox,
            self.inbox,
            self.expiry,
            self.peers.party_of,
            self._stopped,
            self._contact,
            self.talk,
            self.holds.begin,
        )
        self.peers.handler, self.peers.pairing = delivery, self.pairing.request
        self.peers.meeting = self.declaring.request
        self.peers.about = lambda name: self.declaring.about(name) or self.aliases.about(name)
        self.peers.frozen = lambda node: self.distrust(node, "key")
        self._resume = Resume(self.store, self.outbox, self.inbox, delivery, self.holds.begin)
        self._rooms = Rooms(
            ground,
            self.guard,
            self.peers,
            self.outbox,
            self.inbox,
            self.expiry,
            self.shown,
            Requests(self.store),
            self.taint,
            self.holds,
        )
        self._desks: dict[str, Desk] = {}
        self._contacts: list[tuple[Peer, Callable[[], None]]] = []
        self._closed = False

    # life

    def start(self, transport: Transport, started: Callable[[], None]) -> None:
        """Commit the new life, take up what is durable, then link; `started` when ready."""
        self.store.registry.set_mark("life", life_text(self.life))
        self.decisions.in_force(self.guard.law)
        for spec in self.store.registry.agents():
            self.agents[spec.name] = Agent(spec)
        for row in self.store.peers.all():
            self._resume.peer(self.peers.add(row))
        self._resume.local()
        self.holds.resume()

        def go() -> None:
            self.peers.transport = transport
            self.expiry.start()
            self.pruning.start()
            self.peers.start()
            self.holds.consider_all()
            self.events.emit("node.started", text=life_text(self.life))
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
            self.holds.close()
            self.pruning.stop()
            self.declaring.close()
            self.peers.close()

    # what rooms tell each other

    def _open_with(self, peer: int) -> int:
        """Conversations with a peer that have not ended, whoever began them."""
        messages = chain(self.inbox.open.values(), self.outbox.open.values())
        return conversations(messages, peer)

    def _expire(self, row: MessageRow) -> bool:
        if row.direction == "out":
            return self.outbox.expire(row)
        exchange = self.peers.exchange_of(row.peer)
        if exchange is not None and row.slot > exchange.incoming.committed:
            return False  # its sender may still take it back; it ends when that is known
        return self.inbox.expire(row)

    def _expire_slotted(self) -> None:
        now = self.clock.now()
        for peer in self.peers.by_number.values():
            self.outbox.expire_slotted(peer.exchange, now)

    def _local_changed(self, row: MessageRow, parts: tuple[Content, ...]) -> None:
        if row.direction == "local":
            self.outbox.notify(row, view(row, sender=row.sender, to=row.recipient, parts=parts))

    def _stopped(self, exchange: Exchange, reason: str) -> None:
        peer = self.peers.by_number[exchange.number]
        exchange.stopped = peer.row.stopped = reason
        self.peers.save(peer)
        self.events.emit("peer.stopped", peer=peer.row.alias, text=reason)
        self.store.then(lambda: self.peers.drop_link(peer, "the pair stopped"))

    def distrust(self, node: str, reason: str) -> None:
        """Stop the pair with a peer, until the operator trusts it again."""
        peer = self.peers.by_node.get(node)
        if peer is not None and not peer.row.stopped:
            self._stopped(peer.exchange, reason)

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
            self.decisions.in_force(law)
        self.events.emit("policy.changed")
        self.holds.consider_all()
        for agent in self.agents.values():
            self.inbox.dispatch(agent)

    def pause(self, what: str) -> None:
        """Pause the node (""), a peer or an agent; it lasts until `resume`, over restarts."""
        self.guard.paused.add(what)
        self._keep_paused()
        for peer in self.peers.by_alias.values():
            if self.guard.is_paused(peer.row.alias):
                self.peers.drop_link(peer, "paused")
                self.peers.dial_later(peer)
        self.events.emit("node.paused", text=what)

    def resume(self, what: str) -> None:
        """Go on after a pause."""
        self.guard.paused.discard(what)
        self._keep_paused()
        for agent in self.agents.values():
            self.inbox.dispatch(agent)
        for peer in self.peers.by_alias.values():
            self.peers.dial_later(peer, 0.0)
        self.events.emit("node.resumed", text=what)

    def _keep_paused(self) -> None:
        names = sorted(self.guard.paused - {PAUSE_FILE, DISK})
        self.store.registry.set_mark("paused", msgspec.json.encode(names).decode())


def _paused(store: Store) -> set[str]:
    """What commands paused in an earlier life."""
    kept = store.registry.mark("paused")
    return msgspec.json.decode(kept, type=set[str]) if kept else set()


def _tokens_used(store: Store) -> dict[str, int]:
    """The counters of tokens as an earlier life left them."""
    kept = store.registry.mark(TOKENS_USED)
    return msgspec.json.decode(kept, type=dict[str, int]) if kept else {}


def _next_life(store: Store, entropy: Entropy) -> Life:
    before = read_life(store.registry.mark("life")) or Life(0, 0, "")
    return Life(before.era, before.boot + 1, entropy.bytes(NONCE_BYTES).hex())
