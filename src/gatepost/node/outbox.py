"""Messages this node's agents give to others.

Accepted, slotted, withdrawn, and ended by what the receiver says.

`accepted` is answered after the commit that holds the message. A message without a slot has never
left this node, so its expiry or cancel is local and certain. One with a slot can only be withdrawn
by a void in its place, and once the peer has acknowledged, only by asking (`cancel`); in both cases
the outcome is the peer's update and nothing else. The first outcome wins.

In memory are messages in flight (bounded by credit) and the head of each peer's queue; the rest of
a long queue stays in the store.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from gatepost.core.entry import (
    SALT_BYTES,
    Cancel,
    Input,
    Update,
    Void,
    digest,
    encode_entry,
    is_code,
)
from gatepost.core.frame import Item
from gatepost.core.journal.incoming import Taken
from gatepost.core.journal.outgoing import Slot
from gatepost.core.lifecycle import OUTCOMES, State, is_outcome, may_change
from gatepost.core.message import Content, MessageView
from gatepost.core.parts import pack, unpack
from gatepost.core.records import By, EntryRow, MessageRow
from gatepost.node.exchange import Exchange
from gatepost.node.ground import Ground
from gatepost.node.marks import update_row
from gatepost.node.opened import OpenMessage, load_body, view

Seen = Callable[[MessageView], None]

MOST_NEWS = 4
"""How many times the updates its peer allows itself a message is told of; the outcome always."""

SILENCE = 3600.0
"""Seconds this life itself must have heard nothing before it gives up on a peer."""


@dataclass(slots=True)
class Queue:
    """The head of one peer's queue. Those behind seq `loaded` up to `last` are in the store."""

    head: deque[OpenMessage] = field(default_factory=deque[OpenMessage])
    loaded: int = 0
    last: int = 0

    @property
    def more(self) -> bool:
        """Whether there is more in the store."""
        return self.loaded < self.last


