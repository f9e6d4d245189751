"""Messages, their bodies, and the entries about them.

The only SQL that knows these three tables.
"""

from collections.abc import Iterator

import apsw
import msgspec

from gatepost.core.lifecycle import OUTCOMES
from gatepost.core.records import EntryRow, MessageRow
from gatepost.core.views import MessagesQuery
from gatepost.store.rows import numbers, rows
from gatepost.store.writer import Writer

_COLUMNS = ", ".join(MessageRow.__struct_fields__)
_ENTRY_COLUMNS = ", ".join(EntryRow.__struct_fields__)
_MARKS = ", ".join("?" * (len(MessageRow.__struct_fields__) + 1))
_ENTRY_MARKS = ", ".join("?" * len(EntryRow.__struct_fields__))

INSERT = f"INSERT INTO message ({_COLUMNS}, ended) VALUES ({_MARKS})"
INSERT_BODY = "INSERT INTO body (message, salt, data) VALUES (?, ?, ?)"
BODY = "UPDATE body SET data = ? WHERE message = ?"
INSERT_ENTRY = f"INSERT INTO entry ({_ENTRY_COLUMNS}) VALUES ({_ENTRY_MARKS})"
STATE = "UPDATE message SET state = ?, since = ?, reason = ?, by = ?, ended = ? WHERE seq = ?"
RUN = (
    "UPDATE message SET attempt = ?, started = ?, redelivered = ?, state = ?, since = ?"
    " WHERE seq = ?"
)
HELD = (
    "UPDATE message SET state = 'held', late = 1, reason = 'policy.held', by = '',"
    " since = ?, redelivered = ? WHERE seq = ?"
)
READ = "UPDATE message SET read = ? WHERE seq = ?"
SLOT = "UPDATE message SET slot = ? WHERE seq = ?"
ENTRY_SLOT = "UPDATE entry SET slot = ? WHERE seq = ?"

_astuple = msgspec.structs.astuple


