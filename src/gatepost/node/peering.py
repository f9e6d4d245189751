"""What the operator asks about peers: pairing, pings, and every change of what stands.

Each call is a few lines over the room that does it, and every change says how to undo it.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from gatepost.core import stops
from gatepost.core.control import Answer
from gatepost.core.identity import is_endpoint, verify_record
from gatepost.core.views import Invitation, Paired, PeerView, Ping, Renamed, Step
from gatepost.errors import GatepostError
from gatepost.node.aliases import shown
from gatepost.node.mailbox import outcome
from gatepost.node.node import Node
from gatepost.node.peers import Peer
from gatepost.node.pinging import timed, try_way
from gatepost.node.talk import Op

ALL = 10_000_000


class Blocks(Protocol):
    """Where the rules that block a peer are written."""

    def block(self, alias: str, node: str) -> None:
        """Write the rules that refuse everything from and to a peer."""
        ...

    def unblock(self, alias: str, node: str) -> None:
        """Take them back."""
        ...


class Peering:
    """The operator's calls about peers."""

    def __init__(self, node: Node, blocks: Blocks) -> None:
        self._node = node
        self._blocks = blocks

    async def invite(self, alias: str, minutes: int = 15, reuse: bool = False) -> Invitation:
        """Make an invitation; `alias` will be the other node's name here ("" takes its own)."""
        pairing, place = self._node.pairing, self._node.declaring.place_of(alias)
        if place:
            why = "a declared node needs no invitation: it joins once both sides declare each other"
            raise GatepostError(
                "peer.declared", what=f"`{alias}` is declared", why=why, where=place
            )
        return await outcome(lambda done: pairing.invite(alias, minutes, done, reuse=reuse))

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

    async def accept(self, text: str, alias: str = "", reuse: bool = False) -> Paired:
        """Accept an invitation."""
        pairing = self._node.pairing
        peer: Peer = await outcome(lambda done: pairing.accept(text, alias, done, reuse=reuse))
        return await self._ending(peer)

    async def _ending(self, peer: Peer) -> Paired:
        note = self._node.pairing.notes.pop(peer.row.node, "")
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
            warnings=(*([note] if note else []), *self._node.aliases.warnings(peer.row.alias)),
        )

    def peers(self) -> list[PeerView]:
        """Every peer, and those declared that were not met yet."""
        peers = self._node.peers.by_alias.values()
        views = [self._node.overview.peer(peer) for peer in peers]
        return sorted([*views, *self._node.declaring.views()], key=lambda view: view.alias)

    async def ping(self, alias: str, wire: bool = False) -> Ping:
        """A signed ping through the other side's policy; `wire` tries the way short of that."""
        peer = self._node.peers.find(alias)
        if wire:
            return await try_way(self._node, peer)
        answer, ms = await timed(self._node, peer, {})
        line = peer.exchange.line
        rule = f"its rules answer: {answer.code or 'ok'}"
        return Ping(
            peer.row.alias,
            peer.row.node,
            ms,
            ok=answer.ok,
            why="" if answer.ok else rule,
            code="" if answer.ok else "peer.ping_denied",
            steps=(
                Step("link", "ok", line.address if line is not None else ""),
                Step("rule", "ok" if answer.ok else "failed", rule, ms),
            ),
        )

    async def _ask(self, peer: Peer, op: Op, args: dict[str, str]) -> Answer:
        return await outcome(lambda done: self._node.talk.ask(peer, op, args, done))

    async def block(self, alias: str) -> str:
        """Block a peer: its link closes, nothing of it is taken in, and two rules say so."""
        undo = await self._change(alias, "unblock", lambda peer: setattr(peer.row, "blocked", True))
        self._blocks.block(alias, self._node.peers.find(alias).row.node)
        return undo

    async def unblock(self, alias: str) -> str:
        """Take a block back."""
        self._blocks.unblock(alias, self._node.peers.find(alias).row.node)
        return await self._change(alias, "block", lambda peer: setattr(peer.row, "blocked", False))

    async def trust(self, alias: str) -> str:
        """Go on with a pair that stopped itself, after the operator looked."""
        peer = self._node.peers.find(alias)
        stopped = peer.row.stopped
        if stopped in stops.CONTRADICTED:
            raise GatepostError(
                stops.code(stopped),
                what=f"the pair with `{alias}` cannot go on where it is",
                why=f"{stops.why(stopped)}; going on could run messages twice",
                peer=alias,
            )
        if peer.row.shown:
            self._node.peers.newer_record(verify_record(peer.row.shown), peer.row.shown)
            peer.row.shown = b""
        peer.exchange.stopped = ""
        return await self._change(alias, "block", lambda peer: setattr(peer.row, "stopped", ""))

    async def remove_peer(self, alias: str) -> str:
        """Forget a peer: what waits for it ends as cancelled, for it never left.

        Messages stay readable. What the peer has may still end truly, should it be paired again.
        """
        node, now = self._node, self._node.clock.now()
        peer = node.peers.find(alias)
        if peer.row.stopped not in stops.CONTRADICTED:
            self._is_mine(peer)
        alias = peer.row.alias
        node.aliases.keep(alias, peer.row.node)
        peer.row.declared = peer.undeclared = False
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
        peer = self._node.peers.find(alias)
        self._is_mine(peer)
        before = peer.row.endpoint
        await self._change(alias, "", lambda peer: setattr(peer.row, "endpoint", endpoint))
        return f"gatepost peers endpoint {alias} '{before}'"

    async def rename_peer(self, alias: str, new: str, reuse: bool = False) -> Renamed:
        """Give a peer another alias; the old one is kept for it for 30 days."""
        node = self._node
        peer = node.peers.find(alias)
        self._is_mine(peer)
        old, id = peer.row.alias, peer.row.node
        node.aliases.check(new)
        kept = node.aliases.kept(new, id)
        if kept is not None and not reuse:
            raise GatepostError(
                "peer.alias_kept",
                what=f"`{new}` meant another node",
                why=f"it {shown(kept)}; rules written for that node would hold for this one",
                peer=old,
                alias=new,
            )
        node.aliases.take(new)
        node.aliases.keep(old, id)
        node.peers.save(peer, new)
        if old in node.guard.paused:
            node.pause(new)
            node.resume(old)
        await durable(node)
        rules = node.overview.naming(old)
        still = f"rules that say `{old}` still mean it: {', '.join(rules)}"
        return Renamed(
            alias=new,
            undo=f"gatepost peers alias {new} {old}",
            warnings=(
                *node.aliases.warnings(new),
                *([still] if rules else []),
            ),
        )

    def _is_mine(self, peer: Peer) -> None:
        """Raise when what is said of a peer stands in the configuration, not in commands."""
        place = self._node.declaring.place(peer.row.node)
        if place:
            what = f"`{peer.row.alias}` is declared in {place}"
            raise GatepostError("peer.declared", what=what, where=place)

    async def _change(self, alias: str, undo: str, change: Callable[[Peer], None]) -> str:
        node = self._node
        peer = node.peers.find(alias)
        change(peer)
        node.peers.save(peer)
        await durable(node)
        node.peers.drop_link(peer, "the operator changed this peer")
        node.peers.dial_later(peer, 0.0)
        return f"gatepost peers {undo} {alias}" if undo else ""


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
