"""What is old enough to go: finds messages that ended long ago, deletes them with all of theirs.

Nothing goes that a rule of the journal still needs: a message that is open; one in a slot that its
receiver has not acknowledged, or that its sender may still lose; one with an update that has not
been acknowledged. The row with the highest number of each table stays too, for numbers are given
from there. Evidence (the signed frames) goes with the last message it can be about.
"""

import apsw

from gatepost.core.records import OldMessage
from gatepost.store.rows import numbers, rows
from gatepost.store.writer import Writer

# Per row whether it may go. An `in` message's own updates count, a local one's do not travel.
WINDOW = """
SELECT m.seq, m.direction, m.peer, m.accepted, m.expires,
  m.ended = 1 AND m.since < ?1 AND m.seq < (SELECT max(seq) FROM message)
  AND CASE m.direction
    WHEN 'out' THEN m.slot = 0 OR m.slot <= ifnull(j.out, 0)
    WHEN 'in' THEN m.slot <= ifnull(j.committed, 0)
    ELSE 1 END
  AND NOT EXISTS (SELECT 1 FROM entry e WHERE e.message = m.seq AND (
    e.seq = (SELECT max(seq) FROM entry)
    OR (e.sent = 1 AND (e.slot = 0 OR e.slot > ifnull(j.out, 0)))))
  AS may_go
FROM message m LEFT JOIN journal j ON j.peer = m.peer
WHERE m.seq > ?2 ORDER BY m.seq LIMIT ?3
"""
FRAMES = """
DELETE FROM frame WHERE seq IN (
  SELECT seq FROM frame WHERE seq < ?1 AND peer = ?2
  AND seq < (SELECT max(seq) FROM frame) ORDER BY seq LIMIT ?3)
"""
_PER_MS = 1024


class Retention:
    """Looks at `message` from the oldest on, deletes from all tables that speak of messages."""

    def __init__(self, writer: Writer, reader: apsw.Connection) -> None:
        self._write = writer.write
        self._reader = reader

    def window(self, before: int, after: int, limit: int) -> list[OldMessage]:
        """The next messages in order, from behind seq `after`; those that ended `before` may go."""
        return list(rows(self._reader, OldMessage, WINDOW, (before, after, limit)))

    def drop(self, seq: int) -> None:
        """Delete a message with its body, the entries about it, and what a person answered."""
        for table in ("body", "entry", "hold"):
            self._write(f"DELETE FROM {table} WHERE message = ?", (seq,))
        self._write("DELETE FROM message WHERE seq = ?", (seq,))

    def old_frames(self, peer: int, before: int) -> int:
        """How many frames of a peer came before a time (ms)."""
        sql = "SELECT count(*) FROM frame WHERE seq < ? AND peer = ?"
        return next(iter(numbers(self._reader, sql, (before * _PER_MS, peer))), 0)

    def drop_frames(self, peer: int, before: int, limit: int) -> None:
        """Delete up to `limit` of them, the oldest first."""
        self._write(FRAMES, (before * _PER_MS, peer, limit))