class Messages:
    """Rows of `message`, `body` and `entry`.

    Writes join the current batch; reads see what is committed.
    """

    def __init__(self, writer: Writer, reader: apsw.Connection) -> None:
        self._write = writer.write
        self._reader = reader

    def add(self, row: MessageRow) -> None:
        """Keep a new message."""
        self._write(INSERT, (*_astuple(row), 1 if row.state in OUTCOMES else 0))

    def add_body(self, seq: int, salt: bytes, data: bytes) -> None:
        """Keep the entry bytes of message `seq`."""
        self._write(INSERT_BODY, (seq, salt, data))

    def set_body(self, seq: int, data: bytes) -> None:
        """Message `seq`, which nobody was given yet, says something else."""
        self._write(BODY, (data, seq))

    def add_entry(self, row: EntryRow) -> None:
        """Keep an entry about a message."""
        self._write(INSERT_ENTRY, _astuple(row))

    def set_state(self, seq: int, state: str, since: int, reason: str = "", by: str = "") -> None:
        """A message changed its state, or ended."""
        self._write(STATE, (state, since, reason, by, 1 if state in OUTCOMES else 0, seq))

    def set_run(self, seq: int, attempt: int, started: int, redelivered: bool, state: str) -> None:
        """A run of a message was claimed (attempt counts up) or given back."""
        self._write(RUN, (attempt, started, redelivered, state, started, seq))

    def set_held(self, seq: int, since: int, redelivered: bool) -> None:
        """A message that waited for its agent waits for a person now, and has left its order."""
        self._write(HELD, (since, redelivered, seq))

    def set_read(self, seq: int, read: str) -> None:
        """Whose text the receiver of a message has in hand."""
        self._write(READ, (read, seq))

    def set_slot(self, seq: int, slot: int) -> None:
        """A waiting message got its slot."""
        self._write(SLOT, (slot, seq))

    def set_entry_slot(self, seq: int, slot: int) -> None:
        """A waiting entry got its slot."""
        self._write(ENTRY_SLOT, (slot, seq))

    def cut(self, peer: int, slot: int) -> None:
        """Delete what was taken from `peer` above `slot`: its sender never committed it."""
        taken = "(SELECT seq FROM message WHERE peer = ? AND direction = 'in' AND slot > ?)"
        for table in ("body", "entry"):
            self._write(f"DELETE FROM {table} WHERE message IN {taken}", (peer, slot))
        self._write(
            "DELETE FROM message WHERE peer = ? AND direction = 'in' AND slot > ?", (peer, slot)
        )

    def last_seq(self) -> tuple[int, int]:
        """The highest seq of messages and of entries."""
        sql = "SELECT (SELECT max(seq) FROM message), (SELECT max(seq) FROM entry)"
        message, entry = numbers(self._reader, sql)
        return message, entry

    def open(self, peer: int, direction: str) -> Iterator[MessageRow]:
        """Open messages with a peer in order; sent ones only when they have a slot."""
        only = " AND slot > 0" if direction == "out" else ""
        return self._rows(
            f"ended = 0 AND peer = ? AND direction = ?{only} ORDER BY seq", peer, direction
        )

    def held(self) -> Iterator[MessageRow]:
        """Messages that wait for a person here before they are sent."""
        return self._rows(
            "ended = 0 AND direction = 'out' AND slot = 0 AND state = 'held' ORDER BY seq"
        )

    def waiting(self, peer: int, after: int, limit: int) -> list[MessageRow]:
        """Messages to a peer without a slot, in order, from behind seq `after`."""
        where = (
            "ended = 0 AND peer = ? AND seq > ? AND direction = 'out' AND slot = 0"
            " AND state = 'accepted' ORDER BY seq LIMIT ?"
        )
        return list(self._rows(where, peer, after, limit))

    def count_waiting(self, peer: int) -> tuple[int, int, int]:
        """Messages to a peer without a slot.

        How many, when the oldest was accepted, the last seq.
        """
        sql = (
            "SELECT count(*), min(accepted), max(seq) FROM message"
            " WHERE ended = 0 AND peer = ? AND direction = 'out' AND slot = 0"
            " AND state = 'accepted'"
        )
        count, oldest, last = numbers(self._reader, sql, (peer,))
        return count, oldest, last

    def expired(self, now: int, limit: int) -> list[MessageRow]:
        """Open messages whose time is over and whose end this node says: unslotted or unclaimed."""
        where = (
            "ended = 0 AND expires <= ? AND ((direction = 'out' AND slot = 0)"
            " OR (direction <> 'out' AND (attempt = 0 OR state = 'held'))) LIMIT ?"
        )
        return list(self._rows(where, now, limit))

    def next_expiry(self, after: int) -> int:
        """When the next open message expires after time `after`; 0 when none does."""
        sql = "SELECT min(expires) FROM message WHERE ended = 0 AND expires > ?"
        return numbers(self._reader, sql, (after,))[0]

    def body(self, seq: int) -> tuple[bytes, bytes] | None:
        """(salt, entry bytes) of a message, None when they are not kept."""
        sql = "SELECT salt, data FROM body WHERE message = ?"
        for salt, data in self._reader.execute(sql, (seq,)):
            if isinstance(salt, bytes) and isinstance(data, bytes):
                return salt, data
        return None

    def find(self, id: str, limit: int = 2) -> list[MessageRow]:
        """Messages whose id is or begins with `id`."""
        return list(self._rows("id >= ? AND id < ? LIMIT ?", id, id + "g", limit))

    def by_request(self, sender: str, key: str) -> MessageRow | None:
        """The message a request key of an agent stands for."""
        where = "sender = ? AND request_key = ? AND request_key <> ''"
        return next(self._rows(where, sender, key), None)

    def entries(self, message: int) -> list[EntryRow]:
        """Entries about a message, in order."""
        return list(self._entries("message = ? ORDER BY seq", message))

    def unacked(self, peer: int, low: int, out: int) -> tuple[list[MessageRow], list[EntryRow]]:
        """What stands in slots above `out` of the journal to a peer, by slot.

        Entries are sought from seq `low` on.
        """
        held = "peer = ? AND direction = 'out' AND slot > ?"
        messages = f"ended = 0 AND {held} ORDER BY slot"
        given_up = f"state = 'unknown' AND {held} ORDER BY slot"
        entries = "seq >= ? AND peer = ? AND sent = 1 AND slot > ? ORDER BY seq"
        rows = [*self._rows(messages, peer, out), *self._rows(given_up, peer, out)]
        return rows, list(self._entries(entries, low, peer, out))

    def waiting_entries(self, peer: int, after: int, limit: int) -> list[EntryRow]:
        """Entries for a peer without a slot, in order, from behind seq `after`."""
        where = "peer = ? AND slot = 0 AND sent = 1 AND seq > ? ORDER BY seq LIMIT ?"
        return list(self._entries(where, peer, after, limit))

    def recent(self, query: MessagesQuery, peer: int | None) -> list[MessageRow]:
        """Messages newest first."""
        where, params = ["1"], list[int | str]()
        if query.open_only:
            where.append("ended = 0")
        if query.state:
            where.append("state = ?")
            params.append(query.state)
        if peer is not None:
            where.append("peer = ?")
            params.append(peer)
        if query.agent:
            where.append("(sender = ? OR recipient = ?)")
            params += [query.agent, query.agent]
        condition = f"{' AND '.join(where)} ORDER BY seq DESC LIMIT ?"
        return list(self._rows(condition, *params, query.limit))

    def counts(self) -> dict[str, int]:
        """Messages by direction and state, as `out.done`: the conservation counters."""
        sql = "SELECT direction || '.' || state, count(*) FROM message GROUP BY 1"
        return {
            str(name): count for name, count in self._reader.execute(sql) if isinstance(count, int)
        }

    def _rows(self, where: str, *params: int | str) -> Iterator[MessageRow]:
        sql = f"SELECT {_COLUMNS} FROM message WHERE {where}"
        return rows(self._reader, MessageRow, sql, params)

    def _entries(self, where: str, *params: int | str) -> Iterator[EntryRow]:
        return rows(
            self._reader, EntryRow, f"SELECT {_ENTRY_COLUMNS} FROM entry WHERE {where}", params
        )
