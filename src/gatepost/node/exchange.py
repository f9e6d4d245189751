"""One peer's exchange: the shell around both journals with it.

Everything ready after one commit goes in one frame, together with the ack. An ack with nothing to
ride on waits a few milliseconds for company. What arrives is judged (lives first), taken in slot
order, handed to `Handler` for decision, and acknowledged once the commit that holds the decisions
is through. The exchange never decides about messages, and reads of the database only what waits.

An honest peer keeps to its credit and its window, quotes this life, and resends what is missing. A
lying one must cost no more: what it may keep waiting here is bounded, a hole is filled once a
second at most, and entries of another era stop the pair before they are taken.
"""

from gatepost.core.control import Ack, Answer, Control, Have, Life, Query, encode_control
from gatepost.core.entry import Message, Settled, Skip, Start
from gatepost.core.frame import Item, Opened, Sender, build, item
from gatepost.core.journal.contact import Standing, doubt, standing, takes_entries
from gatepost.core.journal.incoming import CREDIT, Arrived, Incoming, Misfit
from gatepost.core.journal.outgoing import Due, Outgoing
from gatepost.core.records import EntryRow
from gatepost.node.backlog import Backlog
from gatepost.node.ground import Ground
from gatepost.node.handler import Handler
from gatepost.node.marks import evidence, journal_row
from gatepost.ports import Line, Timer

ACK_AT_ONCE = 128
REFILL_EVERY = 1.0


