"""`/mcp`: an agent's tools for clients that speak MCP over HTTP.

What the tools do is `api.mcp`; here an agent's mailbox is put together for them from the node.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from starlette.types import Receive, Scope, Send

from gatepost.api.http.agent_routes import agents_for, explain_for
from gatepost.api.http.answers import refuse
from gatepost.api.http.door import Caller, State
from gatepost.core.calls import AgentsQuery
from gatepost.errors import GatepostError

if TYPE_CHECKING:
    from gatepost.api.http.holders import Holders
    from gatepost.api.http.inside import Inside
    from gatepost.api.mcp.http import Streamable
    from gatepost.core.message import InboxQuery, MessageView, Receipt, Run, Submission, UpdateIn
    from gatepost.core.views import AgentView, Question
    from gatepost.policy.explain import Explanation


class Mcp:
    """The endpoint. The SDK behind it is loaded when somebody asks for the first time."""

    def __init__(self, inside: Inside, holders: Holders) -> None:
        self._inside = inside
        self._holders = holders
        self._streamable: Streamable | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        state = cast(State, scope["state"])
        caller = state.get("caller", Caller())
        try:
            self._inside.desk(caller.agent)
            streamable = self._load()
        except GatepostError as error:
            await refuse(scope, send, error)
            return
        await streamable.serve(caller.agent, scope, receive, send)

    def _load(self) -> Streamable:
        if self._streamable is None:
            try:
                from gatepost.api.mcp.http import Streamable
            except ModuleNotFoundError as missing:
                raise GatepostError("mcp.missing", why=f"there is no {missing.name}") from missing
            self._streamable = Streamable(
                lambda agent: _Mailbox(self._inside, self._holders, agent)
            )
        return self._streamable


class _Mailbox:
    """One agent's mailbox as `api.mcp` wants it."""

    def __init__(self, inside: Inside, holders: Holders, agent: str) -> None:
        self._inside = inside
        self._holders = holders
        self.agent = agent

    async def submit(self, submission: Submission) -> Receipt:
        return await self._inside.mailbox(self.agent).submit(submission)

    async def check(self, message: str, wait: float = 0.0) -> MessageView:
        return await self._inside.mailbox(self.agent).check(message, wait)

    async def cancel(self, message: str) -> MessageView:
        return await self._inside.mailbox(self.agent).cancel(message)

    async def update(self, update: UpdateIn) -> None:
        await self._inside.mailbox(self.agent).update(update)

    async def inbox(self, query: InboxQuery) -> tuple[Run, ...]:
        self._holders.polled(self.agent)
        return await self._inside.mailbox(self.agent).inbox(query)

    async def agents(self, query: str = "", can: str = "", limit: int = 50) -> list[AgentView]:
        return agents_for(self._inside, self.agent, AgentsQuery(query, can, limit))

    async def explain(self, question: Question) -> Explanation:
        return await explain_for(self._inside, self.agent, question)