class Outbox:
    """Every open message this node has sent or will send to peers."""

    def __init__(self, ground: Ground, name_of: Callable[[int], str]) -> None:
        self.open: dict[str, OpenMessage] = {}
        self.queues: dict[int, Queue] = {}
        self._ending: set[str] = set()
        self._watchers: dict[str, list[tuple[Seen, bool]]] = {}
        self._store = ground.store
        self._clock = ground.clock
        self._entropy = ground.entropy
        self._hub = ground.hub
        self._settings = ground.settings
        self._most_news = MOST_NEWS * ground.settings.updates_per_message
        self._sequence = ground.sequence
        self._name_of = name_of
        self.heard: Callable[[MessageRow], None] | None = None
        self.may_leave: Callable[[OpenMessage], bool] | None = None

    # accepting

    def accept(
        self, message: OpenMessage, exchange: Exchange, accepted: Callable[[], None]
    ) -> None:
        """Keep a message for a peer; `accepted` after its commit.

        It takes a slot at once when it can.
        """
        row, queue = message.row, self.queue(exchange.number)
        row.seq = self._sequence.message()
        if row.state == "accepted" and exchange.can_give() and not queue.head and not queue.more:
            content = Item(message.salt, message.data, digest(message.salt, message.data))
            row.slot = exchange.give(row.id, content)
            self.open[row.id] = message
        self._store.messages.add(row)
        self._store.messages.add_body(row.seq, message.salt, message.data)
        if row.slot == 0:
            self._wait(message, queue)
            self._store.then(exchange.fill)
        message.data = message.body = b""
        self._store.then(accepted)

    def _wait(self, message: OpenMessage, queue: Queue) -> None:
        row = message.row
        if row.state == "held":
            self.open[row.id] = message
            return
        if not queue.more and len(queue.head) < self._settings.queue_in_memory:
            queue.head.append(message)
            queue.loaded = row.seq
            self.open[row.id] = message
        queue.last = row.seq

    def queue(self, peer: int) -> Queue:
        """The queue of one peer."""
        found = self.queues.get(peer)
        if found is None:
            found = self.queues[peer] = Queue()
        return found

    # giving slots

    def fill(self, exchange: Exchange) -> None:
        """Give slots to waiting messages while the peer's credit lasts."""
        queue = self.queue(exchange.number)
        while exchange.can_give():
            if not queue.head and not self._refill(exchange.number, queue):
                return
            message = queue.head[0]
            if not load_body(self._store, message):
                return  # not committed yet; its commit fills again
            queue.head.popleft()
            if self.may_leave is not None and not self.may_leave(message):
                continue  # it has ended, or waits for a person
            content = Item(message.salt, message.data, digest(message.salt, message.data))
            message.row.slot = exchange.give(message.row.id, content)
            message.data = b""
            self._store.messages.set_slot(message.row.seq, message.row.slot)

    def _refill(self, peer: int, queue: Queue) -> bool:
        if not queue.more:
            return False
        rows = self._store.messages.waiting(peer, queue.loaded, 256)
        if not rows and self._store.idle:
            queue.loaded = queue.last
        for row in rows:
            queue.loaded = row.seq
            if row.id not in self.open and row.id not in self._ending:
                message = self.open[row.id] = OpenMessage(row)
                queue.head.append(message)
        return bool(queue.head)

    # what the peer says

    def acked(self, slots: list[Slot]) -> None:
        """The peer has these slots. Tells those who watch."""
        for slot in slots:
            if slot.kind == "update" or (message := self.open.get(slot.id)) is None:
                continue
            if message.row.slot == slot.n and message.row.state == "accepted":
                message.row.state = "received"
                message.row.since = self._clock.now()
                self._notify(message)

    def wants_cancel(self, slot: Slot) -> OpenMessage | None:
        """The message this acknowledged void withdrew, when somebody wanted it cancelled."""
        message = self.open.get(slot.id) if slot.voided else None
        wanted = message is not None and (slot.voided == "cancelled" or message.cancelling)
        return message if wanted else None

    def apply(self, exchange: Exchange, taken: Taken, update: Update) -> None:
        """An update of the peer about a message it was given.

        Anything else it claims is ignored, also what it says before it acknowledged the message.
        """
        message = self.open.get(update.id)
        if message is None or not _may_tell(exchange, message.row):
            return
        message.news += 1
        if message.news > self._most_news and update.what != "outcome":
            return
        row, now = message.row, self._clock.now()
        self._store.messages.add_entry(update_row(self._sequence.entry(), row, taken, update))
        row.attempt = max(row.attempt, update.run)
        row.late, row.redelivered = update.late, update.redelivered
        parts = unpack(update.parts, taken.arrived.body)
        if parts and self.heard is not None:
            self.heard(row)
        if update.what in ("progress", "artifact") and update.state not in ("working", row.state):
            return
        if row.state == update.state and update.what in ("progress", "artifact"):
            self._show_later(message, parts)
        elif row.state == update.state or may_change(row.state, update.state):
            reason = update.reason if is_code(update.reason) else ""
            self.change(message, update.state, now, reason, update.by, parts)

    def change(
        self,
        message: OpenMessage,
        state: State,
        at: int,
        reason: str,
        by: By,
        parts: tuple[Content, ...] = (),
    ) -> None:
        """How a message stands now; those who watch it are told after the commit."""
        row = message.row
        row.state, row.since, row.reason, row.by = state, at, reason, by
        self._store.messages.set_state(row.seq, state, at, reason, by)
        if is_outcome(state):
            self.open.pop(row.id, None)
        self._hub.emit(f"message.{state}", message=row.id, agent=row.sender, text=reason)
        self._show_later(message, parts)

    def _show_later(self, message: OpenMessage, parts: tuple[Content, ...]) -> None:
        """Tell those who watch, once they can also read it."""
        row = message.row
        if row.id in self._watchers:
            # The view of now: the row goes on, perhaps within this very commit.
            shown = self.shown(row, parts)
            self._store.then(lambda: self.notify(row, shown))

    # withdrawing

    def expire(self, row: MessageRow) -> bool:
        """The time of a message without a slot is over: it never left, so that is certain."""
        message = self.open.get(row.id) or OpenMessage(row)
        if message.row.slot or row.id in self._ending:
            return False
        self.drop(message, "expired")
        return True

    def expire_slotted(self, exchange: Exchange, now: int) -> None:
        """Withdraw unacknowledged messages whose time is over; give up beyond the horizon."""
        for slot in list(exchange.outgoing.slots.values()):
            message = self.open.get(slot.id)
            if message is None or slot.kind != "message" or slot.n > exchange.outgoing.durable:
                continue
            if message.row.expires <= now:
                self._void(message, exchange, "expired")
        silence = self._clock.monotonic() - exchange.quiet_since
        if exchange.live or silence < SILENCE or now - exchange.heard <= self._settings.horizon_ms:
            return  # a wall clock that jumped is no silence of the peer
        for message in list(self.open.values()):
            row = message.row
            if row.peer == exchange.number and row.slot and row.expires <= now:
                self.change(message, "unknown", now, "peer.silent", "node")

    def cancel(self, message: OpenMessage, exchange: Exchange) -> None:
        """Withdraw a message as far as that is still possible."""
        row = message.row
        if row.id in self._ending:
            return  # the store still shows it open, its outcome is being committed
        if row.slot == 0:
            self.drop(message, "cancelled")
        elif message.cancelling:
            return
        elif row.slot in exchange.outgoing.slots:
            message.cancelling = True
            self._store.then(lambda: self._cancel_durable(message, exchange))
        else:
            message.cancelling = True
            self.say(exchange, row, Cancel(id=row.id), "cancel")

    def _cancel_durable(self, message: OpenMessage, exchange: Exchange) -> None:
        if message.row.id not in self.open:
            return
        if message.row.slot in exchange.outgoing.slots:
            self._void(message, exchange, "cancelled")
        else:
            self.say(exchange, message.row, Cancel(id=message.row.id), "cancel")

    def reply(self, message: OpenMessage, exchange: Exchange, parts: tuple[Content, ...]) -> None:
        """The sender's answer to `needs_input`."""
        described, body = pack(parts)
        self.say(exchange, message.row, Input(id=message.row.id, parts=described), "input", body)
        self.change(message, "working", self._clock.now(), "", "")

    def say(
        self,
        exchange: Exchange,
        row: MessageRow,
        entry: Cancel | Input | Update,
        kind: str,
        body: bytes = b"",
        state: str = "",
        what: str = "",
    ) -> None:
        """Send an entry about a message."""
        exchange.say(
            EntryRow(
                seq=self._sequence.entry(),
                peer=exchange.number,
                sent=True,
                message=row.seq,
                kind=kind,
                id=row.id,
                at=self._clock.now(),
                what=what,
                state=state,
                salt=self._entropy.bytes(SALT_BYTES),
                data=encode_entry(entry, body),
            )
        )

    def _void(self, message: OpenMessage, exchange: Exchange, why: str) -> None:
        row = message.row
        slot = exchange.outgoing.slots[row.slot]
        if slot.voided or message.withdrawing:
            return
        message.withdrawing = True
        word = "expired" if why == "expired" else "cancelled"
        void = Void(id=row.id, why=word, expires=row.expires, digest=slot.digest.hex())
        withdrawn = EntryRow(
            seq=self._sequence.entry(),
            peer=exchange.number,
            sent=True,
            message=row.seq,
            kind="void",
            id=row.id,
            at=self._clock.now(),
            slot=row.slot,
            salt=self._entropy.bytes(SALT_BYTES),
            data=encode_entry(void),
        )
        self._store.messages.add_entry(withdrawn)
        self._store.then(lambda: self._voided(message, exchange, withdrawn, void.why))

    def _voided(
        self, message: OpenMessage, exchange: Exchange, withdrawn: EntryRow, why: str
    ) -> None:
        """The void is committed: now it may take the place of the message, if that is not acked."""
        message.withdrawing = False
        if message.row.slot in exchange.outgoing.slots:
            exchange.withdraw(withdrawn, why)
        elif message.cancelling and message.row.id in self.open:
            self.say(exchange, message.row, Cancel(id=message.row.id), "cancel")

    def drop(
        self,
        message: OpenMessage,
        state: State,
        reason: str = "",
        by: By = "node",
        parts: tuple[Content, ...] = (),
    ) -> None:
        """End a message that never left this node."""
        queue = self.queue(message.row.peer)
        if message in queue.head:
            queue.head.remove(message)
        self.change(message, state, self._clock.now(), reason, by, parts)
        # Until the commit the store shows it open and without a slot: nobody may take it up again.
        self._ending.add(message.row.id)
        self._store.then(lambda: self._ending.discard(message.row.id))

    # watching

    def watch(self, id: str, seen: Seen, every: bool = True) -> Callable[[], None]:
        """Call `seen` at every change from now on, or only when it ends or needs input."""
        watchers = self._watchers.setdefault(id, [])
        entry = (seen, every)
        watchers.append(entry)

        def stop() -> None:
            if entry in watchers:
                watchers.remove(entry)
            if not watchers and self._watchers.get(id) is watchers:
                del self._watchers[id]

        return stop

    def _notify(self, message: OpenMessage) -> None:
        """Tell those who watch every change how a message stands; its end is told elsewhere."""
        watchers = self._watchers.get(message.row.id, ())
        if not is_outcome(message.row.state) and any(every for _, every in watchers):
            self.notify(message.row, self.shown(message.row))

    def notify(self, row: MessageRow, shown: MessageView) -> None:
        """Tell everyone who watches a message, by what they asked to see."""
        matters = _matters(shown.state)
        for seen, every in tuple(self._watchers.get(row.id, ())):
            if every or matters:
                seen(shown)

    def shown(self, row: MessageRow, parts: tuple[Content, ...] = ()) -> MessageView:
        """A sent message as its sender sees it."""
        to = f"{row.recipient}@{self._name_of(row.peer)}"
        return view(row, sender=row.sender, to=to, parts=parts)


def _may_tell(exchange: Exchange, row: MessageRow) -> bool:
    return row.peer == exchange.number and 0 < row.slot <= exchange.outgoing.out


def _matters(state: str) -> bool:
    return state == "needs_input" or state in OUTCOMES
