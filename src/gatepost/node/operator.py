"""What the operator asks of the node: agents, peers, policy, messages, tokens.

Every change says how to undo it.

Thin on purpose: each call is a few lines over the room that does it. Callers are the operator's
socket and nobody an agent can reach.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

import msgspec

from gatepost.core.address import check_name
from gatepost.core.control import Answer
from gatepost.core.identity import is_endpoint
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
from gatepost.errors import GatepostError
from gatepost.node.explaining import Explaining
from gatepost.node.mailbox import outcome
from gatepost.node.node import Node
from gatepost.node.peers import Peer
from gatepost.node.talk import Op
from gatepost.policy.explain import Explanation

ALL = 10_000_000


class LawBook(Protocol):
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

    def block(self, alias: str, node: str) -> None:
        """Write the rules that refuse everything from and to a peer."""
        ...

    def unblock(self, alias: str, node: str) -> None:
        """Take them back."""
        ...

    @property
    def fault(self) -> GatepostError | None:
        """What is wrong with the files as they are now; the last good law stays in force."""
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


class Operator:
    """The operator's calls."""

    def __init__(self, node: Node, book: LawBook, roster: Roster) -> None:
        self._node = node
        self._book = book
        self._roster = roster
        self._explaining = Explaining(node)

    def status(self) -> NodeStatus:
        """One look at the node."""
        status, fault = self._node.overview.status(), self._book.fault
        if fault is None:
            return status
        said = f"{fault.what}; until it is mended the last good policy is in force"
        return msgspec.structs.replace(status, needs_you=(*status.needs_you, said))

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

    # peers

    async def invite(self, alias: str, minutes: int = 15) -> Invitation:
        """Make an invitation; `alias` will be the other node's name here ("" takes its own)."""
        if alias:
            check_name(alias, "alias")
        return await outcome(lambda done: self._node.pairing.invite(alias, minutes, done))

    async def paired(self, alias: str, wait: float, /) -> Paired | None:
        """Wait for the other side to accept the invitation for `alias`."""
        node = self._node
        if alias not in node.peers.by_alias:
            joined: asyncio.Future[Peer] = asyncio.get_running_loop().create_future()
            waiting = node.pairing.waiting.setdefault(alias, [])
            waiting.append(lambda peer: None if joined.done() else joined.set_result(peer))
            done, _ = await asyncio.wait([joined], timeout=wait)
            if not done:
                return None
            alias = joined.result().row.alias
        return await self._ending(node.peers.find(alias))

    async def accept(self, text: str, alias: str = "") -> Paired:
        """Accept an invitation."""
        if alias:
            check_name(alias, "alias")
        peer: Peer = await outcome(lambda done: self._node.pairing.accept(text, alias, done))
        return await self._ending(peer)

    async def _ending(self, peer: Peer) -> Paired:
        await contact(self._node, peer)
        ping = await self.ping(peer.row.alias)
        return Paired(
            alias=peer.row.alias,
            node=peer.row.node,
            endpoint=", ".join(self._node.peers.endpoints(peer)),
            words=peer.row.words,
            ms=ping.ms,
            may=self._node.overview.peer(peer).may,
            next=(
                f"gatepost policy grant '*@{peer.row.alias}' ask,delegate AGENT",
                f"gatepost agents list --peer {peer.row.alias}",
            ),
        )

    def peers(self) -> list[PeerView]:
        """Every peer."""
        peers = self._node.peers.by_alias
        return [self._node.overview.peer(peers[alias]) for alias in sorted(peers)]

    async def ping(self, alias: str, wire: bool = False) -> Ping:
        """A signed ping; with `wire` it stops before the other side's policy."""
        peer = self._node.peers.find(alias)
        started = self._node.clock.monotonic()
        answer = await self._ask(peer, "ping", {"wire": "yes"} if wire else {})
        ms = (self._node.clock.monotonic() - started) * 1000
        return Ping(peer.row.alias, peer.row.node, ms, wire, answer.ok, answer.code)

    async def _ask(self, peer: Peer, op: Op, args: dict[str, str]) -> Answer:
        return await outcome(lambda done: self._node.talk.ask(peer, op, args, done))

    async def block(self, alias: str) -> str:
        """Block a peer: its link closes, nothing of it is taken in, and two rules say so."""
        undo = await self._change(alias, "unblock", lambda peer: setattr(peer.row, "blocked", True))
        self._book.block(alias, self._node.peers.find(alias).row.node)
        return undo

    async def unblock(self, alias: str) -> str:
        """Take a block back."""
        self._book.unblock(alias, self._node.peers.find(alias).row.node)
        return await self._change(alias, "block", lambda peer: setattr(peer.row, "blocked", False))

    async def trust(self, alias: str) -> str:
        """Go on with a pair that stopped itself, after the operator looked."""
        peer = self._node.peers.find(alias)
        if peer.row.stopped in ("superseded", "fork", "behind", "era"):
            raise GatepostError(
                "node.stopped",
                what=f"the pair with `{alias}` stopped: {peer.row.stopped}",
                why="going on could run messages twice; this version cannot adopt a state",
            )
        peer.exchange.stopped = ""
        return await self._change(alias, "block", lambda peer: setattr(peer.row, "stopped", ""))

    async def remove_peer(self, alias: str) -> str:
        """Forget a peer: what waits for it ends as cancelled, for it never left.

        Messages stay readable. What the peer has may still end truly, should it be paired again.
        """
        node, now = self._node, self._node.clock.now()
        peer = node.peers.find(alias)
        await self._change(alias, "", lambda peer: setattr(peer.row, "removed", now))
        held = [row for row in node.store.messages.held() if row.peer == peer.row.number]
        for row in [*held, *node.store.messages.waiting(peer.row.number, 0, ALL)]:
            node.shown.withdraw(row)
        await durable(node)
        return "gatepost peers invite " + alias

    async def set_endpoint(self, alias: str, endpoint: str) -> str:
        """Say where a peer is dialled; "" goes back to what its record says."""
        if endpoint and not is_endpoint(endpoint):
            raise GatepostError("usage.invalid", what=f"`{endpoint}` is not HOST:PORT")
        before = self._node.peers.find(alias).row.endpoint
        await self._change(alias, "", lambda peer: setattr(peer.row, "endpoint", endpoint))
        return f"gatepost peers endpoint {alias} '{before}'"

    async def rename_peer(self, alias: str, new: str) -> str:
        """Give a peer another alias."""
        node = self._node
        peer = node.peers.find(alias)
        check_name(new, "alias")
        node.peers.check_alias(new)
        if new in node.peers.by_alias:
            raise GatepostError("peer.exists", what=f"a peer is called `{new}`", peer=new)
        node.peers.save(peer, new)
        if alias in node.guard.paused:
            node.pause(new)
            node.resume(alias)
        await durable(node)
        return f"gatepost peers alias {new} {alias}"

    async def _change(self, alias: str, undo: str, change: Callable[[Peer], None]) -> str:
        node = self._node
        peer = node.peers.find(alias)
        change(peer)
        node.peers.save(peer)
        await durable(node)
        node.peers.drop_link(peer, "the operator changed this peer")
        node.peers.dial_later(peer, 0.0)
        return f"gatepost peers {undo} {alias}" if undo else ""

    # policy

    async def grant(self, grant: GrantIn) -> GrantView:
        """Make a rule by command."""
        return self._book.grant(grant)

    async def revoke(self, rule_id: str) -> str:
        """Take a rule made by command back."""
        return self._book.revoke(rule_id)

    def rules(self) -> list[RuleView]:
        """The law as it stands."""
        self._book.reload()
        return self._node.overview.rules()

    def can(self, sender: str, verb: str, to: str) -> bool:
        """Whether `sender` may do `verb` to `to`, by this node's rules."""
        return self._explaining.wish(sender, verb, to, 0).verdict == "allow"

    async def explain(self, question: Question) -> Explanation:
        """Why: a message, a wish, or an error code."""
        self._book.reload()
        return self._explaining.answer(question)

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


async def durable(node: Node) -> None:
    """Wait until everything written so far is on disk."""
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    node.store.then(lambda: None if done.done() else done.set_result(None))
    await done


async def contact(node: Node, peer: Peer) -> None:
    """Wait a while for contact with a peer; without it the next question says why there is none."""
    live: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    node.when_in_contact(peer, lambda: None if live.done() else live.set_result(None))
    await asyncio.wait([live], timeout=node.settings.answer_wait)
