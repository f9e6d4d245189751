"""The words people use, on an agent's mailbox: send, ask, delegate, reply, serve."""

from collections.abc import AsyncGenerator
from pathlib import Path

from gatepost.core.message import MessageView, Receipt, Submission, UpdateIn, UpdateKind
from gatepost.sdk.finding import find_agent
from gatepost.sdk.mailbox import RemoteMailbox
from gatepost.sdk.work import Words, Work, parts_of
from gatepost.sdk.worker import Evidence, Handler, no_evidence, runs, serve


class Client(RemoteMailbox):
    """One agent at its node. An async context manager; see `connect`."""

    async def send(
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
        """Give a message and want nothing back. `expires_in` in milliseconds, 0 for the default."""
        return await self.submit(
            Submission(
                verb="send",
                to=to,
                parts=parts_of(words),
                conversation=conversation,
                re=re,
                expires_in=expires_in,
                request_key=request_key,
                labels=labels,
            )
        )

    async def ask(
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
        """Ask, and wait up to `wait` seconds: answered, asking back, or as it stands then."""
        return await self.ask_for(
            Submission(
                verb="ask",
                to=to,
                parts=parts_of(question),
                conversation=conversation,
                re=re,
                expires_in=expires_in,
                request_key=request_key,
                labels=labels,
            ),
            wait,
        )

    async def delegate(
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
        return await self.submit(
            Submission(
                verb="delegate",
                to=to,
                parts=parts_of(task),
                done_when=done_when,
                conversation=conversation,
                re=re,
                expires_in=expires_in,
                request_key=request_key,
                labels=labels,
            )
        )

    async def reply(
        self, to_message: str, words: Words = "", kind: UpdateKind = "answer", reason: str = ""
    ) -> None:
        """Answer a message this agent has, or the `needs_input` of one it sent."""
        parts = parts_of(words)
        await self.update(UpdateIn(id=to_message, kind=kind, parts=parts, reason=reason))

    async def progress(self, message: str, words: Words) -> None:
        """Tell how far a message this agent has is."""
        await self.reply(message, words, "progress")

    def runs(
        self, capacity: int = 4, evidence: Evidence = no_evidence
    ) -> AsyncGenerator[Work, None]:
        """Claim the mailbox and yield its runs; see `worker`."""
        return runs(self, capacity, evidence)

    async def serve(
        self, handler: Handler, capacity: int = 4, evidence: Evidence = no_evidence
    ) -> None:
        """Answer every run by `handler`, until cancelled; see `worker`."""
        await serve(self, handler, capacity, evidence)


def connect(
    home: str | Path | None = None,
    agent: str | None = None,
    socket: str | Path | None = None,
    token: str | None = None,
    *,
    patience: float = 30.0,
) -> Client:
    """One agent of the node in `home`; use it as an async context manager.

    With nothing given, what the environment says counts (GATEPOST_SOCKET and GATEPOST_TOKEN, which
    a run is told), else the usual home directory and its first agent. `patience` is how long calls
    wait for a node that is away, in seconds. Entering raises `node.not_running` when it is.
    """
    return Client(find_agent(home, agent, socket, token), patience)
