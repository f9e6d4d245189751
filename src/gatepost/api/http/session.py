"""The calls of one socket: each op, what it takes, and what it does at the agent's desk.

Calls that only touch memory and the writer (`ask submit update cancel watch claim` …) go to the
callback desk at once: no task, no future. Calls that may wait (`check inbox agents explain`) run
as tasks and end with the socket. When it ends, its watches stop and its claim is released: open
runs stay open and are shown to whoever claims next.
"""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

import msgspec

from gatepost.api.http.agent_routes import agents_for, bounded, explain_for
from gatepost.api.http.answers import as_error
from gatepost.api.http.holders import Holders
from gatepost.api.http.holding import Holding
from gatepost.api.http.inside import Inside
from gatepost.api.http.numbers import check_of
from gatepost.api.http.outgoing import Outgoing
from gatepost.api.http.receipts import Receipts
from gatepost.api.http.watching import Watcher
from gatepost.core.calls import (
    AgentsQuery,
    Call,
    Capacity,
    Check,
    ClaimIn,
    Evidence,
    Named,
    Nothing,
    Unwatch,
    Watch,
)
from gatepost.core.message import InboxQuery, MessageView, Receipt, Run, Submission, UpdateIn
from gatepost.core.views import AgentView, Question
from gatepost.errors import GatepostError

_AT_ONCE = 256
_NOTHING = Nothing()
_BodyT = TypeVar("_BodyT", bound=msgspec.Struct)
_Act = Callable[[int, msgspec.Raw], None]


class Session:
    """What one socket has going on."""

    def __init__(
        self,
        inside: Inside,
        holders: Holders,
        agent: str,
        out: Outgoing,
        group: asyncio.TaskGroup,
    ) -> None:
        self._inside = inside
        self._holders = holders
        self._agent = agent
        self._out = out
        self._group = group
        self._desk = inside.desk(agent)
        self._mailbox = inside.mailbox(agent)
        self._holding = Holding(self._desk, holders, out)
        self._receipts = Receipts(out)
        self._watchers: dict[int, Watcher] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ops: dict[str, _Act] = {
            "ask": _on(Submission, self._ask),
            "submit": _on(Submission, self._submit),
            "update": _on(UpdateIn, self._update),
            "cancel": _on(Named, self._cancel),
            "watch": _on(Watch, self._watch),
            "unwatch": _on(Unwatch, self._unwatch),
            "claim": _on(ClaimIn, self._claim),
            "evidence": _on(Evidence, self._evidence),
            "capacity": _on(Capacity, self._capacity),
            "release": _on(Nothing, self._release),
            "check": self._waiting(Check, self._check),
            "inbox": self._waiting(InboxQuery, self._inbox),
            "agents": self._waiting(AgentsQuery, self._agents),
            "explain": self._waiting(Question, self._explain),
        }

    def take(self, call: Call) -> None:
        """Do one call. Whatever is wrong with it is its answer."""
        act = self._ops.get(call.op)
        try:
            if act is None:
                raise GatepostError("call.unknown", why=f"the socket has no `{call.op}`")
            act(call.n, call.body)
        except Exception as fault:
            self._out.put(call.n, "error", as_error(fault).report())

    def end(self) -> None:
        """The socket is gone."""
        for watcher in tuple(self._watchers.values()):
            watcher.stop()
        for task in self._tasks:
            task.cancel()
        self._receipts.close()
        self._holding.let_go()

    # ── at once ──

    def _ask(self, n: int, submission: Submission) -> None:
        self._desk.submit(submission, self._watcher(n, False, "@" in submission.to).accepted)

    def _submit(self, n: int, submission: Submission) -> None:
        self._desk.submit(submission, partial(self._answered, n))

    def _update(self, n: int, update: UpdateIn) -> None:
        self._desk.update(update, partial(self._answered, n))

    def _cancel(self, n: int, named: Named) -> None:
        self._desk.cancel(named.id, partial(self._answered, n))

    def _watch(self, n: int, wish: Watch) -> None:
        watcher = self._watcher(n, wish.every)
        try:
            watcher.start(wish.id)
        except GatepostError:
            del self._watchers[n]
            raise

    def _unwatch(self, n: int, wish: Unwatch) -> None:
        watcher = self._watchers.pop(wish.n, None)
        if watcher is not None:
            watcher.stop()
        self._out.put(n, "ok", _NOTHING)

    def _claim(self, n: int, wish: ClaimIn) -> None:
        self._out.put(n, "ok", self._holding.begin(n, wish))

    def _evidence(self, n: int, evidence: Evidence) -> None:
        self._holding.claim.evidence(evidence.run, evidence.found)
        self._out.put(n, "ok", _NOTHING)

    def _capacity(self, n: int, capacity: Capacity) -> None:
        self._holding.claim.capacity(capacity.n)
        self._out.put(n, "ok", _NOTHING)

    def _release(self, n: int, _: Nothing) -> None:
        self._holding.let_go()
        self._out.put(n, "ok", _NOTHING)

    def _answered(self, n: int, answer: Receipt | MessageView | GatepostError | None) -> None:
        if isinstance(answer, GatepostError):
            self._out.put(n, "error", answer.report())
        else:
            self._out.put(n, "ok", _NOTHING if answer is None else answer)

    def _watcher(self, n: int, every: bool, away: bool = False) -> Watcher:
        if n in self._watchers:
            raise GatepostError("usage.invalid", why=f"call {n} has not ended")
        watcher = Watcher(n, every, self._desk, self._out, self._forget, self._receipts, away)
        self._watchers[n] = watcher
        return watcher

    def _forget(self, n: int) -> None:
        self._watchers.pop(n, None)

    # ── as tasks ──

    async def _check(self, check: Check) -> MessageView:
        return await self._mailbox.check(check.id, bounded(check.wait))

    async def _inbox(self, query: InboxQuery) -> tuple[Run, ...]:
        if not query.peek:
            self._holders.polled(self._agent)
        return await self._mailbox.inbox(msgspec.structs.replace(query, wait=bounded(query.wait)))

    async def _agents(self, query: AgentsQuery) -> list[AgentView]:
        return agents_for(self._inside, self._agent, query)

    async def _explain(self, question: Question) -> object:
        return await explain_for(self._inside, self._agent, question)

    def _waiting(
        self, body: type[_BodyT], does: Callable[[_BodyT], Coroutine[Any, Any, object]]
    ) -> _Act:
        decoder, check = msgspec.json.Decoder(body), check_of(body)

        def act(n: int, raw: msgspec.Raw) -> None:
            if len(self._tasks) >= _AT_ONCE:
                raise GatepostError("usage.invalid", why=f"{_AT_ONCE} calls wait already")
            given = decoder.decode(raw)
            check(given)
            task = self._group.create_task(self._later(n, does(given)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        return act

    async def _later(self, n: int, doing: Coroutine[Any, Any, object]) -> None:
        try:
            self._out.put(n, "ok", await doing)
        except Exception as fault:
            self._out.put(n, "error", as_error(fault).report())


def _on(body: type[_BodyT], does: Callable[[int, _BodyT], None]) -> _Act:
    decode, check = msgspec.json.Decoder(body).decode, check_of(body)

    def act(n: int, raw: msgspec.Raw) -> None:
        given = decode(raw)
        check(given)
        does(n, given)

    return act