class Exchange:
    """Both journals with one peer.

    `number` names it in the store, `live` says whether slots may be given.
    """

    def __init__(
        self,
        number: int,
        node: str,
        sender: Sender,
        outgoing: Outgoing,
        incoming: Incoming,
        *,
        ground: Ground,
        handler: Handler,
    ) -> None:
        self.number = number
        self.node = node
        self.life = ground.life
        self.sender = sender
        self.outgoing = outgoing
        self.incoming = incoming
        self.waiting = Backlog(ground.store, number)
        self.line: Line | None = None
        self.live = False
        self.stopped = ""
        self.low = 1
        self.seqs: dict[int, int] = {}
        self.tries = 0
        self.heard = 0
        self.quiet_since = ground.clock.monotonic()
        self._store = ground.store
        self._clock = ground.clock
        self._settings = ground.settings
        self._handler = handler
        self._acked = 0
        self._ack_timer: Timer | None = None
        self._resend_timer: Timer | None = None
        self._resend_wait = ground.settings.resend_after
        self._out_seen = 0
        self._replied = 0.0
        self._hole_since = 0.0
        self._refilled = float("-inf")

    # contact

    def link_up(self, line: Line) -> None:
        """A link is authenticated. Contact begins once the peer quotes this life on it."""
        self.line = line
        self._resend_wait = self._settings.resend_after
        self._send(None)
        if not self.live and self._resend_timer is None:
            self._arm_resend()

    def link_down(self, line: Line) -> None:
        """The link is gone: no more slots are given; what is due will be due again."""
        if self.line is not line:
            return
        self.line = None
        self._set_live(False)

    def greeting(self) -> bytes:
        """The control part for the hello."""
        return encode_control(self._control(None, None, None, False))

    def _set_live(self, live: bool) -> None:
        if live != self.live:
            self.live = live
            for timer in (self._ack_timer, self._resend_timer):
                if timer is not None:
                    timer.cancel()
            self._ack_timer = self._resend_timer = None
            self._handler.contact(self, live)

    # sending

    def say(self, row: EntryRow) -> None:
        """Send an entry that answers something: it takes a slot now, or waits for contact.

        Written either way.
        """
        if self.live and not self.waiting and self.outgoing.room():
            given = self.outgoing.give(row.kind, row.id, item(row.salt, row.data))
            row.slot = given.n
            self.seqs[given.n] = row.seq
        else:
            self.waiting.add(row)
        self._store.messages.add_entry(row)
        self.changed()

    def give(self, id: str, content: Item) -> int:
        """Give a message its slot; the caller checked `room_for_message` and writes the slot."""
        self.changed()
        return self.outgoing.give("message", id, content).n

    def can_give(self) -> bool:
        """Whether a message may take a slot at this moment."""
        return self.live and not self.waiting and self.outgoing.room_for_message()

    def fill(self) -> None:
        """Give slots to what waits, answers first."""
        while self.live and self.waiting and self.outgoing.room():
            row = self.waiting.take()
            if row is None:
                self._store.then(self.fill)
                break
            row.slot = self.outgoing.give(row.kind, row.id, item(row.salt, row.data)).n
            self.seqs[row.slot] = row.seq
            self._store.messages.set_entry_slot(row.seq, row.slot)
            self.changed()
        if self.can_give():
            self._handler.fill(self)

    def withdraw(self, row: EntryRow, why: str) -> None:
        """Send a void, which is committed, in the place of an unacknowledged message."""
        self.outgoing.withdraw(row.slot, why, item(row.salt, row.data))
        self.seqs[row.slot] = row.seq
        self.changed()
        self.pump()

    def ask(self, query: Query) -> bool:
        """Send a live question. False when there is no contact."""
        return self.line is not None and self._send(None, query=query)

    def changed(self) -> None:
        """Positions moved: they are written with this batch, and sent after it."""
        self._store.before(self, self.save)

    def pump(self) -> None:
        """Send everything that is due; arrange for the ack."""
        if not self.live:
            return
        sent = False
        while (due := self.outgoing.due()) is not None:
            if not self._send(due):
                return
            sent = True
        if self.outgoing.unacked and self._resend_timer is None:
            self._arm_resend()
        owed = self.incoming.firm()[0] - self._acked
        if sent or owed <= 0:
            return
        if owed >= ACK_AT_ONCE:
            self._send(None)
        elif self._ack_timer is None:
            self._ack_timer = self._clock.call_later(self._settings.ack_delay, self._ack)

    def _ack(self) -> None:
        self._ack_timer = None
        if self.live and self.incoming.firm()[0] > self._acked:
            self._send(None)

    def _send(
        self,
        due: Due | None,
        *,
        query: Query | None = None,
        answer: Answer | None = None,
        poke: bool = False,
    ) -> bool:
        line = self.line
        if line is None or self.stopped:
            return False
        control = self._control(due, query, answer, poke)
        items = [slot.item for slot in due.slots] if due is not None else []
        frame = build(self.sender, control, items, now=self._clock.now())
        if line.send(frame):
            self._acked = control.ack.cursor
            return True
        if due is not None:
            self.outgoing.unsent(due)
        return False

    def _control(
        self, due: Due | None, query: Query | None, answer: Answer | None, poke: bool
    ) -> Control:
        incoming, outgoing = self.incoming, self.outgoing
        cursor, h = incoming.firm()
        return Control(
            life=self.life,
            committed=outgoing.durable,
            have=Have(outgoing.out, outgoing.h_out.hex()),
            ack=Ack(incoming.life.era if incoming.life else 0, cursor, h.hex()),
            limit=max(0, incoming.cursor + CREDIT - self._handler.open_items(self)),
            seen=incoming.life,
            fork=incoming.fork,
            first=due.first if due else 0,
            prev=due.prev.hex() if due else "",
            gap=self._aged_gap(),
            poke=poke,
            query=query,
            answer=answer,
        )

    def _aged_gap(self) -> int:
        gap = self.incoming.gap()
        if not gap:
            self._hole_since = 0.0
            return 0
        now = self._clock.monotonic()
        if not self._hole_since:
            self._hole_since = now
        return gap if now - self._hole_since > 1.0 else 0

    def _arm_resend(self) -> None:
        self._out_seen = self.outgoing.out
        self._resend_timer = self._clock.call_later(self._resend_wait, self._resend)

    def _resend(self) -> None:
        self._resend_timer = None
        if not self.live and self.line is not None:
            self._send(None, poke=True)  # the frame that quotes this life was lost: ask for another
            self._arm_resend()
        elif not self.outgoing.unacked:
            self._resend_wait = self._settings.resend_after
        else:
            if self.outgoing.out == self._out_seen:
                self._resend_wait = min(2 * self._resend_wait, self._settings.resend_cap)
                self.outgoing.rewind()
            else:
                self._resend_wait = self._settings.resend_after
            self.pump()

    # receiving

    def frame(self, opened: Opened) -> None:
        """One verified frame of the peer."""
        self.receive(opened.control, opened)

    def receive(self, control: Control, opened: Opened | None = None) -> None:
        """A frame, or a hello's greeting (`opened` None): judge, take, hand on."""
        if self.stopped:
            return
        reason = doubt(self.life, control, self.outgoing, self.incoming)
        if not reason:
            reason = self._judge(control)
        if reason:
            self._answer_misfit(reason)
            return
        self.heard, self.quiet_since = self._clock.now(), self._clock.monotonic()
        self._resend_wait = self._settings.resend_after if not self.live else self._resend_wait
        self._take_acks(control)
        before = self.incoming.cursor
        self._take_entries(control, opened)
        if self.stopped:
            return
        if opened is not None and self.incoming.cursor > before:
            kept = evidence(self.number, self.life.era, self.heard, control, opened)
            self._store.peers.add_frame(kept)
        if self.line is not None and control.seen == self.life and not self.live:
            self.outgoing.contact(control.ack.cursor if control.ack.era == self.life.era else 0)
            self.tries = 0
            self._set_live(True)
        self._converse(control)
        self.fill()
        self.pump()

    def _judge(self, control: Control) -> str:
        """Accept the frame's life; "" when its content may be looked at, else why not."""
        incoming = self.incoming
        match standing(control, incoming, self.outgoing.out):
            case Standing.current:
                return ""
            case Standing.first:
                incoming.life = control.life
                self.changed()
                return ""
            case Standing.newer:
                if incoming.tail:
                    self._handler.cut(self, incoming.committed)
                incoming.cut(control.life)
                self.changed()
                return ""
            case Standing.twin:
                incoming.fork = control.life
                self.changed()
                return "refused"
            case Standing.other_era:
                return "era"
            case Standing.older | Standing.refused:
                return "older"

    def _answer_misfit(self, reason: str) -> None:
        if reason in ("superseded", "fork", "behind", "era"):
            self.stopped = reason
            self._set_live(False)
            self._handler.stopped(self, reason)
            return
        now = self._clock.monotonic()
        if now - self._replied >= 0.2:
            self._replied = now
            self._send(None)

    def _take_acks(self, control: Control) -> None:
        if control.seen is None or not control.ack.era == control.seen.era == self.life.era:
            return
        retired = self.outgoing.acked(control.ack.cursor)
        if retired:
            for slot in retired:
                self.low = max(self.low, self.seqs.pop(slot.n, 0) + 1)
            self._handler.acked(self, retired)
            self._store.ride(self, self.save)
        self.outgoing.limit = max(self.outgoing.limit, control.limit)
        now = self._clock.monotonic()
        if control.gap and now - self._refilled >= REFILL_EVERY:
            self._refilled = now
            self.outgoing.refill(control.gap)

    def _take_entries(self, control: Control, opened: Opened | None) -> None:
        old, new = self.incoming.release(control.committed)
        if new > old:
            self.changed()
            self._handler.released(self, new)
        if opened is None or not opened.entries or not takes_entries(self.life, control):
            return
        arrived = [Arrived(*one) for one in opened.entries]
        if any(isinstance(one.entry, Skip | Start | Settled) for one in arrived):
            self._answer_misfit("era")
            return
        above = control.committed - control.first + 1
        if any(not isinstance(one.entry, Message) for one in arrived[max(0, above) :]):
            return
        try:
            taken = self.incoming.take(control.first, bytes.fromhex(control.prev), arrived)
        except Misfit:
            self.incoming.fork = control.life
            self.changed()
            return
        for one in taken:
            self._handler.decide(self, one)
        if taken:
            self.changed()
        elif control.first + len(arrived) - 1 <= self.incoming.cursor:
            self._acked = min(self._acked, self.incoming.firm()[0] - 1)

    def _converse(self, control: Control) -> None:
        if control.answer is not None:
            self._handler.answered(self, control.answer)
        if control.query is not None:
            self._send(None, answer=self._handler.asked(self, control.query))
        elif control.poke:
            self._send(None)

    # durability

    def save(self) -> None:
        """Write the positions into the batch about to be committed; after it they may be sent."""
        incoming, outgoing = self.incoming, self.outgoing
        low = min(self.seqs.values(), default=self.low)
        row = journal_row(
            self.number, incoming, outgoing, low=low, tries=self.tries, heard=self.heard
        )
        self._store.peers.save_journal(row)
        n, cursor, h, life = outgoing.next, incoming.cursor, incoming.h, incoming.life
        self._store.then(lambda: self._durable(n, cursor, h, life))

    def _durable(self, n: int, cursor: int, h: bytes, life: Life | None) -> None:
        self.outgoing.committed(n)
        if self.incoming.life is life:  # else what was above `committed` then never happened
            self.incoming.became_durable(cursor, h)
        self.pump()
