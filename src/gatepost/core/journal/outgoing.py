"""The sender's half of a journal: gives slots, says what is due, retires what the peer has taken.

An entry moves: given (in memory) → durable (its commit is through) → sent → acked. Only durable
entries are ever sent, so `committed` in a frame is always the last durable slot. After a new
contact everything above the peer's cursor is due again; on a live link that needs no timer,
elsewhere `rewind` sends one frame from the first unacknowledged slot.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from gatepost.core.entry import chain
from gatepost.core.frame import ENTRIES_MAX, Item, fit

WINDOW = 512
"""Entries out at once, all kinds together."""

WINDOW_BYTES = 4 * 1024 * 1024
"""Bytes out at once, so that entries in flight to one peer never hold more memory than this."""


class Slot(msgspec.Struct):
    """One given slot. `item` is what is sent now: the entry, or the void that took its place."""

    n: int
    kind: str
    id: str
    item: Item
    digest: bytes
    h: bytes
    voided: str = ""


@dataclass(slots=True)
class Due:
    """One frame's worth of entries: slots `first`…, chained to `prev` (the H before them)."""

    first: int
    prev: bytes
    slots: list[Slot]


@dataclass(slots=True)
class Outgoing:
    """State of journal me→peer.

    `next` is the last slot given, `out` the last one acked, `limit` the credit, `durable` the last
    slot committed.
    """

    next: int
    h_next: bytes
    out: int
    h_out: bytes
    limit: int = 0
    durable: int = 0
    sent: int = 0
    bytes_out: int = 0
    slots: dict[int, Slot] = field(default_factory=dict[int, Slot])
    again: list[int] = field(default_factory=list[int])

    def restore(self, slots: Iterable[Slot]) -> None:
        """Take unacknowledged slots back after a start, in order of their numbers."""
        h = self.h_out
        for slot in slots:
            h = slot.h = chain(h, slot.digest)
            self.slots[slot.n] = slot
            self.bytes_out += len(slot.item.data)
        if h != self.h_next:
            raise ValueError("the slots kept do not make the chain that was promised")
        self.durable = self.next
        self.sent = self.out

    def room(self) -> bool:
        """Whether any entry may take a slot now."""
        return self.next - self.out < WINDOW and self.bytes_out < WINDOW_BYTES

    def room_for_message(self) -> bool:
        """Whether a message may take a slot now.

        Messages need credit; everything else answers something and does not.
        """
        return self.next < self.limit and self.room()

    def give(self, kind: str, id: str, item: Item) -> Slot:
        """Give the next slot to an entry. The caller commits it before anything is sent."""
        self.next += 1
        self.h_next = chain(self.h_next, item.digest)
        slot = Slot(self.next, kind, id, item, item.digest, self.h_next)
        self.slots[slot.n] = slot
        self.bytes_out += len(item.data)
        return slot

    def withdraw(self, n: int, why: str, item: Item) -> None:
        """Put a void in the place of an unacknowledged message.

        The slot keeps its digest in the chain; it is due again.
        """
        slot = self.slots[n]
        self.bytes_out += len(item.data) - len(slot.item.data)
        slot.item, slot.voided, slot.kind = item, why, "void"
        if n <= self.sent:
            self.again.append(n)

    def committed(self, n: int) -> None:
        """Slots up to `n` are durable here."""
        self.durable = max(self.durable, n)

    def contact(self, cursor: int) -> None:
        """The peer is in contact and has everything up to `cursor`: send from there."""
        self.sent = max(self.out, cursor)
        self.again.clear()

    def rewind(self) -> None:
        """No progress for too long: the first frame is due again."""
        self.again = list(range(self.out + 1, min(self.out + ENTRIES_MAX, self.sent) + 1))

    def refill(self, gap: int) -> None:
        """The peer holds slots from `gap` on beyond a hole: what lies before is due again."""
        self.again = list(range(self.out + 1, min(gap - 1, self.sent) + 1))

    def fits(self, cursor: int, h: bytes) -> bool:
        """Does an ack fit what was sent? False means this node knows less than it once did."""
        if cursor > self.next:
            return False
        if cursor > self.out:
            return self.slots[cursor].h == h
        return cursor < self.out or h == self.h_out

    def acked(self, cursor: int) -> list[Slot]:
        """Retire slots up to `cursor` (which `fits`); returns them in order."""
        retired: list[Slot] = []
        while self.out < cursor:
            self.out += 1
            slot = self.slots.pop(self.out)
            self.h_out = slot.h
            self.bytes_out -= len(slot.item.data)
            retired.append(slot)
        if retired:
            self.sent = max(self.sent, self.out)
            self.again = [n for n in self.again if n > self.out]
        return retired

    def due(self) -> Due | None:
        """The next frame's entries, marked as sent; None when nothing is due."""
        if self.again:
            return self._due_again()
        if self.sent >= self.durable:
            return None
        first = self.sent + 1
        due = self._collect(first, range(first, self.durable + 1))
        self.sent += len(due.slots)
        return due

    def unsent(self, due: Due) -> None:
        """The line did not take this frame: its slots are due again."""
        if due.first + len(due.slots) - 1 == self.sent:
            self.sent = due.first - 1
        else:
            self.again = [slot.n for slot in due.slots] + self.again

    @property
    def unacked(self) -> int:
        """How many entries were sent and not acknowledged."""
        return self.sent - self.out

    def _due_again(self) -> Due:
        first = self.again[0]
        run = [n for i, n in enumerate(self.again) if n == first + i]
        due = self._collect(first, run)
        del self.again[: len(due.slots)]
        return due

    def _collect(self, first: int, numbers: Sequence[int]) -> Due:
        prev = self.h_out if first == self.out + 1 else self.slots[first - 1].h
        slots = [self.slots[n] for n in numbers[:ENTRIES_MAX]]
        return Due(first, prev, slots[: fit([slot.item for slot in slots])])
