"""The mailbox of one agent, over the node's socket. Implements `ports.Mailbox`.

Every submission carries a request key, so that one whose answer was lost in a broken line is never
two messages. A wait that ends returns how the message stands; that is not an error, and the message
goes on.
"""

import asyncio
from collections.abc import AsyncGenerator
from types import TracebackType
from typing import TYPE_CHECKING, Self

import msgspec

from gatepost.core.calls import MAX_WAIT, AgentsQuery, Check, ClaimIn, Named, Nothing, Watch
from gatepost.core.lifecycle import OUTCOMES
from gatepost.core.message import InboxQuery, MessageView, Receipt, Run, Submission, UpdateIn
from gatepost.core.parts import check_json
from gatepost.core.views import AgentView, Question
from gatepost.errors import GatepostError
from gatepost.ports import Client
from gatepost.sdk.chance import new_name
from gatepost.sdk.claim import RemoteClaim
from gatepost.sdk.finding import Place
from gatepost.sdk.pending import Asking, Lost, Simple, Watching, repeated
from gatepost.sdk.session import Session, silent

if TYPE_CHECKING:
    from gatepost.policy.explain import Explanation

_MATTERS = OUTCOMES | {"needs_input"}
_BECOMES: dict[str, frozenset[str]] = {
    "answer": frozenset({"done", "delivered"}),
    "done": frozenset({"done", "delivered"}),
    "declined": frozenset({"rejected"}),
    "failed": frozenset({"failed", "cancelled"}),
    "needs_input": frozenset({"needs_input"}),
}
_ENDS = frozenset({"answer", "done", "declined", "failed"})


