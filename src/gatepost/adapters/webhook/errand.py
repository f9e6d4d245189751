"""One run at a called agent.

What is posted for it, one request after the other, until the run is over.

The message goes first; replies and a cancel follow it. A request that is not taken now is made
again after a pause that doubles up to a minute. The message is offered until it expires or is
cancelled; what comes after it, as long as the run is open. A refusal ends the run as `failed`,
except that of a cancel. Once the agent has taken the message, it ends the run through the node's
API (a `send` ends there).
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from gatepost.adapters import handing
from gatepost.adapters.telling import Telling
from gatepost.adapters.webhook.post import Answer
from gatepost.core.message import Content, Run, Text, UpdateIn
from gatepost.ports import Clock, Timer

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0


class Errand:
    """One run. Whoever gives it something to post sees to it that `work` goes on."""

    def __init__(self, run: Run, clock: Clock, taken: Callable[[], None]) -> None:
        """`taken` is called when the agent took the message."""
        self.run = run
        self.telling: Telling
        self.timer: Timer | None = None
        self.task: asyncio.Task[None] | None = None
        self._unwatch: Callable[[], None] | None = None
        self._clock = clock
        self._taken = taken
        self._todo: deque[tuple[str, bytes]] = deque()
        self._wake = asyncio.Event()
        self._cancelled = False
        self._over = False

    def message(self) -> None:
        """Post the message."""
        self._todo.append(("message", handing.message(self.run)))

    def reply(self, parts: tuple[Content, ...]) -> None:
        """Post the sender's reply to a question."""
        self._todo.append(("input", handing.reply(self.run.run, parts)))

    def cancel(self, reason: str) -> None:
        """Post the wish that it stops."""
        self._todo.append(("cancel", handing.cancel(self.run.run, reason)))
        self._cancelled = True
        self._wake.set()

    def follow(self, unwatch: Callable[[], None]) -> None:
        """The end of the run is watched for, until then."""
        self._unwatch = unwatch
        if self._over:
            unwatch()

    def end(self) -> None:
        """The run is over: nothing more is posted."""
        self._over = True
        self._wake.set()
        self.telling.close()
        if self._unwatch is not None:
            self._unwatch()
        if self.timer is not None:
            self.timer.cancel()

    def fail(self, code: str, text: str) -> None:
        """It failed, for a reason of the catalogue."""
        self.telling.say(UpdateIn(id=self.run.id, kind="failed", reason=code, parts=(Text(text),)))

    async def work(self, post: Callable[[bytes], Awaitable[Answer]]) -> None:
        """Post what there is to post."""
        while self._todo and not self._over:
            kind, body = self._todo[0]
            answer = await self._insist(kind, body, post)
            self._todo.popleft()
            if self._over:
                return
            if answer.meaning == "taken":
                if kind == "message":
                    self._taken()
            elif kind != "cancel":
                self._todo.clear()
                self.fail(self._code(answer), answer.why)

    async def _insist(
        self, kind: str, body: bytes, post: Callable[[bytes], Awaitable[Answer]]
    ) -> Answer:
        pause = _FIRST_PAUSE
        while True:
            answer = await post(body)
            if answer.meaning != "not_now" or self._in_vain(kind):
                return answer
            left = (self.run.expires - self._clock.now()) / 1000
            await self._sleep(min(pause, left) if kind == "message" else pause)
            if self._in_vain(kind):
                return answer
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _in_vain(self, kind: str) -> bool:
        late = self._cancelled or self._clock.now() >= self.run.expires
        return self._over or (kind == "message" and late)

    async def _sleep(self, seconds: float) -> None:
        self._wake.clear()
        timer = self._clock.call_later(seconds, self._wake.set)
        await self._wake.wait()
        timer.cancel()

    def _code(self, answer: Answer) -> str:
        if answer.meaning == "refused":
            return "adapter.refused"
        return "adapter.cancelled" if self._cancelled else "adapter.unreachable"
