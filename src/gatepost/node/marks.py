"""How both journals with a peer are kept in their row, and its word as evidence."""

import msgspec

from gatepost.core.control import Control, Life
from gatepost.core.entry import Update
from gatepost.core.frame import Opened
from gatepost.core.journal.incoming import Incoming, Taken
from gatepost.core.journal.outgoing import Outgoing
from gatepost.core.records import EntryRow, FrameRow, JournalRow, MessageRow


def life_text(life: Life | None) -> str:
    """A life as a journal row keeps it: era.boot.nonce, "" for none."""
    return "" if life is None else f"{life.era}.{life.boot}.{life.nonce}"


def read_life(text: str) -> Life | None:
    """The life a journal row names."""
    if not text:
        return None
    era, boot, nonce = text.split(".")
    return Life(int(era), int(boot), nonce)


def read_tail(data: bytes) -> dict[int, bytes]:
    """The chain above `committed` a journal row keeps."""
    return msgspec.msgpack.decode(data, type=dict[int, bytes]) if data else {}


def journal_row(
    peer: int, incoming: Incoming, outgoing: Outgoing, *, low: int, tries: int, heard: int
) -> JournalRow:
    """Where both journals stand."""
    return JournalRow(
        peer=peer,
        next=outgoing.next,
        h_next=outgoing.h_next,
        out=outgoing.out,
        h_out=outgoing.h_out,
        credit=outgoing.limit,
        cursor=incoming.cursor,
        h=incoming.h,
        committed=incoming.committed,
        h_committed=incoming.h_committed,
        tail=tail_bytes(incoming.tail),
        life=life_text(incoming.life),
        fork=life_text(incoming.fork),
        low=low,
        tries=tries,
        heard=heard,
    )


def evidence(peer: int, era: int, at: int, control: Control, opened: Opened) -> FrameRow:
    """The signed part of a frame of a peer. `era` is this node's, in which acks count."""
    return FrameRow(
        peer=peer,
        at=at,
        first=control.first,
        count=len(opened.entries),
        acked=control.ack.cursor if control.ack.era == era else 0,
        signed=opened.evidence,
        control=opened.control_item.salt + opened.control_item.data,
    )


def update_row(seq: int, message: MessageRow, taken: Taken, update: Update) -> EntryRow:
    """What a peer said about a message it was given, as it was signed."""
    return EntryRow(
        seq=seq,
        peer=message.peer,
        sent=False,
        message=message.seq,
        kind="update",
        id=update.id,
        at=update.at,
        slot=taken.slot,
        what=update.what,
        state=update.state,
        salt=taken.arrived.item.salt,
        data=taken.arrived.item.data,
    )


def tail_bytes(tail: dict[int, bytes]) -> bytes:
    """The chain above `committed` as a journal row keeps it."""
    return msgspec.msgpack.encode(tail) if tail else b""
