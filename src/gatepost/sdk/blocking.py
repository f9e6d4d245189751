"""The same clients without `await`: each call runs in one portal thread and returns when done.

    from gatepost.sdk import blocking

    with blocking.connect(agent="main") as mailbox:
        print(mailbox.ask("specialist@lab", "Why did the nightly job fail?").text)

Handlers of `serve` are plain functions, each called in a thread of its own.
"""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Self

from gatepost.core.message import (
    Content,
    InboxQuery,
    MessageView,
    Receipt,
    Run,
    Submission,
    UpdateIn,
    UpdateKind,
)
from gatepost.core.views import AgentView, Question
from gatepost.sdk import client
from gatepost.sdk.blocking_operator import BlockingOperator
from gatepost.sdk.operator import connect_operator as connect_async_operator
from gatepost.sdk.portal import Portal
from gatepost.sdk.work import Words, Work
from gatepost.sdk.worker import Evidence, no_evidence

if TYPE_CHECKING:
    from gatepost.policy.explain import Explanation


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

    def progress(self, words: Words) -> None:
        """Tell how far it is."""
        self._portal.call(self._work.progress(words))

    def artifact(self, words: Words) -> None:
        """Give a part of the result early."""
        self._portal.call(self._work.artifact(words))

    def need(self, question: Words) -> tuple[Content, ...]:
        """Ask the sender, and wait for its reply."""
        return self._portal.call(self._work.need(question))


class BlockingClient:
    """One agent at its node; a context manager. See `Client` for what each call does."""

    def __init__(self, mailbox: client.Client) -> None:
        self._mailbox = mailbox
        self._portal = Portal()

    def __enter__(self) -> Self:
        """Connect."""
        self._portal.open(self._mailbox)
        return self

    def __exit__(self, *exc: object) -> None:
        """Close."""
        self._portal.close()

    @property
    def agent(self) -> str:
        """The agent this mailbox belongs to."""
        return self._mailbox.agent

    def send(
        self,
        to: str,
        words: Words,
        *,
        conversation: str = "",
        re: str = "",
        expires_in: int = 0,
        request_key: str = "",
        labels: tuple[str, ...] = (),
    ) -> Receipt:
        """Give a message and want nothing back."""
        return self._portal.call(
            self._mailbox.send(
                to,
                words,
                conversation=conversation,
                re=re,
                expires_in=expires_in,
                request_key=request_key,
                labels=labels,
            )
        )

    def ask(
        self,
        to: str,
        question: Words,
        wait: float = 45.0,
        *,
        conversation: str = "",
        re: str = "",
        expires_in: int = 0,
        request_key: str = "",
        labels: tuple[str, ...] = (),
    ) -> MessageView:
        """Ask, and wait up to `wait` seconds."""
        return self._portal.call(
            self._mailbox.ask(
                to,
                question,
                wait,
                conversation=conversation,
                re=re,
                expires_in=expires_in,
                request_key=request_key,
                labels=labels,
            )
        )

    def delegate(
        self,
        to: str,
        task: Words,
        done_when: str = "",
        *,
        conversation: str = "",
        re: str = "",
        expires_in: int = 0,
        request_key: str = "",
        labels: tuple[str, ...] = (),
    ) -> Receipt:
        """Hand over a task; `check` waits for its result."""
        return self._portal.call(
            self._mailbox.delegate(
                to,
                task,
                done_when,
                conversation=conversation,
                re=re,
                expires_in=expires_in,
                request_key=request_key,
                labels=labels,
            )
        )

    def reply(
        self, to_message: str, words: Words = "", kind: UpdateKind = "answer", reason: str = ""
    ) -> None:
        """Answer a message this agent has, or the `needs_input` of one it sent."""
        self._portal.call(self._mailbox.reply(to_message, words, kind, reason))

    def progress(self, message: str, words: Words) -> None:
        """Tell how far a message this agent has is."""
        self._portal.call(self._mailbox.progress(message, words))

    def submit(self, submission: Submission) -> Receipt:
        """Accept a message."""
        return self._portal.call(self._mailbox.submit(submission))

    def check(self, message: str, wait: float = 0.0) -> MessageView:
        """Where a message stands."""
        return self._portal.call(self._mailbox.check(message, wait))

    def watch(self, message: str) -> Iterator[MessageView]:
        """How a message stands now and at every change."""
        return self._portal.each(self._mailbox.watch(message))

    def cancel(self, message: str) -> MessageView:
        """Withdraw a message."""
        return self._portal.call(self._mailbox.cancel(message))

    def update(self, update: UpdateIn) -> None:
        """Give news about, or end, a message this agent has."""
        self._portal.call(self._mailbox.update(update))

    def inbox(self, query: InboxQuery) -> tuple[Run, ...]:
        """Poll: claim what waits."""
        return self._portal.call(self._mailbox.inbox(query))

    def agents(self, query: str = "", can: str = "", limit: int = 50) -> list[AgentView]:
        """The agents this agent can reach."""
        return self._portal.call(self._mailbox.agents(query, can, limit))

    def explain(self, question: Question) -> "Explanation":
        """Why a message stands as it does, or what this agent may do."""
        return self._portal.call(self._mailbox.explain(question))

    def runs(self, capacity: int = 4, evidence: Evidence = no_evidence) -> Iterator[BlockingWork]:
        """Claim the mailbox and yield its runs."""
        for work in self._portal.each(self._mailbox.runs(capacity, evidence)):
            yield BlockingWork(work, self._portal)

    def serve(
        self,
        handler: Callable[[BlockingWork], Words | None],
        capacity: int = 4,
        evidence: Evidence = no_evidence,
    ) -> None:
        """Answer every run by `handler`, until interrupted. A withdrawn run's function goes on."""

        async def in_thread(work: Work) -> Words | None:
            return await asyncio.to_thread(handler, BlockingWork(work, self._portal))

        self._portal.call(self._mailbox.serve(in_thread, capacity, evidence))


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
