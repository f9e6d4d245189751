"""Messages as they are shown.

Found by id, seen by whoever may see them, with their timeline read back from the store.

A timeline is not kept; it is derived: the message's own row, the ack that proved it received, and
every entry about it.
"""

import msgspec

from gatepost.core.entry import Message, Update, decode_entry, is_code
from gatepost.core.lifecycle import is_outcome
from gatepost.core.message import VERB, Content, MessageView, Moment
from gatepost.core.parts import unpack
from gatepost.core.records import EntryRow, MessageRow
from gatepost.errors import GatepostError
from gatepost.node.inbox import Inbox
from gatepost.node.opened import OpenMessage, view
from gatepost.node.outbox import Outbox
from gatepost.node.peers import Peers
from gatepost.policy.patterns import Party
from gatepost.policy.stages import command_grant
from gatepost.ports import Clock
from gatepost.ports.store import Store

NEWS = ("update", "hold")
"""Entries that say how a message stands: of the receiver, or of this node while it held it."""


class Shown:
    """Reads messages for their agents and the operator, and withdraws them."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        peers: Peers,
        outbox: Outbox,
        inbox: Inbox,
        here: Party,
    ) -> None:
        """`here` is this node as others name it."""
        self._here = here
        self._store = store
        self._clock = clock
        self._peers = peers
        self._outbox = outbox
        self._inbox = inbox

    def find(self, id: str, agent: str = "") -> MessageRow:
        """The row of a message by id or unique beginning; with `agent`, only one it sent or has.

        Raises `message.unknown`.
        """
        found = [row for row in self._store.messages.find(id, 64) if _concerns(row, agent)]
        exact = [row for row in found if row.id == id] or found
        if not exact or (len(exact) > 1 and len({row.id for row in exact}) > 1):
            why = "several messages begin like that" if exact else "no message begins like that"
            raise GatepostError("message.unknown", what=f"`{id}` names no message", why=why)
        return exact[0]  # the first to have it: whoever uses an id again is another

    def missing(self, id: str, agent: str) -> GatepostError:
        """Why a message cannot be worked on: it has ended, or there is none."""
        try:
            row = self.find(id, agent)
        except GatepostError as error:
            return error
        if is_outcome(row.state):
            return GatepostError("message.ended", what=f"the message ended {row.state}", id=id)
        return GatepostError("run.not_yours", what="the message is not in hand", id=id)

    def message(self, id: str, agent: str = "", question: bool = False) -> MessageView:
        """A message with its timeline."""
        row = self.find(id, agent)
        entries = self._store.messages.entries(row.seq)
        parts: tuple[Content, ...] = ()
        moments = [Moment(row.accepted, "accepted")]
        for entry in entries:
            moment = self._moment(entry, moments, row)
            moments += moment
            if entry.kind in NEWS and (entry.what == "outcome" or entry.state == "needs_input"):
                parts = moment[-1].parts if moment else ()
        if is_outcome(row.state) and not any(m.state == row.state for m in moments):
            moments.append(Moment(row.since, row.state, row.reason or row.by))
        heard = next((n for n, entry in enumerate(entries, 1) if entry.kind == "update"), 0)
        self._insert_received(row, moments, heard)
        asked = self._question(row) if question else ()
        return self._view(row, parts=parts, timeline=tuple(moments), question=asked)

    def brief(self, row: MessageRow) -> MessageView:
        """A message without its timeline."""
        return self._view(row)

    def withdraw(self, row: MessageRow) -> None:
        """Cancel a message this node's agent sent. Raises `message.ended`."""
        if is_outcome(row.state):
            raise GatepostError("message.ended", what=f"the message ended {row.state}", id=row.id)
        if row.direction == "local":
            message = self._inbox.open.get((0, row.id))
            if message is not None:
                self._inbox.cancel(message)
            return
        exchange = self._peers.by_number[row.peer].exchange
        self._outbox.cancel(self._outbox.open.get(row.id) or OpenMessage(row), exchange)

    def _view(
        self,
        row: MessageRow,
        parts: tuple[Content, ...] = (),
        timeline: tuple[Moment, ...] = (),
        question: tuple[Content, ...] = (),
    ) -> MessageView:
        alias = self._peers.alias_of(row.peer) if row.peer else ""
        sender, to = row.sender, row.recipient
        if row.direction == "out":
            to = f"{to}@{alias}"
        elif row.direction == "in":
            sender = f"{sender}@{alias}"
        return view(
            row,
            sender=sender,
            to=to,
            state=self._state(row),
            parts=parts,
            timeline=timeline,
            question=question,
            why=self._why(row),
        )

    def _why(self, row: MessageRow) -> str:
        """What stands in the way of news, or makes old what is known: no contact with the peer.

        Of what a rule there refused: who sees which, and what they type.
        """
        peer = self._peers.by_number.get(row.peer)
        if row.reason == "hold.refused" or (row.state == "held" and not row.slot):
            return ""  # it is a person's to say, and the peer has no part in it
        if peer is not None and (row.direction, row.state, row.by) == ("out", "rejected", "rule"):
            return self._refused_there(row, peer.row.alias) if row.slot else ""
        if row.direction != "out" or peer is None or peer.exchange.live or is_outcome(row.state):
            return ""
        if row.slot:
            return f"no contact with {peer.row.alias}: this is what it said last"
        said = f" ({': '.join(peer.error)})" if peer.error[0] else ""
        return f"no contact with {peer.row.alias}{said}: it has not left this node"

    def _refused_there(self, row: MessageRow, alias: str) -> str:
        sender = msgspec.structs.replace(self._here, agent=row.sender)
        verb, to = VERB[row.want], Party(row.recipient)
        opens = command_grant(sender, verb, to)
        sees = f"gatepost explain {sender} {to} {verb}"
        return f"the operator of {alias} sees why with `{sees}` and opens it with `{opens}`"

    def _state(self, row: MessageRow) -> str:
        exchange = self._peers.exchange_of(row.peer)
        if row.state == "accepted" and row.slot and exchange and exchange.outgoing.out >= row.slot:
            return "received"
        return row.state

    def _insert_received(self, row: MessageRow, moments: list[Moment], heard: int) -> None:
        """Say when the peer had it: by its ack, or by the first thing it said about it.

        That is moment `heard`, 0 when it said nothing. What it said stays in the order in which it
        came, whatever times it gives, for the clocks of two nodes may differ.
        """
        if row.direction != "out" or not row.slot:
            return
        acked = self._store.peers.acked_at(row.peer, row.slot, row.accepted)
        if not acked and not heard:
            return
        news = moments[heard].at if heard else acked
        at = news if row.accepted <= news and (not acked or news <= acked) else acked
        last = heard or len(moments)
        place = next((n for n in range(1, last) if at and moments[n].at > at), last)
        why = f"{self._peers.alias_of(row.peer)} has it"
        moments.insert(place, Moment(at or row.accepted, "received", why))

    def _moment(self, entry: EntryRow, before: list[Moment], row: MessageRow) -> list[Moment]:
        if entry.kind not in NEWS:
            state = "working" if entry.kind == "input" else before[-1].state
            return [Moment(entry.at, state, entry.kind)]
        update, body = decode_entry(entry.data)
        if not isinstance(update, Update):
            return []
        row.attempt, row.redelivered = max(row.attempt, update.run), update.redelivered
        row.late = update.late
        moments: list[Moment] = []
        began = Moment(update.started, "working", f"run {update.run}")
        if update.started and (update.what, update.state) != ("state", "working"):
            if not any((m.state, m.why) == (began.state, began.why) for m in before):
                moments.append(began)
        why = update.reason if is_code(update.reason) else update.by
        if update.what in ("progress", "artifact"):
            why = update.what
        elif update.state == "working":
            why = f"run {update.run}"
        moments.append(Moment(update.at, update.state, why, unpack(update.parts, body)))
        return moments

    def _question(self, row: MessageRow) -> tuple[Content, ...]:
        found = self._store.messages.body(row.seq)
        if found is None:
            return ()
        header, body = decode_entry(found[1])
        return unpack(header.parts, body) if isinstance(header, Message) else ()


def _concerns(row: MessageRow, agent: str) -> bool:
    if not agent:
        return True
    return (row.direction != "in" and row.sender == agent) or (
        row.direction != "out" and row.recipient == agent
    )
