"""Decisions that cannot be made out from a message's own row, and the laws that were in force.

Decisions stand in a ring: the newest take the places of the oldest, so that whoever provokes many
costs no disk. Of laws the latest are kept. The only SQL that knows these two tables.
"""

from collections.abc import Iterator

import apsw

from gatepost.core.records import DecisionRow, LawRow
from gatepost.store.rows import numbers, rows
from gatepost.store.writer import Writer

MOST_DECISIONS = 10_000
MOST_LAWS = 64

_DECISION = "n, at, message, data"


class Decisions:
    """Rows of `decision` and `law`. Writes join the current batch; reads see what is committed."""

    def __init__(self, writer: Writer, reader: apsw.Connection) -> None:
        self._write = writer.write
        self._reader = reader
        self._last = next(iter(numbers(reader, "SELECT max(n) FROM decision")), 0)

    def add(self, at: int, message: str, data: bytes) -> None:
        """Keep a decision, in place of the oldest when the ring is full."""
        self._last += 1
        self._write(
            "INSERT OR REPLACE INTO decision (place, n, at, message, data) VALUES (?, ?, ?, ?, ?)",
            (self._last % MOST_DECISIONS, self._last, at, message, data),
        )

    def of(self, message: str) -> list[DecisionRow]:
        """Decisions about a message, in order."""
        return list(self._rows("message = ? ORDER BY n", message))

    def since(self, at: int) -> Iterator[DecisionRow]:
        """Decisions from a time on, the latest first."""
        return self._rows("at >= ? ORDER BY n DESC", at)

    def add_law(self, row: LawRow) -> None:
        """Keep a law that came into force; the oldest goes when there are too many."""
        self._write(
            "INSERT OR REPLACE INTO law (since, revision, texts) VALUES (?, ?, ?)",
            (row.since, row.revision, row.texts),
        )
        self._write(
            "DELETE FROM law WHERE since NOT IN"
            " (SELECT since FROM law ORDER BY since DESC LIMIT ?)",
            (MOST_LAWS,),
        )

    def laws(self) -> list[LawRow]:
        """The laws that are kept, the oldest first."""
        return list(rows(self._reader, LawRow, "SELECT since, revision, texts FROM law ORDER BY 1"))

    def _rows(self, where: str, *params: int | str) -> Iterator[DecisionRow]:
        sql = f"SELECT {_DECISION} FROM decision WHERE {where}"
        return rows(self._reader, DecisionRow, sql, params)
