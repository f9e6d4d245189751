"""One run of an OpenClaw agent, from its offer to its end: its turns, its words, its time.

A run is usually one turn. When the agent asks back (through its own tools), the turn ends and the
run stays open; the sender's reply is a turn more in the same session.
"""

import asyncio
from collections.abc import Callable
from typing import cast

import msgspec

from gatepost.adapters.openclaw import wording
from gatepost.adapters.openclaw.files import hand_over
from gatepost.adapters.openclaw.gateway import Broken, Gateway, Payload, Refused
from gatepost.adapters.openclaw.trace import Trace, Traces
from gatepost.adapters.openclaw.turn import End, Turn
from gatepost.adapters.telling import Telling
from gatepost.core.lifecycle import is_outcome
from gatepost.core.message import Content, File, MessageView, Run, Text, UpdateIn
from gatepost.ports import Clock, Timer

PROGRESS_EVERY = 2.0
PROGRESS_SHOWN = 4_000


class Listed(msgspec.Struct, frozen=True):
    """One agent of a gateway."""

    id: str
    workspace: str = ""


class Errand:
    """Implements `turn.Ground`. `lost` is called when nobody can know what became of the run."""

    def __init__(
        self,
        run: Run,
        target: str,
        gateway: Gateway,
        clock: Clock,
        traces: Traces,
        lost: Callable[["Errand"], None],
    ) -> None:
        self.run = run
        self.telling: Telling
        self.unwatch: Callable[[], None] | None = None
        self.timer: Timer | None = None
        self.turn: Turn
        self._target = target
        self._gateway = gateway
        self._clock = clock
        self._traces = traces
        self._lost = lost
        self._task: asyncio.Task[None] | None = None
        self._asked = False
        self._latest = ""
        self._telling_at: Timer | None = None

    def begin(self, trace: Trace | None, tasks: asyncio.TaskGroup) -> None:
        """Start, or go on from what a former life left."""
        self.turn = Turn(self.run, self._target, self._gateway, self, self._clock, trace)
        self._asked = trace is not None and trace.asked
        if not self._asked:
            self._task = tasks.create_task(self._play())

    @property
    def given(self) -> bool:
        """Whether the gateway may have it."""
        return self.turn.trace is not None

    @property
    def since(self) -> int:
        """When it began, in ms."""
        return self.turn.trace.since if self.turn.trace else self._clock.now()

    def supply(self, parts: tuple[Content, ...], tasks: asyncio.TaskGroup) -> None:
        """The sender's reply: the next turn."""
        trace = self.turn.trace
        if trace is None or not self._asked:
            return  # it was given already, and is told again after a restart
        key = wording.key(self.run, trace.turn + 1)
        said = wording.reply(self.run.id, parts, self._gateway.mark(key))
        trace = Trace(trace.turn + 1, "", trace.since, reply=said)
        self._traces.keep(self.run, trace)
        before = self._task

        async def go_on() -> None:
            if before is not None:  # the turn in which it asked has its last words yet to say
                await asyncio.wait((before,))
            self.begin(trace, tasks)

        self._task = tasks.create_task(go_on())

    async def cancel(self) -> None:
        """Stop it, as far as the gateway lets us. What never was given is stopped for certain."""
        if not self.given or await self.turn.stop():
            self.fail("adapter.cancelled", "stopped, for its sender withdrew it")

    async def expire(self, code: str, why: str) -> None:
        """Its time is over."""
        await self.turn.stop()
        self.fail(code, why)

    def fail(self, code: str, why: str) -> None:
        """It failed, for a reason of the catalogue."""
        parts = (Text(why),) if why else ()
        self.telling.say(UpdateIn(id=self.run.id, kind="failed", reason=code, parts=parts))

    def end(self) -> None:
        """It is over, or the node stops: nothing more is done here."""
        self.telling.close()
        if self.unwatch is not None:
            self.unwatch()
        for timer in (self.timer, self._telling_at):
            if timer is not None:
                timer.cancel()
        if self._task is not None:
            self._task.cancel()

    # what happens to it

    def seen(self, view: MessageView) -> bool:
        """How the run stands, which its agent may change by its own tools. True when it is over."""
        trace = self.turn.trace
        if trace is not None and view.state == "needs_input" and not self._asked:
            self._asked = True
            self.keep(msgspec.structs.replace(trace, asked=True))
        return is_outcome(view.state)

    def event(self, name: str, payload: Payload) -> None:
        """What the gateway tells of a turn while it runs."""
        if name != "agent" or payload.get("stream") != "assistant" or self.run.verb == "send":
            return
        data = payload.get("data")
        if payload.get("runId") != self.turn.key or not isinstance(data, dict):
            return
        self._latest = str(cast("Payload", data).get("text") or "")
        if self._telling_at is None:
            self._telling_at = self._clock.call_later(PROGRESS_EVERY, self._progress)

    def _progress(self) -> None:
        """How far it is; what it says last is told by its end, and not here before."""
        self._telling_at = None
        if self._latest and not self.telling.ending:
            said = (Text(self._latest[-PROGRESS_SHOWN:]),)
            self.telling.say(UpdateIn(id=self.run.id, kind="progress", parts=said))

    # what a turn stands on

    async def words(self) -> str:
        """What the agent is given to read."""
        trace = self.turn.trace
        if trace is not None and trace.reply:
            return trace.reply
        files = [part for part in self.run.parts if isinstance(part, File)]
        places = hand_over(files, await self._workspace()) if files else {}
        mark = self._gateway.mark(wording.key(self.run, 1))
        return wording.message(self.run, mark, places)

    def keep(self, trace: Trace) -> None:
        """Write the trace."""
        self.turn.trace = trace
        self._traces.keep(self.run, trace)

    # inside

    async def _play(self) -> None:
        end = await self.turn.play()
        if not self._asked:  # else its sender's reply goes on
            self._over(end)

    def _over(self, end: End) -> None:
        run = self.run
        if end.how == "lost":
            self._lost(self)
        elif end.how == "failed":
            self.fail(end.code, end.text)
        elif run.verb == "send":
            self.telling.say(UpdateIn(id=run.id, kind="done"))
        elif not end.text:
            self.fail("adapter.silent", "")
        else:
            kind = "answer" if run.verb == "ask" else "done"
            self.telling.say(UpdateIn(id=run.id, kind=kind, parts=(Text(end.text),)))

    async def _workspace(self) -> str:
        """Where the agent keeps its files, as the gateway says."""
        try:
            said = await self._gateway.call("agents.list", {})
        except Refused as refused:
            raise Broken(str(refused)) from refused
        agents = msgspec.convert(said.get("agents") or [], list[Listed])
        return next((one.workspace for one in agents if one.id == self._target), "")
