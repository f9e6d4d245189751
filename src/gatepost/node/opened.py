"""An open message in memory: its row, and its content while that is at hand.

The row is the truth that is written; content of messages that wait long is dropped from memory and
read again when needed.
"""

from collections.abc import Iterable

import msgspec

from gatepost.core.entry import BadEntry, Message, decode_entry, uuid7
from gatepost.core.message import VERB, Content, MessageView, Moment, Verb
from gatepost.core.parts import unpack
from gatepost.core.records import HoldRow, MessageRow
from gatepost.errors import GatepostError
from gatepost.ports import Entropy
from gatepost.ports.store import Store


class OpenMessage(msgspec.Struct, eq=False):
    """One message that has not ended.

    `salt` and `data` are its entry as bytes, `header` the same, read. `handed`: its run is durable,
    so a worker may have it. `hold`: it waits for a person, or did.
    """

    row: MessageRow
    salt: bytes = b""
    data: bytes = b""
    header: Message | None = None
    body: bytes = b""
    cancelling: bool = False
    withdrawing: bool = False
    told: bool = False
    handed: bool = False
    news: int = 0
    concurrent: int = 0
    hold: HoldRow | None = None

    @property
    def said(self) -> Message:
        """Its header, which must be at hand."""
        if self.header is None:
            raise RuntimeError("the header of this message is not in memory")
        return self.header

    @property
    def at_hand(self) -> bool:
        """Whether header and body are both in memory."""
        header = self.header
        return header is not None and sum(part.size for part in header.parts) == len(self.body)

    @property
    def verb(self) -> Verb:
        """What it wants back, as the verb that was used."""
        return VERB[self.row.want]


def view(
    row: MessageRow,
    *,
    sender: str,
    to: str,
    state: str = "",
    parts: tuple[Content, ...] = (),
    timeline: tuple[Moment, ...] = (),
    question: tuple[Content, ...] = (),
    why: str = "",
) -> MessageView:
    """What a reader is shown of a message."""
    state = state or row.state
    return MessageView(
        id=row.id,
        direction=row.direction,
        verb=VERB[row.want],
        sender=sender,
        to=to,
        conversation=row.conversation,
        state=state,
        since=row.since or row.accepted,
        created=row.created,
        expires=row.expires,
        reason=row.reason,
        by=row.by,
        next=NEXT.get(state, ""),
        attempt=row.attempt,
        late=row.late,
        redelivered=row.redelivered,
        parts=parts,
        timeline=timeline,
        question=question,
        why=why,
        where=_where(row, to) if state in ("held", "rejected") and row.by != "agent" else "",
    )


def _where(row: MessageRow, to: str) -> str:
    """Where a message is held, or was refused: at its receiver once it has a slot there."""
    return to.partition("@")[2] if row.direction == "out" and row.slot else "here"


NEXT = {
    "accepted": "it waits here and goes when the peer can be reached; nothing to do",
    "held": "it waits for a person's approval; carry on without it",
    "received": "it waits there for its agent; check again later",
    "working": "the agent is working on it; check again later",
    "needs_input": "reply to it with what it asks for",
    "unknown": "nobody can know whether it ran; look at the other side before repeating it",
}


def load_body(store: Store, message: OpenMessage) -> bool:
    """Bring the content of a message back into memory. False when it is not kept."""
    found = store.messages.body(message.row.seq)
    if found is None:
        return False
    message.salt, message.data = found
    return True


def header_of(store: Store, message: OpenMessage) -> Message:
    """The header of a message that is kept, read again when it is not in memory."""
    if message.header is None:
        if not message.data and not load_body(store, message):
            raise GatepostError("store.damaged", why=f"message {message.row.id} has lost its body")
        message.header, _ = message_of(message.data)
        message.data = b""
    return message.header


def cause_of(store: Store, agent: str, run: str) -> Message | None:
    """What a run of an agent that has ended was about; None when that is not known any more."""
    seq = run.partition(".")[0]
    number = int(seq) if seq.isascii() and seq.isdigit() and len(seq) < 19 else 0
    kept = store.messages.body(number)
    header = message_of(kept[1])[0] if kept is not None else None
    return header if header is not None and header.to_agent == agent else None


def conversations(messages: Iterable[OpenMessage], peer: int, but: str = "") -> int:
    """How many conversations with a peer are open among these, not counting one."""
    found = {message.row.conversation for message in messages if message.row.peer == peer}
    return len(found - {but})


def content(header: Message, body: bytes) -> tuple[Content, ...]:
    """The parts of a message for its reader."""
    return unpack(header.parts, body)


def message_of(data: bytes) -> tuple[Message, bytes]:
    """The message entry in these bytes, and its body. Raises `BadEntry` for any other entry."""
    entry, body = decode_entry(data)
    if not isinstance(entry, Message):
        raise BadEntry("schema", "it is no message")
    return entry, body


def new_id(now: int, entropy: Entropy) -> str:
    """A fresh id of time `now` (ms)."""
    return uuid7(now, entropy.bytes(10))
