"""The peers of this node: who they are, whether they are linked, and when to dial again.

A link is wished for with every peer that may have one; the wait between dials doubles to five
minutes with jitter, is kept across restarts, and ends at any authentic contact. What arrives is
verified here (the frame's ladder) before an exchange sees it. Implements `ports.LinkOwner`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from gatepost.core.canonical import NotCanonical
from gatepost.core.control import decode_control
from gatepost.core.frame import Rejected, Sender, open_frame
from gatepost.core.identity import NodeRecord, verify_record
from gatepost.core.records import MessageRow, PeerRow
from gatepost.core.retry import backoff
from gatepost.core.sealing import ContentKeyCache
from gatepost.errors import GatepostError
from gatepost.node.exchange import Exchange
from gatepost.node.ground import Ground
from gatepost.node.guard import Guard, party
from gatepost.node.handler import Handler
from gatepost.node.journals import exchange_with
from gatepost.policy.evaluate import Party
from gatepost.ports import Line, Timer, Transport

MOST_PARTIES = 4096
PairRequest = Callable[[bytes, bytes, Callable[[bytes | None], None]], None]


@dataclass(slots=True)
class Peer:
    """One peer in memory.

    `error` is the last failed dial (code, why); `since` when its state last changed (ms);
    `undeclared`: it stood in the configuration, and does no more.
    """

    row: PeerRow
    record: NodeRecord
    exchange: Exchange
    since: int
    timer: Timer | None = None
    undeclared: bool = False
    former: tuple[str, ...] = ()
    next_dial: int = 0
    error: tuple[str, str] = ("", "")
    parties: dict[str, Party] = field(default_factory=dict[str, Party])

    def party(self, agent: str) -> Party:
        """An agent of this peer (or with "" the peer itself), as policy sees it."""
        found = self.parties.get(agent)
        if found is None:
            if len(self.parties) >= MOST_PARTIES:
                self.parties.clear()
            row = self.row
            found = Party(agent, row.node, row.alias, row.owner, self.former)
            self.parties[agent] = found
        return found

    @property
    def may_link(self) -> bool:
        """Neither blocked, nor stopped, nor removed, nor declared no more."""
        row = self.row
        return not (row.blocked or row.stopped or row.removed or self.undeclared)


class Peers:
    """Every peer, by number, node id and alias.

    `provoker` is the peer whose word broke a step of this node off in the middle.
    """

    def __init__(self, ground: Ground, guard: Guard) -> None:
        self.by_number: dict[int, Peer] = {}
        self.by_node: dict[str, Peer] = {}
        self.by_alias: dict[str, Peer] = {}
        self.handler: Handler | None = None
        self.pairing: PairRequest | None = None
        self.frozen: Callable[[str], None] | None = None
        self.meeting: PairRequest | None = None
        self.about: Callable[[str], str] = lambda alias: ""
        self.transport: Transport | None = None
        self._cache = ContentKeyCache(ground.keys.unwrap)
        self.former: Callable[[str], tuple[str, ...]] = lambda node: ()
        self._ground = ground
        self._store = ground.store
        self._clock = ground.clock
        self._entropy = ground.entropy
        self._keys = ground.keys
        self._hub = ground.hub
        self._guard = guard
        self._settings = ground.settings
        self.provoker = ""
        self._closed = False
        self._last_number = 0

    # the directory

    def add(self, row: PeerRow) -> Peer:
        """Take a peer in, from the store or new."""
        record = verify_record(row.record)
        if self.handler is None:
            raise RuntimeError("peers are added once there is somebody to decide")
        exchange = exchange_with(row, self._sender(record), self._ground, self.handler)
        peer = Peer(row, record, exchange, self._clock.now())
        self._last_number = max(self._last_number, row.number)
        self._enter(peer)
        return peer

    def _enter(self, peer: Peer) -> None:
        row = peer.row
        self.called(peer)
        self.by_number[row.number] = peer
        if not row.removed:
            self.by_node[row.node] = peer
            self.by_alias[row.alias] = peer

    def called(self, peer: Peer) -> None:
        """What a peer is called, or was, may have changed."""
        peer.former = self.former(peer.row.node)
        peer.parties.clear()

    def next_number(self) -> int:
        """A number for a new peer."""
        return self._last_number + 1

    def known(self, node: str) -> Peer | None:
        """The peer with this node id, also a removed one whose journals can go on."""
        removed = [p for p in self.by_number.values() if p.row.node == node and not p.row.stopped]
        return self.by_node.get(node) or next(reversed(removed), None)

    def find(self, name: str) -> Peer:
        """The peer with this alias or node id. Raises `peer.unknown`."""
        found = self.by_alias.get(name) or self.by_node.get(name)
        if found is None:
            raise GatepostError(
                "peer.unknown",
                what=f"no peer is called `{name}`",
                why=self.about(name),
                peer=name,
                known=" ".join(sorted(self.by_alias)),
            )
        return found

    def alias_of(self, number: int) -> str:
        """The alias of a peer by number."""
        peer = self.by_number.get(number)
        return peer.row.alias if peer else "?"

    def node_of(self, number: int) -> str:
        """The node id of a peer by number; "" for this node."""
        peer = self.by_number.get(number)
        return peer.row.node if peer else ""

    def party_of(self, row: MessageRow) -> Party:
        """The sender of a message this node was given, as policy sees it."""
        peer = self.by_number.get(row.peer)
        if peer is None:
            return party(row.sender)
        return peer.party(row.sender)

    def exchange_of(self, number: int) -> Exchange | None:
        """The exchange with a peer; None for this node itself."""
        peer = self.by_number.get(number)
        return peer.exchange if peer else None

    def save(self, peer: Peer, alias: str = "") -> None:
        """Write a changed peer, under a new alias when one is given."""
        if alias:
            self.by_alias.pop(peer.row.alias, None)
            peer.row.alias = alias
        if peer.row.removed:
            self.by_alias.pop(peer.row.alias, None)
            self.by_node.pop(peer.row.node, None)
        self._enter(peer)
        self._store.peers.save(peer.row)

    # dialling

    def start(self) -> None:
        """Dial everybody, each after the wait it had reached."""
        for peer in self.by_number.values():
            self.dial_later(peer, self._entropy.uniform() * 0.05)

    def close(self) -> None:
        """End every link and every wait."""
        self._closed = True
        for peer in self.by_number.values():
            self._disarm(peer)
            if peer.exchange.line is not None:
                peer.exchange.line.close("the node stops")

    def drop_link(self, peer: Peer, reason: str) -> None:
        """Close the link to a peer, if there is one."""
        self._disarm(peer)
        if peer.exchange.line is not None:
            peer.exchange.line.close(reason)

    def dial_later(self, peer: Peer, wait: float | None = None) -> None:
        """Arrange the next dial, after the back-off or `wait` seconds."""
        self._disarm(peer)
        endpoints = self.endpoints(peer)
        if self._closed or not peer.may_link or peer.exchange.line is not None or not endpoints:
            return
        if wait is None:
            wait = backoff(
                peer.exchange.tries,
                self._settings.dial_first,
                self._settings.dial_cap,
                self._entropy.uniform(),
            )
        peer.next_dial = self._clock.now() + int(wait * 1000)
        peer.timer = self._clock.call_later(wait, lambda: self._dial(peer))

    def endpoints(self, peer: Peer) -> tuple[str, ...]:
        """Where a peer may be: what the operator said, else what its record says."""
        return (peer.row.endpoint,) if peer.row.endpoint else peer.record.endpoints

    def _dial(self, peer: Peer) -> None:
        peer.timer = None
        if self._guard.is_paused(peer.row.alias):
            self.dial_later(peer, 1.0)
        elif self.transport is not None and peer.may_link and peer.exchange.line is None:
            self.transport.dial(peer.row.node, self.endpoints(peer), peer.record.tls_bytes)

    def _disarm(self, peer: Peer) -> None:
        if peer.timer is not None:
            peer.timer.cancel()
            peer.timer = None

    # ports.LinkOwner

    def record_of(self, node: str) -> NodeRecord | None:
        """The record of a peer that may link now."""
        peer = self.by_node.get(node)
        if self.transport is None:
            return None  # this life is not committed yet, and a greeting would tell it
        if peer is None or not peer.may_link or self._guard.is_paused(peer.row.alias):
            return None
        return peer.record

    def greeting(self, node: str) -> bytes:
        """The control part for the hello to a peer."""
        return self.by_node[node].exchange.greeting()

    def newer_record(self, record: NodeRecord, signed: bytes) -> None:
        """A peer showed a newer record of itself that follows from the pinned one."""
        peer = self.by_node[record.node]
        peer.record, peer.row.record = record, signed
        peer.exchange.sender = self._sender(record)
        self._store.peers.save(peer.row)
        self._hub.emit("peer.record", peer=peer.row.alias, text=f"seq {record.seq}")

    def conflict(self, node: str, signed: bytes) -> None:
        """A peer showed a record that cannot be true beside the pinned one: the pair stops."""
        peer = self.by_node[node]
        peer.row.shown = signed
        if self.frozen is not None:
            self.frozen(node)

    def link_up(self, line: Line, control: bytes) -> None:
        """A peer is authenticated on a link."""
        peer = self.by_node.get(line.peer)
        try:
            greeting = decode_control(control)
        except NotCanonical as error:
            line.close(f"greeting refused: {error}")
            return
        if peer is None or not peer.may_link:
            line.close("not a peer")
            return
        self._disarm(peer)
        before = peer.exchange.line
        if before is not None:
            peer.exchange.link_down(before)
        peer.error, peer.since = ("", ""), self._clock.now()
        peer.exchange.line = line
        self._hub.emit("link.up", peer=peer.row.alias, text=line.address)
        try:
            peer.exchange.receive(greeting)
        except Exception:
            self.provoker = peer.row.node
            raise
        if peer.exchange.line is line:
            peer.exchange.link_up(line)

    def link_down(self, line: Line, reason: str) -> None:
        """A link is gone; dial again soon."""
        peer = next((p for p in self.by_number.values() if p.exchange.line is line), None)
        if peer is None:
            return
        peer.exchange.link_down(line)
        peer.since = self._clock.now()
        self._hub.emit("link.down", peer=peer.row.alias, text=reason)
        self.dial_later(peer)

    def link_ready(self, line: Line) -> None:
        """A full line takes frames again."""
        peer = self.by_node.get(line.peer)
        if peer is not None and peer.exchange.line is line:
            peer.exchange.pump()

    def frame(self, line: Line, data: bytes) -> None:
        """One frame: verified here, then the exchange's."""
        opened = open_frame(
            data, me=self._keys.node, record_of=self._sender_record, unwrap=self._cache.unwrap
        )
        peer = self.by_node.get(line.peer)
        if isinstance(opened, Rejected):
            alias = peer.row.alias if peer else ""
            self._hub.emit("frame.refused", peer=alias, text=f"{opened.rung}: {opened.why}")
            return
        if peer is None or opened.sender != line.peer or peer.exchange.line is not line:
            return
        try:
            peer.exchange.frame(opened)
        except Exception:
            self.provoker = peer.row.node
            raise

    def dial_failed(self, node: str, code: str, why: str) -> None:
        """A dial ended without a link: wait longer."""
        peer = self.by_node.get(node)
        if peer is None:
            return
        if peer.error != (code, why):
            self._hub.emit("link.failed", peer=peer.row.alias, text=f"{code}: {why}")
        peer.error = (code, why)
        peer.exchange.tries += 1
        self._store.ride(peer.exchange, peer.exchange.save)
        self.dial_later(peer)

    def pair_request(
        self, request: bytes, spki: bytes, answer: Callable[[bytes | None], None]
    ) -> None:
        """A stranger presents an invitation."""
        if self.pairing is None:
            answer(None)
        else:
            self.pairing(request, spki, answer)

    def meet_request(
        self, request: bytes, spki: bytes, answer: Callable[[bytes | None], None]
    ) -> None:
        """Somebody who may be declared here wants to meet."""
        if self.meeting is None or self.transport is None:
            answer(None)
        else:
            self.meeting(request, spki, answer)

    def _sender_record(self, node: str) -> NodeRecord | None:
        peer = self.by_node.get(node)
        return peer.record if peer is not None and peer.may_link else None

    def _sender(self, record: NodeRecord) -> Sender:
        return Sender(
            self._keys.record,
            record,
            sign=self._keys.sign,
            wrap=self._keys.wrap,
            random=self._entropy.bytes,
        )
