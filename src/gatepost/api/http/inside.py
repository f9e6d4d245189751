"""What the local API needs of the node, as Protocols: desks, mailboxes, operator, events, tokens.

The API adds nothing of its own to them: who may speak is decided at its door, everything else
inside.
"""

from collections.abc import Callable
from typing import Protocol

from gatepost.core.configured import ConfigChange, ConfigPatch, ConfigView
from gatepost.core.health import Checkup
from gatepost.core.holding import Answered, ApprovalView, ApproveIn, HoldView
from gatepost.core.message import MessageView, Receipt
from gatepost.core.views import (
    AgentSpec,
    AgentView,
    Event,
    Evidence,
    GrantIn,
    GrantView,
    Invitation,
    MessagesQuery,
    NodeStatus,
    Paired,
    PeerView,
    Ping,
    Pruned,
    Question,
    Renamed,
    RuleView,
    TokenView,
)
from gatepost.policy.answers import Difference, DiffIn, Examined, May, Whose
from gatepost.policy.explain import Explanation
from gatepost.ports import Desk, Mailbox


class Events(Protocol):
    """What happens in the node."""

    def subscribe(self, fn: Callable[[Event], None]) -> Callable[[], None]:
        """Call `fn` at every event. Returns the function that stops it."""
        ...

    def recent(self, n: int) -> list[Event]:
        """The last `n` events, oldest first."""
        ...


class Tokens(Protocol):
    """Who a token speaks for. No token is both."""

    def agent_of(self, token: str) -> str | None:
        """The agent an agent token is bound to."""
        ...

    def is_operator(self, token: str) -> bool:
        """True for an operator token."""
        ...


class Operator(Protocol):
    """What an operator asks of the node; each method is one route of the operator surface."""

    async def retry(self, id: str) -> MessageView:
        """Hand an open message on at once."""
        ...

    async def replay(self, id: str, reason: str) -> Receipt:
        """Send a message that has ended anew."""
        ...

    async def drop(self, id: str, reason: str) -> MessageView:
        """End an open message."""
        ...

    def evidence(self, id: str) -> Evidence:
        """What the peer signed about a message."""
        ...

    def status(self) -> NodeStatus:
        """One look at the node."""
        ...

    async def add_agent(self, spec: AgentSpec) -> AgentView:
        """Add an agent."""
        ...

    async def remove_agent(self, name: str) -> None:
        """Remove an agent."""
        ...

    def agents(
        self, asking: str = "", query: str = "", can: str = "", limit: int = 50
    ) -> list[AgentView]:
        """Agents here and known of peers; `asking` filters to what that agent may see."""
        ...

    async def remote_agents(self, alias: str, asking: str = "") -> list[AgentView]:
        """Agents of a peer that it lets this node see."""
        ...

    async def invite(self, alias: str, minutes: int = 15, reuse: bool = False) -> Invitation:
        """Make an invitation."""
        ...

    async def paired(self, alias: str, wait: float, /) -> Paired | None:
        """Wait for the other side to accept; None when it has not."""
        ...

    async def accept(self, text: str, alias: str = "", reuse: bool = False) -> Paired:
        """Accept an invitation."""
        ...

    def peers(self) -> list[PeerView]:
        """All peers."""
        ...

    async def ping(self, alias: str, wire: bool = False) -> Ping:
        """Ping a peer."""
        ...

    async def block(self, alias: str) -> str:
        """Block a peer; returns the undo command, as all below do."""
        ...

    async def unblock(self, alias: str) -> str:
        """Unblock a peer."""
        ...

    async def trust(self, alias: str) -> str:
        """Trust what a frozen peer shows now."""
        ...

    async def remove_peer(self, alias: str) -> str:
        """Forget a peer."""
        ...

    async def set_endpoint(self, alias: str, endpoint: str) -> str:
        """Say where a peer is dialled."""
        ...

    async def rename_peer(self, alias: str, new: str, reuse: bool = False) -> Renamed:
        """Give a peer another alias."""
        ...

    async def grant(self, grant: GrantIn) -> GrantView:
        """Make a rule."""
        ...

    async def revoke(self, rule_id: str) -> str:
        """Take a rule back."""
        ...

    def rules(self) -> list[RuleView]:
        """The law as it stands."""
        ...

    def can(self, sender: str, verb: str, to: str) -> May:
        """Whether the rules let `sender` do `verb` to `to`."""
        ...

    def who_can(self, verb: str, to: str) -> Whose:
        """Everybody who may do `verb` to `to`."""
        ...

    def tested(self) -> Examined:
        """The expectations beside the rules, tried."""
        ...

    def drafted(self, draft: DiffIn) -> Examined:
        """The expectations of a draft, tried."""
        ...

    async def difference(self, asked: DiffIn) -> Difference:
        """What would have been decided otherwise."""
        ...

    async def explain(self, question: Question) -> Explanation:
        """Why something is, or would be, refused."""
        ...

    def messages(self, query: MessagesQuery) -> list[MessageView]:
        """Messages, newest first."""
        ...

    def message(self, id: str) -> MessageView:
        """One message with its timeline; the id may be shortened."""
        ...

    async def cancel(self, id: str) -> MessageView:
        """Withdraw a message."""
        ...

    async def prune(self, older: int = 0, counting: bool = False) -> Pruned:
        """Delete messages that ended long ago, or count them."""
        ...

    def holds(self) -> list[HoldView]:
        """What waits for a person here."""
        ...

    def hold(self, id: str) -> HoldView:
        """One message that waits, with its exact content; the id may be shortened."""
        ...

    async def approve(self, id: str, given: ApproveIn) -> Answered:
        """Say yes to what was shown."""
        ...

    async def refuse(self, id: str, reason: str = "") -> Answered:
        """Say no."""
        ...

    def approvals(self) -> list[ApprovalView]:
        """Approvals that stand for more than one message."""
        ...

    async def revoke_approval(self, id: str) -> str:
        """Take one of them back."""
        ...

    async def create_token(self, agent: str, note: str = "") -> TokenView:
        """Make a token for one agent."""
        ...

    def tokens(self) -> list[TokenView]:
        """All tokens, without secrets."""
        ...

    async def revoke_token(self, id: str) -> None:
        """Take a token back."""
        ...

    async def pause(self, what: str = "") -> str:
        """Stop handing over."""
        ...

    async def resume(self, what: str = "") -> str:
        """Go on."""
        ...


