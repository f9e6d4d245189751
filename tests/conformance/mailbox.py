"""A node small enough to read: one agent's mailbox in memory, which adapters are tested against.

It keeps what a node keeps (messages, the open run of each, its updates), gives runs to the client
that holds the claim, and applies evidence by the rules of a node. It outlives its clients: a
killed adapter finds its open runs in the next claim. `commit_later` holds commits back, so a test
can let a client die between an update and its commit.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from gatepost.core.lifecycle import is_outcome
from gatepost.core.message import (
    Content,
    MessageView,
    Receipt,
    Run,
    Submission,
    Text,
    UpdateIn,
    Verb,
    text_of,
)
from gatepost.errors import GatepostError
from gatepost.ports import Client

BOUND = 20.0
"""Seconds a test waits at most for anything."""
PARTS_MAX = 256 * 1024


@dataclass
class Held:
    """One message and what became of it."""

    run: Run
    state: str = "received"
    reason: str = ""
    updates: list[UpdateIn] = field(default_factory=list)
    open: bool = False
    cancelling: bool = False
    replied: bool = False
    watchers: list[Callable[[MessageView], None]] = field(default_factory=list)

    @property
    def parts(self) -> tuple[Content, ...]:
        """The parts of the outcome."""
        return self.updates[-1].parts if self.updates else ()

    @property
    def text(self) -> str:
        """The text of the outcome."""
        return text_of(self.parts)

    def of_kind(self, kind: str) -> list[str]:
        """The texts of its updates of one kind."""
        return [text_of(update.parts) for update in self.updates if update.kind == kind]


class FakeMailbox:
    """Implements `ports.Desk` and `ports.Claim` for one agent."""

    def __init__(self, agent: str = "worker", concurrent: int = 4, safe: bool = False) -> None:
        self.agent = agent
        self.messages: dict[str, Held] = {}
        self.evidence_given: list[tuple[str, str]] = []
        self.refusals: list[GatepostError] = []
        """Answers to the next updates, before they are looked at."""
        self.answers: dict[str, str] = {}
        """What the sender replies to a question, by its text.

        A node brings a reply again when its client may not have heard it.
        """
        self.commit_later = False
        self.kind = ""
        self._concurrent = concurrent
        self.safe = safe
        self._client: Client | None = None
        self._capacity = 0
        self._uncommitted: list[Callable[[], None]] = []
        self._moved = asyncio.Event()
        self._count = 0

    # what a test does

    def hand(self, *parts: Content | str, verb: Verb = "ask", expires: int = 2**45) -> Held:
        """A message for the agent arrives."""
        self._count += 1
        id = f"01890000-0000-7000-8000-{self._count:012x}"
        held = Held(
            Run(
                run=f"{self._count}.1",
                id=id,
                agent=self.agent,
                sender="main@home",
                node="n" * 52,
                verb=verb,
                parts=tuple(Text(part) if isinstance(part, str) else part for part in parts),
                conversation=id,
                created=1,
                received=2,
                expires=expires,
                idempotency_key=f"key-{self._count}",
            )
        )
        self.messages[id] = held
        self._dispatch()
        return held

    def cancel_message(self, held: Held) -> None:
        """Its sender withdraws it."""
        held.cancelling = True
        assert self._client is not None
        self._client.cancel(held.run.run, "cancelled")

    def reply(self, held: Held, *parts: Content | str) -> None:
        """Its sender answers a question."""
        held.state = "working"
        assert self._client is not None
        given = tuple(Text(part) if isinstance(part, str) else part for part in parts)
        self._client.supply(held.run.run, given)

    def commit(self) -> None:
        """Let everything that waits be durable."""
        waiting, self._uncommitted = self._uncommitted, []
        for done in waiting:
            done()

    def disconnect(self) -> None:
        """The client died. What it said without a commit was never said."""
        self._client = None
        self._capacity = 0
        self._uncommitted.clear()

    async def until(self, true: Callable[[], object]) -> None:
        """Wait, up to BOUND, until something holds."""
        async with asyncio.timeout(BOUND):
            while not true():
                self._moved.clear()
                await self._moved.wait()

    async def end(self, held: Held) -> str:
        """Wait for the outcome of a message; its state."""
        await self.until(lambda: is_outcome(held.state))
        return held.state

    def open_count(self) -> int:
        """Runs that are open."""
        return sum(held.open for held in self.messages.values())

    @property
    def uncommitted(self) -> int:
        """Updates that wait for their commit."""
        return len(self._uncommitted)

    def claimed_but_not_offered(self, held: Held) -> None:
        """A run of it is open, but the client died before it heard of it."""
        held.open, held.state = True, "working"

    def moved(self) -> None:
        """Something else changed that a test may wait for."""
        self._moved.set()

    # ports.Desk

    def update(self, update: UpdateIn, done: Callable[[GatepostError | None], None]) -> None:
        held = self.messages.get(update.id)
        if self.refusals:
            refusal = self.refusals.pop(0)
            self._soon(lambda: done(refusal))
        elif held is None or not held.open:
            self._soon(lambda: done(GatepostError("run.not_yours")))
        elif _size(update.parts) > PARTS_MAX:
            self._soon(lambda: done(GatepostError("message.too_large")))
        else:
            kept = held
            self._soon(lambda: self._keep(kept, update, done))

    def watch(self, message: str, seen: Callable[[MessageView], None]) -> Callable[[], None]:
        held = self.messages[message]
        held.watchers.append(seen)
        seen(_view(held))
        return lambda: held.watchers.remove(seen)

    def submit(
        self, submission: Submission, done: Callable[[Receipt | GatepostError], None]
    ) -> None:
        raise NotImplementedError("the agents of this suite send nothing themselves")

    def cancel(self, message: str, done: Callable[[MessageView | GatepostError], None]) -> None:
        raise NotImplementedError("the agents of this suite withdraw nothing")

    def claim(self, client: Client, capacity: int, kind: str) -> "FakeMailbox":
        if self._client is not None:
            raise GatepostError("mailbox.taken")
        self._client, self._capacity, self.kind = client, capacity, kind
        self.open_runs = tuple(held.run for held in self.messages.values() if held.open)
        return self

    # ports.Claim

    open_runs: tuple[Run, ...] = ()

    def evidence(self, run: str, found: str) -> None:
        held = next(one for one in self.messages.values() if one.run.run == run)
        self.evidence_given.append((run, found))
        if found == "none" and not self.safe:
            held.open = False
            self._change(held, "unknown", "run.no_evidence")
        elif found == "running":
            if held.cancelling and self._client is not None:
                self._client.cancel(run, "cancelled")
            self._bring_again(held)
        else:
            held.open = False
            number, attempt = run.split(".")
            held.run = _next(held.run, f"{number}.{int(attempt) + 1}", found == "none")
            self._change(held, "received")

    def capacity(self, n: int) -> None:
        self._capacity = n
        self._dispatch()
        self._moved.set()

    def release(self) -> None:
        self.disconnect()

    # inside

    def _dispatch(self) -> None:
        for held in self.messages.values():
            if self._client is None or self.open_count() >= min(self._capacity, self._concurrent):
                return
            if held.state == "received" and not held.open:
                held.open = True
                self._change(held, "working")
                self._client.offer(held.run)

    def _soon(self, done: Callable[[], None]) -> None:
        if self.commit_later:
            self._uncommitted.append(done)
            self._moved.set()
        else:
            asyncio.get_running_loop().call_soon(done)

    def _keep(
        self, held: Held, update: UpdateIn, done: Callable[[GatepostError | None], None]
    ) -> None:
        if not held.open:
            done(GatepostError("run.not_yours"))
            return
        held.updates.append(update)
        if update.kind in ("progress", "artifact"):
            self._change(held, held.state)
        elif update.kind == "needs_input":
            self._change(held, "needs_input")
            asyncio.get_running_loop().call_soon(self._answer, held)
        else:
            held.open = False
            self._change(held, _end_state(held, update), update.reason)
        done(None)
        self._dispatch()

    def _answer(self, held: Held) -> None:
        text = self.answers.get(held.of_kind("needs_input")[-1])
        if text is not None and self._client is not None and held.state == "needs_input":
            held.replied = True
            self.reply(held, text)

    def _bring_again(self, held: Held) -> None:
        if held.state == "needs_input":
            self._answer(held)
        elif held.replied and held.open:
            self.reply(held, self.answers[held.of_kind("needs_input")[-1]])

    def _change(self, held: Held, state: str, reason: str = "") -> None:
        held.state, held.reason = state, reason
        for seen in list(held.watchers):
            seen(_view(held))
        self._moved.set()


def _end_state(held: Held, update: UpdateIn) -> str:
    if update.kind == "declined":
        return "rejected"
    if update.kind == "failed":
        return "cancelled" if held.cancelling else "failed"
    return "delivered" if held.run.verb == "send" else "done"


def _next(run: Run, token: str, redelivered: bool) -> Run:
    return msgspec.structs.replace(
        run, run=token, attempt=run.attempt + 1, redelivered=run.redelivered or redelivered
    )


def _size(parts: tuple[Content, ...]) -> int:
    return sum(
        len(part.text.encode()) if isinstance(part, Text) else len(bytes(part.data))
        for part in parts
    )


def _view(held: Held) -> MessageView:
    run = held.run
    return MessageView(
        id=run.id,
        direction="in",
        verb=run.verb,
        sender=run.sender,
        to=run.agent,
        conversation=run.conversation,
        state=held.state,
        since=0,
        created=run.created,
        expires=run.expires,
        reason=held.reason,
    )
