"""What the operator does about one message: send it now, send it anew, end it, prove its end.

To retry keeps the id and is always safe. To replay makes another message, which may run again what
has run: so it is for messages that have ended, and wants a reason. To drop ends a message as far as
that is certain. Evidence is what the peer signed. Nothing here changes what has ended.
"""

from collections.abc import Callable

from gatepost.core.entry import Message, decode_entry
from gatepost.core.evidence import flaw
from gatepost.core.lifecycle import is_outcome
from gatepost.core.message import MessageView, Receipt, Submission
from gatepost.core.parts import unpack
from gatepost.core.records import EntryRow, FrameRow, MessageRow
from gatepost.core.views import Event, Evidence, Proof
from gatepost.errors import GatepostError
from gatepost.node.mailbox import outcome
from gatepost.node.node import Node
from gatepost.node.peering import durable
from gatepost.node.peers import Peer

REPLAYED = "replayed"
"""The label of a message that was sent anew; `re` names the one before it."""


class Remedies:
    """The operator's calls about one message; ids may be shortened."""

    def __init__(self, node: Node) -> None:
        self._node = node

    async def retry(self, id: str) -> MessageView:
        """Try to hand an open message on at once, instead of at the next back-off.

        Raises `message.ended`, and what keeps its peer away.
        """
        node, row = self._node, self._open(id, "`gatepost messages replay ID` sends it anew")
        if row.direction == "out":
            peer = node.peers.by_number[row.peer]
            if (closed := node.talk.closed(peer)) is not None:
                raise closed
            if not peer.exchange.live:
                await outcome(lambda done: self._dial(peer, done))
            else:
                peer.exchange.fill()
                peer.exchange.pump()
        elif (agent := node.agents.get(row.recipient)) is not None:
            node.inbox.dispatch(agent)
        return node.shown.message(row.id)

    async def replay(self, id: str, reason: str) -> Receipt:
        """Send a message that has ended anew: a new id, judged again, labelled `replayed`.

        Raises `message.open`, `message.unknown`, and the refusal of the law.
        """
        node, row = self._node, self._node.shown.find(id)
        if row.direction == "in":
            raise GatepostError("message.unknown", what="that message was sent by a peer", id=id)
        if not is_outcome(row.state):
            raise GatepostError("message.open", what=f"the message is {row.state}", id=row.id)
        kept = node.store.messages.body(row.seq)
        header, body = decode_entry(kept[1]) if kept is not None else (None, b"")
        if not isinstance(header, Message):
            why = "what it said is not kept any more"
            raise GatepostError("message.unknown", what=f"`{id}` cannot be sent anew", why=why)
        before = node.shown.brief(row)
        said = Submission(
            verb=before.verb,
            to=before.to,
            parts=unpack(header.parts, body),
            conversation=row.conversation,
            re=row.id,
            done_when=header.done_when,
            labels=tuple(dict.fromkeys((*header.labels, REPLAYED))),
        )
        node.agent(row.sender)
        made: Receipt = await outcome(lambda done: node.desk(row.sender).submit(said, done))
        node.events.emit("message.replayed", message=made.id, agent=row.sender, text=reason)
        return made

    async def drop(self, id: str, reason: str) -> MessageView:
        """End a message: for certain when no run and no peer has it, else as a wish.

        Raises `message.ended`.
        """
        node, row = self._node, self._open(id)
        if row.direction == "in":
            message = node.inbox.open.get((row.peer, row.id))
            if message is not None and row.attempt == 0:
                node.inbox.end(message, "failed", "message.dropped", "node")
            elif message is not None:
                node.inbox.cancel(message)
        else:
            node.shown.withdraw(row)
        node.events.emit("message.dropped", message=row.id, text=reason)
        await durable(node)
        return node.shown.message(row.id)

    def evidence(self, id: str) -> Evidence:
        """What the peer signed about a message: that it has it, and how it ended."""
        node, row = self._node, self._node.shown.find(id)
        view = node.shown.brief(row)
        if row.direction != "out" or not row.slot:
            return Evidence(id=row.id, state=view.state)
        peer = node.peers.by_number[row.peer]
        proofs: list[Proof] = []
        acked = node.store.peers.frame_acking(row.peer, row.slot, row.accepted)
        if acked is not None:
            proofs.append(self._proof(peer, "received", acked, acked.control))
        for entry in node.store.messages.entries(row.seq):
            proofs += self._ended(peer, row, entry)
        return Evidence(
            id=row.id,
            state=view.state,
            peer=peer.row.alias,
            node=peer.row.node,
            record=peer.row.record,
            proofs=tuple(proofs),
        )

    def _dial(self, peer: Peer, done: Callable[[None], None]) -> None:
        """Dial a peer now; `done` when there is contact, or when it is known why not."""

        def hear(event: Event) -> None:
            if event.peer == peer.row.alias and event.kind in ("contact.begun", "link.failed"):
                known()

        def known() -> None:
            timer.cancel()
            deaf()
            done(None)

        timer = self._node.clock.call_later(self._node.settings.answer_wait, known)
        deaf = self._node.events.subscribe(hear)
        self._node.peers.dial_later(peer, 0.0)

    def _ended(self, peer: Peer, row: MessageRow, entry: EntryRow) -> list[Proof]:
        if (entry.kind, entry.what, entry.sent) != ("update", "outcome", False):
            return []
        frame = self._node.store.peers.frame_holding(row.peer, entry.slot, row.accepted)
        item = entry.salt + entry.data
        return [self._proof(peer, entry.state, frame, item)] if frame is not None else []

    def _proof(self, peer: Peer, shows: str, frame: FrameRow, item: bytes) -> Proof:
        why = flaw(
            frame.signed,
            item,
            by=peer.row.node,
            to=self._node.guard.node,
            public=peer.record.key_bytes,
        )
        return Proof(shows=shows, at=frame.at, signed=frame.signed, item=item, flaw=why)

    def _open(self, id: str, why: str = "") -> MessageRow:
        row = self._node.shown.find(id)
        if is_outcome(row.state):
            what = f"the message ended {row.state}"
            raise GatepostError("message.ended", what=what, why=why, id=row.id)
        return row
