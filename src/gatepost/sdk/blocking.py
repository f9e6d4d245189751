"""The same clients without `await`: each call runs in one portal thread and returns when done.

    from gatepost.sdk import blocking

    with blocking.connect(agent="main") as mailbox:
        print(mailbox.ask("specialist@lab", "Why did the nightly job fail?").text)

Handlers of `serve` are plain functions, each called in a thread of its own.
"""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

from gatepost.core.message import Content, Run
from gatepost.sdk import client
from gatepost.sdk.blocking_operator import BlockingOperator
from gatepost.sdk.client import Client
from gatepost.sdk.operator import connect_operator as connect_async_operator
from gatepost.sdk.portal import Portal
from gatepost.sdk.waited import Waited, each, waited
from gatepost.sdk.work import Words, Work
from gatepost.sdk.worker import Evidence, no_evidence


class BlockingWork:
    """One run in hand; see `Work`."""

    def __init__(self, work: Work, portal: Portal) -> None:
        self._work = work
        self._portal = portal

    @property
    def run(self) -> Run:
        """The message with its sender."""
        return self._work.run

    @property
    def text(self) -> str:
        """The text of the message."""
        return self._work.text

    @property
    def withdrawn(self) -> bool:
        """True once the sender withdrew it."""
        return self._work.withdrawn.is_set()

    def answer(self, words: Words = "") -> None:
        """End it with an answer or result."""
        self._portal.call(self._work.answer(words))

    def decline(self, why: Words = "", reason: str = "") -> None:
        """End it: this agent will not."""
        self._portal.call(self._work.decline(why, reason))

    def fail(self, why: Words = "", reason: str = "") -> None:
        """End it: it went wrong."""
        self._portal.call(self._work.fail(why, reason))

    def used(self, tokens: int) -> None:
        """It has used so many tokens of a model more."""
        self._work.used(tokens)

    def progress(self, words: Words) -> None:
        """Tell how far it is."""
        self._portal.call(self._work.progress(words))

    def artifact(self, words: Words) -> None:
        """Give a part of the result early."""
        self._portal.call(self._work.artifact(words))

    def need(self, question: Words) -> tuple[Content, ...]:
        """Ask the sender, and wait for its reply."""
        return self._portal.call(self._work.need(question))


class BlockingClient(Waited[Client]):
    """One agent at its node; a context manager. See `Client` for what each call does."""

    send = waited(Client.send)
    ask = waited(Client.ask)
    delegate = waited(Client.delegate)
    reply = waited(Client.reply)
    progress = waited(Client.progress)
    submit = waited(Client.submit)
    check = waited(Client.check)
    watch = each(Client.watch)
    cancel = waited(Client.cancel)
    update = waited(Client.update)
    inbox = waited(Client.inbox)
    agents = waited(Client.agents)
    explain = waited(Client.explain)

    @property
    def agent(self) -> str:
        """The agent this mailbox belongs to."""
        return self.client.agent

    def runs(self, capacity: int = 4, evidence: Evidence = no_evidence) -> Iterator[BlockingWork]:
        """Claim the mailbox and yield its runs."""
        for work in self.portal.each(self.client.runs(capacity, evidence)):
            yield BlockingWork(work, self.portal)

    def serve(
        self,
        handler: Callable[[BlockingWork], Words | None],
        capacity: int = 4,
        evidence: Evidence = no_evidence,
    ) -> None:
        """Answer every run by `handler`, until interrupted. A withdrawn run's function goes on."""

        async def in_thread(work: Work) -> Words | None:
            return await asyncio.to_thread(handler, BlockingWork(work, self.portal))

        self.portal.call(self.client.serve(in_thread, capacity, evidence))


def connect(
    home: str | Path | None = None,
    agent: str | None = None,
    socket: str | Path | None = None,
    token: str | None = None,
    *,
    patience: float = 30.0,
) -> BlockingClient:
    """One agent of the node in `home`; see `gatepost.sdk.connect`."""
    return BlockingClient(client.connect(home, agent, socket, token, patience=patience))


def connect_operator(
    home: str | Path | None = None,
    socket: str | Path | None = None,
    token: str | None = None,
    *,
    patience: float = 30.0,
) -> BlockingOperator:
    """The operator of the node in `home`; see `gatepost.sdk.connect_operator`."""
    return BlockingOperator(connect_async_operator(home, socket, token, patience=patience))
