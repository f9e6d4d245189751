"""The agents' tools, put together from the node: for MCP, and one call a request for anything else.

`POST /v1/tools/NAME` takes the tool's arguments as JSON and answers `{"line", "body", "failed"}`: a
line for a model to read, the data behind it, and whether it failed. `prefix` in the query is what
the client puts before the names of tools, so that the answer names them as they are called;
`session` is the agent's own session, which is woken when an answer comes after the call.
"""

from functools import partial
from typing import Any, cast

import msgspec
from starlette.types import Receive, Scope, Send

from gatepost.api.http.agent_routes import agents_for, explain_for
from gatepost.api.http.answers import answer, as_error, refuse
from gatepost.api.http.door import Caller, State
from gatepost.api.http.holders import Holders
from gatepost.api.http.inside import Inside
from gatepost.api.http.operations import read_body
from gatepost.api.http.query import read_query
from gatepost.api.http.waiting import first_of, hang_up
from gatepost.api.mcp.answers import Answer
from gatepost.api.mcp.calls import Tools
from gatepost.core.calls import AgentsQuery
from gatepost.core.message import InboxQuery, MessageView, Receipt, Run, Submission, UpdateIn
from gatepost.core.views import AgentView, Question
from gatepost.errors import GatepostError
from gatepost.policy.explain import Explanation

PATH = "/v1/tools/{name}"


class Named(msgspec.Struct, frozen=True):
    """How the client calls its tools, and the agent's own session it calls them from."""

    prefix: str = ""
    session: str = ""


class ToolBox:
    """Every agent's tools, kept as long as the node: what an agent was shown, it was shown."""

    def __init__(self, inside: Inside, holders: Holders) -> None:
        self._inside = inside
        self._holders = holders
        self._tools: dict[tuple[str, str], Tools] = {}

    def of(self, agent: str, prefix: str = "") -> Tools:
        """The tools of one agent."""
        found = self._tools.get((agent, prefix))
        if found is None:
            mailbox = _Mailbox(self._inside, self._holders, agent)
            found = self._tools[(agent, prefix)] = Tools(mailbox, prefix)
        return found


class ToolCalls:
    """The endpoint."""

    def __init__(self, inside: Inside, box: ToolBox) -> None:
        self._inside = inside
        self._box = box

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call one tool. A client that hangs up hears no more; what it asked for goes on."""
        state = cast(State, scope["state"])
        agent = state.get("caller", Caller()).agent
        try:
            desk = self._inside.desk(agent)
            named = read_query(scope["query_string"], Named)
            prefix = named.prefix
            tools, name = self._box.of(agent, prefix), f"{prefix}{scope['path_params']['name']}"
            if not tools.knows(name):
                raise GatepostError("call.unknown", why=f"there is no tool `{name}`")
            arguments: Any = msgspec.json.decode(await read_body(receive) or b"{}")
        except (GatepostError, msgspec.DecodeError) as fault:
            await refuse(scope, send, as_error(fault))
            return
        said: list[Answer] = []

        async def work() -> None:
            late = partial(desk.late, session=named.session) if named.session else None
            said.append(await tools.call(name, arguments, late))

        if await first_of(work(), hang_up(receive)) == 0:
            await answer(send, said[0])


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
