"""Replies to `needs_input` at the receiving node: kept until the run that asked has ended.

The entry of a reply is acknowledged like any other, so from that commit on it is this node's to
hand over. The worker gets it after the commit; when node or worker dies before it has it, the run
that goes on is given the reply again. A worker may therefore see the same reply twice.
"""

from gatepost.core.entry import SALT_BYTES, Input, Update, decode_entry, encode_entry
from gatepost.core.frame import Item, item
from gatepost.core.message import Content
from gatepost.core.parts import pack, unpack
from gatepost.core.records import EntryRow, MessageRow
from gatepost.node.ground import Ground


class Inputs:
    """Replies to this node's agents, in the store."""

    def __init__(self, ground: Ground) -> None:
        self._store = ground.store
        self._clock = ground.clock
        self._entropy = ground.entropy
        self._sequence = ground.sequence

    def made(self, row: MessageRow, parts: tuple[Content, ...]) -> Item:
        """The entry of a reply of this node's own agent. Raises `message.too_large`."""
        described, body = pack(parts)
        data = encode_entry(Input(id=row.id, parts=described), body)
        return item(self._entropy.bytes(SALT_BYTES), data)

    def keep(self, row: MessageRow, content: Item, slot: int) -> None:
        """Keep a reply as it was signed."""
        self._store.messages.add_entry(
            EntryRow(
                seq=self._sequence.entry(),
                peer=row.peer,
                sent=False,
                message=row.seq,
                kind="input",
                id=row.id,
                at=self._clock.now(),
                slot=slot,
                salt=content.salt,
                data=content.data,
            )
        )

    def owed(self, row: MessageRow) -> tuple[Content, ...] | None:
        """The reply to the last question, None when there is no question or no reply yet."""
        for entry in reversed(self._store.messages.entries(row.seq)):
            said, body = decode_entry(entry.data)
            if isinstance(said, Input):
                return unpack(said.parts, body)
            if isinstance(said, Update) and said.state == "needs_input":
                return None
        return None
