"""The operator surface, row by row: each row is one method of the node's operator.

Rules, peers, tokens and agents change here and nowhere an agent can reach.
"""

from typing import Any

import msgspec

from gatepost.api.http.config_routes import CONFIG
from gatepost.api.http.health_routes import HEALTH
from gatepost.api.http.hold_routes import HOLDS
from gatepost.api.http.law_routes import OPERATIONS as LAW
from gatepost.api.http.operations import Given, Operation
from gatepost.api.http.peer_routes import PEERS
from gatepost.api.http.remedy_routes import REMEDIES
from gatepost.core.calls import (
    AgentsQuery,
    Nothing,
    TokenIn,
    Undo,
    What,
)
from gatepost.core.message import MessageView
from gatepost.core.views import (
    AgentSpec,
    AgentView,
    GrantIn,
    GrantView,
    MessagesQuery,
    NodeStatus,
    Pruned,
    PruneIn,
    TokenView,
)


class AskingQuery(msgspec.Struct, frozen=True):
    """The agent that asks, if any."""

    asking: str = ""


async def status(given: Given[Nothing]) -> NodeStatus:
    """One look at the node."""
    return given.inside.operator.status()


async def agents(given: Given[AgentsQuery]) -> list[AgentView]:
    """The agents of this node and those known of peers."""
    query = given.body
    return given.inside.operator.agents(query.asking, query.query, query.can, query.limit)


async def remote_agents(given: Given[AskingQuery]) -> list[AgentView]:
    """Agents of a peer that it lets this node see."""
    operator = given.inside.operator
    return await operator.remote_agents(given.path["alias"], given.body.asking)


async def add_agent(given: Given[AgentSpec]) -> AgentView:
    """Add an agent."""
    return await given.inside.operator.add_agent(given.body)


async def remove_agent(given: Given[Nothing]) -> Nothing:
    """Remove an agent."""
    await given.inside.operator.remove_agent(given.path["name"])
    return Nothing()


async def grant(given: Given[GrantIn]) -> GrantView:
    """Make a rule by command."""
    return await given.inside.operator.grant(given.body)


async def revoke(given: Given[Nothing]) -> Undo:
    """Take a rule back."""
    return Undo(await given.inside.operator.revoke(given.path["id"]))


async def messages(given: Given[MessagesQuery]) -> list[MessageView]:
    """Messages, newest first."""
    return given.inside.operator.messages(given.body)


async def message(given: Given[Nothing]) -> MessageView:
    """One message with its timeline."""
    return given.inside.operator.message(given.path["id"])


async def cancel(given: Given[Nothing]) -> MessageView:
    """Withdraw a message."""
    return await given.inside.operator.cancel(given.path["id"])


async def prune(given: Given[PruneIn]) -> Pruned:
    """Delete what ended long ago, or count it."""
    return await given.inside.operator.prune(given.body.older, given.body.counting)


async def tokens(given: Given[Nothing]) -> list[TokenView]:
    """All tokens, without their secrets."""
    return given.inside.operator.tokens()


async def create_token(given: Given[TokenIn]) -> TokenView:
    """Make a token."""
    return await given.inside.operator.create_token(given.body.agent, given.body.note)


async def revoke_token(given: Given[Nothing]) -> Nothing:
    """Take a token back."""
    await given.inside.operator.revoke_token(given.path["id"])
    return Nothing()


async def pause(given: Given[What]) -> Undo:
    """Stop handing over, of one peer or agent or of all."""
    return Undo(await given.inside.operator.pause(given.body.what))


async def resume(given: Given[What]) -> Undo:
    """Go on."""
    return Undo(await given.inside.operator.resume(given.body.what))


OPERATIONS: tuple[Operation[Any], ...] = (
    Operation("GET", "/v1/status", "One look at the node", Nothing, NodeStatus, status),
    Operation(
        "GET", "/v1/agents", "Agents here and known of peers", AgentsQuery, list[AgentView], agents
    ),
    Operation("POST", "/v1/agents", "Add an agent", AgentSpec, AgentView, add_agent),
    Operation(
        "DELETE",
        "/v1/agents/{name}",
        "Remove an agent",
        Nothing,
        Nothing,
        remove_agent,
        revokes=True,
    ),
    Operation(
        "GET",
        "/v1/peers/{alias}/agents",
        "Agents of a peer that it lets this node see",
        AskingQuery,
        list[AgentView],
        remote_agents,
        waits=True,
    ),
    *PEERS,
    *CONFIG,
    *HEALTH,
    *HOLDS,
    *LAW,
    Operation("POST", "/v1/policy/grants", "Make a rule", GrantIn, GrantView, grant),
    Operation("DELETE", "/v1/policy/grants/{id}", "Take a rule back", Nothing, Undo, revoke),
    Operation(
        "GET",
        "/v1/messages",
        "Messages, newest first",
        MessagesQuery,
        list[MessageView],
        messages,
    ),
    Operation(
        "GET",
        "/v1/messages/{id}",
        "One message with its timeline; the id may be shortened",
        Nothing,
        MessageView,
        message,
    ),
    Operation(
        "POST", "/v1/messages/{id}/cancel", "Withdraw a message", Nothing, MessageView, cancel
    ),
    Operation(
        "POST",
        "/v1/messages/prune",
        "Delete messages that ended long ago, or count them",
        PruneIn,
        Pruned,
        prune,
        waits=True,
    ),
    *REMEDIES,
    Operation("GET", "/v1/tokens", "All tokens", Nothing, list[TokenView], tokens),
    Operation("POST", "/v1/tokens", "Make a token for one agent", TokenIn, TokenView, create_token),
    Operation(
        "DELETE",
        "/v1/tokens/{id}",
        "Take a token back",
        Nothing,
        Nothing,
        revoke_token,
        revokes=True,
    ),
    Operation("POST", "/v1/pause", "Stop handing over", What, Undo, pause),
    Operation("POST", "/v1/resume", "Go on", What, Undo, resume),
)
