"""What the operator asks of the node: agents, peers, policy, messages, tokens.

Every change says how to undo it.

Thin on purpose: each call is a few lines over the room that does it. Callers are the operator's
socket and nobody an agent can reach.
"""

from collections.abc import Callable
from typing import Protocol

import msgspec

from gatepost.core.address import check_name
from gatepost.core.message import MessageView
from gatepost.core.views import (
    AgentSpec,
    AgentView,
    GrantIn,
    GrantView,
    MessagesQuery,
    NodeStatus,
    Pruned,
    TokenView,
)
from gatepost.errors import GatepostError
from gatepost.node.approving import Approving
from gatepost.node.mailbox import outcome
from gatepost.node.node import Node
from gatepost.node.peering import Blocks, Peering, durable
from gatepost.node.pruning import ALL
from gatepost.node.questions import Questions
from gatepost.node.remedies import Remedies


class LawBook(Blocks, Protocol):
    """Where the law is kept; `compose` hands in the files."""

    def reload(self) -> None:
        """Read the files again. Raises `policy.invalid` and keeps the law in force."""
        ...

    def grant(self, grant: GrantIn) -> GrantView:
        """Write a grant; the law in force follows."""
        ...

    def revoke(self, rule_id: str) -> str:
        """Take a grant back; returns how to undo that."""
        ...

    @property
    def fault(self) -> GatepostError | None:
        """What is wrong with the files as they are now; the last good law stays in force."""
        ...

    @property
    def failing(self) -> tuple[str, ...]:
        """Which expectations the law in force does not meet."""
        ...


class Roster(Protocol):
    """Who wakes agents; `compose` hands in the adapters."""

    def check(self, spec: AgentSpec) -> None:
        """Raise what is wrong with how an agent shall be woken, before anything is kept."""
        ...

    async def start(self, spec: AgentSpec) -> None:
        """Start waking an agent."""
        ...

    async def stop(self, name: str) -> None:
        """Stop waking an agent."""
        ...

    def keep_token(self, agent: str, secret: str) -> None:
        """Leave an agent's token where the operator's own programs find it."""
        ...


YOUNGEST = 3_600_000
PRUNED_AT_ONCE = 5_000
"""One call deletes no more, so that it ends while somebody waits for it."""


