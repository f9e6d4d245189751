"""Messages that wait for a person, and approvals that stand.

The only SQL that knows these two tables. A hold stays after its message ended: it is the record of
what was answered.
"""

import apsw
import msgspec

from gatepost.core.records import ApprovalRow, HoldRow
from gatepost.store.rows import rows
from gatepost.store.writer import Writer

_HOLD = HoldRow.__struct_fields__
SAVE_HOLD = (
    f"INSERT OR REPLACE INTO hold ({', '.join(_HOLD)}) VALUES ({', '.join('?' * len(_HOLD))})"
)
SAVE_APPROVAL = "INSERT OR REPLACE INTO approval (id, until, data) VALUES (?, ?, ?)"

_astuple = msgspec.structs.astuple


class Holds:
    """Rows of `hold` and `approval`.

    Writes join the current batch; reads see what is committed.
    """

    def __init__(self, writer: Writer, reader: apsw.Connection) -> None:
        self._write = writer.write
        self._reader = reader

    def save(self, row: HoldRow) -> None:
        """Keep a hold, new or changed."""
        self._write(SAVE_HOLD, _astuple(row))

    def open(self) -> list[HoldRow]:
        """Holds of messages that have not ended, in order, whether answered or not."""
        columns = ", ".join(f"hold.{name}" for name in _HOLD)
        # From the open messages to their holds: what ended long ago is not looked at.
        sql = (
            f"SELECT {columns} FROM message INDEXED BY message_open"
            " CROSS JOIN hold ON hold.message = message.seq"
            " WHERE message.ended = 0 ORDER BY hold.message"
        )
        return list(rows(self._reader, HoldRow, sql))

    def of(self, message: int) -> HoldRow | None:
        """The hold of one message, by its seq."""
        sql = f"SELECT {', '.join(_HOLD)} FROM hold WHERE message = ?"
        return next(rows(self._reader, HoldRow, sql, (message,)), None)

    def refused(self, since: int) -> list[tuple[str, int]]:
        """Whom a person refused since a time, and when."""
        sql = "SELECT key, answered FROM hold WHERE answer = 'refused' AND answered > ?"
        found = self._reader.execute(f"{sql} ORDER BY answered", (since,))
        return [(str(key), at) for key, at in found if isinstance(at, int)]

    def save_approval(self, row: ApprovalRow) -> None:
        """Keep an approval."""
        self._write(SAVE_APPROVAL, _astuple(row))

    def drop_approval(self, id: str) -> None:
        """Forget an approval."""
        self._write("DELETE FROM approval WHERE id = ?", (id,))

    def drop_ended(self, now: int) -> None:
        """Forget approvals whose time is over."""
        self._write("DELETE FROM approval WHERE until > 0 AND until <= ?", (now,))

    def approvals(self) -> list[ApprovalRow]:
        """Every approval, in the order they were given."""
        return list(
            rows(self._reader, ApprovalRow, "SELECT id, until, data FROM approval ORDER BY id")
        )
