"""The agent surface, row by row. Who speaks is the token's agent; no row takes it as a parameter.

A GET changes nothing: `GET /v1/mailbox` looks at what waits, `POST /v1/mailbox/claim` takes it.
"""

from typing import Any

import msgspec

from gatepost.api.http.inside import Inside
from gatepost.api.http.operations import Given, Operation
from gatepost.core.calls import MAX_WAIT, AgentsQuery, Nothing
from gatepost.core.message import (
    Content,
    InboxQuery,
    MessageView,
    Receipt,
    Run,
    Submission,
    Tokens,
    UpdateIn,
    UpdateKind,
)
from gatepost.core.views import AgentView, Question
from gatepost.policy.explain import Explanation


class WaitQuery(msgspec.Struct, frozen=True):
    """How long to wait for news, in seconds, at most 60."""

    wait: float = 0.0


class LookQuery(msgspec.Struct, frozen=True):
    """What waits: at most `limit` messages; `wait` seconds for the first."""

    wait: float = 0.0
    limit: int = 10


class News(msgspec.Struct, frozen=True):
    """An update of the message in the path."""

    kind: UpdateKind
    parts: tuple[Content, ...] = ()
    reason: str = ""
    tokens: Tokens = 0


class FoundQuery(msgspec.Struct, frozen=True):
    """Which agents to list."""

    query: str = ""
    can: str = ""
    limit: int = 50


def bounded(wait: float) -> float:
    """A wait the API grants: 0 to 60 seconds."""
    return min(max(wait, 0.0), MAX_WAIT)


async def submit(given: Given[Submission]) -> Receipt:
    """Accept a message."""
    return await given.inside.mailbox(given.caller.agent).submit(given.body)


async def check(given: Given[WaitQuery]) -> MessageView:
    """Where a message stands."""
    mailbox = given.inside.mailbox(given.caller.agent)
    return await mailbox.check(given.path["id"], bounded(given.body.wait))


async def cancel(given: Given[Nothing]) -> MessageView:
    """Withdraw a message."""
    return await given.inside.mailbox(given.caller.agent).cancel(given.path["id"])


async def update(given: Given[News]) -> Nothing:
    """Give news about a message, or end it."""
    news = given.body
    whole = UpdateIn(
        id=given.path["id"],
        kind=news.kind,
        parts=news.parts,
        reason=news.reason,
        tokens=news.tokens,
    )
    await given.inside.mailbox(given.caller.agent).update(whole)
    return Nothing()


async def look(given: Given[LookQuery]) -> tuple[Run, ...]:
    """What waits, without claiming it."""
    query = InboxQuery(limit=given.body.limit, wait=bounded(given.body.wait), peek=True)
    return await given.inside.mailbox(given.caller.agent).inbox(query)


async def claim(given: Given[InboxQuery]) -> tuple[Run, ...]:
    """Claim what waits."""
    if not given.body.peek:
        given.polled(given.caller.agent)
    query = msgspec.structs.replace(given.body, wait=bounded(given.body.wait))
    return await given.inside.mailbox(given.caller.agent).inbox(query)


async def agents(given: Given[FoundQuery]) -> list[AgentView]:
    """The agents this agent can reach."""
    query = given.body
    return agents_for(
        given.inside, given.caller.agent, AgentsQuery(query.query, query.can, query.limit)
    )


def agents_for(inside: Inside, agent: str, query: AgentsQuery) -> list[AgentView]:
    """The agents `agent` may know of; `asking` of the query is not looked at."""
    return inside.operator.agents(agent, query.query, query.can, query.limit)


async def explain(given: Given[Question]) -> Explanation:
    """Why something is, or would be, refused."""
    return await explain_for(given.inside, given.caller.agent, given.body)


async def explain_for(inside: Inside, agent: str, question: Question) -> Explanation:
    """An agent may ask about its own messages and about what it may do itself."""
    if question.message:
        view = await inside.mailbox(agent).check(question.message)
        question = msgspec.structs.replace(question, message=view.id)
    # An agent's question stays on this node: asking a peer is the operator's.
    own = msgspec.structs.replace(question, sender=agent, remote=False)
    return await inside.operator.explain(own)


OPERATIONS: tuple[Operation[Any], ...] = (
    Operation("POST", "/v1/messages", "Give a message to an agent", Submission, Receipt, submit),
    Operation(
        "GET",
        "/v1/messages/{id}",
        "Where a message stands; waits for its outcome or needs_input",
        WaitQuery,
        MessageView,
        check,
        waits=True,
    ),
    Operation(
        "POST", "/v1/messages/{id}/cancel", "Withdraw a message", Nothing, MessageView, cancel
    ),
    Operation(
        "POST",
        "/v1/messages/{id}/updates",
        "Give news about a message this agent has, or end it; answer needs_input of one it sent",
        News,
        Nothing,
        update,
    ),
    Operation(
        "GET",
        "/v1/mailbox",
        "What waits for this agent, without claiming it",
        LookQuery,
        tuple[Run, ...],
        look,
        waits=True,
    ),
    Operation(
        "POST",
        "/v1/mailbox/claim",
        "Claim what waits for this agent; name in `seen` what it has read",
        InboxQuery,
        tuple[Run, ...],
        claim,
        waits=True,
    ),
    Operation(
        "GET", "/v1/agents", "The agents this agent can reach", FoundQuery, list[AgentView], agents
    ),
    Operation(
        "POST",
        "/v1/explain",
        "Why a message stands as it does, or what this agent may do",
        Question,
        Explanation,
        explain,
    ),
)
