"""The operator surface, row by row: each row is one method of the node's operator.

Rules, peers, tokens and agents change here and nowhere an agent can reach.
"""

from typing import Any

import msgspec

from gatepost.api.http.agent_routes import bounded
from gatepost.api.http.operations import Given, Operation
from gatepost.core.calls import (
    AcceptIn,
    AgentsQuery,
    AliasIn,
    CanQuery,
    EndpointIn,
    InviteIn,
    Nothing,
    PingIn,
    TokenIn,
    Undo,
    Verdict,
    What,
)
from gatepost.core.message import MessageView
from gatepost.core.views import (
    AgentSpec,
    AgentView,
    GrantIn,
    GrantView,
    Invitation,
    MessagesQuery,
    NodeStatus,
    Paired,
    PeerView,
    Ping,
    Question,
    RuleView,
    TokenView,
)
from gatepost.policy.explain import Explanation


class PairedQuery(msgspec.Struct, frozen=True):
    """How long to wait for the other side, in seconds, at most 60."""

    timeout: float = 0.0


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


async def peers(given: Given[Nothing]) -> list[PeerView]:
    """All peers."""
    return given.inside.operator.peers()


async def invite(given: Given[InviteIn]) -> Invitation:
    """Make an invitation."""
    return await given.inside.operator.invite(given.body.alias, given.body.minutes)


async def paired(given: Given[PairedQuery]) -> Paired | None:
    """Wait for the other side to accept."""
    wait = bounded(given.body.timeout)
    return await given.inside.operator.paired(given.path["alias"], wait)


async def accept(given: Given[AcceptIn]) -> Paired:
    """Accept an invitation."""
    return await given.inside.operator.accept(given.body.text, given.body.alias)


async def ping(given: Given[PingIn]) -> Ping:
    """Ping a peer."""
    return await given.inside.operator.ping(given.path["alias"], given.body.wire)


async def block(given: Given[Nothing]) -> Undo:
    """Block a peer."""
    return Undo(await given.inside.operator.block(given.path["alias"]))


async def unblock(given: Given[Nothing]) -> Undo:
    """Unblock a peer."""
    return Undo(await given.inside.operator.unblock(given.path["alias"]))


async def trust(given: Given[Nothing]) -> Undo:
    """Trust what a frozen peer shows now."""
    return Undo(await given.inside.operator.trust(given.path["alias"]))


async def remove_peer(given: Given[Nothing]) -> Undo:
    """Forget a peer."""
    return Undo(await given.inside.operator.remove_peer(given.path["alias"]))


async def set_endpoint(given: Given[EndpointIn]) -> Undo:
    """Say where a peer is dialled."""
    operator = given.inside.operator
    return Undo(await operator.set_endpoint(given.path["alias"], given.body.endpoint))


async def rename_peer(given: Given[AliasIn]) -> Undo:
    """Give a peer another alias."""
    return Undo(await given.inside.operator.rename_peer(given.path["alias"], given.body.new))


async def grant(given: Given[GrantIn]) -> GrantView:
    """Make a rule by command."""
    return await given.inside.operator.grant(given.body)


async def revoke(given: Given[Nothing]) -> Undo:
    """Take a rule back."""
    return Undo(await given.inside.operator.revoke(given.path["id"]))


async def rules(given: Given[Nothing]) -> list[RuleView]:
    """The law as it stands."""
    return given.inside.operator.rules()


async def can(given: Given[CanQuery]) -> Verdict:
    """Whether this sender may do that."""
    query = given.body
    return Verdict(given.inside.operator.can(query.sender, query.verb, query.to))


async def explain(given: Given[Question]) -> Explanation:
    """Why something is, or would be, refused."""
    return await given.inside.operator.explain(given.body)


async def messages(given: Given[MessagesQuery]) -> list[MessageView]:
    """Messages, newest first."""
    return given.inside.operator.messages(given.body)


async def message(given: Given[Nothing]) -> MessageView:
    """One message with its timeline."""
    return given.inside.operator.message(given.path["id"])


async def cancel(given: Given[Nothing]) -> MessageView:
    """Withdraw a message."""
    return await given.inside.operator.cancel(given.path["id"])


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


_PEER = "/v1/peers/{alias}"

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
    Operation("GET", "/v1/peers", "All peers", Nothing, list[PeerView], peers),
    Operation("POST", "/v1/peers/invite", "Make an invitation", InviteIn, Invitation, invite),
    Operation(
        "POST", "/v1/peers/accept", "Accept an invitation", AcceptIn, Paired, accept, waits=True
    ),
    Operation(
        "GET",
        f"{_PEER}/paired",
        "Wait for the other side to accept; null when it has not",
        PairedQuery,
        Paired | None,
        paired,
        waits=True,
    ),
    Operation(
        "GET",
        f"{_PEER}/agents",
        "Agents of a peer that it lets this node see",
        AskingQuery,
        list[AgentView],
        remote_agents,
        waits=True,
    ),
    Operation("POST", f"{_PEER}/ping", "Ping a peer", PingIn, Ping, ping, waits=True),
    Operation("POST", f"{_PEER}/block", "Block a peer", Nothing, Undo, block),
    Operation("POST", f"{_PEER}/unblock", "Unblock a peer", Nothing, Undo, unblock),
    Operation("POST", f"{_PEER}/trust", "Trust what a peer shows now", Nothing, Undo, trust),
    Operation("DELETE", _PEER, "Forget a peer", Nothing, Undo, remove_peer),
    Operation("PUT", f"{_PEER}/endpoint", "Say where it is", EndpointIn, Undo, set_endpoint),
    Operation("PUT", f"{_PEER}/alias", "Give it another alias", AliasIn, Undo, rename_peer),
    Operation("GET", "/v1/policy/rules", "The law as it stands", Nothing, list[RuleView], rules),
    Operation("POST", "/v1/policy/grants", "Make a rule", GrantIn, GrantView, grant),
    Operation("DELETE", "/v1/policy/grants/{id}", "Take a rule back", Nothing, Undo, revoke),
    Operation("GET", "/v1/policy/can", "May this sender do that?", CanQuery, Verdict, can),
    Operation(
        "POST",
        "/v1/explain",
        "Why something is, or would be, refused",
        Question,
        Explanation,
        explain,
        waits=True,
    ),
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
