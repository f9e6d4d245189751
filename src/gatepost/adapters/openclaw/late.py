"""Late answers: what an agent asked for in a session wakes that session when it comes.

The wish is a small file, written before the agent is told to carry on. When the message ends, or
its receiver asks back, the session gets a turn that says so; the file goes once that turn stands in
the transcript. Nothing reaches a person's channel: the turn is not delivered anywhere.
"""

import asyncio
import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from gatepost.adapters.openclaw import wording
from gatepost.adapters.openclaw.gateway import Gateway
from gatepost.adapters.openclaw.trace import Trace, keep
from gatepost.adapters.openclaw.turn import Turn
from gatepost.core.lifecycle import is_outcome
from gatepost.core.message import MessageView, Run
from gatepost.errors import GatepostError
from gatepost.ports import Clock, Desk

_SUFFIX = ".late"


class Wish(msgspec.Struct, frozen=True):
    """Message `message` wakes `session`.

    `told` is the news it was woken for last; `trace` the turn that tells them, until it is over.
    """

    message: str
    session: str
    told: str = ""
    trace: Trace | None = None


class Late:
    """The wishes of one agent."""

    def __init__(
        self,
        directory: Path,
        target: str,
        desk: Desk,
        gateway: Gateway,
        clock: Clock,
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._directory = directory
        self._target = target
        self._desk = desk
        self._gateway = gateway
        self._clock = clock
        self._tasks = tasks
        self._watches: dict[str, Callable[[], None]] = {}
        self._turns: dict[str, asyncio.Task[None]] = {}

    def start(self) -> None:
        """Take the wishes of former lives up."""
        for path in sorted(self._directory.glob(f"*{_SUFFIX}")):
            try:
                wish = msgspec.json.decode(path.read_bytes(), type=Wish)
            except msgspec.DecodeError:  # cut short by a power loss: the agent can still look
                path.unlink()
            else:
                self._follow(wish)

    def stop(self) -> None:
        """Leave them to the next life."""
        for unwatch in self._watches.values():
            unwatch()
        self._watches.clear()
        for turn in self._turns.values():
            turn.cancel()
        self._turns.clear()

    def wish(self, message: str, session: str) -> bool:
        """Wake `session` when `message` ends or asks back. False for a session of somebody else."""
        if not session.startswith(f"agent:{self._target}:"):
            return False
        wish = Wish(message, session)
        keep(self._path(wish), wish)
        self._follow(wish)
        return True

    def _follow(self, wish: Wish) -> None:
        self._drop(wish.message)
        try:
            seen = partial(self._seen, wish)
            self._watches[wish.message] = self._desk.watch(wish.message, seen)
        except GatepostError:  # pruned, or of a database that is gone: nothing will come
            self._forget(wish)

    def _seen(self, wish: Wish, view: MessageView) -> None:
        matters = is_outcome(view.state) or view.state == "needs_input"
        told = wish.told == _news(view) and wish.trace is None
        if matters and not told and wish.message not in self._turns:
            task = self._tasks.create_task(self._wake(wish, view))
            self._turns[wish.message] = task

    async def _wake(self, wish: Wish, view: MessageView) -> None:
        news, clock = _news(view), self._clock
        words = wording.late(view, self._gateway.mark(news))
        ground = _Ground(self._path(wish), wish, news, words)
        trace = wish.trace if wish.told == news else None
        run = _as_run(view, self._target, news)
        turn = Turn(run, self._target, self._gateway, ground, clock, trace, wish.session)
        await turn.play()
        self._turns.pop(wish.message, None)
        if is_outcome(view.state):
            self._forget(wish)
        else:
            told = Wish(wish.message, wish.session, news)
            keep(self._path(told), told)
            self._follow(told)

    def _forget(self, wish: Wish) -> None:
        self._drop(wish.message)
        self._path(wish).unlink(missing_ok=True)

    def _drop(self, message: str) -> None:
        unwatch = self._watches.pop(message, None)
        if unwatch is not None:
            unwatch()

    def _path(self, wish: Wish) -> Path:
        name = hashlib.sha256(wish.message.encode()).hexdigest()[:24]
        return self._directory / f"{name}{_SUFFIX}"


class _Ground:
    """Implements `turn.Ground` for one late answer."""

    def __init__(self, path: Path, wish: Wish, news: str, words: str) -> None:
        self._path = path
        self._wish = msgspec.structs.replace(wish, told=news)
        self._words = words

    async def words(self) -> str:
        return self._words

    def keep(self, trace: Trace) -> None:
        keep(self._path, msgspec.structs.replace(self._wish, trace=trace))


def _news(view: MessageView) -> str:
    """What there is to tell, told from what there was before."""
    return f"{view.id}.{view.state}.{view.since}"


def _as_run(view: MessageView, agent: str, news: str) -> Run:
    """The turn that tells it, as a `send`: it is over once it stands in the transcript."""
    return Run(
        run=f"late.{view.state}",
        id=news,
        agent=agent,
        sender=view.to,
        verb="send",
        parts=view.parts,
        conversation=view.conversation,
        created=view.created,
        received=view.since,
        expires=view.expires,
    )
