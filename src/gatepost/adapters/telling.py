"""What an adapter tells of one run.

Update after update, in order, each durable before the next is said.

One update is on its way at a time. The node may answer four things: taken; not now (a full disk:
asked again after a pause that doubles); the run is over (it ended without us: nothing more is
said); never (too large, say). A refused outcome becomes `failed` with the refusal's code, so that a
run never stays open for want of words; any other refused update is handed to the owner, who stops
the agent.
"""

from collections import deque
from collections.abc import Callable

from gatepost.core.message import Text, UpdateIn
from gatepost.errors import GatepostError
from gatepost.ports import Clock, Desk, Timer

OVER = frozenset({"message.ended", "message.unknown", "run.not_yours"})
"""Refusals that say the node knows of no such open run (any more)."""
ENDINGS = frozenset({"answer", "done", "declined", "failed"})
"""The updates that end a run."""
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0


def nothing() -> None:
    """Done after an update nobody waits for."""


class Telling:
    """The updates of one run.

    `over` is called once: when its outcome is durable, or when the node says there is no such run.
    """

    def __init__(
        self,
        desk: Desk,
        clock: Clock,
        refused: Callable[[GatepostError], None],
        over: Callable[[], None],
    ) -> None:
        self._desk = desk
        self._clock = clock
        self._refused = refused
        self._over = over
        self._queue: deque[tuple[UpdateIn, Callable[[], None]]] = deque()
        self._pause = _FIRST_PAUSE
        self._timer: Timer | None = None
        self._closed = False
        self.ending = False
        """An outcome was said; whatever comes now comes too late."""

    def say(self, update: UpdateIn, told: Callable[[], None] = nothing) -> None:
        """Tell the node, after what was said before.

        `told` is called when it is durable, or will never be needed.
        """
        if self._closed or self.ending:
            told()
            return
        self.ending = update.kind in ENDINGS
        self._queue.append((update, told))
        if len(self._queue) == 1:
            self._send()

    def close(self) -> None:
        """Say nothing more; what was not durable is told by the next life, from the evidence."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()

    def _send(self) -> None:
        self._timer = None
        self._desk.update(self._queue[0][0], self._answered)

    def _answered(self, refusal: GatepostError | None) -> None:
        if self._closed:
            return
        if refusal is None:
            self._taken()
        elif refusal.entry.retryable:
            self._timer = self._clock.call_later(self._pause, self._send)
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        elif refusal.code in OVER:
            self._end()
        else:
            self._never(refusal)

    def _taken(self) -> None:
        update, told = self._queue.popleft()
        self._pause = _FIRST_PAUSE
        told()
        if update.kind in ENDINGS:
            self._end()
        elif self._queue:
            self._send()

    def _never(self, refusal: GatepostError) -> None:
        update, told = self._queue.popleft()
        told()
        if update.kind not in ENDINGS:
            self._drop()
            self.ending = False
            self._refused(refusal)
            return
        if update.kind == "failed" and update.reason == refusal.code:
            raise refusal  # even the bare failure: a mistake of ours, not of the agent
        failure = UpdateIn(
            id=update.id, kind="failed", reason=refusal.code, parts=(Text(refusal.what),)
        )
        self._queue.append((failure, nothing))
        self._send()

    def _end(self) -> None:
        self._closed = True
        self._drop()
        self._over()

    def _drop(self) -> None:
        while self._queue:
            self._queue.popleft()[1]()
