"""Decisions of this node as they were asked: those that are kept, the others from what came.

A message that was let in at once is made out from its row and its text, for nothing else was
written of it. What cannot be made out is named with the reason, and is never guessed: refusals
older than those that are kept, texts that were pruned, and what a used-up rate refused.
"""

from collections.abc import Iterator

import msgspec

from gatepost.core.message import VERB
from gatepost.core.records import MessageRow
from gatepost.core.views import MessagesQuery
from gatepost.node.guard import party
from gatepost.node.node import Node
from gatepost.node.opened import message_of
from gatepost.policy.patterns import Party
from gatepost.policy.replay import Recorded, Stand
from gatepost.policy.request import Direction, Request

MOST = 10_000
NO_RECORD = "refused, and the record of it is gone"
NO_TEXT = "its text is pruned"
SPENT = "refused because a rate was used up, and what was used then is not known"
_DIRECTION: dict[str, Direction] = {"in": "inbound", "out": "outbound", "local": "local"}


class Replaying:
    """Reads what was decided; decides nothing."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def of(self, row: MessageRow) -> Recorded | str:
        """The last decision about a message, or why it cannot be made out."""
        kept = [one for one in self._node.decisions.of(row.id) if self._concerns(one, row)]
        return self._today(kept[-1]) if kept else self._made_out(row)

    def since(self, at: int) -> Iterator[Recorded | str]:
        """The decisions from a time (ms) on, the latest messages first; of each the last one."""
        kept: dict[str, Recorded] = {}
        for one in self._node.decisions.since(at):
            kept.setdefault(one.message, one)
        for row in self._node.store.messages.recent(MessagesQuery(limit=MOST), None):
            if row.accepted < at:
                break
            if row.sender and row.id not in kept:
                yield self._made_out(row)
        for one in kept.values():
            if one.verdict != "wait":
                yield SPENT if one.spent else self._today(one)

    def refused(self, wish: Request, since: int) -> Recorded | None:
        """The last refusal of such a wish from a time (ms) on; None when one was let in after."""
        for one in self._node.decisions.since(since):
            today = self._today(one)
            if _wished(today.request) == _wished(wish):
                let_in = one.verdict != "deny" or self._let_in(wish, one.at)
                return None if let_in else today
        return None

    def _let_in(self, wish: Request, after: int) -> bool:
        agent = wish.sender.agent if wish.sender.local else wish.to.agent
        for row in self._node.store.messages.recent(MessagesQuery(agent=agent), None):
            if row.accepted < after:
                return False
            if row.state != "rejected" and _wished(self.request(row)) == _wished(wish):
                return True
        return False

    def request(self, row: MessageRow) -> Request:
        """What the row of a message says of it: all but its size and the chain that led to it."""
        sender, to = self.parties(row)
        return Request(
            direction=_DIRECTION[row.direction],
            verb=VERB[row.want],
            sender=sender,
            to=to,
            at=row.accepted,
            conversation=row.conversation,
        )

    def parties(self, row: MessageRow) -> tuple[Party, Party]:
        """Both ends of a message, as its peer is called now."""
        sender, to = party(row.sender), party(row.recipient)
        peer = self._node.peers.by_number.get(row.peer)
        if peer is None:
            return sender, to
        if row.direction == "in":
            return peer.party(row.sender), to
        return sender, peer.party(row.recipient)

    def _made_out(self, row: MessageRow) -> Recorded | str:
        if row.state == "rejected" and row.by in ("rule", "node") and not row.attempt:
            if row.direction != "out":
                return NO_RECORD
        found = self._node.store.messages.body(row.seq)
        if found is None:
            return NO_TEXT
        header, body = message_of(found[1])
        request = msgspec.structs.replace(
            self.request(row),
            size=len(body),
            hops=header.hops,
            visited=header.visited,
            turns=header.turns,
        )
        return Recorded(row.id, request, Stand(), "allow")

    def _concerns(self, one: Recorded, row: MessageRow) -> bool:
        """Whether a decision is about this very message: a peer may use an id another used."""
        request = one.request
        other = request.sender if request.direction == "inbound" else request.to
        node = self._node.peers.node_of(row.peer)
        return (request.direction, other.node) == (_DIRECTION[row.direction], node)

    def _today(self, one: Recorded) -> Recorded:
        """The same with its peer as it is called now, for rules name it so."""
        request = msgspec.structs.replace(
            one.request, sender=self._named(one.request.sender), to=self._named(one.request.to)
        )
        return msgspec.structs.replace(one, request=request)

    def _named(self, one: Party) -> Party:
        peer = self._node.peers.by_node.get(one.node)
        return peer.party(one.agent) if peer is not None else one


def _wished(request: Request) -> tuple[str, str, Party, Party]:
    return request.direction, request.verb, request.sender, request.to
