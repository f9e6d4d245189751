"""Peers, the names they had, their journals, the frames kept as evidence, and invitations.

The only SQL that knows these tables.
"""

import apsw
import msgspec

from gatepost.core.records import AliasRow, FrameRow, InviteRow, JournalRow, PeerRow
from gatepost.store.rows import numbers, rows
from gatepost.store.writer import Writer

_PEER = PeerRow.__struct_fields__
_JOURNAL = JournalRow.__struct_fields__
_INVITE = InviteRow.__struct_fields__
_FRAME = FrameRow.__struct_fields__
_ALIAS = AliasRow.__struct_fields__
_PER_MS = 1024


def _insert(verb: str, table: str, columns: tuple[str, ...]) -> str:
    return f"{verb} INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


SAVE_PEER = _insert("INSERT OR REPLACE", "peer", _PEER)
SAVE_JOURNAL = _insert("INSERT OR REPLACE", "journal", _JOURNAL)
SAVE_INVITE = _insert("INSERT OR REPLACE", "invite", _INVITE)
SAVE_ALIAS = _insert("INSERT OR REPLACE", "alias", _ALIAS)
ADD_FRAME = _insert("INSERT", "frame", ("seq", *_FRAME))

_astuple = msgspec.structs.astuple


class Peers:
    """Rows of `peer`, `alias`, `journal`, `frame` and `invite`.

    Writes join the current batch; reads see what is committed.
    """

    def __init__(self, writer: Writer, reader: apsw.Connection) -> None:
        self._write = writer.write
        self._reader = reader
        self._last_frame = next(iter(numbers(reader, "SELECT max(seq) FROM frame")), 0)

    def save(self, row: PeerRow) -> None:
        """Keep a peer, new or changed."""
        self._write(SAVE_PEER, _astuple(row))

    def all(self) -> list[PeerRow]:
        """Every peer, removed ones too (their messages name them)."""
        sql = f"SELECT {', '.join(_PEER)} FROM peer ORDER BY number"
        return list(rows(self._reader, PeerRow, sql))

    def save_alias(self, row: AliasRow) -> None:
        """Keep the name a peer had."""
        self._write(SAVE_ALIAS, _astuple(row))

    def drop_alias(self, alias: str) -> None:
        """Forget whose a name was."""
        self._write("DELETE FROM alias WHERE alias = ?", (alias,))

    def aliases(self) -> list[AliasRow]:
        """Every name a peer had."""
        sql = f"SELECT {', '.join(_ALIAS)} FROM alias ORDER BY alias"
        return list(rows(self._reader, AliasRow, sql))

    def save_journal(self, row: JournalRow) -> None:
        """Keep the positions of both journals with a peer."""
        self._write(SAVE_JOURNAL, _astuple(row))

    def journal(self, peer: int) -> JournalRow | None:
        """The positions of both journals with a peer, None before the first contact."""
        sql = f"SELECT {', '.join(_JOURNAL)} FROM journal WHERE peer = ?"
        return next(rows(self._reader, JournalRow, sql, (peer,)), None)

    def add_frame(self, row: FrameRow) -> None:
        """Keep the signed part of a frame as evidence, under a number that grows with time."""
        self._last_frame = max(self._last_frame + 1, row.at * _PER_MS)
        self._write(ADD_FRAME, (self._last_frame, *_astuple(row)))

    def frame_acking(self, peer: int, slot: int, since: int) -> FrameRow | None:
        """The first kept frame of a peer that acknowledges a slot of the journal to it."""
        return self._frame("acked >= ?", peer, since, slot)

    def frame_holding(self, peer: int, slot: int, since: int) -> FrameRow | None:
        """The first kept frame of a peer that holds this slot of its journal."""
        return self._frame("first <= ? AND first + count > ?", peer, since, slot, slot)

    def _frame(self, where: str, peer: int, since: int, *values: int) -> FrameRow | None:
        sql = (
            f"SELECT {', '.join(_FRAME)} FROM frame"
            f" WHERE seq >= ? AND peer = ? AND {where} ORDER BY seq LIMIT 1"
        )
        return next(rows(self._reader, FrameRow, sql, (since * _PER_MS, peer, *values)), None)

    def acked_at(self, peer: int, slot: int, since: int) -> int:
        """When the peer first acknowledged a slot of the journal to it; 0 when it has not.

        `since` (ms) is a time before that: frames are sought from there on.
        """
        sql = "SELECT at FROM frame WHERE seq >= ? AND peer = ? AND acked >= ? ORDER BY seq LIMIT 1"
        return next(iter(numbers(self._reader, sql, (since * _PER_MS, peer, slot))), 0)

    def save_invite(self, row: InviteRow) -> None:
        """Keep an invitation, new or used."""
        self._write(SAVE_INVITE, _astuple(row))

    def invite(self, id: str) -> InviteRow | None:
        """The invitation with this id."""
        sql = f"SELECT {', '.join(_INVITE)} FROM invite WHERE id = ?"
        return next(rows(self._reader, InviteRow, sql, (id,)), None)

    def drop_invites(self, before: int) -> None:
        """Forget invitations that expired before a time."""
        self._write("DELETE FROM invite WHERE expires < ?", (before,))
