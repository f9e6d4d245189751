"""The receiver's half of a journal.

Takes slots strictly in order, each once, and says what may be acknowledged.

`take` moves the cursor over every entry that continues the chain and returns them to be decided;
the caller writes decisions and cursor in one transaction. Entries above the sender's `committed`
stay in a tail: taken, but not handed over, answered or acked, because a crash of the sender may cut
them off (`cut`). The ack is the firm cursor: durable here and committed there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from gatepost.core.control import Life
from gatepost.core.entry import Entry, Void, chain
from gatepost.core.frame import Item

BUFFER = 1024
"""Slots kept beyond a hole: two windows."""

BUFFER_BYTES = 8 * 1024 * 1024
"""Bytes kept beyond a hole: two windows too. What does not fit is sent again."""

TAIL = 512
"""Slots taken that their sender has not said are committed: a window, and it never has more out."""

CREDIT = 1024
"""Open messages of one peer this node holds at most (Q); bounds its mailbox."""


class Arrived(msgspec.Struct, frozen=True):
    """One entry of a frame, decoded, with its bytes and digest."""

    entry: Entry
    body: bytes
    item: Item

    @property
    def chained(self) -> bytes:
        """The digest the chain uses: a void stands for the message it withdraws."""
        return (
            bytes.fromhex(self.entry.digest) if isinstance(self.entry, Void) else self.item.digest
        )


class Taken(msgspec.Struct, frozen=True):
    """One slot to decide now. `firm` is False while its sender has not said it is committed."""

    slot: int
    arrived: Arrived
    firm: bool


class Misfit(Exception):
    """What was sent does not continue the chain: the life that sent it is refused."""


@dataclass(slots=True)
class Incoming:
    """State of journal peer→me.

    `committed` is how far the sender's word and the cursor agree; `durable` is what is on disk
    here.
    """

    cursor: int
    h: bytes
    committed: int
    h_committed: bytes
    life: Life | None = None
    fork: Life | None = None
    said: int = 0
    durable: int = 0
    h_durable: bytes = b""
    tail: dict[int, bytes] = field(default_factory=dict[int, bytes])
    buffer: dict[int, tuple[bytes, Sequence[Arrived]]] = field(
        default_factory=dict[int, tuple[bytes, Sequence[Arrived]]]
    )
    buffered: int = 0

    def take(self, first: int, prev: bytes, arrived: Sequence[Arrived]) -> list[Taken]:
        """Move the cursor over what continues the chain, buffered frames included.

        Raises `Misfit` when it does not continue it, and then has taken nothing.
        """
        last = first + len(arrived) - 1
        if not arrived or last <= self.cursor or last > max(self.said, self.committed) + TAIL:
            return []
        if first > self.cursor + 1:
            self._keep(first, prev, arrived)
            return []
        taken = self._chained(first, prev, arrived)
        while (found := self._next_buffered()) is not None:
            try:
                taken += self._chained(*found)
            except Misfit:
                break  # forgotten; when it comes again, it is judged by itself
        return taken

    def _keep(self, first: int, prev: bytes, arrived: Sequence[Arrived]) -> None:
        size = _size(arrived) - _size(self.buffer[first][1] if first in self.buffer else ())
        fits = first + len(arrived) - 1 <= self.cursor + BUFFER
        if fits and self.buffered + size <= BUFFER_BYTES:
            self.buffer[first] = (prev, arrived)
            self.buffered += size

    def release(self, said: int) -> tuple[int, int]:
        """The sender says its slots up to `said` are committed.

        Returns (old, new): slots old+1…new became firm.
        """
        self.said = max(self.said, said)
        old, new = self.committed, min(self.said, self.cursor)
        for n in range(old + 1, new + 1):
            self.h_committed = self.tail.pop(n)
        self.committed = max(old, new)
        return old, self.committed

    def became_durable(self, cursor: int, h: bytes) -> None:
        """The commit that moved the cursor to `cursor` is through."""
        if cursor >= self.durable:
            self.durable, self.h_durable = cursor, h

    def firm(self) -> tuple[int, bytes]:
        """What an ack may say: durable here and committed there."""
        if self.durable <= self.committed:
            return self.durable, self.h_durable
        return self.committed, self.h_committed

    def gap(self) -> int:
        """The first slot buffered beyond a hole, 0 when there is none."""
        return min(self.buffer, default=0)

    def cut(self, life: Life) -> int:
        """A new boot of the sender: what it never committed is forgotten.

        Returns the slot above which decisions must be deleted.
        """
        self.life = life
        self.buffer.clear()
        self.buffered = 0
        self.tail.clear()
        self.cursor, self.h = self.committed, self.h_committed
        self.said = self.committed
        if self.durable > self.cursor:
            self.durable, self.h_durable = self.cursor, self.h
        return self.cursor

    def _chained(self, first: int, prev: bytes, arrived: Sequence[Arrived]) -> list[Taken]:
        h, slot, taken = prev, first, list[Taken]()
        if first == self.cursor + 1 and prev != self.h:
            raise Misfit(f"slot {first} does not follow slot {self.cursor}")
        for one in arrived:
            h = chain(h, one.chained)
            if slot == self.cursor and h != self.h:
                raise Misfit(f"slot {slot} is not the one taken before")
            if slot > self.cursor:
                taken.append(self._advance(slot, h, one))
            slot += 1
        return taken

    def _advance(self, slot: int, h: bytes, one: Arrived) -> Taken:
        self.cursor, self.h = slot, h
        firm = slot <= self.said and not self.tail
        if firm:
            self.committed, self.h_committed = slot, h
        else:
            self.tail[slot] = h
        return Taken(slot, one, firm)

    def _next_buffered(self) -> tuple[int, bytes, Sequence[Arrived]] | None:
        for first in sorted(self.buffer):
            if first > self.cursor + 1:
                return None
            prev, arrived = self.buffer.pop(first)
            self.buffered -= _size(arrived)
            if first + len(arrived) - 1 > self.cursor:
                return first, prev, arrived
        return None


def _size(arrived: Sequence[Arrived]) -> int:
    """What it costs to keep these: their bytes are held once, and read once more as body."""
    return sum(2 * len(one.item.data) for one in arrived)
