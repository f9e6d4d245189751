"""Declared peers: those the configuration names, met once and then peers like any other.

A declared node that is no peer yet is dialled at its endpoint, with the usual back-off, or waited
for; both sides prove who they are (`core.meeting`), and from then on pins and links are as after an
invitation. What the file says of a peer that is known (endpoint, owner, alias) holds at once. A
peer whose declaration is gone is not forgotten, for that would end what waits for it: it is linked
with no more until it is declared again or removed by command.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import msgspec

from gatepost.config.declared import Declaration
from gatepost.core import meeting
from gatepost.core.pairing import Joined, Refused
from gatepost.core.retry import backoff
from gatepost.core.views import PeerView
from gatepost.errors import GatepostError
from gatepost.node.aliases import Aliases
from gatepost.node.ground import Ground
from gatepost.node.pairing import Pairing, contradiction
from gatepost.node.peers import Peer, Peers
from gatepost.ports import Timer

Answer = Callable[[bytes | None], None]
NONCE_BYTES = 16
PATIENCE_MS = 60_000
"""How long both sides may take to be declared before somebody is told."""


@dataclass(slots=True)
class Stranger:
    """A declared node that is no peer yet. `error` is why not, `since` when it was declared."""

    declared: Declaration
    since: int
    tries: int = 0
    error: str = ""
    next_dial: int = 0
    timer: Timer | None = None


class Declaring:
    """What the configuration says about peers, and the meetings that follow from it."""

    def __init__(self, ground: Ground, peers: Peers, aliases: Aliases, pairing: Pairing) -> None:
        self._ground = ground
        self._peers = peers
        self._aliases = aliases
        self._pairing = pairing
        self._strangers: dict[str, Stranger] = {}
        self._places: dict[str, Declaration] = {}
        self._closed = False

    # what the file says

    def take(self, declared: Iterable[Declaration]) -> None:
        """The file declares these peers now, and no others."""
        now, before = {one.node: one for one in declared}, self._places
        self._places = now
        for node in [node for node in self._strangers if node not in now]:
            self._forget(node)
        for one in now.values():
            peer = self._peers.by_node.get(one.node)
            if peer is not None:
                self._apply(peer, one)
            elif before.get(one.node) != one or one.node not in self._strangers:
                self._forget(one.node)
                self._await(one)
        for peer in list(self._peers.by_node.values()):
            undeclared = peer.row.declared and peer.row.node not in now
            if undeclared != peer.undeclared:
                peer.undeclared = undeclared
                self._peers.drop_link(peer, "its declaration changed")
                self._peers.dial_later(peer, 0.0)

    def close(self) -> None:
        """End every wait."""
        self._closed = True
        for node in list(self._strangers):
            self._forget(node)

    def place(self, node: str) -> str:
        """Where a peer is declared, "" when it is not."""
        one = self._places.get(node)
        return str(one.origin) if one is not None else ""

    def place_of(self, alias: str) -> str:
        """Where a node that was not met yet is declared by this name; "" for any other name."""
        named = (one.declared for one in self._strangers.values())
        return next((str(one.origin) for one in named if one.alias == alias), "")

    def views(self) -> list[PeerView]:
        """The declared nodes that are no peers yet, as they are listed."""
        return [
            PeerView(
                alias=one.declared.alias,
                node=one.declared.node,
                state="declared",
                endpoint=one.declared.endpoint,
                since=one.since,
                queued=0,
                in_flight=0,
                next_attempt=one.next_dial,
                error=one.error or "not met yet",
            )
            for one in self._strangers.values()
        ]

    def needs_you(self) -> list[str]:
        """Declared nodes that cannot be met, each in a line, once that has gone on for a while."""
        late = self._ground.clock.now() - PATIENCE_MS
        return [
            f"peer {one.alias} is declared in {one.origin} and not met: {stranger.error}"
            for one, stranger in ((each.declared, each) for each in self._strangers.values())
            if stranger.error and stranger.since < late
        ]

    def about(self, alias: str) -> str:
        """Why a declared name means no peer yet; "" for any other name."""
        for one in self._strangers.values():
            if one.declared.alias == alias:
                why = one.error or "it has not been met yet"
                return f"it is declared in {one.declared.origin}, but {why}"
        return ""

    def _apply(self, peer: Peer, one: Declaration) -> None:
        row = peer.row
        alias = one.alias if row.alias != one.alias and self._may_call(one) else ""
        changed = row.endpoint != one.endpoint
        peer.undeclared = False
        if alias or changed or row.owner != one.owner or not row.declared:
            row.endpoint, row.owner, row.declared = one.endpoint, one.owner, True
            if alias:
                self._aliases.keep(row.alias, row.node)
                self._aliases.take(alias)
            self._peers.save(peer, alias)
        if changed:
            self._peers.drop_link(peer, "it is declared to be elsewhere")
            self._peers.dial_later(peer, 0.0)

    def _may_call(self, one: Declaration) -> bool:
        try:
            self._aliases.check(one.alias, one.node)
        except GatepostError as error:
            self._ground.hub.emit("config.broken", text=f"{one.origin}: {error.what}, {error.why}")
            return False
        return True

    # meeting

    def _await(self, one: Declaration) -> None:
        stranger = Stranger(one, self._ground.clock.now())
        self._strangers[one.node] = stranger
        if one.node == self._ground.node:
            stranger.error = "that is this node itself"
        else:
            self._dial_later(stranger, 0.0)

    def _forget(self, node: str) -> None:
        stranger = self._strangers.pop(node, None)
        if stranger is not None and stranger.timer is not None:
            stranger.timer.cancel()

    def _dial_later(self, stranger: Stranger, wait: float) -> None:
        if self._closed or not stranger.declared.endpoint:
            return
        clock = self._ground.clock
        stranger.next_dial = clock.now() + int(wait * 1000)
        stranger.timer = clock.call_later(wait, lambda: self._dial(stranger))

    def _dial(self, stranger: Stranger) -> None:
        transport, node = self._peers.transport, stranger.declared.node
        stranger.timer = None
        if transport is None:  # this life is not committed yet
            self._dial_later(stranger, 0.05)
            return
        if self._strangers.get(node) is not stranger:
            return
        sent: list[tuple[bytes, bytes]] = []

        def make(spki: bytes) -> bytes:
            keys, memory = self._ground.keys, self._pairing.memory(node)
            nonce = self._ground.entropy.bytes(NONCE_BYTES)
            said = meeting.meet(
                keys.record_bytes, node, nonce=nonce, spki=spki, sign=keys.sign, memory=memory
            )
            sent.append((said, spki))
            return said

        def done(reply: bytes | GatepostError) -> None:
            if self._strangers.get(node) is not stranger or self._closed:
                return  # it came by itself, or the file says otherwise by now
            if isinstance(reply, GatepostError):
                self._failed(stranger, _plain(reply))
                return
            said, spki = sent[-1]
            joined = meeting.check_met(said, reply, node, spki=spki)
            if isinstance(joined, Refused):
                self._failed(stranger, _refused(joined))
            else:
                self._met(stranger, joined)

        transport.meet((stranger.declared.endpoint,), make, done)

    def _failed(self, stranger: Stranger, why: str) -> None:
        stranger.error, stranger.tries = why, stranger.tries + 1
        settings = self._ground.settings
        uniform = self._ground.entropy.uniform()
        wait = backoff(stranger.tries, settings.dial_first, settings.dial_cap, uniform)
        self._dial_later(stranger, wait)

    def request(self, heard: bytes, spki: bytes, answer: Answer) -> None:
        """Somebody wants to meet (`ports.LinkOwner.meet_request`); strangers get None.

        The proof is checked before anybody is looked up, so time does not tell who is declared.
        """
        keys = self._ground.keys
        joined = meeting.check_meet(heard, keys.record, spki=spki)
        if isinstance(joined, Refused) or joined.record.node not in self._places:
            answer(None)
            return
        node = joined.record.node
        peer, mine = self._peers.by_node.get(node), self._pairing.memory(node)
        if peer is not None and not peer.may_link:
            answer(None)
            return
        code = contradiction(mine, joined.memory)
        anew = not (mine and joined.memory)
        reply = meeting.met(
            heard,
            keys.record_bytes,
            nonce=self._ground.entropy.bytes(NONCE_BYTES),
            spki=spki,
            sign=keys.sign,
            code=code,
            anew=anew,
        )
        stranger = self._strangers.get(node)
        if not code and stranger is not None:
            self._met(stranger, msgspec.structs.replace(joined, anew=anew))
        elif not code and peer is not None and anew:
            self._pairing.forget_life(peer)
        self._ground.store.then(lambda: answer(reply))

    def _met(self, stranger: Stranger, joined: Joined) -> None:
        one = stranger.declared
        try:
            self._aliases.check(one.alias, one.node)
        except GatepostError as error:
            self._failed(stranger, f"{error.what}: {error.why}" if error.why else error.what)
            return
        self._forget(one.node)
        words = meeting.phrase(self._ground.node, one.node)
        peer = self._pairing.join(joined, one.alias, words, reuse=True)
        self._apply(peer, one)
        self._ground.store.then(lambda: self._peers.dial_later(peer, 0.0))


def _plain(error: GatepostError) -> str:
    if error.code == "peer.refused":
        return "the node there does not know of this one: it must declare this node too"
    return error.why or error.what


def _refused(refused: Refused) -> str:
    if refused.code == "invitation.goes_on":
        return "it still lives by an earlier pairing: its operator removes this node first"
    if refused.code == "invitation.begins_anew":
        return "it begins anew, and this node still lives by the earlier pairing"
    return refused.why
