"""What each tool does: one call on the agent's mailbox, and its answer.

The tools know only the mailbox, which knows who speaks: nothing a model writes changes that. A
model that looks at its inbox again has read what it was shown before; what it has not closed stays
open and is shown when it asks for it.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from gatepost.api.mcp import arguments as given
from gatepost.api.mcp.answers import Answer, Answers
from gatepost.api.mcp.arguments import bounded, read
from gatepost.core.message import (
    Content,
    InboxQuery,
    MessageView,
    Receipt,
    Run,
    Submission,
    Text,
    UpdateIn,
)
from gatepost.core.views import AgentView, Question
from gatepost.errors import GatepostError
from gatepost.policy.explain import Explanation

Late = Callable[[str], bool]
_UNDER_WAY = frozenset({"accepted", "held", "received", "working"})


class Mailbox(Protocol):
    """One agent's mailbox, with what the node tells that agent about others."""

    @property
    def agent(self) -> str:
        """The agent."""
        ...

    async def submit(self, submission: Submission) -> Receipt:
        """Accept a message."""
        ...

    async def check(self, message: str, wait: float = 0.0) -> MessageView:
        """Where a message stands."""
        ...

    async def cancel(self, message: str) -> MessageView:
        """Withdraw a message."""
        ...

    async def update(self, update: UpdateIn) -> None:
        """Say something about a message."""
        ...

    async def inbox(self, query: InboxQuery) -> tuple[Run, ...]:
        """Take what waits."""
        ...

    async def agents(self, query: str = "", can: str = "", limit: int = 50) -> list[AgentView]:
        """Who can be reached."""
        ...

    async def explain(self, question: Question) -> Explanation:
        """Why."""
        ...


class Tools:
    """The tools of one agent. `shown` are messages it was shown and has not been seen to read."""

    def __init__(self, mailbox: Mailbox, prefix: str = "") -> None:
        self._mailbox = mailbox
        self._answers = Answers(prefix)
        self._shown: set[str] = set()
        self._calls: dict[str, Callable[[object], Awaitable[Answer]]] = {
            f"{prefix}{name}": call
            for name, call in (
                ("agents_list", self._agents_list),
                ("send", self._send),
                ("ask", self._ask),
                ("delegate", self._delegate),
                ("reply", self._reply),
                ("inbox", self._inbox),
                ("check", self._check),
                ("explain", self._explain),
            )
        }

    def knows(self, name: str) -> bool:
        """Whether there is a tool of that name."""
        return name in self._calls

    async def call(self, name: str, arguments: object, late: Late | None = None) -> Answer:
        """Call the tool. What goes wrong is its answer, never an exception of the catalogue.

        `late` is told which message has no answer yet; True when the answer will come by itself.
        """
        try:
            answer = await self._calls[name](arguments)
        except GatepostError as error:
            return self._answers.error(error)
        id, state = answer.body.get("id", ""), answer.body.get("state", "")
        asks = name.endswith(("ask", "delegate"))
        if late is not None and asks and state in _UNDER_WAY and late(id):
            answer.body["next"] = "Carry on: what comes of it is told to you by itself."
        return answer

    async def _agents_list(self, arguments: object) -> Answer:
        wish = read(given.AgentsList, arguments)
        found = await self._mailbox.agents(wish.query, wish.can, wish.limit)
        return self._answers.agents(found)

    async def _send(self, arguments: object) -> Answer:
        wish = read(given.Send, arguments)
        return await self._submitted(
            Submission(
                verb="send",
                to=wish.to,
                parts=(Text(wish.text),),
                conversation=wish.conversation,
                expires_in=int(wish.expires_hours * given.HOUR_MS),
                request_key=wish.request_key,
            )
        )

    async def _ask(self, arguments: object) -> Answer:
        wish = read(given.Ask, arguments)
        submission = Submission(
            verb="ask",
            to=wish.to,
            parts=(Text(wish.question),),
            conversation=wish.conversation,
            request_key=wish.request_key,
        )
        return await self._submitted(submission, bounded(wish.wait_seconds))

    async def _delegate(self, arguments: object) -> Answer:
        wish = read(given.Delegate, arguments)
        parts: tuple[Content, ...] = (Text(wish.task),)
        if wish.context:
            parts = (*parts, Text(wish.context))
        return await self._submitted(
            Submission(
                verb="delegate",
                to=wish.to,
                parts=parts,
                done_when=wish.done_when,
                conversation=wish.conversation,
                expires_in=int(wish.expires_hours * given.HOUR_MS),
                request_key=wish.request_key,
            )
        )

    async def _submitted(self, submission: Submission, wait: float = 0.0) -> Answer:
        """Accepted, and as it stands after `wait` seconds at most."""
        receipt = await self._mailbox.submit(submission)
        return self._answers.standing(await self._mailbox.check(receipt.id, wait))

    async def _reply(self, arguments: object) -> Answer:
        wish = read(given.Reply, arguments)
        parts = (Text(wish.text),) if wish.text else ()
        await self._mailbox.update(UpdateIn(id=wish.to_message, kind=wish.kind, parts=parts))
        self._shown.discard(wish.to_message)
        open_still = wish.kind in ("progress", "needs_input")
        line = "Told; the message stays open." if open_still else "Said; the message is closed."
        return Answer(line, {"id": wish.to_message, "kind": wish.kind, "open": open_still})

    async def _inbox(self, arguments: object) -> Answer:
        wish = read(given.Inbox, arguments)
        seen = tuple(self._shown) if wish.unread_only else ()
        query = InboxQuery(seen=seen, wait=bounded(wish.wait_seconds), open=not wish.unread_only)
        try:
            runs = await self._mailbox.inbox(query)
        except GatepostError as error:
            if error.code != "mailbox.taken":
                raise
            waiting = await self._mailbox.inbox(InboxQuery(peek=True))
            return self._answers.woken(waiting)
        self._shown.difference_update(seen)
        self._shown.update(run.id for run in runs)
        return self._answers.inbox(runs)

    async def _check(self, arguments: object) -> Answer:
        wish = read(given.Check, arguments)
        if wish.cancel:
            await self._mailbox.cancel(wish.id)
        view = await self._mailbox.check(wish.id, bounded(wish.wait_seconds))
        return self._answers.standing(view)

    async def _explain(self, arguments: object) -> Answer:
        wish = read(given.Explain, arguments)
        if not wish.message_id and not wish.to:
            raise GatepostError(
                "usage.invalid", what="nothing to explain", why="give message_id, or to and action"
            )
        question = Question(message=wish.message_id, to=wish.to, verb=wish.action)
        if wish.message_id:
            question = msgspec.structs.replace(question, to="", verb="")
        return self._answers.explained(await self._mailbox.explain(question))
