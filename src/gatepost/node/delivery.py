"""What an exchange brings, decided.

Every slot of a peer's journal ends here as a row, an update, or both.

There is always a decision, now: admitted, refused (with the word the peer may learn), expired on
arrival, or void. Updates go to the outbox, everything else to the inbox. Policy is asked inside the
step whose commit moves the cursor.
"""

from collections.abc import Callable
from functools import partial

from gatepost.core.entry import Cancel, Input, Message, Update, Void
from gatepost.core.journal.incoming import CREDIT, Taken
from gatepost.core.journal.outgoing import Slot
from gatepost.core.lifecycle import State
from gatepost.core.parts import unpack
from gatepost.core.records import MessageRow
from gatepost.node.exchange import Exchange
from gatepost.node.expiry import Expiry
from gatepost.node.ground import Ground
from gatepost.node.guard import Guard, party
from gatepost.node.holds import set_back
from gatepost.node.inbox import Inbox
from gatepost.node.opened import OpenMessage, conversations
from gatepost.node.outbox import Outbox
from gatepost.node.talk import Talk
from gatepost.policy.evaluate import Party

ANY = 1 << 30


class Delivery:
    """Implements `exchange.Handler`."""

    def __init__(
        self,
        ground: Ground,
        guard: Guard,
        outbox: Outbox,
        inbox: Inbox,
        expiry: Expiry,
        party_of: Callable[[MessageRow], Party],
        stopped: Callable[[Exchange, str], None],
        contact: Callable[[Exchange, bool], None],
        talk: Talk,
        begin: Callable[[OpenMessage], None],
    ) -> None:
        self._clock = ground.clock
        self._sequence = ground.sequence
        self._guard = guard
        self._outbox = outbox
        self._inbox = inbox
        self._expiry = expiry
        self._party_of = party_of
        self._begin = begin
        self._tails: dict[int, list[tuple[int, Callable[[], None]]]] = {}
        self.stopped = stopped
        self.contact = contact
        self.asked = talk.asked
        self.answered = talk.answered

    def decide(self, exchange: Exchange, taken: Taken) -> None:
        """Decide one slot."""
        entry = taken.arrived.entry
        if isinstance(entry, Message):
            self._message(exchange, taken, entry)
        elif isinstance(entry, Update):
            self._outbox.apply(exchange, taken, entry)
        elif isinstance(entry, Void):
            self._void(exchange, taken, entry)
        elif isinstance(entry, Cancel):
            if (found := self._inbox.open.get((exchange.number, entry.id))) is not None:
                self._inbox.cancel(found)
        elif isinstance(entry, Input):
            if (found := self._inbox.open.get((exchange.number, entry.id))) is not None:
                parts = unpack(entry.parts, taken.arrived.body)
                self._inbox.supply(found, parts, taken.arrived.item, taken.slot)

    def released(self, exchange: Exchange, upto: int) -> None:
        """Decisions up to a slot became firm: what they cause may happen."""
        waiting = self._tails.pop(exchange.number, [])
        for slot, act in waiting:
            if slot <= upto:
                act()
        rest = [one for one in waiting if one[0] > upto]
        if rest:
            self._tails[exchange.number] = rest

    def wait_for(self, peer: int, slot: int, act: Callable[[], None]) -> None:
        """Do something once a slot of a peer is firm."""
        self._tails.setdefault(peer, []).append((slot, act))

    def cut(self, exchange: Exchange, slot: int) -> None:
        """What was taken above `slot` never happened."""
        self._tails.pop(exchange.number, None)
        self._inbox.cut(exchange.number, slot)

    def acked(self, exchange: Exchange, slots: list[Slot]) -> None:
        """The peer has these slots; a withdrawal that may have come too late is asked for again."""
        self._outbox.acked(slots)
        for slot in slots:
            message = self._outbox.wants_cancel(slot)
            if message is not None:
                self._outbox.say(exchange, message.row, Cancel(id=message.row.id), "cancel")

    def fill(self, exchange: Exchange) -> None:
        """Give waiting messages their slots."""
        self._outbox.fill(exchange)

    def open_items(self, exchange: Exchange) -> int:
        """Open messages of the peer here."""
        return self._inbox.counts.get(exchange.number, 0)

    def _message(self, exchange: Exchange, taken: Taken, entry: Message) -> None:
        arrived = taken.arrived
        now = self._clock.now()
        row = MessageRow(
            seq=self._sequence.message(),
            id=entry.id,
            direction="in",
            peer=exchange.number,
            sender=entry.from_agent,
            recipient=entry.to_agent,
            want=entry.want,
            conversation=entry.conversation,
            created=entry.created,
            expires=entry.expires,
            accepted=now,
            slot=taken.slot,
            state="received",
            since=now,
            late=entry.late,
        )
        if self._unfit(exchange, entry.id):
            self._refuse(exchange, taken, row, "rejected", "bad_request")
            return
        message = OpenMessage(row, arrived.item.salt, arrived.item.data, entry, arrived.body)
        known = entry.to_agent in self._inbox.agents
        decision = self._guard.admit(
            "inbound",
            message,
            self._party_of(row),
            party(entry.to_agent),
            self._guard.facts(
                unknown=() if known else (entry.to_agent,), open=self._open(exchange, entry)
            ),
        )
        if decision.verdict == "deny":
            state: State = "expired" if decision.word == "expired" else "rejected"
            self._refuse(exchange, taken, row, state, decision.word)
        else:
            concurrent = decision.limits.concurrent
            message.concurrent = ANY if concurrent is None else concurrent
            self._admit(exchange, taken, message, decision.verdict == "hold")

    def _unfit(self, exchange: Exchange, id: str) -> bool:
        """What no honest peer sends: an id that is in use here, or more than its credit allows.

        The limit it was told never let it have more open messages than `CREDIT`.
        """
        inbox = self._inbox
        return (
            id in inbox.ids
            or id in self._outbox.open
            or inbox.counts.get(exchange.number, 0) >= CREDIT
        )

    def _open(self, exchange: Exchange, entry: Message) -> int:
        if not self._guard.law.counts_open:
            return 0
        return conversations(self._inbox.open.values(), exchange.number, entry.conversation)

    def _admit(self, exchange: Exchange, taken: Taken, message: OpenMessage, held: bool) -> None:
        if held:
            set_back(message)
        self._inbox.admit(message, ready=taken.firm and not held)
        then = partial(self._begin if held else self._inbox.release, message)
        if not taken.firm:
            # Its sender may still lose it: kept, not handed over, cut at the sender's next boot.
            self.wait_for(exchange.number, taken.slot, then)
        elif held:
            then()
        self._expiry.note(message.row.expires)

    def _refuse(
        self, exchange: Exchange, taken: Taken, row: MessageRow, state: State, word: str
    ) -> None:
        row.state, row.reason = state, "" if state == "expired" else word
        row.by = "node" if state == "expired" or word == "bad_request" else "rule"
        row.digest = taken.arrived.item.digest
        tell = self._inbox.refuse(row, exchange, taken.firm)
        if tell is not None:
            self.wait_for(exchange.number, taken.slot, tell)

    def _void(self, exchange: Exchange, taken: Taken, entry: Void) -> None:
        now = self._clock.now()
        row = MessageRow(
            seq=self._sequence.message(),
            id=entry.id,
            direction="in",
            peer=exchange.number,
            sender="",
            recipient="",
            want="nothing",
            conversation="",
            created=now,
            expires=entry.expires,
            accepted=now,
            slot=taken.slot,
            state=entry.why,
            since=now,
            by="node",
            digest=bytes.fromhex(entry.digest),
        )
        self._inbox.refuse(row, exchange)
