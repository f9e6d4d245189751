"""How old a message is, whatever the clock did: by its number, and by when numbers were given.

Times in rows are as wrong as the clock was. A clock that stood in the past for a minute makes what
came in that minute look years old; one that jumps ahead makes everything old at once. So once an
hour the highest number given is noted with the time, and a message is as old as the first note that
covers its number. The time noted never goes back and is believed only a day an hour: a clock that
is a month ahead is noticed long before anything is old by it, and a node that was down for a month
catches up in a day. Old notes are thinned out; a message is then taken for younger than it is.
"""

from itertools import pairwise

import msgspec

from gatepost.ports.store import Store

MARK = "ages"
HOUR = 3_600_000
BELIEVED = 24 * HOUR
"""How far (ms) one note may lie behind the one before."""
FINE = 32
"""Notes are at most this part of their age apart."""
Note = tuple[int, int]


class Ages:
    """The notes of one node: (time in ms, highest number given by then), oldest first."""

    def __init__(self, store: Store) -> None:
        self._store = store
        kept = store.registry.mark(MARK)
        self._notes = msgspec.json.decode(kept, type=list[Note]) if kept else []

    def note(self, clock: int) -> None:
        """Note the highest number of what is committed, at a time of the clock (ms)."""
        last, _ = self._store.messages.last_seq()
        before = self._notes[-1][0] if self._notes else clock
        now = max(before, min(clock, before + BELIEVED))
        self._notes = _thinned([*self._notes, (now, last)], now)
        self._store.registry.set_mark(MARK, msgspec.json.encode(self._notes).decode())

    def now(self, clock: int) -> int:
        """The time (ms), as far as the clock is believed."""
        return min(clock, self._notes[-1][0] + HOUR) if self._notes else clock

    def through(self, before: int) -> int:
        """The highest number that was given before a time (ms) for certain; 0 for none."""
        return max((number for time, number in self._notes if time <= before), default=0)


def _thinned(notes: list[Note], now: int) -> list[Note]:
    """Without those that stand closer to their neighbours than their age asks for."""
    kept = notes[:1]
    for one, later in pairwise(notes[1:]):
        if later[0] - kept[-1][0] > (now - one[0]) // FINE:
            kept.append(one)
    return kept + notes[1:][-1:]
