"""One run in hand, with the words to answer it, and where an agent's runs come in.

What a run's sender says later (that it withdraws, a reply to `needs_input`) reaches the run by
itself. The end of a run is said until the node has it, however long the node is away.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence

import msgspec

from gatepost.core.message import Content, Data, Run, Text, UpdateIn, UpdateKind, text_of
from gatepost.errors import GatepostError
from gatepost.sdk.mailbox import RemoteMailbox

Words = str | Mapping[str, object] | Content | Sequence[Content]
"""What is said: a text, a JSON object, a part, or several parts."""


def parts_of(words: Words) -> tuple[Content, ...]:
    """What is said, as parts."""
    if isinstance(words, str):
        return (Text(words),) if words else ()
    if isinstance(words, Mapping):
        return (Data(msgspec.Raw(msgspec.json.encode(words))),)
    return tuple(words) if isinstance(words, Sequence) else (words,)


class Work:
    """One run: `run` is the message with its sender, `ended` True once its end is in.

    When the sender withdraws it, `withdrawn` is set and `stop` is called.
    """

    def __init__(self, mailbox: RemoteMailbox, run: Run, over: Callable[["Work"], None]) -> None:
        self.run = run
        self.ended = False
        self.withdrawn = asyncio.Event()
        self.stop: Callable[[], object] | None = None
        self._mailbox = mailbox
        self._over = over
        self._tokens = 0
        self._supplies: asyncio.Queue[tuple[Content, ...]] = asyncio.Queue()

    @property
    def text(self) -> str:
        """The text of the message."""
        return text_of(self.run.parts)

    async def answer(self, words: Words = "") -> None:
        """End it: with an answer or result; a mere message, as read."""
        await self._end("done" if self.run.verb == "send" else "answer", words, "")

    async def decline(self, why: Words = "", reason: str = "") -> None:
        """End it: this agent will not. `why` is for readers, `reason` a code (a-z 0-9 . _)."""
        await self._end("declined", why, reason)

    async def fail(self, why: Words = "", reason: str = "") -> None:
        """End it: it went wrong; or it was withdrawn in time, and ends as cancelled."""
        await self._end("failed", why, reason)

    def used(self, tokens: int) -> None:
        """It has used so many tokens of a model more: said with its next word, for its limits."""
        self._tokens += tokens

    async def progress(self, words: Words) -> None:
        """Tell how far it is."""
        await self._news("progress", words)

    async def artifact(self, words: Words) -> None:
        """Give a part of the result early."""
        await self._news("artifact", words)

    async def need(self, question: Words) -> tuple[Content, ...]:
        """Ask the sender, and wait for its reply."""
        await self._news("needs_input", question)
        return await self._supplies.get()

    def supply(self, parts: tuple[Content, ...]) -> None:
        """The sender replies."""
        self._supplies.put_nowait(parts)

    def withdraw(self) -> None:
        """The sender withdraws it."""
        self.withdrawn.set()
        if self.stop is not None:
            self.stop()

    async def _news(self, kind: UpdateKind, words: Words) -> None:
        await self._mailbox.update(self._said(kind, words))

    async def _end(self, kind: UpdateKind, words: Words, reason: str) -> None:
        await self._mailbox.update(self._said(kind, words, reason), lasting=True)
        self.ended = True
        self._over(self)

    def _said(self, kind: UpdateKind, words: Words, reason: str = "") -> UpdateIn:
        parts = parts_of(words)
        tokens, self._tokens = self._tokens, 0
        return UpdateIn(id=self.run.id, kind=kind, parts=parts, reason=reason, tokens=tokens)


class Intake:
    """The client of a claim: keeps the runs in hand and hands out the new ones."""

    def __init__(self, mailbox: RemoteMailbox) -> None:
        self._mailbox = mailbox
        self._in_hand: dict[str, Work] = {}
        self._new: asyncio.Queue[Work | GatepostError] = asyncio.Queue()

    async def take(self) -> Work:
        """The next run. Raises what ended the claim."""
        work = await self._new.get()
        if isinstance(work, GatepostError):
            raise work
        return work

    def offer(self, run: Run) -> None:
        """A run for this agent."""
        work = self._in_hand[run.run] = Work(self._mailbox, run, self._over)
        self._new.put_nowait(work)

    def cancel(self, run: str, reason: str) -> None:
        """Its sender withdraws it, or it is over."""
        if (work := self._in_hand.get(run)) is not None:
            work.withdraw()

    def supply(self, run: str, parts: tuple[Content, ...]) -> None:
        """Its sender replies."""
        if (work := self._in_hand.get(run)) is not None:
            work.supply(parts)

    def lost(self, error: GatepostError) -> None:
        """The claim ended for good."""
        self._new.put_nowait(error)

    def _over(self, work: Work) -> None:
        self._in_hand.pop(work.run.run, None)
