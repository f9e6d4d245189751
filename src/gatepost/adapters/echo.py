"""The echo.

Answers every message with its own parts at once. For trying a link out, and for measuring it.

It keeps nothing and does nothing else, so a run that was open before a restart is simply answered.
One callback in, one call out; no task, no timer, unless the node refuses for a moment (a full
disk): then it asks again.
"""

from functools import partial

from gatepost.adapters.telling import OVER
from gatepost.core.message import Content, Run, UpdateIn
from gatepost.errors import GatepostError
from gatepost.ports import Claim, Clock, Desk

RETRY = 1.0
"""Seconds until an answer is offered again that the node could not take."""


class EchoAdapter:
    """An agent that is its own adapter."""

    def __init__(self, desk: Desk, clock: Clock, concurrent: int) -> None:
        self._desk = desk
        self._clock = clock
        self._concurrent = concurrent
        self._claim: Claim | None = None

    async def start(self) -> None:
        """Answer what was open, then everything that comes."""
        claim = self._claim = self._desk.claim(self, 0, "echo")
        for run in claim.open_runs:
            claim.evidence(run.run, "running")
            self.offer(run)
        claim.capacity(self._concurrent)

    async def stop(self, drain: float, keep: bool = True) -> None:
        """Give the mailbox up. Nothing is ever in hand for longer than a commit."""
        if self._claim is not None:
            self._claim.capacity(0)
            self._claim.release()
            self._claim = None

    def offer(self, run: Run) -> None:
        """Answer a message with its own parts; a `send` is only taken note of."""
        if run.verb == "send":
            update = UpdateIn(id=run.id, kind="done")
        else:
            update = UpdateIn(id=run.id, kind="answer", parts=run.parts)
        self._say(update)

    def cancel(self, run: str, reason: str) -> None:
        """Too late: the answer is on its way."""

    def supply(self, run: str, parts: tuple[Content, ...]) -> None:
        """Never: an echo asks nothing."""

    def _answered(self, update: UpdateIn, refusal: GatepostError | None) -> None:
        if refusal is None or refusal.code in OVER or self._claim is None:
            return
        if refusal.entry.retryable:
            self._clock.call_later(RETRY, partial(self._say, update))
        elif update.kind != "failed":
            self._say(UpdateIn(id=update.id, kind="failed", reason=refusal.code))
        else:
            raise refusal

    def _say(self, update: UpdateIn) -> None:
        if self._claim is not None:
            self._desk.update(update, partial(self._answered, update))
