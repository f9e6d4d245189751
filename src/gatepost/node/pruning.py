"""Deletes what is older than it has to be kept, in small steps, so that nobody waits for it.

Once an hour, and when the operator says so. A pass looks at messages from the oldest on, a window
at a time; what may go of a window goes in one batch, and the next window follows a moment after
that is durable. A pass ends where messages are too young. Then the frames of each peer go that no
message left can be about.

How old something is, its number says (`ages`), for the times in rows are as wrong as the clock was.

Of a message that was given to this node the decision goes too: should its sender be restored from
a backup that old, what became of it can no longer be known. So the highest expiry of what went is
kept for each peer (the mark `pruned`), for whoever answers such a sender.
"""

from collections import deque
from collections.abc import Callable

import msgspec

from gatepost.core.records import OldMessage
from gatepost.core.views import Pruned
from gatepost.node.ages import Ages
from gatepost.node.hub import Hub
from gatepost.node.settings import Settings
from gatepost.ports import Clock, Timer
from gatepost.ports.store import Store

WINDOW = 64
FRAMES = 256
PAUSE = 0.05
FIRST = 60.0
EVERY = 3600.0
MARGIN = 3_600_000
"""How much older than its message (ms) the clock may have called a frame about it."""
ALL = 2**53 - 1
Done = Callable[[Pruned], None]


class Pass(msgspec.Struct, kw_only=True):
    """One walk from the oldest message on, to number `last`: what ended `before` goes.

    Or it is only counted.
    """

    before: int
    last: int
    most: int
    counting: bool
    done: Done
    after: int = 0
    messages: int = 0
    kept: int = 0
    frames: int = 0
    oldest: dict[int, int] = {}
    left: list[tuple[int, int]] = []


class Pruning:
    """One walk at a time; what is asked for meanwhile waits."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        hub: Hub,
        settings: Settings,
        peers: Callable[[], list[int]],
    ) -> None:
        """`peers` gives the number of every peer, removed ones too."""
        self._store = store
        self._clock = clock
        self._hub = hub
        self._settings = settings
        self._peers = peers
        self._ages = Ages(store)
        self._passes: deque[Pass] = deque()
        self._timer: Timer | None = None
        self._next: Timer | None = None

    def start(self) -> None:
        """Prune soon, and once an hour from then on."""
        self._timer = self._clock.call_later(FIRST, self._hourly)

    def stop(self) -> None:
        """End; what a pass has deleted so far is whole in itself."""
        for timer in (self._timer, self._next):
            if timer is not None:
                timer.cancel()
        self._passes.clear()

    def prune(self, older: int, most: int, counting: bool, done: Done) -> None:
        """Delete (or count) up to `most` messages that ended `older` ms ago; then `done`."""
        before = self._ages.now(self._clock.now()) - older
        last = self._ages.through(before)
        self._passes.append(Pass(before=before, last=last, most=most, counting=counting, done=done))
        if len(self._passes) == 1:
            self._step()

    def _hourly(self) -> None:
        self._timer = self._clock.call_later(EVERY, self._hourly)
        self._ages.note(self._clock.now())
        if not self._passes:
            self.prune(self._settings.keep_ms, ALL, False, _nobody)

    def _step(self) -> None:
        """Look at one window."""
        now = self._passes[0]
        window = self._store.retention.window(now.before, now.after, WINDOW)
        old = [row for row in window if row.seq <= now.last]
        if not old:
            self._frames(now)
            return
        if now.messages >= now.most:
            self._end(more=True)
            return
        now.after = old[-1].seq
        gone = [row for row in old if row.may_go]
        for row in old:
            if not row.may_go:
                now.kept += 1
                now.oldest.setdefault(row.peer, row.accepted)
        now.messages += len(gone)
        if not now.counting:
            self._drop(gone)
        wait = PAUSE if gone and not now.counting else 0.0
        self._store.then(lambda: self._arm(wait, self._step))

    def _drop(self, gone: list[OldMessage]) -> None:
        expiry: dict[int, int] = {}
        for row in gone:
            self._store.retention.drop(row.seq)
            if row.direction == "in":
                expiry[row.peer] = max(expiry.get(row.peer, 0), row.expires)
        for peer, expires in expiry.items():
            key = f"pruned.{peer}"
            known = int(self._store.registry.mark(key) or 0)
            self._store.registry.set_mark(key, str(max(known, expires)))

    def _frames(self, now: Pass) -> None:
        """Which frames go: of each peer those before its oldest message that stays."""
        for peer in self._peers():
            before = min(now.before, now.oldest.get(peer, now.before)) - MARGIN
            count = self._store.retention.old_frames(peer, before)
            now.frames += count
            if not now.counting:
                now.left += [(peer, before)] * -(-count // FRAMES)
        self._clear()

    def _clear(self) -> None:
        """Delete some of them."""
        if not self._passes:
            return
        now = self._passes[0]
        if not now.left:
            self._end(more=False)
            return
        peer, before = now.left.pop()
        self._store.retention.drop_frames(peer, before, FRAMES)
        self._store.then(lambda: self._arm(PAUSE, self._clear))

    def _arm(self, wait: float, step: Callable[[], None]) -> None:
        if self._passes:
            self._next = self._clock.call_later(wait, step)

    def _end(self, more: bool) -> None:
        now = self._passes.popleft()
        if not now.counting and (now.messages or now.frames):
            self._hub.emit("messages.pruned", text=f"{now.messages} messages")
        now.done(Pruned(now.messages, now.frames, now.kept, more))
        if self._passes:
            self._step()


def _nobody(pruned: Pruned) -> None:
    """Nobody waits for the hourly one."""
