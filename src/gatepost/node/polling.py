"""Agents nobody is attached to poll.

Reading claims a message, and it is shown again until a later call names its id.

A message named as seen has been read: a `send` is then `delivered`, an ask or task goes on until
its reply. The poller is the agent's client only while nobody else is; its runs stay open between
calls and across restarts, for reading them again is their evidence.
"""

import asyncio

import msgspec

from gatepost.core.message import Content, InboxQuery, Run, UpdateIn
from gatepost.errors import GatepostError
from gatepost.node.claim import POLLS, AgentClaim
from gatepost.node.desk import Desk

PAGE = 50


class Poller:
    """The polling client of one agent."""

    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}
        self._shown: set[str] = set()
        self._read: set[str] = set()
        self._arrived = asyncio.Event()
        self._claim: AgentClaim | None = None

    # ports.Client

    def offer(self, run: Run) -> None:
        """A run was claimed for the next poll to show."""
        self._runs[run.run] = run
        self._arrived.set()

    def cancel(self, run: str, reason: str) -> None:
        """A polling agent cannot be stopped; it is told when it replies."""

    def supply(self, run: str, parts: tuple[Content, ...]) -> None:
        """The sender replied to `needs_input`: the run is shown again, with the reply."""
        known = self._runs.get(run)
        if known is not None:
            self._runs[run] = _with_reply(known, parts)
            self._shown.discard(run)
            self._read.discard(run)
            self._arrived.set()

    async def poll(self, desk: Desk, query: InboxQuery) -> tuple[Run, ...]:
        """Acknowledge what was seen, then show what is open; wait for something when asked to."""
        if query.peek:
            return desk.waiting(query.limit)
        claim = self._attach(desk)
        await self._acknowledge(desk, query.seen)
        self._forget_ended(desk)
        if query.open:
            self._read.clear()
        claim.capacity(min(query.limit, PAGE) + len(self._read))
        try:
            if desk.in_hand > len(self._runs):
                await _committed(desk)
            if not self._open(query.limit) and query.wait > 0:
                await self._wait(query.wait)
        finally:  # also when the caller left: what nobody reads is not claimed
            claim.capacity(0)
        found = self._open(query.limit)
        self._shown.update(run.run for run in found)
        return found

    def release(self) -> None:
        """Let another client work for the agent."""
        if self._claim is not None:
            self._claim.release()
            self._claim = None
            self._runs.clear()

    def _attach(self, desk: Desk) -> AgentClaim:
        if self._claim is not None and self._claim.holds:
            return self._claim
        self._runs.clear()
        self._shown.clear()
        self._read.clear()
        claim = desk.claim(self, 0, POLLS)
        for run in claim.open_runs:
            claim.evidence(run.run, "running")
            self._runs[run.run] = run
            self._shown.add(run.run)
        self._claim = claim
        return claim

    async def _acknowledge(self, desk: Desk, seen: tuple[str, ...]) -> None:
        for run in list(self._runs.values()):
            if run.id not in seen:
                continue
            self._read.add(run.run)
            if run.verb == "send":
                done: asyncio.Future[GatepostError | None] = (
                    asyncio.get_running_loop().create_future()
                )
                desk.update(UpdateIn(id=run.id, kind="done"), done.set_result)
                error = await done
                if error is not None and error.code != "message.ended":
                    raise error

    async def _wait(self, seconds: float) -> None:
        self._arrived.clear()
        try:
            await asyncio.wait_for(self._arrived.wait(), seconds)
        except TimeoutError:
            return
        await asyncio.sleep(0)  # what arrived with it

    def _forget_ended(self, desk: Desk) -> None:
        for token in list(self._runs):
            if not desk.has(token):
                self._runs.pop(token)
                self._shown.discard(token)
                self._read.discard(token)

    def _open(self, limit: int) -> tuple[Run, ...]:
        found = [run for token, run in self._runs.items() if token not in self._read]
        return tuple(_again(run) if run.run in self._shown else run for run in found[:limit])


async def _committed(desk: Desk) -> None:
    """Wait for the commit under way: what it claimed is offered by then."""
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    desk.when_durable(lambda: None if done.done() else done.set_result(None))
    await done


def _again(run: Run) -> Run:
    return msgspec.structs.replace(run, again=True)


def _with_reply(run: Run, parts: tuple[Content, ...]) -> Run:
    return msgspec.structs.replace(run, parts=run.parts + parts)