class RemoteMailbox:
    """An agent's mailbox; an async context manager, entering connects.

    `patience` is how long calls wait for a node that is away, in seconds.
    """

    def __init__(self, place: Place, patience: float = 30.0) -> None:
        self._run = place.run
        self._patience = patience
        self._session = Session(place, patience)
        self._name = new_name()
        self._keys = 0
        self._claim: RemoteClaim | None = None

    async def __aenter__(self) -> Self:
        """Connect. Raises `node.not_running`, `auth.refused`, `call.foreign`."""
        await self._session.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close; calls in flight end with `node.not_running`."""
        await self._session.__aexit__(kind, fault, trace)

    @property
    def agent(self) -> str:
        """The agent this mailbox belongs to, as the node says."""
        return self._session.agent

    async def submit(self, submission: Submission) -> Receipt:
        """Accept a message; returns when it is durable. Raises the refusal."""
        submission = self._complete(submission)
        call = Simple("submit", repeated(submission), Receipt)
        return await self._session.answer("submit", submission, call)

    async def ask_for(self, submission: Submission, wait: float) -> MessageView:
        """Submit, then wait up to `wait` seconds for the outcome or `needs_input`."""
        submission = self._complete(submission)
        asking = Asking(submission)
        n = self._session.begin("ask", submission, asking)
        timer = asyncio.get_running_loop().call_later(wait, asking.time_up)
        try:
            view = await asking.outcome
            if view is not None:
                return view
            receipt = asking.receipt or await self._receipt(asking)
        finally:
            timer.cancel()
            self._session.unwatch(n)
        return await self._standing(submission, receipt)

    async def check(self, message: str, wait: float = 0.0) -> MessageView:
        """Where a message stands; waits up to `wait` seconds for its outcome or `needs_input`."""
        if wait <= 0:
            return await self._session.call("check", Check(message), MessageView)
        try:
            async with asyncio.timeout(wait):
                async for view in self.watch(message):
                    if view.state in _MATTERS:
                        break
        except TimeoutError:
            pass
        return await self.check(message)

    async def watch(self, message: str) -> AsyncGenerator[MessageView, None]:
        """How a message stands now and at every change, up to its outcome."""
        views: asyncio.Queue[MessageView | GatepostError | None] = asyncio.Queue()
        watching = Watching(message, True, views.put_nowait, views.put_nowait)
        n = self._session.begin("watch", Watch(message), watching)
        try:
            while (view := await views.get()) is not None:
                if isinstance(view, GatepostError):
                    raise view
                yield view
        finally:
            self._session.unwatch(n)

    async def cancel(self, message: str) -> MessageView:
        """Withdraw a message if that is still possible."""
        return await self._session.call("cancel", Named(message), MessageView)

    async def update(self, update: UpdateIn, *, lasting: bool = False) -> None:
        """Give news about, or end, a message this agent has; `lasting` outwaits any absence.

        When the line breaks before the answer, it is said again: `progress` and `artifact` may
        then be there twice, an end never is.
        """
        check_json(update.parts)
        claim, ends = self._claim, update.kind in _ENDS
        if claim is not None and ends:
            claim.ending(update.id)
        over = False
        try:
            await self._update(update, lasting)
            over = True
        except GatepostError as error:
            over = error.code in ("message.ended", "run.not_yours", "message.unknown")
            raise
        finally:
            if claim is not None and ends:
                claim.ended(update.id, over=over)

    async def claim(
        self, client: Client, capacity: int, kind: str = "sdk", lost: Lost | None = None
    ) -> RemoteClaim:
        """Work for this agent. The claim is renewed when the node was away; see `RemoteClaim`.

        `lost` is called when it ended for good. Raises `mailbox.taken`.
        """
        wish = ClaimIn(capacity, kind, self._name)
        claim = RemoteClaim(self._session, client, wish, lost)
        self._claim = claim
        await claim.begin()
        return claim

    async def inbox(self, query: InboxQuery) -> tuple[Run, ...]:
        """Poll: claim what waits, show open runs again until a later call names them."""
        loop = asyncio.get_running_loop()
        until = loop.time() + query.wait
        while True:
            wait = min(max(until - loop.time(), 0.0), MAX_WAIT)
            said = msgspec.structs.replace(query, wait=wait)
            runs = await self._session.call("inbox", said, tuple[Run, ...], wait)
            if runs or loop.time() >= until:
                return runs

    async def agents(self, query: str = "", can: str = "", limit: int = 50) -> list[AgentView]:
        """The agents this agent can reach."""
        body = AgentsQuery(query, can, limit)
        return await self._session.call("agents", body, list[AgentView])

    async def explain(self, question: Question) -> "Explanation":
        """Why a message stands as it does, or what this agent may do."""
        from gatepost.policy.explain import Explanation  # the whole evaluator, for one call's sake

        return await self._session.call("explain", question, Explanation)

    def _complete(self, submission: Submission) -> Submission:
        check_json(submission.parts)
        run = submission.run or self._run
        if submission.request_key:
            return msgspec.structs.replace(submission, run=run)
        self._keys += 1
        key = f"{self._name}.{self._keys}"
        return msgspec.structs.replace(submission, request_key=key, fresh=True, run=run)

    async def _receipt(self, asking: Asking) -> Receipt:
        """The receipt of an ask whose wait was over before it came."""
        asking.received = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self._patience):
                return await asking.received
        except TimeoutError as fault:
            raise silent() from fault

    async def _standing(self, submission: Submission, receipt: Receipt) -> MessageView:
        """How a message stands; while the node is away, what was last known of it."""
        try:
            return await self.check(receipt.id)
        except GatepostError as error:
            if error.code != "node.not_running":
                raise
        return MessageView(
            id=receipt.id,
            direction="out" if "@" in submission.to else "local",
            verb=submission.verb,
            sender=self.agent,
            to=submission.to,
            conversation=receipt.conversation,
            state=receipt.state,
            since=receipt.at,
            created=receipt.at,
            expires=0,
            why="the node is away; this is what it said last",
            next=f"gatepost check {receipt.id}",
        )

    async def _update(self, update: UpdateIn, lasting: bool) -> None:
        """Say it. Returns also when an earlier try, whose answer was lost, is in."""
        call = Simple("update", update, Nothing, lasting=lasting)
        try:
            await self._session.answer("update", update, call)
        except GatepostError as error:
            if not call.repeated or error.code not in ("message.ended", "run.not_yours"):
                raise
            view = await self.check(update.id)
            if view.state not in _BECOMES.get(update.kind, frozenset()):
                raise
