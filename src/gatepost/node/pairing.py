"""Pairing: a one-time invitation turned into a peer on both sides.

The inviter consumes the invitation in the commit that inserts the peer; the accepter inserts it
when the proven reply came. A repeated request of the node that used it gets the same reply again,
so a crash between the two commits mends itself. Pairing grants nothing but `ping`.
"""

from collections.abc import Callable

import msgspec

from gatepost.core import pairing
from gatepost.core.identity import Accepted, accept_successor
from gatepost.core.pairing import Joined, Memory, Refused
from gatepost.core.records import InviteRow, PeerRow
from gatepost.core.views import Invitation
from gatepost.errors import GatepostError
from gatepost.node.aliases import Aliases, shown
from gatepost.node.ground import Ground
from gatepost.node.peers import Peer, Peers

Paired = Callable[[Peer | GatepostError], None]


class Pairing:
    """Invitations given and accepted by this node.

    `waiting` by the alias invited wants to hear of the peer; `notes` by node id say what its
    operator should see once the pairing is done.
    """

    def __init__(self, ground: Ground, peers: Peers, aliases: Aliases) -> None:
        self._name = ground.settings.name
        self._store = ground.store
        self._clock = ground.clock
        self._entropy = ground.entropy
        self._keys = ground.keys
        self._hub = ground.hub
        self._peers = peers
        self._aliases = aliases
        self._offers: dict[str, InviteRow] = {}
        self.waiting: dict[str, list[Callable[[Peer], None]]] = {}
        self.notes: dict[str, str] = {}

    def invite(
        self,
        alias: str,
        minutes: int,
        done: Callable[[Invitation | GatepostError], None],
        *,
        reuse: bool = False,
    ) -> None:
        """Make an invitation for one node; `alias` will be its name here.

        A name that is kept for a node goes to no other without `reuse`.
        """
        endpoints = self._keys.record.endpoints
        if not endpoints:
            done(_no_endpoint())
            return
        try:
            if alias:
                self._aliases.check(alias)
        except GatepostError as error:
            done(error)
            return
        now = self._clock.now()
        expires = now + minutes * 60_000
        made = pairing.Invitation(
            endpoints=endpoints,
            node=self._keys.node,
            tls=self._keys.record.tls_bytes,
            secret=self._entropy.bytes(16),
            expires=expires,
        )
        offer = pairing.offer(made)
        row = InviteRow(id=offer.id, public=offer.public, alias=alias, expires=expires, reuse=reuse)
        self._store.peers.drop_invites(now - 86_400_000)
        self._store.peers.save_invite(row)
        warnings = self._warnings(alias, reuse=reuse)
        view = Invitation(pairing.show_invitation(made), alias, expires, warnings)
        self._store.then(lambda: done(view))

    def request(self, heard: bytes, spki: bytes, answer: Callable[[bytes | None], None]) -> None:
        """A stranger presents an invitation (`peers.PairRequest`)."""
        said = pairing.read_request(heard)
        if isinstance(said, Refused):
            answer(None)
            return
        row = self._offers.get(said.invitation) or self._store.peers.invite(said.invitation)
        if row is None:
            answer(None)
            return
        offer = pairing.Offer(row.id, row.public, row.expires)
        joined = pairing.check_request(
            said, offer, self._keys.record, spki=spki, now=self._clock.now()
        )
        if isinstance(joined, Refused):
            known = joined.code == "invitation.expired"
            answer(self._reply(heard, spki, joined.code) if known else None)
            return
        if row.used_by and row.used_by != joined.record.node:
            answer(self._reply(heard, spki, "invitation.used"))
            return
        self._join(row, joined, heard, spki, answer)

    def _join(
        self,
        row: InviteRow,
        joined: Joined,
        heard: bytes,
        spki: bytes,
        answer: Callable[[bytes | None], None],
    ) -> None:
        mine = self.memory(joined.record.node)
        code = contradiction(mine, joined.memory)
        if code:
            answer(self._reply(heard, spki, code))
            return
        anew = not (mine and joined.memory)
        reply = self._reply(heard, spki, anew=anew)
        words = pairing.phrase(heard, reply)
        row.used_by, row.answer = joined.record.node, reply
        self._offers[row.id] = row
        self._store.peers.save_invite(row)
        joined = msgspec.structs.replace(joined, anew=anew)
        peer = self.join(joined, row.alias or joined.name, words, reuse=row.reuse)

        def told() -> None:
            answer(reply)
            for waiting in self.waiting.pop(row.alias, []):
                waiting(peer)

        self._store.then(told)

    def accept(self, text: str, alias: str, done: Paired, *, reuse: bool = False) -> None:
        """Accept an invitation: dial its node, prove it, become its peer."""
        try:
            invitation = pairing.parse_invitation(text)
            self._check(invitation, alias, reuse)
        except GatepostError as error:
            done(error)
            return
        request = pairing.request(
            invitation,
            self._keys.record_bytes,
            self._name,
            nonce=self._entropy.bytes(16),
            sign=self._keys.sign,
            memory=self.memory(invitation.node),
        )
        transport = self._peers.transport
        if transport is None:
            done(GatepostError("node.not_running"))
            return

        def heard(reply: bytes | GatepostError) -> None:
            if isinstance(reply, GatepostError):
                done(reply)
                return
            joined = pairing.check_reply(request, reply, invitation)
            if isinstance(joined, Refused):
                known = self._peers.by_node.get(invitation.node)
                name = known.row.alias if known is not None else alias
                done(GatepostError(joined.code, why=joined.why, peer=name))
                return
            words = pairing.phrase(request, reply)
            peer = self.join(joined, alias or joined.name, words, reuse=reuse)
            self._store.then(lambda: self._accepted(peer, done))

        transport.pair(invitation.endpoints, invitation.tls, request, heard)

    def _accepted(self, peer: Peer, done: Paired) -> None:
        self._peers.dial_later(peer, 0.0)
        done(peer)

    def _check(self, invitation: pairing.Invitation, alias: str, reuse: bool) -> None:
        if invitation.node == self._keys.node:
            raise GatepostError("peer.wrong_node", what="that is this node's own invitation")
        if invitation.expires <= self._clock.now():
            raise GatepostError("invitation.expired")
        if not alias:
            return
        self._aliases.check(alias, invitation.node)
        kept = self._aliases.kept(alias, invitation.node)
        if kept is not None and not reuse:
            raise GatepostError(
                "invitation.alias_kept",
                what=f"`{alias}` meant another node",
                why=f"it {shown(kept)}; rules written for that node would hold for this one",
                alias=alias,
            )

    def _warnings(self, alias: str, *, reuse: bool) -> tuple[str, ...]:
        """What somebody should see who invites a node to be called so."""
        if not alias:
            return ()
        kept = self._aliases.kept(alias)
        if kept is None or reuse:
            return self._aliases.warnings(alias)
        back = f"`{alias}` {shown(kept)}; another node that joins gets another name"
        return (*self._aliases.warnings(alias), back)

    def join(self, joined: Joined, wish: str, words: str, *, reuse: bool = False) -> Peer:
        """Take in the other side of a pairing that holds, under the name wished for or near it."""
        node = joined.record.node
        known = self._peers.known(node)
        if known is not None and joined.anew and _used(known):
            known = None  # it was removed: whoever still lives by it was refused
        if known is not None and joined.anew:
            self.forget_life(known)
        if known is not None and not known.row.removed:
            return self._again(known, joined, known.row.alias, words)
        alias = self._aliases.free(wish, node, reuse=reuse)
        if alias != wish:
            kept = self._aliases.kept(wish, node)
            why = f"`{wish}` {shown(kept)}" if kept else f"`{wish}` is taken here"
            self.notes[node] = f"it is called `{alias}` here: {why}"
        self._aliases.take(alias)
        if known is not None:
            return self._again(known, joined, alias, words)
        row = PeerRow(
            number=self._peers.next_number(),
            node=node,
            alias=alias,
            record=joined.record_bytes,
            endpoint="",
            words=words,
            paired=self._clock.now(),
        )
        self._store.peers.save(row)
        self._hub.emit("peer.paired", peer=row.alias, text=words)
        return self._peers.add(row)

    def forget_life(self, peer: Peer) -> None:
        """The other side begins anew, and the journals here have not begun: only its life differs.

        A side that crashed before it knew of the pairing may have linked already.
        """
        self._peers.drop_link(peer, "the other side begins anew")
        peer.exchange.incoming.life = peer.exchange.incoming.fork = None
        peer.exchange.changed()

    def _again(self, known: Peer, joined: Joined, alias: str, words: str) -> Peer:
        """Paired once more: both journals go on where they were, so nothing is taken in twice."""
        known.row.words = words
        if known.row.removed:
            known.row.removed = 0
            known.row.alias = alias
            known.row.endpoint = ""
        self._peers.save(known)
        self._hub.emit("peer.paired", peer=known.row.alias, text=words)
        successor = accept_successor(known.record, joined.record)
        if isinstance(successor, Accepted) and successor.changed:
            self._peers.newer_record(joined.record, joined.record_bytes)
        return known

    def memory(self, node: str) -> Memory:
        """What this node has of an earlier pairing with another."""
        known = self._peers.known(node)
        if known is None or not _used(known):
            return ""
        return "kept" if known.row.removed else "active"

    def _reply(self, heard: bytes, spki: bytes, code: str = "", *, anew: bool = False) -> bytes:
        return pairing.reply(
            heard,
            self._keys.record_bytes,
            self._name,
            nonce=self._entropy.bytes(16),
            spki=spki,
            sign=self._keys.sign,
            code=code,
            anew=anew,
        )


def _used(peer: Peer) -> bool:
    """Whether anything was ever given or taken: the journals have begun."""
    return peer.exchange.incoming.cursor > 0 or peer.exchange.outgoing.next > 0


def contradiction(mine: Memory, theirs: Memory) -> str:
    """Why a pairing must wait for a person: one side lives by what the other has not."""
    if mine == "active" and not theirs:
        return "invitation.goes_on"
    if theirs == "active" and not mine:
        return "invitation.begins_anew"
    return ""


def _no_endpoint() -> GatepostError:
    return GatepostError(
        "listen.none",
        why="an invitation names the address where this node is reached, and it listens nowhere",
    )
