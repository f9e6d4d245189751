"""One timer for everything that expires.

It knows when the next open message expires and sleeps until then; nothing is polled. Clocks decide
only whether to refuse: an expiry is written together with the fact that the message was not handed
over, so a wrong clock makes it early or late, never false.
"""

from collections.abc import Callable

from gatepost.core.records import MessageRow
from gatepost.ports import Clock, Timer
from gatepost.ports.store import Store

HORIZON_CHECK = 3600.0
BATCH = 200


class Expiry:
    """Ends messages whose time is over, through the functions it was given."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        expire: Callable[[MessageRow], bool],
        slotted: Callable[[], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._expire = expire
        self._slotted = slotted
        self._next = 0
        self._timer: Timer | None = None

    def start(self) -> None:
        """Begin, with what the store holds."""
        self._arm(self._store.messages.next_expiry(0) or self._clock.now() + 3_600_000)

    def stop(self) -> None:
        """End."""
        if self._timer is not None:
            self._timer.cancel()

    def note(self, expires: int) -> None:
        """A message that expires at `expires` was taken in."""
        if expires < self._next:
            self._arm(expires)

    def _arm(self, at: int) -> None:
        self._next = at
        if self._timer is not None:
            self._timer.cancel()
        wait = min(max(0.05, (at - self._clock.now()) / 1000 + 0.001), HORIZON_CHECK)
        self._timer = self._clock.call_later(wait, self._sweep)

    def _sweep(self) -> None:
        now = self._clock.now()
        self._slotted()
        rows = self._store.messages.expired(now, BATCH)
        ended = [self._expire(row) for row in rows]
        if any(ended):
            # Written with this batch; the next look must see it, or it would find the same rows.
            self._store.then(lambda: self._arm(self._clock.now()))
            self._next = 0
            return
        upcoming = self._store.messages.next_expiry(now)
        self._arm(min(upcoming or now + 3_600_000, now + 3_600_000))
