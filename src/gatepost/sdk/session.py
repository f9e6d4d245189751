"""A session: calls over a line that is renewed whenever it breaks.

While there is no line, calls wait. A keeper tries to reconnect (0.05 s, doubling to 2 s); on a new
line it says again what every unfinished call needs said, in the order they were made: a claim comes
before the updates of its runs. After `patience` seconds without a line all calls fail with
`node.not_running`, or with what the node says keeps it away (`store.full`), and new ones fail at
once until the node is back. The keeper never gives up,
except when the node says that the token is no longer good.
"""

import asyncio
from typing import TypeVar

import msgspec

from gatepost.core.calls import Reply, Unwatch
from gatepost.errors import GatepostError
from gatepost.sdk.finding import Place
from gatepost.sdk.line import Line
from gatepost.sdk.pending import Pending, Simple, Unheeded, error_of

_T = TypeVar("_T")
_FIRST_PAUSE, _LAST_PAUSE = 0.05, 2.0


class Session:
    """Calls to one node as one agent; an async context manager, entering connects."""

    def __init__(self, place: Place, patience: float) -> None:
        self._place = place
        self._patience = patience
        self._calls: dict[int, Pending] = {}
        self._last = 0
        self._line: Line | None = None
        self._absence: GatepostError | None = None
        self._away: GatepostError | None = None
        self._ended: GatepostError | None = None
        self._broke = asyncio.Event()
        self._group = asyncio.TaskGroup()
        self._keeper: asyncio.Task[None] | None = None
        self.agent = ""

    async def __aenter__(self) -> "Session":
        """Connect. Raises `node.not_running`, `auth.refused`, `call.foreign`."""
        self._line = await Line.open(self._place, self._heard, self._lost)
        self.agent = self._line.agent
        await self._group.__aenter__()
        self._keeper = self._group.create_task(self._keep())
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close the line; calls in flight end with `node.not_running`."""
        line, self._line = self._line, None
        if line is not None:
            line.close()
        self._end(GatepostError("node.not_running", why="this client was closed"))
        if self._keeper is not None:
            self._keeper.cancel()
        await self._group.__aexit__(None, None, None)

    def begin(self, op: str, body: object, pending: Pending) -> int:
        """Make a call; returns its number. Raises when it cannot even be said."""
        gone = self._ended or (None if pending.lasting else self._away)
        if gone is not None:
            raise gone.report().error()
        n = self._last = self._last + 1
        if self._line is not None:
            self._line.send(n, op, body)
        self._calls[n] = pending
        return n

    def say(self, op: str, body: object) -> None:
        """Make a call whose answer changes nothing; not at all while there is no line."""
        if self._line is not None:
            self.begin(op, body, Unheeded())

    def forget(self, n: int) -> None:
        """Expect nothing more of call `n`."""
        self._calls.pop(n, None)

    def unwatch(self, n: int) -> None:
        """Want no more events of call `n`."""
        if self._calls.pop(n, None) is not None:
            self.say("unwatch", Unwatch(n))

    async def call(self, op: str, body: object, gives: type[_T], wait: float = 0.0) -> _T:
        """Make a call that the node may take `wait` seconds to answer, and wait for the answer."""
        return await self.answer(op, body, Simple(op, body, gives), wait)

    async def answer(self, op: str, body: object, call: Simple[_T], wait: float = 0.0) -> _T:
        """The same for a call the caller keeps hold of; a lasting one has no deadline."""
        n = self.begin(op, body, call)
        try:
            async with asyncio.timeout(None if call.lasting else wait + self._patience):
                return await call.answer
        except TimeoutError as fault:
            raise (self._absence or silent()).report().error() from fault
        finally:
            self.forget(n)

    def _heard(self, replies: list[Reply]) -> None:
        for reply in replies:
            n = reply.n
            pending = self._calls.get(n)
            if pending is None:
                continue
            if reply.kind == "error":
                del self._calls[n]
                pending.failed(error_of(reply.body))
                continue
            try:
                over = (pending.ok if reply.kind == "ok" else pending.event)(reply.body)
            except msgspec.DecodeError as fault:
                over = True
                pending.failed(GatepostError("bug.unknown_error", why=str(fault)))
            if over:
                self._calls.pop(n, None)

    def _lost(self, line: Line) -> None:
        if line is self._line:
            self._line = None
            self._broke.set()

    async def _keep(self) -> None:
        while self._ended is None:
            await self._broke.wait()
            self._broke.clear()
            await self._reconnect()

    async def _reconnect(self) -> None:
        loop = asyncio.get_running_loop()
        enough = loop.time() + self._patience
        pause = _FIRST_PAUSE
        while True:
            try:
                line = await Line.open(self._place, self._heard, self._lost)
                if not line.gone:
                    self._resume(line)
                    return
            except GatepostError as error:
                if error.code == "auth.refused":
                    self._end(error)
                    return
                self._absence = error
                if loop.time() >= enough:
                    self._fail(error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LAST_PAUSE)

    def _resume(self, line: Line) -> None:
        self._line, self._absence, self._away = line, None, None
        for n, pending in tuple(self._calls.items()):
            said = pending.again()
            try:
                if said:
                    line.send(n, *said[0])
                else:
                    del self._calls[n]
            except GatepostError as error:  # one that can never be said spoils no other
                del self._calls[n]
                pending.failed(error)
            for op, body in said[1:]:
                self.say(op, body)

    def _fail(self, error: GatepostError) -> None:
        self._away = error
        for n, pending in tuple(self._calls.items()):
            if not pending.lasting:
                del self._calls[n]
                pending.failed(error)

    def _end(self, error: GatepostError) -> None:
        self._ended = error
        calls, self._calls = self._calls, {}
        for pending in calls.values():
            pending.failed(error)


def silent() -> GatepostError:
    """The error for a node that takes calls and does not answer."""
    return GatepostError("node.not_running", what="the node does not answer")
