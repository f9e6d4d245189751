"""What was decided, so that it can be told and taken again: of messages, with the law of then.

A message that was let in at once says all that is needed by its own row and text; nothing is
written for it. Kept beside that are only refusals, holds, and what an agent wrote after it had read
somebody's text. These ride on the next commit and cost none of their own; a kill may lose the last
of them, never a message. Which law was in force when is kept with its text, each time it changes.
"""

import zlib
from collections import deque
from collections.abc import Iterator, Sequence

import msgspec

from gatepost.core.origin import Document
from gatepost.core.records import DecisionRow, LawRow
from gatepost.errors import GatepostError
from gatepost.policy.decision import Decision
from gatepost.policy.law import Law
from gatepost.policy.replay import Recorded, record
from gatepost.policy.request import Facts, Request
from gatepost.policy.rules import read_law
from gatepost.ports import Clock
from gatepost.ports.store import Store

MOST_WAITING = 512
"""Decisions in memory until the next commit; of more, the oldest are forgotten."""
MOST_TEXT = 256 * 1024
"""Bytes of a law, packed; a larger one is not kept."""

_RECORDED = msgspec.json.Decoder(Recorded)
_TEXTS = msgspec.json.Decoder(tuple[Document, ...])


class Decisions:
    """The decisions of one node. `own` are its names, by which laws are read."""

    def __init__(self, store: Store, clock: Clock, own: Sequence[str]) -> None:
        self._table = store.decisions
        self._ride = store.ride
        self._clock = clock
        self._own = tuple(own)
        self._waiting: deque[Recorded] = deque(maxlen=MOST_WAITING)
        self._laws: list[LawRow] | None = None
        self._read: dict[int, Law | None] = {}

    def note(
        self, message: str, request: Request, facts: Facts, decision: Decision, law: Law
    ) -> None:
        """Keep a decision. Called before it takes from the counters."""
        self._waiting.append(record(message, request, facts, decision, law))
        self._ride(self, self._flush)

    def _flush(self) -> None:
        while self._waiting:
            one = self._waiting.popleft()
            self._table.add(one.at, one.message, msgspec.json.encode(one))

    def of(self, message: str) -> list[Recorded]:
        """The decisions about a message that are kept, in order."""
        kept = [_recorded(row) for row in self._table.of(message)]
        return [*kept, *(one for one in self._waiting if one.message == message)]

    def since(self, at: int) -> Iterator[Recorded]:
        """The decisions from a time (ms) on that are kept, the latest first."""
        yield from (one for one in reversed(tuple(self._waiting)) if one.at >= at)
        for row in self._table.since(at):
            yield _recorded(row)

    # laws

    def in_force(self, law: Law) -> None:
        """A law came into force, or still is after a start."""
        laws = self._kept()
        if laws and laws[-1].revision == law.revision:
            return
        texts = zlib.compress(msgspec.json.encode(law.documents))
        since = max(self._clock.now(), laws[-1].since + 1 if laws else 0)
        row = LawRow(since, law.revision, texts if len(texts) <= MOST_TEXT else b"")
        laws.append(row)
        self._read[since] = law
        self._table.add_law(row)

    @property
    def law_since(self) -> int:
        """When the law in force came into force, ms, however often the node started since."""
        laws = self._kept()
        return laws[-1].since if laws else 0

    def law_at(self, at: int) -> Law | None:
        """The law that was in force at a time (ms); None when it is not known."""
        row = next((one for one in reversed(self._kept()) if one.since <= at), None)
        if row is None or not row.texts:
            return None
        if row.since not in self._read:
            self._read[row.since] = self._parsed(row)
        return self._read[row.since]

    def _kept(self) -> list[LawRow]:
        if self._laws is None:
            self._laws = self._table.laws()
        return self._laws

    def _parsed(self, row: LawRow) -> Law | None:
        try:
            return read_law(_TEXTS.decode(zlib.decompress(row.texts)), self._own)
        except (GatepostError, zlib.error, msgspec.MsgspecError):
            return None  # written by another version: what it meant is not known


def _recorded(row: DecisionRow) -> Recorded:
    return _RECORDED.decode(row.data)