class Config(Protocol):
    """The settings the node runs by."""

    def config(self) -> ConfigView:
        """All settings, each with its place."""
        ...

    def patch(self, wish: ConfigPatch, /) -> ConfigChange:
        """Change settings in the file; what applies live counts on return."""
        ...

    def undo(self) -> ConfigChange:
        """Take the last change back."""
        ...


class Health(Protocol):
    """What the node finds when it looks at itself."""

    def checkup(self) -> Checkup:
        """Look now, at everything."""
        ...


class FollowingDesk(Desk, Protocol):
    """A desk that can also follow a message without a look at how it stands now.

    And that has the agent's client tell it later what came of one.
    """

    def follow(self, message: str, seen: Callable[[MessageView], None]) -> Callable[[], None]:
        """Like `watch`, for a message just accepted whose state is known."""
        ...

    def late(self, message: str, session: str) -> bool:
        """Have `session` of the agent woken for the answer; False when nobody can do that."""
        ...


class Inside(Protocol):
    """The node, as the local API sees it."""

    @property
    def operator(self) -> Operator:
        """The operator's calls."""
        ...

    @property
    def config(self) -> Config:
        """The settings."""
        ...

    @property
    def health(self) -> Health:
        """What is wrong."""
        ...

    @property
    def events(self) -> Events:
        """What happens."""
        ...

    @property
    def tokens(self) -> Tokens:
        """Who a token speaks for."""
        ...

    def desk(self, agent: str) -> FollowingDesk:
        """One agent's mailbox by callbacks. Raises `agent.unknown`."""
        ...

    def mailbox(self, agent: str) -> Mailbox:
        """One agent's mailbox for tasks. Raises `agent.unknown`."""
        ...
