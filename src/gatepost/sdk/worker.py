"""Working for an agent: its runs one after another, or a function that answers each.

Runs that were open before this process claimed the mailbox cannot be judged here: they count as
without evidence, unless the caller knows better. `serve` runs the handler for up to `capacity` runs
at once; what it returns is the answer, what it raises ends the run as failed. A run whose sender
withdraws it has its handler cancelled; a handler stopped together with `serve` leaves a run that
failed, and says so.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import partial
from typing import cast

from gatepost.core.message import Run
from gatepost.errors import GatepostError
from gatepost.sdk.claim import Found
from gatepost.sdk.mailbox import RemoteMailbox
from gatepost.sdk.work import Intake, Words, Work

Evidence = Callable[[Run], Found]
Handler = Callable[[Work], Awaitable[Words | None]]
End = Callable[[], Awaitable[None]]

_LOG = logging.getLogger("gatepost.sdk")
_FAREWELL = 5.0
_OVER = ("message.ended", "run.not_yours", "message.unknown")


def no_evidence(run: Run) -> Found:
    """Nothing is known of runs of before."""
    return "none"


async def runs(
    mailbox: RemoteMailbox, capacity: int, evidence: Evidence = no_evidence
) -> AsyncGenerator[Work, None]:
    """Claim the mailbox and yield its runs. A run found "running" is yielded again."""
    intake = Intake(mailbox)
    claim = await mailbox.claim(intake, capacity, "sdk", intake.lost)
    try:
        for run in claim.open_runs:
            found = evidence(run)
            claim.evidence(run.run, found)
            if found == "running":
                intake.offer(run)
        while True:
            yield await intake.take()
    finally:
        claim.release()


async def serve(
    mailbox: RemoteMailbox, handler: Handler, capacity: int, evidence: Evidence = no_evidence
) -> None:
    """Answer every run by `handler`, until cancelled."""
    async with asyncio.TaskGroup() as group:
        async for work in runs(mailbox, capacity, evidence):
            group.create_task(_serve_one(work, handler))


async def _serve_one(work: Work, handler: Handler) -> None:
    task = cast("asyncio.Task[None]", asyncio.current_task())
    work.stop = task.cancel
    stopped = False
    try:
        end = await _handled(work, handler)
    except asyncio.CancelledError:
        stopped = not work.withdrawn.is_set()
        task.uncancel()
        end = partial(work.fail, "the agent was stopped", "agent.stopped") if stopped else work.fail
    finally:
        work.stop = None
    if not work.ended:
        async with asyncio.timeout(_FAREWELL if stopped else None):
            await _say(work, end)
    if stopped:
        raise asyncio.CancelledError


async def _handled(work: Work, handler: Handler) -> End:
    """How the run ends, by what the handler returned or raised."""
    try:
        return partial(work.answer, await handler(work) or "")
    except Exception as fault:
        _LOG.exception("the handler of %s failed", work.run.id)
        return partial(work.fail, f"{type(fault).__name__}: {fault}", "agent.error")


async def _say(work: Work, end: End) -> None:
    try:
        await end()
    except GatepostError as error:
        if error.code not in _OVER:
            raise
        _LOG.info("run %s was over already: %s", work.run.run, error)
