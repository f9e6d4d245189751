"""Two halves of one journal and whatever lies between them: frames to lose, repeat and reorder."""

from dataclasses import dataclass

from gatepost.core.control import Life
from gatepost.core.entry import Message, Update, Void, chain_start, encode_entry
from gatepost.core.frame import item
from gatepost.core.journal.incoming import Arrived, Incoming, Taken
from gatepost.core.journal.outgoing import Due, Outgoing, Slot

START = chain_start("a" * 52, "b" * 52, 0)
LIFE = Life(0, 1, "aa" * 16)
LATER = Life(0, 2, "bb" * 16)
NOW = 1_700_000_000_000


def id_of(n: int) -> str:
    return f"018bcfe5-6800-7000-8000-{n:012x}"


def said(n: int, text: bytes = b"") -> Message:
    return Message(
        id=id_of(n),
        from_agent="main",
        to_agent="bob",
        conversation=id_of(0),
        want="answer",
        created=NOW,
        expires=NOW + 1000,
        labels=(text.decode(),) if text else (),
    )


def id_in(one: Arrived) -> str:
    """The id an entry of these tests names."""
    assert isinstance(one.entry, Message | Void)
    return one.entry.id


def arrived(entry: Message | Update | Void, n: int = 0) -> Arrived:
    return Arrived(entry, b"", item(n.to_bytes(16, "big"), encode_entry(entry)))


@dataclass
class Sent:
    """One frame on its way."""

    first: int
    prev: bytes
    entries: tuple[Arrived, ...]
    committed: int


class Pair:
    """A sender, a receiver, and the frames between them."""

    def __init__(self, credit: int = 1 << 30) -> None:
        self.out = Outgoing(next=0, h_next=START, out=0, h_out=START, limit=credit)
        self.into = Incoming(0, START, 0, START, life=LIFE)
        self.into.became_durable(0, START)
        self.entries: dict[bytes, Arrived] = {}
        self.frames: list[Sent] = []
        self.decided: list[Taken] = []
        self.given = 0

    def give(self, durable: bool = True) -> Slot:
        self.given += 1
        one = arrived(said(self.given), self.given)
        self.entries[one.item.digest] = one
        slot = self.out.give("message", id_of(self.given), one.item)
        if durable:
            self.out.committed(slot.n)
        return slot

    def void(self, n: int, why: str = "cancelled") -> None:
        slot = self.out.slots[n]
        void = Void(id=slot.id, why=why, expires=NOW, digest=slot.digest.hex())  # type: ignore[arg-type]
        one = arrived(void, 1000 + n)
        self.entries[one.item.digest] = one
        self.out.withdraw(n, why, one.item)

    def frame(self, due: Due) -> Sent:
        entries = tuple(self.entries[slot.item.digest] for slot in due.slots)
        return Sent(due.first, due.prev, entries, self.out.durable)

    def send(self) -> Sent | None:
        due = self.out.due()
        if due is None:
            return None
        sent = self.frame(due)
        self.frames.append(sent)
        return sent

    def deliver(self, sent: Sent) -> list[Taken]:
        """The receiver takes a frame and commits what it decided."""
        self.into.release(sent.committed)
        taken = self.into.take(sent.first, sent.prev, sent.entries)
        self.decided += taken
        self.into.release(sent.committed)
        self.into.became_durable(self.into.cursor, self.into.h)
        return taken

    def ack(self, firm: tuple[int, bytes] | None = None) -> list[Slot]:
        """An ack arrives: the newest one, or an old one again."""
        cursor, h = firm or self.into.firm()
        assert self.out.fits(cursor, h)
        return self.out.acked(cursor)

    def settle(self) -> None:
        """From here on nothing is lost: as after a new contact."""
        self.out.contact(self.into.firm()[0])
        for _ in range(10_000):
            while (sent := self.send()) is not None:
                self.deliver(sent)
            self.ack()
            if self.out.out == self.out.next:
                return
            self.out.rewind()
        raise AssertionError("it never settles")
