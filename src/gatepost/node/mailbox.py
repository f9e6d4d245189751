"""One agent's mailbox for tasks: the desk's callbacks as coroutines.

Implements `ports.Mailbox`.

Nothing is decided here. Waiting is a future that the desk's callback resolves; a wait that ends
returns the current state.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from gatepost.core.lifecycle import is_outcome
from gatepost.core.message import (
    InboxQuery,
    MessageView,
    Receipt,
    Run,
    Submission,
    UpdateIn,
)
from gatepost.errors import GatepostError
from gatepost.node.desk import Desk
from gatepost.node.polling import Poller
from gatepost.ports import Claim, Client

T = TypeVar("T")


class AgentMailbox:
    """The mailbox of one agent."""

    def __init__(self, desk: Desk, poller: Poller) -> None:
        self._desk = desk
        self._poller = poller

    @property
    def agent(self) -> str:
        """The agent this mailbox belongs to."""
        return self._desk.agent

    async def submit(self, submission: Submission) -> Receipt:
        """Accept a message; returns when it is durable. Raises the refusal."""
        return await outcome(lambda done: self._desk.submit(submission, done))

    async def check(self, message: str, wait: float = 0.0) -> MessageView:
        """Where a message stands; waits up to `wait` seconds for its outcome or `needs_input`."""
        message = self._desk.shown(message).id
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        latest: list[MessageView] = []

        def seen(shown: MessageView) -> None:
            latest.append(shown)
            if not ready.done() and (is_outcome(shown.state) or shown.state == "needs_input"):
                ready.set_result(None)

        stop = self._desk.watch(message, seen)
        try:
            if wait > 0 and not ready.done():
                await asyncio.wait([ready], timeout=wait)
        finally:
            stop()
        return self._desk.shown(latest[0].id) if len(latest) > 1 else latest[0]

    async def cancel(self, message: str) -> MessageView:
        """Withdraw a message if that is still possible."""
        return await outcome(lambda done: self._desk.cancel(message, done))

    async def update(self, update: UpdateIn) -> None:
        """Give news about, or end, a message this agent has."""
        await outcome(lambda done: self._desk.update(update, lambda error: done(error)))

    async def claim(self, client: Client, capacity: int, kind: str) -> Claim:
        """Work for this agent."""
        return self._desk.claim(client, capacity, kind)

    async def inbox(self, query: InboxQuery) -> tuple[Run, ...]:
        """Poll: claim what waits, show open runs again until a later call names them."""
        return await self._poller.poll(self._desk, query)


async def outcome(start: Callable[[Callable[[T | GatepostError], None]], None]) -> T:
    """Run a callback-style call to its answer; an error in its place is raised."""
    answer: asyncio.Future[T | GatepostError] = asyncio.get_running_loop().create_future()

    def done(value: T | GatepostError) -> None:
        if not answer.done():
            answer.set_result(value)

    start(done)
    value = await answer
    if isinstance(value, GatepostError):
        raise value
    return value
