"""The operator's client without `await`; names and results are those of `OperatorClient`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Self

from gatepost.core.message import MessageView
from gatepost.core.views import (
    AgentSpec,
    AgentView,
    Event,
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
from gatepost.sdk.operator import OperatorClient
from gatepost.sdk.portal import Portal

if TYPE_CHECKING:
    from gatepost.policy.explain import Explanation


class BlockingOperator:
    """The operator of one node; a context manager."""

    def __init__(self, operator: OperatorClient) -> None:
        self._operator = operator
        self._portal = Portal()

    def __enter__(self) -> Self:
        """Start the portal thread."""
        self._portal.open(self._operator)
        return self

    def __exit__(self, *exc: object) -> None:
        """End it."""
        self._portal.close()

    def status(self) -> NodeStatus:
        """One look at the node."""
        return self._portal.call(self._operator.status())

    def add_agent(self, spec: AgentSpec) -> AgentView:
        """Add an agent."""
        return self._portal.call(self._operator.add_agent(spec))

    def remove_agent(self, name: str) -> None:
        """Remove an agent."""
        self._portal.call(self._operator.remove_agent(name))

    def agents(
        self, asking: str = "", query: str = "", can: str = "", limit: int = 50
    ) -> list[AgentView]:
        """Agents of this node; `asking` names the agent that looks."""
        return self._portal.call(self._operator.agents(asking, query, can, limit))

    def remote_agents(self, alias: str, asking: str = "") -> list[AgentView]:
        """Agents of a peer that it lets this node see."""
        return self._portal.call(self._operator.remote_agents(alias, asking))

    def invite(self, alias: str, minutes: int = 15) -> Invitation:
        """Make an invitation."""
        return self._portal.call(self._operator.invite(alias, minutes))

    def paired(self, alias: str, wait: float) -> Paired | None:
        """Wait up to `wait` seconds (at most 60) for the other side; None when it has not come."""
        return self._portal.call(self._operator.paired(alias, wait))

    def accept(self, text: str, alias: str = "") -> Paired:
        """Accept an invitation."""
        return self._portal.call(self._operator.accept(text, alias))

    def peers(self) -> list[PeerView]:
        """Every peer."""
        return self._portal.call(self._operator.peers())

    def ping(self, alias: str, wire: bool = False) -> Ping:
        """A signed ping."""
        return self._portal.call(self._operator.ping(alias, wire))

    def block(self, alias: str) -> str:
        """Block a peer; returns the undo command, as all below do."""
        return self._portal.call(self._operator.block(alias))

    def unblock(self, alias: str) -> str:
        """Take a block back."""
        return self._portal.call(self._operator.unblock(alias))

    def trust(self, alias: str) -> str:
        """Trust what a frozen peer shows now."""
        return self._portal.call(self._operator.trust(alias))

    def remove_peer(self, alias: str) -> str:
        """Forget a peer."""
        return self._portal.call(self._operator.remove_peer(alias))

    def set_endpoint(self, alias: str, endpoint: str) -> str:
        """Say where a peer is dialled."""
        return self._portal.call(self._operator.set_endpoint(alias, endpoint))

    def rename_peer(self, alias: str, new: str) -> str:
        """Give a peer another alias."""
        return self._portal.call(self._operator.rename_peer(alias, new))

    def grant(self, grant: GrantIn) -> GrantView:
        """Make a rule by command."""
        return self._portal.call(self._operator.grant(grant))

    def revoke(self, rule_id: str) -> str:
        """Take a rule made by command back."""
        return self._portal.call(self._operator.revoke(rule_id))

    def rules(self) -> list[RuleView]:
        """The law as it stands."""
        return self._portal.call(self._operator.rules())

    def can(self, sender: str, verb: str, to: str) -> bool:
        """Whether `sender` may do `verb` to `to`, by this node's rules."""
        return self._portal.call(self._operator.can(sender, verb, to))

    def explain(self, question: Question) -> "Explanation":
        """Why: a message, a wish, or an error code."""
        return self._portal.call(self._operator.explain(question))

    def messages(self, query: MessagesQuery) -> list[MessageView]:
        """Messages, newest first."""
        return self._portal.call(self._operator.messages(query))

    def message(self, id: str) -> MessageView:
        """One message with its timeline; the id may be shortened."""
        return self._portal.call(self._operator.message(id))

    def cancel(self, id: str) -> MessageView:
        """Withdraw a message."""
        return self._portal.call(self._operator.cancel(id))

    def create_token(self, agent: str, note: str = "") -> TokenView:
        """Make a token for an agent; its secret is shown once."""
        return self._portal.call(self._operator.create_token(agent, note))

    def tokens(self) -> list[TokenView]:
        """Every token, without secrets."""
        return self._portal.call(self._operator.tokens())

    def revoke_token(self, id: str) -> None:
        """Take a token back."""
        self._portal.call(self._operator.revoke_token(id))

    def pause(self, what: str = "") -> str:
        """Hand nothing over: the node, a peer, or an agent."""
        return self._portal.call(self._operator.pause(what))

    def resume(self, what: str = "") -> str:
        """Go on after a pause."""
        return self._portal.call(self._operator.resume(what))

    def events(self, recent: int = 50, follow: bool = False) -> Iterator[Event]:
        """The latest events, oldest first; with `follow` also what happens from now on."""
        return self._portal.each(self._operator.events(recent, follow))