class Operator(Peering):
    """The operator's calls; those about peers are `Peering`'s, those about the law `Questions`'."""

    def __init__(
        self,
        node: Node,
        book: LawBook,
        roster: Roster,
        alerts: Callable[[], tuple[str, ...]] = tuple,
    ) -> None:
        """`alerts` says what of the settings needs somebody."""
        super().__init__(node, book)
        self._book = book
        self._alerts = alerts
        self._roster = roster
        approving = Approving(node, book.reload)
        self.holds, self.hold = approving.holds, approving.hold
        self.approve, self.refuse = approving.approve, approving.refuse
        self.approvals, self.revoke_approval = approving.approvals, approving.revoke_approval
        remedies = Remedies(node)
        self.retry, self.replay = remedies.retry, remedies.replay
        self.drop, self.evidence = remedies.drop, remedies.evidence
        questions = Questions(node, book)
        self.rules, self.explain = questions.rules, questions.explain
        self.can, self.who_can = questions.can, questions.who_can
        self.tested, self.drafted = questions.tested, questions.drafted
        self.difference = questions.difference

    def status(self) -> NodeStatus:
        """One look at the node."""
        status, fault = self._node.overview.status(), self._book.fault
        said = list(self._alerts())
        if fault is not None:
            said.append(f"{fault.what}; until it is mended the last good policy is in force")
        said += self._book.failing
        said += self._node.declaring.needs_you()
        held = len(self._node.holds.all())
        if held:
            they = "1 message waits" if held == 1 else f"{held} messages wait"
            said.append(f"{they} for your yes or no   gatepost holds list")
        return msgspec.structs.replace(status, held=held, needs_you=(*status.needs_you, *said))

    # agents

    async def add_agent(self, spec: AgentSpec) -> AgentView:
        """Add an agent, or replace how it is woken."""
        node = self._node
        check_name(spec.name, "agent")
        if spec.name in node.agents:
            raise GatepostError(
                "agent.exists", what=f"an agent is called `{spec.name}`", agent=spec.name
            )
        self._roster.check(spec)
        node.add_agent(spec)
        made = await self.create_token(spec.name, "made with the agent")
        self._roster.keep_token(spec.name, made.secret)
        await self._roster.start(spec)
        return node.overview.agent(spec.name)

    async def remove_agent(self, name: str) -> None:
        """Remove an agent; its waiting messages stay until they expire."""
        node = self._node
        node.agent(name)
        await self._roster.stop(name)
        node.remove_agent(name)
        await durable(node)

    def agents(
        self, asking: str = "", query: str = "", can: str = "", limit: int = 50
    ) -> list[AgentView]:
        """Agents of this node.

        `asking` names the agent that looks, `can` what it must be allowed.
        """
        found: list[AgentView] = []
        for name in sorted(self._node.agents):
            view = self._node.overview.agent(name, asking)
            text = f"{name} {view.about}".lower()
            if query.lower() in text and (not can or can in view.can) and name != asking:
                found.append(view)
        return found[:limit]

    async def remote_agents(self, alias: str, asking: str = "") -> list[AgentView]:
        """Agents of a peer that it lets this node see."""
        peer = self._node.peers.find(alias)
        answer = await self._ask(peer, "agents", {})
        return self._node.overview.remote(peer, answer, asking)

    # policy

    async def grant(self, grant: GrantIn) -> GrantView:
        """Make a rule by command."""
        return self._book.grant(grant)

    async def revoke(self, rule_id: str) -> str:
        """Take a rule made by command back."""
        return self._book.revoke(rule_id)

    # messages

    def messages(self, query: MessagesQuery) -> list[MessageView]:
        """Messages, newest first."""
        node = self._node
        number = node.peers.find(query.peer).row.number if query.peer else None
        return [node.shown.brief(row) for row in node.store.messages.recent(query, number)]

    def message(self, id: str) -> MessageView:
        """One message with its timeline and content."""
        return self._node.shown.message(id, question=True)

    async def cancel(self, id: str) -> MessageView:
        """Withdraw a message an agent of this node sent."""
        row = self._node.shown.find(id)
        if row.direction == "in":
            raise GatepostError("message.unknown", what="that message was sent by a peer", id=id)
        self._node.shown.withdraw(row)
        await durable(self._node)
        return self._node.shown.message(row.id)

    async def prune(self, older: int = 0, counting: bool = False) -> Pruned:
        """Delete what ended `older` ms ago, by default what the settings say, or count it."""
        older = older or self._node.settings.keep_ms
        if older < YOUNGEST:
            raise GatepostError(
                "usage.invalid",
                what="what ended less than an hour ago is not pruned",
                command="messages prune",
            )
        most = ALL if counting else PRUNED_AT_ONCE
        prune = self._node.pruning.prune
        return await outcome(lambda done: prune(older, most, counting, done))

    # tokens, pause

    async def create_token(self, agent: str, note: str = "") -> TokenView:
        """Make a token for an agent ("" makes an operator token)."""
        if agent:
            self._node.agent(agent)
        return await outcome(lambda done: self._node.tokens.create(agent, note, done))

    def tokens(self) -> list[TokenView]:
        """Every token, without secrets."""
        return self._node.tokens.all()

    async def revoke_token(self, id: str) -> None:
        """Take a token back."""
        self._node.tokens.revoke(id)
        await durable(self._node)

    async def pause(self, what: str = "") -> str:
        """Take no slots and hand nothing over: the node, a peer, or an agent."""
        peers, agents = self._node.peers.by_alias, self._node.agents
        if what and what not in peers and what not in agents:
            raise GatepostError(
                "peer.unknown",
                what=f"no peer or agent is called `{what}`",
                peer=what,
                known=" ".join(sorted({*peers, *agents})),
            )
        self._node.pause(what)
        await durable(self._node)
        return f"gatepost resume {what}".strip()

    async def resume(self, what: str = "") -> str:
        """Go on after a pause."""
        self._node.resume(what)
        await durable(self._node)
        return f"gatepost pause {what}".strip()
