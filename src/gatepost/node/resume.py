"""Taking up what is durable after a start: journals, queues, open messages, runs.

Nothing is sent or handed over here; that begins with contact and with claims.
"""

from collections.abc import Callable
from functools import partial

from gatepost.core.entry import Void, decode_entry
from gatepost.core.frame import item
from gatepost.core.journal.outgoing import Slot
from gatepost.core.records import EntryRow, MessageRow
from gatepost.errors import GatepostError
from gatepost.node.delivery import Delivery
from gatepost.node.exchange import Exchange
from gatepost.node.inbox import Inbox
from gatepost.node.opened import OpenMessage
from gatepost.node.outbox import Outbox
from gatepost.node.peers import Peer
from gatepost.ports.store import Store


class Resume:
    """Fills the rooms of a new node from its store."""

    def __init__(
        self,
        store: Store,
        outbox: Outbox,
        inbox: Inbox,
        delivery: Delivery,
        begin: Callable[[OpenMessage], None],
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._inbox = inbox
        self._delivery = delivery
        self._begin = begin

    def local(self) -> None:
        """Messages between the node's own agents, and those held before they are sent."""
        for row in self._store.messages.open(0, "local"):
            self._inbox.restore(OpenMessage(row), ready=row.state != "held")
        for row in self._store.messages.held():
            self._outbox.open[row.id] = OpenMessage(row)

    def peer(self, peer: Peer) -> None:
        """Everything open with a peer."""
        exchange, number = peer.exchange, peer.row.number
        messages, entries = self._store.messages.unacked(
            number, exchange.low, exchange.outgoing.out
        )
        exchange.outgoing.restore(self._slots(exchange, messages, entries))
        for row in self._store.messages.open(number, "out"):
            self._outbox.open[row.id] = OpenMessage(row)
        _, _, self._outbox.queue(number).last = self._store.messages.count_waiting(number)
        firm = exchange.incoming.committed
        for row in self._store.messages.open(number, "in"):
            message = OpenMessage(row)
            self._inbox.restore(message, ready=row.state != "held" and row.slot <= firm)
            if row.slot > firm:
                act = self._begin if row.state == "held" else self._inbox.release
                self._delivery.wait_for(number, row.slot, partial(act, message))

    def _slots(
        self, exchange: Exchange, messages: list[MessageRow], entries: list[EntryRow]
    ) -> list[Slot]:
        slots: dict[int, Slot] = {}
        for row in messages:
            body = self._store.messages.body(row.seq)
            if body is None:
                raise GatepostError("store.damaged", why=f"message {row.id} has lost its body")
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


def _void_reason(row: EntryRow) -> str:
    entry, _ = decode_entry(row.data)
    return entry.why if isinstance(entry, Void) else ""
