"""Entries for a peer that wait for a slot: the first of them in memory, the rest in the store.

They answer something and need no credit, so their number is the peer's doing: one that gives much
to answer and acknowledges nothing makes this node write rows, and no more than that.
"""

from collections import deque

from gatepost.core.records import EntryRow
from gatepost.ports.store import Store

KEPT = 1024
PAGE = 256


class Backlog:
    """One peer's. What is in it has been written without a slot, in the order of its seqs."""

    def __init__(self, store: Store, peer: int) -> None:
        self._store = store
        self._peer = peer
        self._head = deque(store.messages.waiting_entries(peer, 0, KEPT))
        self._loaded = self._head[-1].seq if self._head else 0
        self._left = store.messages.last_seq()[1] if len(self._head) == KEPT else 0

    def __bool__(self) -> bool:
        """Whether anything waits, as far as can be known without looking."""
        return bool(self._head) or self._left > self._loaded

    def __len__(self) -> int:
        """How many are in memory."""
        return len(self._head)

    def add(self, row: EntryRow) -> None:
        """One more, behind all others."""
        if self._left > self._loaded or len(self._head) >= KEPT:
            self._left = row.seq
        else:
            self._head.append(row)
            self._loaded = row.seq

    def take(self) -> EntryRow | None:
        """The first. None when there is none, or none can be read before the next commit."""
        if not self._head and self._left > self._loaded:
            self._head += self._store.messages.waiting_entries(self._peer, self._loaded, PAGE)
            if self._head:
                self._loaded = self._head[-1].seq
            elif self._store.idle:
                self._loaded = self._left
        return self._head.popleft() if self._head else None
